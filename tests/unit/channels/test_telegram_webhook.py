import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.telegram.connector import Telegram
from chat4all.domain.clock import parse_iso
from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEdit, InboundEvent, InboundMessage
from tests.unit.channels.fake_http import SECRET, FakeHttp, webhook_request

TELEGRAM = Telegram(FakeHttp(), "https://provider.example")
ANA = {"id": 99, "is_bot": False, "first_name": "Ana", "last_name": "Souza", "username": "ana"}
PRIVATE = {"id": 99, "first_name": "Ana", "last_name": "Souza", "username": "ana", "type": "private"}
GROUP = {"id": -1001234567890, "title": "Family", "type": "supergroup"}
TEXT = {"message_id": 1365, "from": ANA, "chat": PRIVATE, "date": 1441645532, "text": "/start"}
WITHOUT_TEXT = {key: part for key, part in TEXT.items() if key != "text"}


def parse(update: object) -> list[InboundEvent]:
    return TELEGRAM.parse_webhook(msgspec.json.encode(update), SECRET)


def only(**update: object) -> InboundEvent:
    (event,) = parse({"update_id": 10000, **update})
    return event


def test_a_text_tells_who_wrote_what_when() -> None:
    assert only(message=TEXT) == InboundMessage(
        address="99",
        provider_message_id="99:1365",
        content=Text("/start"),
        at="2015-09-07T17:05:32.000Z",
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
    assert (event.address, event.provider_message_id) == ("-1001234567890", "-1001234567890:1365")
    assert (event.display_name, event.handle) == ("Family", None)


@pytest.mark.parametrize(
    ("stand_in", "sender_chat"),
    [
        ({"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}, GROUP),
        (
            {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
            {"id": -1001132277055, "title": "News", "type": "channel"},
        ),
    ],
)
@pytest.mark.parametrize("kind", ["message", "edited_message"])
def test_who_writes_in_the_name_of_a_group_or_channel_is_no_bot(
    stand_in: dict[str, object], sender_chat: dict[str, object], kind: str
) -> None:
    """https://github.com/charslab/TranscriberBot/issues/28, https://github.com/radio-t/super-bot/issues/71"""
    event = only(**{kind: {**TEXT, "from": stand_in, "sender_chat": sender_chat, "chat": GROUP}})

    assert isinstance(event, InboundMessage | InboundEdit)
    assert (event.address, event.provider_message_id) == ("-1001234567890", "-1001234567890:1365")


def test_a_quoting_text_names_what_it_quotes() -> None:
    event = only(message={**TEXT, "reply_to_message": {"message_id": 7, "chat": PRIVATE, "date": 1}})

    assert isinstance(event, InboundMessage)
    assert event.quoted_provider_message_id == "99:7"


def test_an_edited_text_names_the_message_it_changes() -> None:
    event = only(edited_message={**TEXT, "edit_date": 1441645540, "text": "/help"})

    assert event == InboundEdit("99", "99:1365", "/help", "2015-09-07T17:05:40.000Z")


def test_an_edited_caption_names_the_message_it_changes() -> None:
    event = only(edited_message={**WITHOUT_TEXT, "photo": [{"file_id": "A"}], "caption": "Look"})

    assert isinstance(event, InboundEdit)
    assert (event.provider_message_id, event.text) == ("99:1365", "Look")


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (
            {"document": {"file_id": "D", "mime_type": "text/plain", "file_name": "a.txt", "file_size": 7}},
            ProviderFile("D", "text/plain", "a.txt", 7),
        ),
        ({"document": {"file_id": "D", "file_name": 7, "file_size": "7"}}, ProviderFile("D")),
        ({"voice": {"file_id": "V", "file_size": 9}}, ProviderFile("V", "audio/ogg", size=9)),
        ({"audio": {"file_id": "A", "mime_type": "audio/mp4"}}, ProviderFile("A", "audio/mp4")),
        ({"video": {"file_id": "V", "file_name": "v.mp4"}}, ProviderFile("V", "video/mp4", "v.mp4")),
        (
            {"animation": {"file_id": "G", "mime_type": "video/mp4"}, "document": {"file_id": "D"}},
            ProviderFile("G", "video/mp4"),
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
def test_a_file_is_told_with_its_caption(
    content: dict[str, object], media: ProviderFile, caption: str
) -> None:
    said = {"caption": caption} if caption else {}

    assert only(message={**WITHOUT_TEXT, **content, **said}) == InboundMessage(
        address="99",
        provider_message_id="99:1365",
        content=ReceivedMedia(media, caption),
        at="2015-09-07T17:05:32.000Z",
        display_name="Ana Souza",
        handle="ana",
    )


def test_an_edit_without_words_is_kept_under_another_id_than_the_messages_own() -> None:
    event = only(edited_message={**WITHOUT_TEXT, "photo": [{"file_id": "A"}]})

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.provider_message_id) == ("edited_message", "update:10000")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"photo": []}, "photo"),
        ({"photo": "?"}, "photo"),
        ({"voice": {"file_id": ""}}, "voice"),
        ({"video_note": {"file_id": "A"}}, "video_note"),
        ({"venue": {"title": "Bar"}, "location": {"latitude": 1.0}}, "venue"),
        ({"sticker": {"file_id": "A"}}, "sticker"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"migrate_to_chat_id": -100}, "migrate_to_chat_id"),
        ({"of_the_future": {}}, "message"),
    ],
)
def test_what_is_no_text_is_kept_with_its_kind_and_json(content: dict[str, object], kind: str) -> None:
    message = {key: part for key, part in TEXT.items() if key != "text"}
    message |= {"reply_to_message": {"message_id": 7}, **content}
    event = only(message=message)

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.provider_message_id, event.address) == (kind, "99:1365", "99")
    assert (event.display_name, event.handle) == ("Ana Souza", "ana")
    assert event.quoted_provider_message_id == "99:7"
    assert msgspec.json.decode(event.content.raw) == message


def test_a_pressed_button_is_kept() -> None:
    bots = {"message_id": 5, "from": {"id": 1, "is_bot": True}, "chat": GROUP, "date": 1, "text": "?"}
    event = only(callback_query={"id": "4382", "from": ANA, "message": bots, "data": "yes"})

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.address) == ("callback_query", "-1001234567890")
    assert event.provider_message_id == "update:10000"


def test_a_reaction_is_kept() -> None:
    reaction = {"chat": PRIVATE, "message_id": 5, "user": ANA, "date": 1441645532, "new_reaction": []}
    event = only(message_reaction=reaction)

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.address, event.at) == (
        "message_reaction",
        "99",
        "2015-09-07T17:05:32.000Z",
    )


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"my_chat_member": {"chat": PRIVATE, "from": ANA, "date": 1}},
        {"chat_member": {"chat": GROUP, "from": ANA, "date": 1}},
        {"chat_join_request": {"chat": GROUP, "from": ANA, "date": 1}},
        {"message": {**TEXT, "from": {**ANA, "is_bot": True}}},
        {"edited_message": {**TEXT, "from": {**ANA, "is_bot": True}}},
        {"message": {**TEXT, "from": {**ANA, "is_bot": True}, "sender_chat": "nobody", "chat": GROUP}},
        {"channel_post": {"message_id": 1, "sender_chat": GROUP, "chat": GROUP, "date": 1, "text": "News"}},
        {"poll": {"id": "5", "question": "?"}},
        {"message": None},
        {"message": "hello"},
        {"message": {"message_id": 5, "chat": PRIVATE, "text": "from nobody"}},
        {"of_the_future": 7},
    ],
)
def test_what_no_person_said_yields_nothing(update: dict[str, object]) -> None:
    assert parse({"update_id": 10000, **update}) == []


@pytest.mark.parametrize("date", [None, "", "soon", -1, [], 10**30])
def test_an_odd_time_is_replaced_by_now(date: object) -> None:
    event = only(message={**TEXT, "date": date})

    assert isinstance(event, InboundMessage)
    assert parse_iso(event.at).year >= 2025


def test_a_message_without_a_number_is_kept_under_its_updates() -> None:
    event = only(message={**TEXT, "message_id": None})

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
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
