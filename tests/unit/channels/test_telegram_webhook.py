import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from chat4all.channels.telegram.connector import Telegram
from chat4all.domain.clock import parse_iso
from chat4all.domain.content import Notice, ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import (
    InboundDeletion,
    InboundEvent,
    InboundMessage,
    InboundMove,
    ParsedWebhook,
)
from chat4all.domain.files.file import Form
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.kinds import Contact, Contacts, Location, Reaction
from chat4all.domain.received import NOTHING, Author, AuthorKind, Context, Forward, Link
from tests.unit.channels.fake_http import SECRET, FakeHttp, webhook_request

TELEGRAM = Telegram(FakeHttp(), "https://provider.example")
ANA = {"id": 99, "is_bot": False, "first_name": "Ana", "last_name": "Souza", "username": "ana"}
PRIVATE = {"id": 99, "first_name": "Ana", "last_name": "Souza", "username": "ana", "type": "private"}
GROUP = {"id": -1001234567890, "title": "Family", "type": "supergroup"}
TEXT = {"message_id": 1365, "from": ANA, "chat": PRIVATE, "date": 1441645532, "text": "/start"}
WITHOUT_TEXT = {key: part for key, part in TEXT.items() if key != "text"}


DATE = 1441645532
AT = "2015-09-07T17:05:32.000Z"
NAME = f"99:1365@{DATE}"


def parse(update: object) -> ParsedWebhook:
    return TELEGRAM.parse_webhook(msgspec.json.encode(update), SECRET)


def only(**update: object) -> InboundEvent:
    webhook = parse({"update_id": 10000, **update})
    (event,) = webhook.events
    assert not webhook.ignored
    return event


def message_of(**update: object) -> InboundMessage:
    event = only(**update)
    assert isinstance(event, InboundMessage)
    return event


def fields_of(event: InboundMessage) -> dict[str, object]:
    return msgspec.json.decode(event.provider_fields, type=dict[str, object] | None) or {}


def test_a_text_tells_who_wrote_what_when() -> None:
    assert only(message=TEXT) == InboundMessage(
        address="99",
        provider_message_id=NAME,
        content=Text("/start"),
        at=AT,
        display_name="Ana Souza",
        handle="ana",
    )


def test_names_are_put_together_from_what_there_is() -> None:
    event = only(message={**TEXT, "from": {"id": 99, "first_name": "Ana"}})

    assert isinstance(event, InboundMessage)
    assert (event.display_name, event.handle) == ("Ana", None)


def test_a_group_is_spoken_to_as_a_whole() -> None:
    event = only(message={**TEXT, "chat": GROUP})

    assert isinstance(event, InboundMessage)
    assert (event.address, event.provider_message_id) == ("-1001234567890", f"-1001234567890:1365@{DATE}")
    assert (event.display_name, event.handle) == ("Family", None)


@pytest.mark.parametrize(
    ("stand_in", "sender_chat", "author"),
    [
        (
            {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"},
            GROUP,
            Author(AuthorKind.CHAT, "-1001234567890", "Family"),
        ),
        (
            {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
            {"id": -1001132277055, "title": "News", "username": "news", "type": "channel"},
            Author(AuthorKind.CHAT, "-1001132277055", "News", "news"),
        ),
        (
            {"id": 777000, "is_bot": False, "first_name": "Telegram"},
            {"id": -1001132277055, "title": "News", "type": "channel"},
            Author(AuthorKind.CHAT, "-1001132277055", "News"),
        ),
    ],
)
@pytest.mark.parametrize("kind", ["message", "edited_message"])
def test_a_message_in_the_name_of_a_group_or_channel_has_that_author(
    stand_in: dict[str, object], sender_chat: dict[str, object], author: Author, kind: str
) -> None:
    """https://github.com/charslab/TranscriberBot/issues/28, https://github.com/radio-t/super-bot/issues/71"""
    event = message_of(**{kind: {**TEXT, "from": stand_in, "sender_chat": sender_chat, "chat": GROUP}})

    assert (event.address, event.provider_message_id) == ("-1001234567890", f"-1001234567890:1365@{DATE}")
    assert event.author == author
    assert event.provider_fields == NOTHING


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        (ANA, Author(AuthorKind.PERSON, "99", "Ana Souza", "ana")),
        ({"id": 80000112, "first_name": "Omar"}, Author(AuthorKind.PERSON, "80000112", "Omar")),
        ({"id": 5, "username": "no_name"}, Author(AuthorKind.PERSON, "5", None, "no_name")),
        ({"id": 5, "first_name": 7}, Author(AuthorKind.PERSON, "5")),
        ({"id": 5, "first_name": "", "last_name": "Ng"}, Author(AuthorKind.PERSON, "5", "Ng")),
    ],
)
@pytest.mark.parametrize("type_", ["group", "supergroup"])
def test_the_author_in_a_group_is_the_person(sender: dict[str, object], author: Author, type_: str) -> None:
    event = message_of(message={**TEXT, "from": sender, "chat": {**GROUP, "type": type_}})

    assert (event.author, event.display_name) == (author, "Family")


@pytest.mark.parametrize("kind", ["channel_post", "edited_channel_post"])
def test_a_post_is_a_message_of_its_channel(kind: str) -> None:
    channel = {"id": -1001000520251, "title": "Shop news", "type": "channel"}
    post = {"message_id": 3, "sender_chat": channel, "chat": channel, "date": DATE, "text": "new lamps"}
    event = message_of(**{kind: post})

    assert (event.address, event.provider_message_id) == ("-1001000520251", f"-1001000520251:3@{DATE}")
    assert event.author == Author(AuthorKind.CHAT, "-1001000520251", "Shop news")
    assert (event.content, event.edited_at is not None) == (Text("new lamps"), kind == "edited_channel_post")


def test_a_post_that_names_no_author_is_kept() -> None:
    channel = {"id": -1001000520251, "title": "Shop news", "type": "channel"}
    event = message_of(channel_post={"message_id": 3, "chat": channel, "date": DATE, "text": "new lamps"})

    assert (event.author, event.display_name) == (None, "Shop news")


FORUM = {"id": -1001000520191, "type": "supergroup", "title": "Forum", "is_forum": True}
CREATION = {
    "message_id": 42,
    "from": ANA,
    "chat": FORUM,
    "date": DATE - 99,
    "forum_topic_created": {"name": "Repairs", "icon_color": 1},
}
IN_TOPIC = {**TEXT, "chat": FORUM, "message_thread_id": 42, "is_topic_message": True}


@pytest.mark.parametrize(
    ("fields", "thread", "quoted"),
    [
        ({}, "42", None),
        ({"reply_to_message": CREATION}, "42", None),
        ({"reply_to_message": {"message_id": 42, "date": DATE - 99}}, "42", None),
        ({"reply_to_message": {"message_id": 50, "date": DATE - 9}}, "42", f"-1001000520191:50@{DATE - 9}"),
        ({"message_thread_id": 1}, None, None),
        ({"message_thread_id": "42"}, None, None),
        ({"message_thread_id": -5}, None, None),
        ({"is_topic_message": None}, None, None),
        ({"is_topic_message": None, "direct_messages_topic": {"topic_id": 7, "user": ANA}}, "direct:7", None),
        ({"direct_messages_topic": {"topic_id": "7"}}, "42", None),
        (
            # https://github.com/tdlib/telegram-bot-api/issues/447: a reply in the General topic
            {"is_topic_message": False, "reply_to_message": {"message_id": 42, "date": DATE - 9}},
            None,
            f"-1001000520191:42@{DATE - 9}",
        ),
    ],
)
def test_a_topic_is_a_thread_and_its_creation_no_quote(
    fields: dict[str, object], thread: str | None, quoted: str | None
) -> None:
    event = message_of(message={**IN_TOPIC, **fields})

    assert (event.thread, event.quoted_provider_message_id) == (thread, quoted)


def test_the_name_of_a_topic_is_kept() -> None:
    event = message_of(message={**IN_TOPIC, "reply_to_message": CREATION})

    assert b"Repairs" in bytes(event.provider_fields)


@pytest.mark.parametrize(
    ("chat", "migration"),
    [
        ({"id": -520001, "type": "group", "title": "Family"}, {"migrate_to_chat_id": -1001000520001}),
        ({"id": -1001000520001, "type": "supergroup"}, {"migrate_from_chat_id": -520001}),
    ],
)
@pytest.mark.parametrize(
    "writer",
    [
        {"from": ANA},
        {"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}},
        {},
    ],
)
def test_a_group_that_becomes_a_supergroup_moves(
    chat: dict[str, object], migration: dict[str, int], writer: dict[str, object]
) -> None:
    event = only(message={"message_id": 12, "chat": chat, "date": DATE, **writer, **migration})

    assert event == InboundMove("-520001", "-1001000520001", AT)


def test_what_stands_beside_the_news_of_a_move_counts_as_ignored() -> None:
    news = {"message_id": 12, "chat": GROUP, "date": DATE, "migrate_to_chat_id": -1001000520001}

    parsed = parse({"update_id": 7, "message": {**news, "from": ANA, "text": "words"}})

    assert [type(event) for event in parsed.events] == [InboundMove]
    assert parsed.ignored == ("message.migrate",)


@pytest.mark.parametrize("value", [-1001234567890, 0, "-100", None, 10**30])
def test_a_move_to_nowhere_is_kept_as_a_message(value: object) -> None:
    event = message_of(message={**WITHOUT_TEXT, "chat": GROUP, "migrate_to_chat_id": value})

    assert event.content == Unsupported("migrate_to_chat_id")
    assert event.provider_fields != NOTHING


@pytest.mark.parametrize("around", ["reply_to_message", "pinned_message"])
def test_words_about_the_news_of_a_move_move_nobody(around: str) -> None:
    news = {"message_id": 1, "chat": GROUP, "date": DATE, "migrate_from_chat_id": -520001}

    event = message_of(message={**WITHOUT_TEXT, "chat": GROUP, "text": "hooray", around: news})

    assert event.content == Text("hooray")


CARA = {"id": 80000121, "is_bot": False, "first_name": "Cara"}
CARAS_CHAT = {"id": 80000121, "type": "private", "first_name": "Cara"}
OWNER = {"id": 80000122, "is_bot": False, "first_name": "Shop Owner"}
BUSINESS = {
    "message_id": 31,
    "business_connection_id": "bc1",
    "from": CARA,
    "chat": CARAS_CHAT,
    "date": DATE,
    "text": "hi shop",
}


def test_a_customer_writes_to_a_business() -> None:
    assert only(business_message=BUSINESS) == InboundMessage(
        address="80000121",
        provider_message_id="80000121:31",
        content=Text("hi shop"),
        at=AT,
        account="business:bc1",
        display_name="Cara",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"from": {**OWNER, "username": "owner"}},
        {"sender_business_bot": {"id": 1, "is_bot": True, "first_name": "Bot"}},
        {"from": {**OWNER, "is_bot": True}},
        {"is_from_offline": True},
        {"reply_to_message": {"message_id": 30, "date": DATE - 5}},
    ],
)
@pytest.mark.parametrize("kind", ["business_message", "edited_business_message"])
def test_the_owner_of_a_business_writes_for_our_side(fields: dict[str, object], kind: str) -> None:
    event = message_of(**{kind: {**BUSINESS, "from": OWNER, **fields}})

    assert event.author is not None
    assert (event.author.kind, event.author.address) == (AuthorKind.OWN, "80000122")
    assert (event.address, event.display_name, event.account) == ("80000121", "Cara", "business:bc1")
    assert event.handle is None
    assert (event.edited_at is not None) == (kind == "edited_business_message")
    assert event.quoted_provider_message_id == ("80000121:30" if "reply_to_message" in fields else None)


def test_the_customer_of_a_business_may_be_a_bot() -> None:
    event = message_of(business_message={**BUSINESS, "from": {**CARA, "is_bot": True}})

    assert (event.author, event.content) == (None, Text("hi shop"))


def test_deleted_business_messages_are_named_as_they_came() -> None:
    deleted = {"business_connection_id": "bc1", "chat": CARAS_CHAT, "message_ids": [31, "x", 32]}
    first, second = parse({"update_id": 1, "deleted_business_messages": deleted}).events

    assert isinstance(first, InboundDeletion)
    assert isinstance(second, InboundDeletion)
    assert (first.address, first.account) == ("80000121", "business:bc1")
    assert (first.provider_message_id, second.provider_message_id) == ("80000121:31", "80000121:32")


def test_deleted_business_messages_keep_their_other_fields() -> None:
    chat = {**CARAS_CHAT, "is_forum": True}
    deleted = {"business_connection_id": "bc1", "chat": chat, "message_ids": [31], "reason": 7}

    (event,) = parse({"update_id": 1, "deleted_business_messages": deleted}).events

    assert isinstance(event, InboundDeletion)
    assert event.provider_fields == Raw(b'{"chat":{"is_forum":true},"reason":7}')


@pytest.mark.parametrize("lost", ["business_connection_id", "chat", "message_ids"])
def test_a_deletion_that_names_no_message_is_ignored(lost: str) -> None:
    deleted = {"business_connection_id": "bc1", "chat": CARAS_CHAT, "message_ids": [31]}
    del deleted[lost]

    assert parse({"update_id": 1, "deleted_business_messages": deleted}) == ParsedWebhook(
        (), ("deleted_business_messages",)
    )


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({}, True),
        ({"text": "again", "edit_date": DATE + 9}, True),
        ({"date": DATE + 1}, False),
        ({"date": DATE - 107_776_000}, False),
        ({"message_id": 1366}, False),
        ({"chat": GROUP}, False),
    ],
)
def test_the_date_tells_the_messages_of_two_bots_apart(other: dict[str, object], *, is_same: bool) -> None:
    """https://github.com/mautrix/telegram/issues/5"""
    names = {message_of(message={**TEXT, **fields}).provider_message_id for fields in ({}, other)}

    assert (len(names) == 1) == is_same


@pytest.mark.parametrize(
    ("reply", "quoted", "words"),
    [
        ({"message_id": 7, "chat": PRIVATE, "date": 1}, "99:7@1", None),
        ({"message_id": 7, "date": 1, "text": "shall we?"}, "99:7@1", "shall we?"),
        ({"message_id": 7, "date": 1, "caption": "the bill"}, "99:7@1", "the bill"),
        ({"message_id": 7}, "99:7", None),
        ({"message_id": "7", "date": 1}, None, None),
        ("?", None, None),
    ],
)
def test_a_quoting_text_names_the_quoted_message(
    reply: object, quoted: str | None, words: str | None
) -> None:
    event = message_of(message={**TEXT, "reply_to_message": reply})

    assert event.quoted_provider_message_id == quoted
    assert (event.context.quote if event.context else None) == words


@pytest.mark.parametrize("other", ["reply_to_message", "external_reply"])
def test_the_quoted_part_of_a_text_is_kept(other: str) -> None:
    """https://github.com/NousResearch/hermes-agent/issues/43397"""
    replied = {"message_id": 7, "date": 1, "text": "a whole letter", "origin": {"type": "user"}}
    event = message_of(message={**TEXT, other: replied, "quote": {"text": "letter", "position": 8}})

    assert event.context == Context(quote="letter")
    assert fields_of(event)[other]
    assert fields_of(event)["quote"] == {"position": 8}


@pytest.mark.parametrize(
    ("origin", "author"),
    [
        ({"type": "user", "date": 1, "sender_user": {"id": 80000342, "first_name": "Tom"}}, "Tom"),
        ({"type": "user", "date": 1, "sender_user": {"id": 80000342, "username": "tom"}}, "tom"),
        ({"type": "hidden_user", "date": 1, "sender_user_name": "Tom S."}, "Tom S."),
        ({"type": "chat", "date": 1, "sender_chat": {"id": -5, "title": "Team Lamp"}}, "Team Lamp"),
        ({"type": "channel", "date": 1, "chat": {"id": -1007, "title": "News"}, "message_id": 3}, "News"),
        ({"type": "of_the_future"}, None),
        ({}, None),
    ],
)
def test_a_forward_names_the_author_of_its_words(origin: object, author: str | None) -> None:
    event = message_of(message={**TEXT, "forward_origin": origin})

    assert event.context == Context(forward=Forward(author))
    assert fields_of(event) == {"forward_origin": origin}


@pytest.mark.parametrize(
    ("text", "entities", "links"),
    [
        ("see the offer here please", [(14, 4)], ["here"]),
        ("\U0001f600 here", [(3, 4)], ["here"]),
        ("a b", [(0, 1), (2, 1)], ["a", "b"]),
        ("here", [(2, 99)], ["re"]),
        ("here", [(99, 2)], [""]),
        ("\U0001f600", [(1, 1)], ["\ufffd"]),
    ],
)
@pytest.mark.parametrize("of_file", [False, True])
def test_an_address_behind_words_is_kept(
    text: str, entities: list[tuple[int, int]], links: list[str], *, of_file: bool
) -> None:
    url = "https://example.org/offer?id=77"
    parts = [{"type": "text_link", "offset": at, "length": size, "url": url} for at, size in entities]
    said = {"text": text, "entities": parts}
    if of_file:
        said = {"caption": text, "caption_entities": parts, "photo": [{"file_id": "A"}]}
    event = message_of(message={**WITHOUT_TEXT, **said})

    assert event.context == Context(links=tuple(Link(words, url) for words in links))
    assert event.provider_fields == NOTHING


@pytest.mark.parametrize(
    "entity",
    [
        {"type": "bold", "offset": 0, "length": 2},
        {"type": "text_mention", "offset": 0, "length": 2, "user": ANA},
        {"type": "text_link", "offset": -1, "length": 2, "url": "https://example.org"},
        {"type": "text_link", "offset": 0, "length": 2},
        "?",
    ],
)
def test_an_entity_that_is_no_link_is_kept_as_it_is(entity: object) -> None:
    event = message_of(message={**TEXT, "entities": [entity]})

    assert event.context is None
    assert fields_of(event) == {"entities": [entity]}


def test_every_message_keeps_the_fields_that_became_nothing_else() -> None:
    event = message_of(
        message={
            **WITHOUT_TEXT,
            "from": {**ANA, "language_code": "pt"},
            "voice": {"file_id": "V", "file_unique_id": "u", "duration": 3},
            "effect_id": "5104",
            "of_the_future": {"a": 1},
        }
    )

    assert fields_of(event) == {
        "from": {"language_code": "pt"},
        "voice": {"duration": 3},
        "effect_id": "5104",
        "of_the_future": {"a": 1},
    }


def test_an_edited_text_is_a_whole_message() -> None:
    event = only(edited_message={**TEXT, "edit_date": 1441645540, "text": "/help"})

    assert event == InboundMessage(
        address="99",
        provider_message_id=NAME,
        content=Text("/help"),
        at=AT,
        display_name="Ana Souza",
        handle="ana",
        edited_at="2015-09-07T17:05:40.000Z",
    )


@pytest.mark.parametrize(
    ("document", "caption"),
    [
        ({"file_id": "D1", "file_unique_id": "a1"}, "my bill, paid"),
        ({"file_id": "D9", "file_unique_id": "a1"}, "my bill"),
        ({"file_id": "D2", "file_unique_id": "a2"}, "my bill"),
        ({"file_id": "D2", "file_unique_id": "a2"}, ""),
        ({"file_id": "D2"}, "my bill"),
    ],
)
def test_an_edit_names_the_bytes_of_its_file(document: dict[str, str], caption: str) -> None:
    event = message_of(
        edited_message={**WITHOUT_TEXT, "edit_date": DATE + 5, "document": document, "caption": caption}
    )
    file = ProviderFile(document["file_id"], unique_id=document.get("file_unique_id"))

    assert event.content == ReceivedMedia(file, caption)
    assert (event.provider_message_id, event.edited_at) == (NAME, "2015-09-07T17:05:37.000Z")


def test_an_edit_without_its_time_was_made_when_the_message_was() -> None:
    assert message_of(edited_message=TEXT).edited_at == AT


def test_a_live_location_is_one_message_that_moves() -> None:
    """https://github.com/iobroker-community-adapters/ioBroker.telegram/issues/1372"""
    place = {"latitude": 1.0, "longitude": 2.0}
    begun = message_of(message={**WITHOUT_TEXT, "location": {**place, "live_period": 900}})
    moved, ended = (
        message_of(edited_message={**WITHOUT_TEXT, "edit_date": DATE + after, "location": location})
        for after, location in (
            (1, {**place, "latitude": 1.001, "live_period": 900, "heading": 7}),
            (2, {**place, "latitude": 1.002}),
        )
    )

    assert begun.content == Location(1.0, 2.0, live_s=900)
    assert moved.content == Location(1.001, 2.0, live_s=900)
    assert ended.content == Location(1.002, 2.0)
    assert begun.provider_message_id == moved.provider_message_id == ended.provider_message_id
    assert (begun.provider_fields, fields_of(moved)) == (NOTHING, {"location": {"heading": 7}})


@pytest.mark.parametrize(
    ("content", "expected", "rest"),
    [
        ({"location": {"latitude": -23.5505, "longitude": -46}}, Location(-23.5505, -46.0), {}),
        ({"location": {"latitude": 0, "longitude": 0}}, Location(0.0, 0.0), {}),
        (
            {"location": {"latitude": 1.0, "longitude": 2.0, "horizontal_accuracy": 20.5}},
            Location(1.0, 2.0),
            {"location": {"horizontal_accuracy": 20.5}},
        ),
        (
            # A place that moves for ever
            {"location": {"latitude": 1.0, "longitude": 2.0, "live_period": 2147483647}},
            Location(1.0, 2.0, live_s=2147483647),
            {},
        ),
        (
            {"location": {"latitude": 1.0, "longitude": 2.0, "live_period": "soon"}},
            Location(1.0, 2.0),
            {"location": {"live_period": "soon"}},
        ),
        (
            # https://github.com/mautrix/telegram/pull/735: a venue is a place, too
            {
                "venue": {
                    "location": {"latitude": 1.0, "longitude": 2.0},
                    "title": "Bar",
                    "address": "Main St 1",
                    "foursquare_id": "4b",
                },
                "location": {"latitude": 1.0, "longitude": 2.0},
            },
            Location(1.0, 2.0, "Bar", "Main St 1"),
            {"venue": {"foursquare_id": "4b"}},
        ),
        (
            {"venue": {"location": {"latitude": 1.0, "longitude": 2.0}, "title": "Bar", "address": ""}},
            Location(1.0, 2.0, "Bar"),
            {},
        ),
        (
            {"contact": {"phone_number": "+49151", "first_name": "Jo", "last_name": "Ng", "user_id": 7}},
            Contacts((Contact("Jo Ng", ("+49151",)),)),
            {"contact": {"user_id": 7}},
        ),
        (
            # https://github.com/42wim/matterbridge/issues/1471: the rest of a card is kept
            {"contact": {"phone_number": "49151", "first_name": "Jo", "vcard": "BEGIN:VCARD"}},
            Contacts((Contact("Jo", ("49151",)),)),
            {"contact": {"vcard": "BEGIN:VCARD"}},
        ),
        ({"contact": {"phone_number": "+49151"}}, Contacts((Contact("", ("+49151",)),)), {}),
    ],
)
@pytest.mark.parametrize("update", ["message", "edited_message"])
def test_a_place_and_a_card_are_kinds_of_their_own(
    content: dict[str, object], expected: object, rest: dict[str, object], update: str
) -> None:
    event = message_of(**{update: {**WITHOUT_TEXT, **content}})

    assert (event.content, fields_of(event)) == (expected, rest)


@pytest.mark.parametrize(("latitude", "longitude"), [(999, 2.0), (1.0, -180.5), (1e300, 2.0)])
def test_a_place_outside_of_the_globe_has_words_only(latitude: float, longitude: float) -> None:
    event = message_of(message={**WITHOUT_TEXT, "location": {"latitude": latitude, "longitude": longitude}})

    kept = within_limits(event)
    assert isinstance(kept, InboundMessage)
    assert isinstance(kept.content, Unsupported)
    assert f"{latitude:.6f},{longitude:.6f}" in kept.content.text


@pytest.mark.parametrize(
    ("news", "event", "text"),
    [
        ({"new_chat_title": "Our team"}, "new_chat_title", "Our team"),
        ({"new_chat_members": [ANA, "?", {"id": 7}]}, "new_chat_members", "Ana Souza, 7"),
        ({"left_chat_member": ANA}, "left_chat_member", "Ana Souza"),
        ({"left_chat_member": "?"}, "left_chat_member", ""),
        ({"new_chat_photo": [{"file_id": "P"}]}, "new_chat_photo", ""),
        ({"delete_chat_photo": True}, "delete_chat_photo", ""),
        ({"group_chat_created": True}, "group_chat_created", ""),
        ({"pinned_message": {"message_id": 4, "text": "the rules"}}, "pinned_message", "the rules"),
        ({"pinned_message": {"message_id": 4, "caption": "the map"}}, "pinned_message", "the map"),
        # https://core.telegram.org/bots/api#inaccessiblemessage
        ({"pinned_message": {"message_id": 4, "date": 0}}, "pinned_message", ""),
        (
            {"message_auto_delete_timer_changed": {"message_auto_delete_time": 9}},
            "message_auto_delete_timer_changed",
            "",
        ),
        ({"forum_topic_created": {"name": "Repairs"}}, "forum_topic_created", "Repairs"),
        ({"forum_topic_edited": {}}, "forum_topic_edited", ""),
        ({"video_chat_started": {}}, "video_chat_started", ""),
    ],
)
def test_news_of_a_chat_are_a_notice_and_keep_their_fields(
    news: dict[str, object], event: str, text: str
) -> None:
    message = message_of(message={**WITHOUT_TEXT, "chat": GROUP, **news})

    assert message.content == Notice(event, text)
    assert fields_of(message) == news


def sticker(content_type: str, filename: str, unique_id: str | None = None) -> ProviderFile:
    return ProviderFile("S", content_type, filename, unique_id=unique_id, form=Form.STICKER)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (
            {"document": {"file_id": "D", "mime_type": "text/plain", "file_name": "a.txt", "file_size": 7}},
            ProviderFile("D", "text/plain", "a.txt", 7),
        ),
        ({"document": {"file_id": "D", "file_name": 7, "file_size": "7"}}, ProviderFile("D")),
        (
            {"voice": {"file_id": "V", "file_size": 9}},
            ProviderFile("V", "audio/ogg", size=9, form=Form.VOICE),
        ),
        ({"audio": {"file_id": "A", "mime_type": "audio/mp4"}}, ProviderFile("A", "audio/mp4")),
        ({"video": {"file_id": "V", "file_name": "v.mp4"}}, ProviderFile("V", "video/mp4", "v.mp4")),
        (
            {"video_note": {"file_id": "N", "file_unique_id": "n1", "file_size": 9}},
            ProviderFile("N", "video/mp4", size=9, unique_id="n1", form=Form.VIDEO_NOTE),
        ),
        (
            {"animation": {"file_id": "G", "mime_type": "video/mp4"}, "document": {"file_id": "D"}},
            ProviderFile("G", "video/mp4"),
        ),
        (
            {"live_photo": {"file_id": "L"}, "photo": [{"file_id": "P", "file_unique_id": "p1"}]},
            ProviderFile("P", "image/jpeg", unique_id="p1"),
        ),
        ({"sticker": {"file_id": "S"}}, sticker("image/webp", "sticker.webp")),
        ({"sticker": {"file_id": "S", "is_video": True}}, sticker("video/webm", "sticker.webm")),
        (
            {"sticker": {"file_id": "S", "is_animated": True, "file_unique_id": "s1"}},
            sticker("application/x-tgsticker", "sticker.tgs", "s1"),
        ),
        (
            {
                "photo": [
                    {"file_id": "S", "width": 90, "height": 60},
                    {"file_id": "L", "width": 900, "height": 600, "file_size": 70},
                    {"file_id": "M", "width": 300, "height": 200},
                ]
            },
            ProviderFile("L", "image/jpeg", size=70),
        ),
    ],
)
@pytest.mark.parametrize("caption", ["Look", ""])
def test_a_file_comes_with_its_caption(content: dict[str, object], media: ProviderFile, caption: str) -> None:
    said = {"caption": caption} if caption else {}
    event = message_of(message={**WITHOUT_TEXT, **content, **said})

    assert replace(event, provider_fields=NOTHING) == InboundMessage(
        address="99",
        provider_message_id=NAME,
        content=ReceivedMedia(media, caption),
        at=AT,
        display_name="Ana Souza",
        handle="ana",
    )


def test_a_sticker_is_readable_as_its_emoji() -> None:
    event = message_of(message={**WITHOUT_TEXT, "sticker": {"file_id": "S", "emoji": "\U0001f44d"}})

    assert event.content.text == "\U0001f44d"


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"photo": []}, "photo", ""),
        ({"photo": "?"}, "photo", ""),
        ({"photo": [], "caption": "Look"}, "photo", "Look"),
        ({"voice": {"file_id": ""}}, "voice", ""),
        ({"venue": {"title": "Bar", "address": "Main St 1"}, "location": {}}, "venue", "Bar, Main St 1"),
        ({"venue": {"title": "Bar"}, "location": {"latitude": 1.0}}, "venue", "Bar"),
        ({"venue": {"title": 7}}, "venue", ""),
        ({"venue": "?", "location": {"latitude": 1.0, "longitude": 2.0}}, "venue", ""),
        ({"location": {"latitude": "north"}}, "location", ""),
        ({"contact": {"phone_number": "", "first_name": "Jo"}}, "contact", ""),
        ({"contact": {"first_name": "Jo"}}, "contact", ""),
        ({"dice": {"emoji": "\U0001f3b2", "value": 3}}, "dice", "\U0001f3b2 3"),
        (
            {"poll": {"id": "1", "question": "Pizza?", "options": [{"text": "Yes"}, {"text": "No"}]}},
            "poll",
            "Pizza?\n- Yes\n- No",
        ),
        (
            {"checklist": {"title": "To do", "tasks": [{"id": 1, "text": "Call"}]}},
            "checklist",
            "To do\n- Call",
        ),
        ({"game": {"title": "Snake", "description": "Old"}}, "game", "Snake, Old"),
        ({"invoice": {"title": "Lamp", "description": "Red", "total_amount": 9}}, "invoice", "Lamp, Red"),
        (
            {"successful_payment": {"currency": "EUR", "total_amount": 1250}},
            "successful_payment",
            "1250 EUR (smallest units)",
        ),
        ({"paid_media": {"star_count": 1}, "caption": "Buy"}, "paid_media", "Buy"),
        ({"story": {"id": 5}}, "story", ""),
        ({"text": ""}, "text", ""),
        ({"text": " \n"}, "text", " \n"),
        ({"text": 7}, "text", ""),
        ({"of_the_future": {}}, "message", ""),
    ],
)
@pytest.mark.parametrize("update", ["message", "edited_message"])
def test_content_of_another_kind_is_readable_and_kept(
    content: dict[str, object], kind: str, text: str, update: str
) -> None:
    event = message_of(**{update: {**WITHOUT_TEXT, "reply_to_message": {"message_id": 7}, **content}})

    assert event.content == Unsupported(kind, text)
    assert (event.provider_message_id, event.address) == (NAME, "99")
    assert (event.display_name, event.handle) == ("Ana Souza", "ana")
    assert event.quoted_provider_message_id == "99:7"
    rest = {name: value for name, value in content.items() if name not in {"caption", "text"} or value == 7}
    assert fields_of(event) == rest


def test_the_answer_of_a_web_app_has_its_data() -> None:
    opened = {"data": '{"size": 7}', "button_text": "Choose"}
    event = message_of(message={**WITHOUT_TEXT, "web_app_data": opened})

    assert (event.content, event.context) == (Text("Choose"), Context(payload='{"size": 7}'))


BOTS = {
    "message_id": 5,
    "from": {"id": 1, "is_bot": True},
    "chat": GROUP,
    "date": 1441645000,
    "text": "?",
    "reply_markup": {
        "inline_keyboard": [
            [{"text": "No", "callback_data": "n"}, {"text": "Map", "url": "x"}],
            [{"text": "Yes, please", "callback_data": "y"}],
        ]
    },
}


@pytest.mark.parametrize(
    ("tap", "content", "payload"),
    [
        ({"data": "y"}, Text("Yes, please"), "y"),
        ({"data": "n"}, Text("No"), "n"),
        ({"data": "of another keyboard"}, Text("of another keyboard"), "of another keyboard"),
        ({"data": "y", "message": {**BOTS, "reply_markup": "?"}}, Text("y"), "y"),
        ({"game_short_name": "snake"}, Unsupported("callback_query", "snake"), None),
        ({"data": 7}, Unsupported("callback_query"), None),
    ],
)
def test_a_tapped_button_says_its_title(tap: dict[str, object], content: object, payload: str | None) -> None:
    event = message_of(callback_query={"id": "4382", "from": ANA, "message": BOTS, **tap})

    assert (event.content, event.context) == (content, Context(payload=payload) if payload else None)
    assert (event.address, event.provider_message_id) == ("-1001234567890", "callback:4382")
    assert event.author == Author(AuthorKind.PERSON, "99", "Ana Souza", "ana")
    assert event.quoted_provider_message_id == "-1001234567890:5@1441645000"


@pytest.mark.parametrize(
    ("message", "address", "thread", "account", "quoted"),
    [
        ({**BOTS, "chat": PRIVATE}, "99", None, None, "99:5@1441645000"),
        # https://github.com/tdlib/telegram-bot-api/issues/401
        ({"chat": PRIVATE, "message_id": 5, "date": 0}, "99", None, None, "99:5"),
        (None, "99", None, None, None),
        (
            {**BOTS, "message_thread_id": 42, "is_topic_message": True},
            "-1001234567890",
            "42",
            None,
            "-1001234567890:5@1441645000",
        ),
        ({**BOTS, "chat": PRIVATE, "business_connection_id": "bc1"}, "99", None, "business:bc1", "99:5"),
    ],
)
def test_a_tap_has_the_place_of_its_message(
    message: object, address: str, thread: str | None, account: str | None, quoted: str | None
) -> None:
    event = message_of(callback_query={"id": "4382", "from": ANA, "message": message, "data": "y"})

    assert (event.address, event.thread, event.account) == (address, thread, account)
    assert event.quoted_provider_message_id == quoted


@pytest.mark.parametrize(
    ("who", "chat", "author"),
    [
        ({"user": ANA}, PRIVATE, None),
        ({"user": ANA}, GROUP, Author(AuthorKind.PERSON, "99", "Ana Souza", "ana")),
        ({"actor_chat": GROUP}, GROUP, Author(AuthorKind.CHAT, "-1001234567890", "Family")),
    ],
)
@pytest.mark.parametrize("emoji", ["\U0001f44d", "\u2764", ""])
def test_a_reaction_names_its_message_and_an_empty_one_takes_it_back(
    who: dict[str, object], chat: dict[str, object], author: Author | None, emoji: str
) -> None:
    """https://github.com/nanocoai/nanoclaw-telegram/pull/98"""
    new = [{"type": "emoji", "emoji": emoji}] if emoji else []
    old = [{"type": "emoji", "emoji": "\U0001f44e"}]
    reaction = {"chat": chat, "message_id": 5, **who, "date": DATE, "old_reaction": old, "new_reaction": new}
    event = message_of(message_reaction=reaction)

    assert (event.content, event.at) == (Reaction(emoji), AT)
    assert (event.address, event.author) == (str(chat["id"]), author)
    assert event.quoted_provider_message_id == f"{chat['id']}:5"
    assert fields_of(event) == {"old_reaction": old}


CUSTOM = {"type": "custom_emoji", "custom_emoji_id": "5368324170671202286"}
THUMB, HEART = ({"type": "emoji", "emoji": icon} for icon in ("\U0001f44d", "\u2764"))


@pytest.mark.parametrize(
    ("new", "content", "is_kept"),
    [
        ([THUMB, HEART], Reaction("\u2764", "\U0001f44d\u2764"), True),
        # https://github.com/grammyjs/grammY/pull/625
        ([{"type": "paid"}], Reaction("\u2b50"), False),
        ([CUSTOM], Unsupported("message_reaction"), True),
        ([THUMB, CUSTOM], Reaction("\U0001f44d"), True),
        ([{"type": "emoji", "emoji": ""}], Unsupported("message_reaction"), True),
        (["?"], Unsupported("message_reaction"), True),
        (None, Unsupported("message_reaction"), True),
    ],
)
def test_a_reaction_that_no_emoji_shows_is_not_taken_for_a_removal(
    new: object,
    content: object,
    is_kept: bool,  # noqa: FBT001
) -> None:
    reaction = {"chat": PRIVATE, "message_id": 5, "user": ANA, "date": DATE, "new_reaction": new}
    event = message_of(message_reaction=reaction)

    assert (event.content, event.quoted_provider_message_id) == (content, "99:5")
    assert fields_of(event) == ({"new_reaction": new} if is_kept else {})


@pytest.mark.parametrize(
    ("update", "ignored"),
    [
        ({}, ()),
        ({"my_chat_member": {"chat": PRIVATE, "from": ANA, "date": 1}}, ("my_chat_member",)),
        ({"chat_member": {"chat": GROUP, "from": ANA, "date": 1}}, ("chat_member",)),
        ({"chat_join_request": {"chat": GROUP, "from": ANA, "date": 1}}, ("chat_join_request",)),
        ({"business_connection": {"id": "bc1", "user": OWNER, "user_chat_id": 5}}, ("business_connection",)),
        ({"inline_query": {"id": "1", "from": ANA, "query": "re"}}, ("inline_query",)),
        ({"chosen_inline_result": {"result_id": "1", "from": ANA, "query": "re"}}, ("chosen_inline_result",)),
        ({"pre_checkout_query": {"id": "1", "from": ANA}}, ("pre_checkout_query",)),
        ({"poll_answer": {"poll_id": "1", "user": ANA, "option_ids": [0]}}, ("poll_answer",)),
        ({"message_reaction_count": {"chat": GROUP, "reactions": []}}, ("message_reaction_count",)),
        ({"message": {**TEXT, "from": {**ANA, "is_bot": True}}}, ("message.from.is_bot",)),
        ({"edited_message": {**TEXT, "from": {**ANA, "is_bot": True}}}, ("edited_message.from.is_bot",)),
        (
            {"message": {**TEXT, "from": {**ANA, "is_bot": True}, "sender_chat": "nobody", "chat": GROUP}},
            ("message.from.is_bot",),
        ),
        ({"poll": {"id": "5", "question": "?"}}, ("poll",)),
        ({"message": None}, ("message",)),
        ({"message": "hello"}, ("message",)),
        ({"message": {"message_id": 5, "text": "from nobody"}}, ("message",)),
        ({"callback_query": {"id": "5", "data": "y"}}, ("callback_query",)),
        ({"of_the_future": 7}, ("of_the_future",)),
        ({"of_the_future": {"from": ANA, "text": "to nobody"}}, ("of_the_future",)),
    ],
)
def test_what_holds_no_message_of_a_person_is_ignored_by_kind(
    update: dict[str, object], ignored: tuple[str, ...]
) -> None:
    assert parse({"update_id": 10000, **update}) == ParsedWebhook((), ignored)


def test_an_update_of_the_future_in_a_chat_is_kept() -> None:
    event = message_of(of_the_future={"from": ANA, "chat": PRIVATE, "date": DATE, "words": "hello"})

    assert (event.address, event.content) == ("99", Unsupported("of_the_future"))
    assert fields_of(event)["words"] == "hello"


@pytest.mark.parametrize(
    ("part", "value"),
    [("from", None), ("from", "?"), ("from", {"id": "99"}), ("chat", "?"), ("chat", {"id": 10**30})],
)
def test_a_message_is_kept_if_its_chat_or_its_sender_can_be_read(part: str, value: object) -> None:
    event = message_of(message={**TEXT, part: value})

    assert (event.address, event.content, event.author) == ("99", Text("/start"), None)
    assert fields_of(event) == {part: value}


@pytest.mark.parametrize("date", [None, "", "soon", -1, [], 10**30])
def test_an_odd_time_is_replaced_by_now(date: object) -> None:
    event = only(message={**TEXT, "date": date})

    assert isinstance(event, InboundMessage)
    assert parse_iso(event.at).year >= 2025


def test_a_message_without_a_number_is_kept_under_its_updates() -> None:
    event = only(message={**TEXT, "message_id": None})

    assert isinstance(event, InboundMessage)
    assert event.content == Text("/start")
    assert event.provider_message_id == "update:10000"


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"\xff", b"[]", b"7", b"{}", b'{"message":{}}', b'{"update_id":"1"}', b"[" * 100_000],
)
def test_what_is_no_update_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        TELEGRAM.parse_webhook(body, SECRET)


def token(value: str) -> dict[str, str]:
    return {"x-telegram-bot-api-secret-token": value}


def test_the_secret_token_is_compared() -> None:
    assert TELEGRAM.verify(webhook_request(token("webhook-secret"), b""), SECRET)
    assert not TELEGRAM.verify(webhook_request({}, b""), SECRET)


@given(st.text().filter(lambda value: value != SECRET.webhook_secret))
def test_any_other_token_is_refused_and_none_raises(value: str) -> None:
    assert not TELEGRAM.verify(webhook_request(token(value), b""), SECRET)


@pytest.mark.parametrize("value", ["\ud800", "é", "WEBHOOK-SECRET", "webhook-secret "])
def test_a_token_in_another_spelling_is_refused(value: str) -> None:
    assert not TELEGRAM.verify(webhook_request(token(value), b""), SECRET)


@pytest.mark.parametrize("headers", [{}, token("")])
def test_no_configured_secret_accepts_nothing(headers: dict[str, str]) -> None:
    assert not TELEGRAM.verify(webhook_request(headers, b""), replace(SECRET, webhook_secret=""))


def test_telegram_confirms_no_subscription() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-token", "hub.challenge": "1"}

    assert TELEGRAM.challenge(query, SECRET) is None


FILE = {"file_id": "f", "file_unique_id": "u", "file_size": 17}


@pytest.mark.parametrize(
    "parts",
    [
        {"quote": {"text": ["words"]}},
        {"from": {**ANA, "last_name": {"text": "words"}}},
        {"chat": {**PRIVATE, "title": ["words"]}},
        {"from": {**ANA, "is_bot": "words"}},
        {"document": {**FILE, "file_name": ["words"]}},
        {"document": {**FILE, "file_size": "words"}},
        {"photo": [{**FILE, "width": 9, "height": 9, "text": "words"}]},
        {"photo": [{**FILE, "file_unique_id": ["words"]}]},
        {"reply_to_message": {"message_id": 7, "text": ["words"]}},
        {"reply_to_message": {"message_id": 7, "chat": {**PRIVATE, "text": "words"}}},
    ],
)
def test_a_field_of_another_type_or_name_is_kept(parts: dict[str, object]) -> None:
    event = message_of(message={**TEXT, **parts})

    assert b"words" in bytes(event.provider_fields)


@pytest.mark.parametrize(
    "tap", [{"id": ["words"]}, {"id": "1", "message": {**TEXT, "text_of_the_future": "words"}}]
)
def test_the_unknown_fields_of_a_tap_are_kept(tap: dict[str, object]) -> None:
    event = message_of(callback_query={"from": ANA, "message": TEXT, "data": "yes", **tap})

    assert b"words" in bytes(event.provider_fields)


def test_two_messages_of_an_update_without_numbers_are_two() -> None:
    unnumbered = {**TEXT, "message_id": None}

    first, second = parse({"update_id": 1, "message": unnumbered, "channel_post": unnumbered}).events

    assert isinstance(first, InboundMessage)
    assert isinstance(second, InboundMessage)
    assert first.provider_message_id == "update:1"
    assert second.provider_message_id == "update:1:channel_post"


def test_the_unknown_fields_of_a_link_are_kept() -> None:
    link = {"type": "text_link", "offset": 0, "length": 3, "url": "https://a.example", "note": "words"}

    assert fields_of(message_of(message={**TEXT, "entities": [link]})) == {"entities": [link]}
