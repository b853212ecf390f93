import msgspec
import pytest

from chat4all.channels.instagram.connector import Instagram
from chat4all.domain.clock import parse_iso
from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEdit, InboundEvent, InboundMessage, InboundStatus
from chat4all.domain.status import Status
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp

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


def parse(*events: object) -> list[InboundEvent]:
    return INSTAGRAM.parse_webhook(webhook(*events), SECRET)


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


def test_a_reply_to_a_story_quotes_no_message() -> None:
    story = {"story": {"id": "1", "url": "https://cdn.example/story"}}
    event = only({**FROM_ANA, "message": {"mid": "m", "text": "Nice", "reply_to": story}})

    assert isinstance(event, InboundMessage)
    assert event.quoted_provider_message_id is None


def test_the_same_event_comes_also_as_a_change() -> None:
    value = {**TEXT, "timestamp": "1569262485"}
    changes = [{"field": "messages", "value": value}, {"field": "comments", "value": value}]
    body = msgspec.json.encode({"object": "instagram", "entry": [{"id": US, "changes": changes}]})
    (event,) = INSTAGRAM.parse_webhook(body, SECRET)

    assert isinstance(event, InboundMessage)
    assert (event.provider_message_id, event.at) == ("aWdfTEXT", "2019-09-23T18:14:45.000Z")


def test_what_comes_while_another_app_answers_is_not_lost() -> None:
    """https://github.com/chatwoot/chatwoot/issues/5906"""
    body = msgspec.json.encode({"object": "instagram", "entry": [{"id": US, "time": 1, "standby": [TEXT]}]})

    assert INSTAGRAM.parse_webhook(body, SECRET) == parse(TEXT)


@pytest.mark.parametrize(
    ("message", "kind", "provider_message_id"),
    [
        ({"mid": "m", "attachments": [{"type": "image", "payload": {"url": ""}}]}, "image", "m"),
        ({"mid": "m", "attachments": [{"type": "share", "payload": {"url": "https://x"}}]}, "share", "m"),
        ({"attachments": [{"type": "image", "payload": {"url": "https://x"}}]}, "image", None),
        ({"mid": "m", "attachments": [{"type": "story_mention"}]}, "story_mention", "m"),
        ({"mid": "m", "attachments": ["?"]}, "attachment", "m"),
        ({"mid": "m", "is_unsupported": True}, "unsupported", "m"),
        ({"mid": "m", "is_deleted": True}, "deleted", "m:deleted"),
        ({"mid": "m", "text": ""}, "message", "m"),
        ({"mid": "m", "text": 7}, "message", "m"),
    ],
)
def test_what_is_no_text_is_kept_with_its_kind_and_json(
    message: dict[str, object], kind: str, provider_message_id: str | None
) -> None:
    event = only({**FROM_ANA, "message": message})

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.address) == (kind, ANA)
    assert event.provider_message_id == provider_message_id or provider_message_id is None
    assert msgspec.json.decode(event.content.raw) == {**FROM_ANA, "message": message}


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("image", "image/jpeg"),
        ("video", "video/mp4"),
        ("audio", "audio/mp4"),
        ("file", "application/pdf"),
    ],
)
def test_a_file_is_told_with_its_address(kind: str, content_type: str) -> None:
    message = {"mid": "m", "reply_to": {"mid": "aWdfOURS"}, "attachments": [attachment(kind, "https://x/1")]}

    assert only({**FROM_ANA, "message": message}) == InboundMessage(
        address=ANA,
        provider_message_id="m",
        content=ReceivedMedia(ProviderFile("https://x/1", content_type)),
        at=AT,
        quoted_provider_message_id="aWdfOURS",
    )


def test_each_of_several_files_is_told_by_itself_and_the_same_way_each_time() -> None:
    attachments = [
        attachment("image", "https://x/1"),
        {"type": "share", "payload": {"url": "https://x/post"}},
        attachment("video", "https://x/2"),
    ]
    event = {**FROM_ANA, "message": {"mid": "m", "attachments": attachments}}

    first, again = parse(event), parse(event)

    assert first == again
    messages = [event for event in first if isinstance(event, InboundMessage)]
    assert [(message.provider_message_id, message.content) for message in messages] == [
        ("m", ReceivedMedia(ProviderFile("https://x/1", "image/jpeg"))),
        ("m:2", ReceivedMedia(ProviderFile("https://x/2", "video/mp4"))),
        ("m:attachments", messages[-1].content),
    ]
    assert isinstance(messages[-1].content, Unsupported)
    assert messages[-1].content.provider_kind == "share"


def test_a_text_and_its_files_are_told_one_after_the_other() -> None:
    message = {"mid": "m", "text": "Look", "attachments": [attachment("image", "https://x/1")]}
    text, picture = parse({**FROM_ANA, "message": message})

    assert isinstance(text, InboundMessage)
    assert isinstance(picture, InboundMessage)
    assert (text.provider_message_id, text.content) == ("m", Text("Look"))
    assert picture.provider_message_id == "m:0"
    assert picture.content == ReceivedMedia(ProviderFile("https://x/1", "image/jpeg"))


def attachment(kind: str, url: str) -> dict[str, object]:
    return {"type": kind, "payload": {"url": url}}


def test_a_text_with_something_unsupported_is_a_text_and_something_unsupported() -> None:
    message = {"mid": "m", "text": "Look", "attachments": [{"type": "image"}]}
    text, picture = parse({**FROM_ANA, "message": message})

    assert isinstance(text, InboundMessage)
    assert isinstance(picture, InboundMessage)
    assert isinstance(picture.content, Unsupported)
    assert (text.provider_message_id, picture.provider_message_id) == ("m", "m:attachments")


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("reaction", {"mid": "aWdfOURS", "action": "react", "reaction": "love", "emoji": "❤"}),
        ("referral", {"ref": "promo", "source": "IGME", "type": "OPEN_THREAD"}),
        ("message", {"text": "without an id"}),
        ("message", "hello"),
        ("message_edit", {"mid": "aWdfTEXT", "num_edit": 0}),
        ("of_the_future", 7),
    ],
)
def test_what_has_no_id_gets_the_same_one_each_time(kind: str, part: object) -> None:
    first, again = only({**FROM_ANA, kind: part}), only({**FROM_ANA, kind: part})
    other = only({**FROM_ANA, kind: part, "timestamp": 1569262485350})

    assert isinstance(first, InboundMessage)
    assert isinstance(first.content, Unsupported)
    assert first.content.provider_kind == kind
    assert first.provider_message_id == again.provider_message_id != other.provider_message_id


def test_a_postback_has_an_id_of_its_own() -> None:
    event = only({**FROM_ANA, "postback": {"mid": "aWdfPB", "title": "Start", "payload": "GO"}})

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.provider_message_id) == ("postback", "aWdfPB")


def test_an_edited_text_names_the_message_it_changes() -> None:
    event = only({**FROM_ANA, "message_edit": {"mid": "aWdfTEXT", "text": "On Monday?", "num_edit": 1}})

    assert event == InboundEdit(ANA, "aWdfTEXT", "On Monday?", AT)


def test_a_read_message_is_read() -> None:
    event = only({**FROM_ANA, "read": {"mid": "aWdfOURS"}})

    assert event == InboundStatus(ANA, Status.READ, AT, "aWdfOURS")


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


@pytest.mark.parametrize(
    "message",
    [
        {"mid": "m", "text": "by hand", "is_echo": True},
        {"mid": "m", "text": "by another app", "is_echo": True, "metadata": "campaign"},
        {"mid": "m", "text": "odd", "is_echo": True, "metadata": 7},
        {"text": "without an id", "is_echo": True, "metadata": DELIVERY_ID},
        {"mid": "m", "text": "not even marked"},
        "hello",
    ],
)
def test_any_other_echo_yields_nothing(message: object) -> None:
    assert parse({**FROM_US, "message": message}) == []


@pytest.mark.parametrize(
    "event",
    [
        {**FROM_ANA, "read": {"watermark": 1569262485000}},
        {**FROM_ANA, "delivery": {"watermark": 1569262485000}},
        {**FROM_ANA, "pass_thread_control": {"new_owner_app_id": "1"}},
        FROM_ANA,
    ],
)
def test_what_no_person_said_yields_nothing(event: object) -> None:
    assert parse(event) == []


def test_an_echo_to_nobody_yields_nothing() -> None:
    message = {"mid": "aWdfOURS", "is_echo": True, "metadata": DELIVERY_ID}

    assert parse({**FROM_US, "recipient": {"id": "ana"}, "message": message}) == []


def test_another_account_is_not_ours() -> None:
    assert parse({**TEXT, "recipient": {"id": "999"}}) == []
    assert parse({**FROM_ANA, "recipient": {"id": "999"}, "read": {"mid": "m"}}) == []


def test_an_event_that_names_no_recipient_is_its_entrys() -> None:
    event = {key: part for key, part in TEXT.items() if key != "recipient"}
    other = msgspec.json.encode({"object": "instagram", "entry": [{"id": "999", "messaging": [event]}]})

    assert isinstance(only(event), InboundMessage)
    assert INSTAGRAM.parse_webhook(other, SECRET) == []


@pytest.mark.parametrize("timestamp", [None, "", "soon", -1, [], 10**40])
def test_an_odd_time_is_replaced_by_now(timestamp: object) -> None:
    event = only({**TEXT, "timestamp": timestamp})

    assert isinstance(event, InboundMessage)
    assert parse_iso(event.at).year >= 2025


@pytest.mark.parametrize(
    "broken",
    [None, 7, "x", [], {}, {"sender": 3}, {"sender": {"id": 3}}, {"sender": {"id": "ana"}, "message": {}}],
)
def test_a_broken_event_loses_no_other(broken: object) -> None:
    assert [event.provider_message_id for event in parse(broken, TEXT, broken)] == ["aWdfTEXT"]


@pytest.mark.parametrize("broken", [None, 7, "x", [], {}, {"messaging": 3}, {"changes": [3, {"field": 1}]}])
def test_a_broken_entry_loses_no_other(broken: object) -> None:
    body = msgspec.json.encode({"object": "instagram", "entry": [broken, {"messaging": [TEXT]}]})

    assert [event.provider_message_id for event in INSTAGRAM.parse_webhook(body, SECRET)] == ["aWdfTEXT"]


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
