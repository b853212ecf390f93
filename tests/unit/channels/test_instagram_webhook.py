from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from chat4all.channels.instagram.connector import Instagram
from chat4all.domain.clock import parse_iso
from chat4all.domain.content import Notice, ProviderFile, ReceivedAlbum, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import (
    InboundDeletion,
    InboundEvent,
    InboundMessage,
    InboundStatus,
    ParsedWebhook,
)
from chat4all.domain.files.file import Form
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.kinds import Button, Buttons, Card, CardButton, Carousel, Location, Reaction
from chat4all.domain.received import Author, AuthorKind, Context, Product, Referral, Story
from chat4all.domain.status import Status
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp
from tests.unit.channels.test_webhook_robustness import INSTAGRAM_EVENT

INSTAGRAM = Instagram(FakeHttp(), "https://provider.example")
US = SECRET.account_id
ANA = "1535148674817116"
FROM_ANA = {"sender": {"id": ANA}, "recipient": {"id": US}, "timestamp": 1569262485349}
FROM_US = {"sender": {"id": US}, "recipient": {"id": ANA}, "timestamp": 1569262485349}
AT = "2019-09-23T18:14:45.349Z"
TEXT = {**FROM_ANA, "message": {"mid": "aWdfTEXT", "text": "Is it open on Sunday?"}}


def webhook(*events: object) -> bytes:
    entry = {"id": US, "time": 1569262486134, "messaging": events}
    return msgspec.json.encode({"object": "instagram", "entry": [entry]})


def entries(*parts: object) -> ParsedWebhook:
    return INSTAGRAM.parse_webhook(msgspec.json.encode({"object": "instagram", "entry": parts}), SECRET)


def parse(*events: object) -> list[InboundEvent]:
    return list(INSTAGRAM.parse_webhook(webhook(*events), SECRET).events)


def ignored(*events: object) -> list[str]:
    """Return the kinds that were ignored in a webhook that leads to no event."""
    read = INSTAGRAM.parse_webhook(webhook(*events), SECRET)
    assert read.events == ()
    return list(read.ignored)


def said(**message: object) -> InboundMessage:
    event = only({**FROM_ANA, "message": {"mid": "m", **message}})
    assert isinstance(event, InboundMessage)
    return event


def fields_of(event: InboundMessage) -> object:
    return msgspec.json.decode(event.provider_fields)


def kind_told(event: InboundMessage) -> str:
    """Return the provider's kind, or ours for a content that has a kind."""
    match event.content:
        case Unsupported(provider_kind=kind) | Notice(event=kind):
            return kind
        case Reaction():
            return "reaction"
    raise AssertionError(event.content)


def attachment(kind: str, url: str) -> dict[str, object]:
    return {"type": kind, "payload": {"url": url}}


def only(event: object) -> InboundEvent:
    (parsed,) = parse(event)
    return parsed


def test_a_text_tells_who_wrote_what_when() -> None:
    assert only(TEXT) == InboundMessage(
        address=ANA,
        provider_message_id="aWdfTEXT",
        content=Text("Is it open on Sunday?"),
        at=AT,
    )


def test_a_quoting_text_names_what_it_quotes() -> None:
    event = only({**FROM_ANA, "message": {"mid": "m", "text": "Yes", "reply_to": {"mid": "aWdfOURS"}}})

    assert isinstance(event, InboundMessage)
    assert event.quoted_provider_message_id == "aWdfOURS"


def test_what_comes_with_a_quote_quotes_the_same_message_text_or_not() -> None:
    message = {"mid": "aWdf", "text": "this", "reply_to": {"mid": "ours"}, "attachments": [{"type": "share"}]}

    events = parse({**FROM_ANA, "message": message})

    messages = [event for event in events if isinstance(event, InboundMessage)]
    assert [type(message.content) for message in messages] == [Text, Unsupported]
    assert [message.quoted_provider_message_id for message in messages] == ["ours", "ours"]


def test_a_reply_to_a_story_quotes_no_message_and_brings_the_storys_picture() -> None:
    event = said(text="Nice", reply_to={"story": {"id": "1", "url": "https://cdn.example/story"}})

    assert event.quoted_provider_message_id is None
    assert event.context == Context(story=Story("reply", "1", "https://cdn.example/story"))
    assert event.content == ReceivedMedia(ProviderFile("https://cdn.example/story", "image/jpeg"), "Nice")
    assert fields_of(event) is None


@pytest.mark.parametrize(
    ("story", "content", "context", "fields"),
    [
        ({"id": "1"}, Text("Nice"), Context(story=Story("reply", "1")), None),
        ({}, Text("Nice"), Context(story=Story("reply")), None),
        (7, Text("Nice"), None, {"message": {"reply_to": {"story": 7}}}),
        ({"id": 7}, Text("Nice"), None, {"message": {"reply_to": {"story": {"id": 7}}}}),
        (
            {"id": "1", "owner": "us"},
            Text("Nice"),
            Context(story=Story("reply", "1")),
            {"message": {"reply_to": {"story": {"id": "1", "owner": "us"}}}},
        ),
    ],
)
def test_a_story_without_an_address_loses_no_words(
    story: object, content: object, context: Context | None, fields: object
) -> None:
    """https://github.com/restfb/restfb/issues/1246"""
    event = said(text="Nice", reply_to={"story": story})

    assert (event.content, event.context, fields_of(event)) == (content, context, fields)


def test_a_reply_to_a_story_with_a_file_of_its_own_brings_both_pictures() -> None:
    story = {"story": {"id": "1", "url": "https://cdn.example/story"}}
    photo = {"mid": "m", "reply_to": story, "attachments": [attachment("image", "https://x/1")]}
    own, picture = parse({**FROM_ANA, "message": photo})
    assert isinstance(own, InboundMessage)
    assert isinstance(picture, InboundMessage)

    assert own.content == ReceivedMedia(ProviderFile("https://x/1", "image/jpeg"))
    assert picture.content == ReceivedMedia(ProviderFile("https://cdn.example/story", "image/jpeg"))
    assert picture.provider_message_id == f"{own.provider_message_id}:story"
    for event in (own, picture):
        assert event.context == Context(story=Story("reply", "1", "https://cdn.example/story"))


@pytest.mark.parametrize("text", ["", "  "])
def test_a_heart_on_a_story_without_words_is_the_storys_picture(text: str) -> None:
    event = said(text=text, reply_to={"story": {"id": "1", "url": "https://cdn.example/story"}})

    assert event.content == ReceivedMedia(ProviderFile("https://cdn.example/story", "image/jpeg"))


def test_the_same_event_comes_also_as_a_change() -> None:
    value = {**TEXT, "timestamp": "1569262485"}
    changes = [{"field": "messages", "value": value}, {"field": "comments", "value": value}]
    read = entries({"id": US, "changes": changes})
    (event,) = read.events

    assert isinstance(event, InboundMessage)
    assert read.ignored == ("comments",)
    assert (event.provider_message_id, event.at) == ("aWdfTEXT", "2019-09-23T18:14:45.000Z")


def test_what_comes_while_another_app_answers_is_not_lost() -> None:
    """https://github.com/chatwoot/chatwoot/issues/5906"""
    assert list(entries({"id": US, "time": 1, "standby": [TEXT]}).events) == parse(TEXT)
    changes = [{"field": "standby", "value": TEXT}]
    assert list(entries({"id": US, "time": 1, "changes": changes}).events) == parse(TEXT)


@pytest.mark.parametrize(
    ("message", "kind", "fields"),
    [
        (
            {"attachments": [{"type": "image", "payload": {"url": ""}}]},
            "image",
            {"attachments": [{"type": "image", "payload": {"url": ""}}]},
        ),
        ({"attachments": [{"type": "story_mention"}]}, "story_mention", None),
        ({"attachments": ["?"]}, "attachment", {"attachments": ["?"]}),
        ({"attachments": 7}, "message", {"attachments": 7}),
        ({"is_unsupported": True}, "unsupported", None),
        ({"text": ""}, "message", None),
        ({"text": 7}, "message", {"text": 7}),
        ({"text": None, "new_field": {"a": 1}}, "message", {"text": None, "new_field": {"a": 1}}),
    ],
)
def test_what_is_no_text_is_kept_with_its_kind_and_json(
    message: dict[str, object], kind: str, fields: object
) -> None:
    event = said(**message)

    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.address, event.provider_message_id) == (kind, ANA, "m")
    assert fields_of(event) == (None if fields is None else {"message": fields})


def test_what_is_not_understood_of_a_text_stays_beside_it() -> None:
    message = {"mid": "m", "text": "hello", "nlp": {"intent": "greet"}}
    sender = {"id": ANA, "username": "ana"}
    event = only({**FROM_ANA, "sender": sender, "message": message, "hop_context": [{"app_id": 1}]})

    assert isinstance(event, InboundMessage)
    assert event.content == Text("hello")
    assert fields_of(event) == {
        "sender": sender,
        "hop_context": [{"app_id": 1}],
        "message": {"nlp": {"intent": "greet"}},
    }


@pytest.mark.parametrize(
    ("kind", "content_type", "form"),
    [
        ("image", "image/jpeg", None),
        ("video", "video/mp4", None),
        ("audio", "audio/mp4", Form.VOICE),
        ("file", "application/pdf", None),
    ],
)
def test_a_file_is_told_with_its_address(kind: str, content_type: str, form: Form | None) -> None:
    message = {"mid": "m", "reply_to": {"mid": "aWdfOURS"}, "attachments": [attachment(kind, "https://x/1")]}

    assert only({**FROM_ANA, "message": message}) == InboundMessage(
        address=ANA,
        provider_message_id="m",
        content=ReceivedMedia(ProviderFile("https://x/1", content_type, form=form)),
        at=AT,
        quoted_provider_message_id="aWdfOURS",
    )


def test_several_files_are_an_album_and_other_attachments_are_told_by_themselves() -> None:
    attachments = [
        attachment("image", "https://x/1"),
        {"type": "share"},
        attachment("video", "https://x/2"),
    ]
    event = {**FROM_ANA, "message": {"mid": "m", "attachments": attachments}}

    first, again = parse(event), parse(event)

    assert first == again
    messages = [event for event in first if isinstance(event, InboundMessage)]
    assert [(message.provider_message_id, message.content) for message in messages] == [
        (
            "m",
            ReceivedAlbum(
                (ProviderFile("https://x/1", "image/jpeg"), ProviderFile("https://x/2", "video/mp4"))
            ),
        ),
        ("m:1", Unsupported("share")),
    ]


@pytest.mark.parametrize(
    ("kind", "payload", "content_type", "form"),
    [
        ("share", {}, "image/jpeg", None),
        ("ig_post", {"ig_post_media_id": "1", "title": "A post"}, "image/jpeg", None),
        ("ig_reel", {"reel_video_id": "1", "title": "A reel"}, "video/mp4", None),
        ("reel", {}, "video/mp4", None),
        ("ig_story", {}, "image/jpeg", None),
        ("ephemeral", {}, "image/jpeg", None),
        ("sticker", {"sticker_id": 369239263222822}, "image/webp", Form.STICKER),
        ("like_heart", {}, "image/webp", Form.STICKER),
        ("of_the_future", {}, None, None),
    ],
)
def test_what_a_person_shares_is_fetched_and_said_to_be_shared(
    kind: str, payload: dict[str, object], content_type: str | None, form: Form | None
) -> None:
    """https://github.com/chatwoot/chatwoot/pull/12997, https://github.com/restfb/restfb/issues/1439"""
    shared = {"type": kind, "payload": {"url": "https://cdn.example/1", **payload}}
    event = said(attachments=[shared])

    assert event.content == ReceivedMedia(ProviderFile("https://cdn.example/1", content_type, form=form))
    assert fields_of(event) == {"message": {"attachments": [shared]}}


def test_a_story_that_mentions_us_is_fetched_while_its_address_is_good() -> None:
    """https://github.com/chatwoot/chatwoot/issues/5300"""
    event = said(attachments=[attachment("story_mention", "https://cdn.example/1")])

    assert event.content == ReceivedMedia(ProviderFile("https://cdn.example/1", "image/jpeg"))
    assert event.context == Context(story=Story("mention", url="https://cdn.example/1"))
    assert fields_of(event) is None


@pytest.mark.parametrize(
    ("shared", "text"),
    [
        (attachment("share", "https://www.instagram.com/p/1/"), "https://www.instagram.com/p/1/"),
        ({"type": "ig_reel", "payload": {"title": "A reel"}}, "A reel"),
        ({"type": "location", "payload": {"coordinates": {"lat": 4.5}, "name": "Here"}}, "Here"),
        (
            {"type": "fallback", "payload": {"title": "Our shop", "url": "https://shop.example"}},
            "Our shop\nhttps://shop.example",
        ),
        (
            {
                "type": "template",
                "payload": {
                    "generic": {"elements": [{"title": "Lamp", "subtitle": "20 EUR"}, {"text": "Sofa"}]}
                },
            },
            "Lamp\n20 EUR\nSofa",
        ),
        (attachment("template", ""), ""),
        (attachment("share", "https://[instagram.com"), None),
    ],
)
def test_what_is_no_file_can_be_read(shared: dict[str, object], text: str | None) -> None:
    event = said(attachments=[shared])

    kind = str(shared["type"])
    assert text is None or event.content == Unsupported(kind, text)
    assert fields_of(event) == {"message": {"attachments": [shared]}}


@pytest.mark.parametrize("text", [{}, {"text": ""}, {"text": None}])
def test_a_heart_is_a_text(text: dict[str, object]) -> None:
    heart = {"type": "like_heart"}
    event = said(attachments=[heart], **text)

    assert event.content == Text("❤️")
    assert "attachments" in msgspec.json.decode(event.provider_fields)["message"]


def test_a_heart_for_a_story_stands_below_its_picture() -> None:
    story = {"story": {"id": "1", "url": "https://cdn.example/story"}}
    event = said(reply_to=story, attachments=[{"type": "like_heart"}])

    assert event.content == ReceivedMedia(ProviderFile("https://cdn.example/story", "image/jpeg"), "❤️")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ({"payload": {"coordinates": {"lat": 48.21, "long": 16}}}, Location(48.21, 16.0)),
        (
            {
                "title": "Pinned Location",
                "url": "https://x",
                "payload": {"coordinates": {"lat": -1, "long": 0}},
            },
            Location(-1.0, 0.0, "Pinned Location"),
        ),
        ({"title": 7, "payload": {"coordinates": {"lat": 0, "long": 0}}}, Location(0.0, 0.0)),
        ({"payload": {"coordinates": {"lat": "1", "long": "2"}}}, Unsupported("location")),
        ({"payload": {"url": "https://maps.example"}}, Unsupported("location", "https://maps.example")),
        ({}, Unsupported("location")),
    ],
)
def test_a_place_is_a_place(place: dict[str, object], content: object) -> None:
    shared = {"type": "location", **place}
    event = said(attachments=[shared])

    assert event.content == content
    assert fields_of(event) == {"message": {"attachments": [shared]}}


@pytest.mark.parametrize(("lat", "long"), [(999, 0), (0, -181), (90.1, 0)])
def test_a_place_outside_of_the_globe_can_be_read(lat: float, long: float) -> None:
    event = said(attachments=[{"type": "location", "payload": {"coordinates": {"lat": lat, "long": long}}}])

    kept = within_limits(event)
    assert isinstance(kept, InboundMessage)
    assert isinstance(kept.content, Unsupported)
    assert f"{lat:.6f},{long:.6f}" in kept.content.text


NOW: Final = {"type": "postback", "title": "Now", "payload": "now"}
LATER: Final = {"type": "postback", "title": "Later", "payload": "later"}
SITE: Final = {"type": "web_url", "title": "Site", "url": "https://shop.example"}
ANSWERS: Final = (Button("now", "Now"), Button("later", "Later"))


@pytest.mark.parametrize(
    ("payload", "content"),
    [
        ({"template_type": "button", "text": "When?", "buttons": [NOW, LATER]}, Buttons("When?", ANSWERS)),
        (
            {"generic": {"elements": [{"title": "When?", "subtitle": "Please", "buttons": [NOW, LATER]}]}},
            Buttons("When?\nPlease", ANSWERS),
        ),
        (
            {"template_type": "generic", "elements": [{"title": "When?", "buttons": [NOW, LATER]}]},
            Buttons("When?", ANSWERS),
        ),
        (
            {"text": "When?", "buttons": [NOW, SITE]},
            Unsupported("template", "When?\nNow\nSite\nhttps://shop.example"),
        ),
        (
            {"generic": {"elements": [{"title": "A", "buttons": [NOW]}, {"title": "B", "buttons": [LATER]}]}},
            Carousel(
                "A\nB",
                (
                    Card("A", buttons=(CardButton("Now", "now"),)),
                    Card("B", buttons=(CardButton("Later", "later"),)),
                ),
            ),
        ),
        (
            {
                "elements": [
                    {"title": "A", "subtitle": "a", "image_url": "https://shop.example/a", "buttons": [SITE]}
                ]
            },
            Carousel(
                "A",
                (
                    Card(
                        "A",
                        "a",
                        "https://shop.example/a",
                        (CardButton("Site", url="https://shop.example"),),
                    ),
                ),
            ),
        ),
        ({"generic": {"elements": [{"title": "A", "buttons": []}]}}, Carousel("A", (Card("A"),))),
        ({"elements": [{"subtitle": "a"}]}, Unsupported("template", "a")),
        ({"elements": [{"title": "A"}] * 11}, Unsupported("template", "A")),
        ({"generic": {"elements": []}}, Unsupported("template")),
        ({"buttons": [NOW]}, Unsupported("template", "Now")),
        (
            {"text": "When?", "buttons": [{"title": "Now", "payload": ""}]},
            Unsupported("template", "When?\nNow"),
        ),
        ({"text": 7, "buttons": [NOW]}, Unsupported("template", "Now")),
        ("?", Unsupported("template")),
    ],
)
def test_buttons_that_our_side_sent_elsewhere_are_buttons(payload: object, content: object) -> None:
    template = {"type": "template", "payload": payload}
    event = only({**FROM_US, "message": {"mid": "m", "is_echo": True, "attachments": [template]}})

    assert isinstance(event, InboundMessage)
    assert (event.content, event.is_own) == (content, True)
    assert fields_of(event) == {"message": {"attachments": [template]}}


@pytest.mark.parametrize("own", [{"text": "When?"}, {}])
def test_a_template_that_repeats_the_text_is_told_once(own: dict[str, object]) -> None:
    """https://github.com/airyhq/airy/issues/2116"""
    template = {"type": "template", "payload": {"template_type": "button", **own, "buttons": [NOW, LATER]}}
    event = said(text="When?", attachments=[template])

    assert event.content == Buttons("When?", ANSWERS)


def test_a_text_with_quick_replies_has_buttons() -> None:
    replies = [{"content_type": "text", **NOW}, {"content_type": "text", **LATER}]

    event = said(text="When?", quick_replies=replies)
    assert event.content == Buttons("When?", ANSWERS)
    assert fields_of(event) == {"message": {"quick_replies": replies}}
    other = said(text="Your number?", quick_replies=[{"content_type": "user_phone_number"}])
    assert other.content == Text("Your number?")
    assert fields_of(other) == {"message": {"quick_replies": [{"content_type": "user_phone_number"}]}}


@pytest.mark.parametrize("types", [("image", "sticker"), ("sticker", "image")])
def test_a_sticker_that_is_attached_twice_stays_a_sticker(types: tuple[str, str]) -> None:
    event = said(attachments=[attachment(kind, "https://x/1") for kind in types])

    assert event.content == ReceivedMedia(ProviderFile("https://x/1", "image/webp", form=Form.STICKER))


def test_what_is_attached_twice_under_two_names_is_told_once() -> None:
    """https://github.com/chatwoot/chatwoot/pull/12992"""
    twice = [attachment("share", "https://x/1"), attachment("ig_post", "https://x/1")]
    event = said(attachments=twice)

    assert event.content == ReceivedMedia(ProviderFile("https://x/1", "image/jpeg"))
    assert fields_of(event) == {"message": {"attachments": twice}}


def test_a_text_and_its_files_are_told_one_after_the_other() -> None:
    message = {"mid": "m", "text": "Look", "attachments": [attachment("image", "https://x/1")]}
    text, picture = parse({**FROM_ANA, "message": message})

    assert isinstance(text, InboundMessage)
    assert isinstance(picture, InboundMessage)
    assert (text.provider_message_id, text.content) == ("m", Text("Look"))
    assert picture.provider_message_id == "m:0"
    assert picture.content == ReceivedMedia(ProviderFile("https://x/1", "image/jpeg"))


def test_a_text_and_several_files_are_an_album_with_words() -> None:
    attachments = [attachment("image", f"https://x/{number}") for number in range(12)]
    (album, *others) = parse(
        {**FROM_ANA, "message": {"mid": "m", "text": "Look", "attachments": attachments}}
    )

    assert isinstance(album, InboundMessage)
    files = tuple(ProviderFile(f"https://x/{number}", "image/jpeg") for number in range(10))
    assert (album.provider_message_id, album.content) == ("m", ReceivedAlbum(files, "Look"))
    names = [event.provider_message_id for event in others if isinstance(event, InboundMessage)]
    assert names == ["m:10", "m:11"]


def test_a_text_with_something_unsupported_is_a_text_and_something_unsupported() -> None:
    message = {"mid": "m", "text": "Look", "attachments": [{"type": "image"}]}
    text, picture = parse({**FROM_ANA, "message": message})

    assert isinstance(text, InboundMessage)
    assert isinstance(picture, InboundMessage)
    assert isinstance(picture.content, Unsupported)
    assert (text.provider_message_id, picture.provider_message_id) == ("m", "m:0")


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("reaction", {"action": "react", "reaction": "love", "emoji": "❤"}),
        ("reaction", {"mid": "aWdfOURS", "action": "react", "reaction": "love", "emoji": "❤"}),
        ("referral", {"ref": "promo", "source": "IGME", "type": "OPEN_THREAD"}),
        ("message", {"is_unsupported": True}),
        ("message", "hello"),
        ("message_edit", {"num_edit": 0}),
        ("of_the_future", 7),
    ],
)
def test_what_has_no_id_gets_the_same_one_each_time(kind: str, part: object) -> None:
    first, again = only({**FROM_ANA, kind: part}), only({**FROM_ANA, kind: part})
    other = only({**FROM_ANA, kind: part, "timestamp": 1569262485350})

    assert isinstance(first, InboundMessage)
    assert isinstance(again, InboundMessage)
    assert isinstance(other, InboundMessage)
    assert kind_told(first) in {kind, "unsupported"}
    assert first.provider_message_id == again.provider_message_id != other.provider_message_id


def test_words_without_an_id_are_words() -> None:
    first, again = (only({**FROM_ANA, "message": {"text": "without an id"}}) for _ in range(2))

    assert isinstance(first, InboundMessage)
    assert first.content == Text("without an id")
    assert first == again


@pytest.mark.parametrize(
    ("tap", "content", "context", "fields"),
    [
        ({"title": "Start", "payload": "GO"}, Text("Start"), Context(payload="GO"), None),
        ({"title": "", "payload": "GO"}, Unsupported("postback", "GO"), Context(payload="GO"), None),
        ({"payload": "GO"}, Unsupported("postback", "GO"), Context(payload="GO"), None),
        ({"title": 7, "payload": ["GO"]}, Unsupported("postback"), None, {"title": 7, "payload": ["GO"]}),
        (
            {"title": "Start", "referral": {"ref": "summer", "source": "ADS", "ad_id": "120"}},
            Text("Start"),
            Context(referral=Referral(source="ADS", source_id="120", ref="summer")),
            {"referral": {"ref": "summer", "source": "ADS", "ad_id": "120"}},
        ),
    ],
)
def test_a_tap_on_a_button_is_the_words_on_the_button(
    tap: dict[str, object], content: object, context: Context | None, fields: object
) -> None:
    """https://github.com/chatwoot/chatwoot/issues/13033"""
    event = only({**FROM_ANA, "postback": {"mid": "aWdfPB", **tap}})

    assert isinstance(event, InboundMessage)
    assert (event.provider_message_id, event.content, event.context) == ("aWdfPB", content, context)
    assert fields_of(event) == (None if fields is None else {"postback": fields})


@pytest.mark.parametrize(
    ("reply", "context", "fields"),
    [
        ({"payload": "SIZE_S"}, Context(payload="SIZE_S"), None),
        ({"payload": ""}, Context(payload=""), None),
        ({}, None, {"quick_reply": {}}),
        ({"payload": 7}, None, {"quick_reply": {"payload": 7}}),
        (
            {"payload": "SIZE_S", "flow": 1},
            Context(payload="SIZE_S"),
            {"quick_reply": {"payload": "SIZE_S", "flow": 1}},
        ),
    ],
)
def test_a_quick_reply_keeps_its_payload(reply: object, context: Context | None, fields: object) -> None:
    """https://github.com/botpress/botpress/issues/15461"""
    event = said(text="Small", quick_reply=reply)

    assert (event.content, event.context) == (Text("Small"), context)
    assert fields_of(event) == (None if fields is None else {"message": fields})


@pytest.mark.parametrize(
    ("referral", "context"),
    [
        ({"product": {"id": "P-1"}}, Context(product=Product("P-1"))),
        (
            {"ref": "r", "ad_id": "120", "source": "ADS", "type": "OPEN_THREAD"},
            Context(referral=Referral(source="ADS", source_id="120", ref="r")),
        ),
        (
            {"source": "ADS", "ads_context_data": {"ad_title": "Blue lamp", "photo_url": "https://x"}},
            Context(referral=Referral(source="ADS", headline="Blue lamp")),
        ),
        ({"ref": "r", "referer_uri": "https://x"}, Context(referral=Referral(url="https://x", ref="r"))),
        ({"ref": 7}, None),
        ("ADS", None),
        ({}, None),
    ],
)
def test_what_led_the_person_to_us_is_kept(referral: object, context: Context | None) -> None:
    """https://github.com/chatwoot/chatwoot/issues/13995"""
    event = said(text="hi", referral=referral)
    alone = only({**FROM_ANA, "referral": referral})

    assert isinstance(alone, InboundMessage)
    assert isinstance(alone.content, Notice)
    assert alone.content.event == "referral"
    assert (event.content, event.context, alone.context) == (Text("hi"), context, context)
    assert fields_of(event) == {"message": {"referral": referral}}
    assert fields_of(alone) == {"referral": referral} or referral == {}


@pytest.mark.parametrize(
    ("reaction", "content", "fields"),
    [
        ({"action": "react", "reaction": "love", "emoji": "❤"}, Reaction("❤"), {"reaction": "love"}),
        ({"action": "react", "reaction": "other", "emoji": "🦔"}, Reaction("🦔"), {"reaction": "other"}),
        ({"action": "react", "emoji": "👩🏽‍🚀"}, Reaction("👩🏽‍🚀"), {}),
        ({"action": "react", "reaction": "smile"}, Reaction("😆"), {"reaction": "smile"}),
        ({"action": "react", "reaction": "laugh"}, Reaction("😆"), {"reaction": "laugh"}),
        ({"action": "react", "reaction": "love", "emoji": " "}, Reaction("❤"), {"reaction": "love"}),
        ({"emoji": "❤"}, Reaction("❤"), {}),
        ({"action": "unreact"}, Reaction(""), {}),
        ({"action": "unreact", "emoji": "❤"}, Reaction(""), {"emoji": "❤"}),
        ({"action": "update", "emoji": "❤"}, Reaction("❤"), {"action": "update"}),
        (
            {"action": "react", "reaction": "other"},
            Unsupported("reaction", "other"),
            {"action": "react", "reaction": "other"},
        ),
        ({"action": "react", "emoji": ""}, Unsupported("reaction"), {"action": "react", "emoji": ""}),
        ({"emoji": 7}, Unsupported("reaction"), {"emoji": 7}),
    ],
)
def test_a_reaction_is_about_its_message(
    reaction: dict[str, object], content: object, fields: dict[str, object]
) -> None:
    event = only({**FROM_ANA, "reaction": {"mid": "aWdfOURS", **reaction}})

    assert isinstance(event, InboundMessage)
    assert (event.content, event.quoted_provider_message_id) == (content, "aWdfOURS")
    assert fields_of(event) == ({"reaction": fields} if fields else None)


@pytest.mark.parametrize("mid", [{}, {"mid": ""}, {"mid": 7}, {"mid": "m" * 1_025}])
@pytest.mark.parametrize("action", ["react", "unreact"])
def test_a_reaction_to_no_message_can_be_read(mid: dict[str, object], action: str) -> None:
    event = only({**FROM_ANA, "reaction": {"action": action, "emoji": "❤", **mid}})

    assert isinstance(event, InboundMessage)
    assert event.content == Unsupported("reaction" if action == "react" else "unreact", "❤")
    assert event.quoted_provider_message_id is None
    assert fields_of(event) == {"reaction": {"action": action, "emoji": "❤", **mid}}


def test_a_reaction_and_its_end_are_two_messages() -> None:
    reaction = {"mid": "aWdfOURS", "reaction": "love", "emoji": "❤"}
    first, end, again = (
        only({**FROM_ANA, "timestamp": at, "reaction": {**reaction, "action": action}})
        for at, action in (
            (1_569_262_485_349, "react"),
            (1_569_262_485_349, "unreact"),
            (1_569_262_487_000, "react"),
        )
    )

    names = {event.provider_message_id for event in (first, end, again) if isinstance(event, InboundMessage)}
    assert len(names) == 3


def test_an_edited_text_names_the_message_it_changes() -> None:
    event = only({**FROM_ANA, "message_edit": {"mid": "aWdfTEXT", "text": "On Monday?", "num_edit": 1}})

    assert isinstance(event, InboundMessage)
    assert (event.provider_message_id, event.content) == ("aWdfTEXT", Text("On Monday?"))
    assert (event.at, event.edited_at) == (AT, AT)
    assert fields_of(event) == {"message_edit": {"num_edit": 1}}


@pytest.mark.parametrize("edit", [{"num_edit": 0}, {"text": "", "num_edit": 1}, {"text": " "}])
def test_an_edit_without_words_holds_the_place_of_words_that_may_come(edit: dict[str, object]) -> None:
    event = only({**FROM_ANA, "message_edit": {"mid": "aWdfTEXT", **edit}})

    assert isinstance(event, InboundMessage)
    assert (event.provider_message_id, event.content) == ("aWdfTEXT", Unsupported("message_edit"))
    assert event.edited_at is None


@pytest.mark.parametrize(
    "message",
    [
        {"mid": "m", "is_deleted": True},
        {"mid": "m", "is_deleted": True, "text": "still here"},
        {"mid": "m", "is_deleted": True, "attachments": [{"type": "image"}]},
        {"mid": "m", "is_deleted": True, "reply_to": 7},
    ],
)
def test_a_deletion_takes_the_message_with_all_that_was_attached(message: dict[str, object]) -> None:
    """https://github.com/chatwoot/chatwoot/issues/4119"""
    first, *others = parse({**FROM_ANA, "message": message})

    assert first == InboundDeletion(ANA, "m", AT)
    assert others == [InboundDeletion(ANA, f"m:{place}", AT) for place in (*range(10), "story")]


def test_a_deletion_keeps_its_other_fields() -> None:
    message = {"mid": "m", "is_deleted": True, "text": "still here", "deleted_by": "user"}

    first, *others = parse({**FROM_ANA, "message": message, "reason": 7})

    assert isinstance(first, InboundDeletion)
    assert first.provider_fields == Raw(b'{"reason":7,"message":{"deleted_by":"user"}}')
    assert others == [InboundDeletion(ANA, f"m:{place}", AT) for place in (*range(10), "story")]


@pytest.mark.parametrize("is_deleted", [False, None, "true", 1])
def test_what_is_not_said_to_be_deleted_is_not(is_deleted: object) -> None:
    assert said(text="here", is_deleted=is_deleted).content == Text("here")


def test_a_read_message_is_read_with_all_before_it() -> None:
    """https://github.com/restfb/restfb/issues/1314"""
    event = only({**FROM_ANA, "read": {"mid": "aWdfOURS"}})

    assert event == InboundStatus(ANA, Status.READ, AT, "aWdfOURS", covers_earlier=True)


def test_each_delivered_message_is_delivered() -> None:
    events = parse({**FROM_ANA, "delivery": {"mids": ["a", "b"], "watermark": 1569262485000}})

    assert events == [
        InboundStatus(ANA, Status.DELIVERED, AT, "a"),
        InboundStatus(ANA, Status.DELIVERED, AT, "b"),
    ]


def test_the_echo_of_our_own_send_proves_that_it_was_sent() -> None:
    message = {"mid": "aWdfOURS", "text": "Yes", "is_echo": True, "metadata": DELIVERY_ID}

    assert only({**FROM_US, "message": message}) == InboundStatus(
        ANA, Status.SENT, AT, "aWdfOURS", delivery_id=DELIVERY_ID
    )


def test_an_echo_of_our_send_without_an_id_proves_nothing() -> None:
    assert ignored({**FROM_US, "message": {"is_echo": True, "metadata": DELIVERY_ID}}) == ["message"]


@pytest.mark.parametrize(
    ("message", "content", "fields"),
    [
        ({"mid": "m", "text": "by hand", "is_echo": True}, Text("by hand"), None),
        (
            {"mid": "m", "text": "by another app", "is_echo": True, "metadata": "campaign", "app_id": 1},
            Text("by another app"),
            {"metadata": "campaign", "app_id": 1},
        ),
        ({"mid": "m", "text": "odd", "is_echo": True, "metadata": 7}, Text("odd"), {"metadata": 7}),
        ({"mid": "m", "text": "not even marked"}, Text("not even marked"), None),
        (
            {
                "mid": "m",
                "is_echo": True,
                "attachments": [{"type": "image", "payload": {"url": "https://x"}}],
            },
            ReceivedMedia(ProviderFile("https://x", "image/jpeg")),
            None,
        ),
        ({"mid": "m", "is_echo": True, "is_unsupported": True}, Unsupported("unsupported"), None),
    ],
)
def test_what_our_side_writes_in_the_app_is_our_sides(
    message: dict[str, object], content: object, fields: object
) -> None:
    """https://github.com/chatwoot/chatwoot/pull/11275, https://github.com/chatwoot/chatwoot/issues/12055"""
    event = only({**FROM_US, "message": message})

    assert isinstance(event, InboundMessage)
    assert (event.address, event.author, event.is_own) == (ANA, Author(AuthorKind.OWN), True)
    assert (event.provider_message_id, event.content) == ("m", content)
    assert fields_of(event) == (None if fields is None else {"message": fields})


def test_an_echo_is_ours_whoever_the_sender_is_said_to_be() -> None:
    """The sender of an echo may be an id of our account that we do not know."""
    message = {"mid": "m", "text": "by hand", "is_echo": True}
    event = only({**FROM_US, "sender": {"id": "222"}, "message": message})

    assert isinstance(event, InboundMessage)
    assert (event.address, event.is_own, event.account) == (ANA, True, None)


def test_what_our_side_edits_deletes_and_reacts_to_is_our_sides() -> None:
    edit, deletion, reaction = (
        parse({**FROM_US, name: part})[0]
        for name, part in (
            ("message_edit", {"mid": "m", "text": "corrected"}),
            ("message", {"mid": "m", "is_echo": True, "is_deleted": True}),
            ("reaction", {"mid": "aWdfTEXT", "action": "react", "emoji": "❤"}),
        )
    )

    assert isinstance(edit, InboundMessage)
    assert (edit.address, edit.is_own, edit.edited_at) == (ANA, True, AT)
    assert deletion == InboundDeletion(ANA, "m", AT)
    assert isinstance(reaction, InboundMessage)
    assert (reaction.address, reaction.is_own) == (ANA, True)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({**FROM_ANA, "read": {"watermark": 1569262485000}}, "read"),
        ({**FROM_ANA, "delivery": {"watermark": 1569262485000}}, "delivery"),
        ({**FROM_ANA, "delivery": {"mids": []}}, "delivery"),
        ({**FROM_US, "read": {"mid": "aWdfTEXT"}}, "read"),
        ({**FROM_ANA, "pass_thread_control": {"new_owner_app_id": "1"}}, "pass_thread_control"),
        ({**FROM_ANA, "take_thread_control": {"previous_owner_app_id": "1"}}, "take_thread_control"),
        ({**FROM_ANA, "policy_enforcement": {"action": "warning"}}, "policy_enforcement"),
        (FROM_ANA, "event"),
        ({**FROM_ANA, "message": None}, "event"),
        ({"recipient": {"id": US}, "optin": {"ref": "x"}}, "optin"),
    ],
)
def test_what_nobody_said_is_counted_by_its_kind(event: object, kind: str) -> None:
    assert ignored(event) == [kind]


def test_words_beside_a_receipt_are_heard() -> None:
    seen, text = parse({**TEXT, "read": {"mid": "aWdfOURS"}})

    assert isinstance(seen, InboundStatus)
    assert isinstance(text, InboundMessage)
    assert text.content == Text("Is it open on Sunday?")


def test_an_echo_to_nobody_is_counted() -> None:
    message = {"mid": "aWdfOURS", "is_echo": True, "metadata": DELIVERY_ID}

    assert ignored({**FROM_US, "recipient": {"id": "ana"}, "message": message}) == ["message"]


def test_another_account_of_ours_is_named() -> None:
    (text,) = entries({"id": "999", "messaging": [{**TEXT, "recipient": {"id": "999"}}]}).events
    (seen,) = entries(
        {"id": "999", "messaging": [{**FROM_ANA, "recipient": {"id": "999"}, "read": {"mid": "m"}}]}
    ).events
    echo = {"mid": "m", "text": "by hand", "is_echo": True}
    sent_by = {**FROM_US, "sender": {"id": "999"}, "message": echo}
    (own,) = entries({"id": "999", "messaging": [sent_by]}).events
    (deleted, *_) = entries(
        {"id": 999, "messaging": [{**FROM_ANA, "message": {"mid": "m", "is_deleted": True}, "recipient": 7}]}
    ).events

    assert isinstance(own, InboundMessage)
    assert [event.account for event in (text, seen, own, deleted)] == ["999"] * 4
    assert (own.address, own.is_own) == (ANA, True)


def test_an_event_that_names_no_recipient_is_its_entrys() -> None:
    event = {key: part for key, part in TEXT.items() if key != "recipient"}
    (other,) = entries({"id": "999", "messaging": [event]}).events

    here = only(event)
    assert isinstance(here, InboundMessage)
    assert isinstance(other, InboundMessage)
    assert (here.account, other.account) == (None, "999")


def test_an_id_may_be_a_number() -> None:
    event = only({**TEXT, "sender": {"id": int(ANA)}, "recipient": {"id": int(US)}})

    assert event == only(TEXT)


@pytest.mark.parametrize("timestamp", [None, "", "soon", -1, [], 10**40])
def test_an_odd_time_is_replaced_by_now(timestamp: object) -> None:
    event = only({**TEXT, "timestamp": timestamp})

    assert isinstance(event, InboundMessage)
    assert parse_iso(event.at).year >= 2025


@pytest.mark.parametrize(
    "broken",
    [None, 7, "x", [], {}, {"sender": 3}, {"sender": {"id": "ana"}, "message": {}}],
)
def test_a_broken_event_loses_no_other_and_is_counted(broken: object) -> None:
    read = INSTAGRAM.parse_webhook(webhook(broken, TEXT, broken), SECRET)

    assert list(read.events) == parse(TEXT)
    assert len(read.ignored) == 2


@pytest.mark.parametrize("broken", [None, 7, "x", [], {}, {"messaging": 3}, {"changes": [3, {"field": 1}]}])
def test_a_broken_entry_loses_no_other(broken: object) -> None:
    read = entries(broken, {"messaging": [TEXT]})

    assert list(read.events) == parse(TEXT)
    assert read.ignored or broken == {}


@given(events=st.lists(INSTAGRAM_EVENT | st.none() | st.integers(), max_size=3))
def test_every_event_is_heard_or_counted(events: list[object]) -> None:
    read = INSTAGRAM.parse_webhook(webhook(*events), SECRET)

    assert len(read.events) + len(read.ignored) >= len(events)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff",
        b"[]",
        b"{}",
        b'{"object":"page","entry":[{}]}',
        b'{"object":"whatsapp_business_account","entry":[{}]}',
        b'{"object":"instagram"}',
        b'{"object":"instagram","entry":[]}',
        b'{"object":"instagram","entry":' + b"[" * 100_000,
    ],
)
def test_what_is_no_webhook_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        INSTAGRAM.parse_webhook(body, SECRET)


@pytest.mark.parametrize(
    "parts",
    [
        {"timestamp": {"text": "words"}},
        {"recipient": {"id": {"text": "words"}}},
        {"message": {"mid": "m", "text": "hello", "is_echo": "words"}},
    ],
)
def test_a_field_of_another_type_is_kept(parts: dict[str, object]) -> None:
    event = only({**TEXT, **parts})

    assert isinstance(event, InboundMessage)
    assert b"words" in bytes(event.provider_fields)


def test_a_story_that_is_answered_by_a_mention_of_another_story_is_kept() -> None:
    mention = attachment("story_mention", "https://lookaside.fbsbx.com/1")

    event = said(reply_to={"story": {"id": "answered"}}, attachments=[mention])

    assert event.context == Context(story=Story("mention", url="https://lookaside.fbsbx.com/1"))
    assert fields_of(event) == {"message": {"reply_to": {"story": {"id": "answered"}}}}


def test_an_edit_without_a_text_is_a_message_of_its_own_if_it_tells_something_else() -> None:
    placeholder = {**FROM_ANA, "message_edit": {"mid": "m", "num_edit": 0}}

    first, second, third = parse(
        placeholder, {**placeholder, "note": "words"}, {**placeholder, "sender": {"id": ANA, "note": "words"}}
    )

    assert isinstance(first, InboundMessage)
    assert isinstance(second, InboundMessage)
    assert first.provider_message_id == "m"
    assert isinstance(third, InboundMessage)
    assert len({first.provider_message_id, second.provider_message_id, third.provider_message_id}) == 3


def test_the_unknown_parts_of_a_change_are_counted() -> None:
    read = entries({"id": US, "changes": [{"field": "messages", "value": TEXT, "note": "words"}]})

    assert len(read.events) == 1
    assert read.ignored == ("note",)
