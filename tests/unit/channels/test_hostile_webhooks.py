"""Reading a webhook takes time in proportion to its length, whatever it holds."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import msgspec
import pytest

from chat4all.domain.errors import Invalid
from chat4all.services.messaging.connector import Connector
from tests.unit.channels.fake_http import SECRET
from tests.unit.channels.test_webhook_robustness import CONNECTORS, every_connector, whatsapp_webhook
from tests.unit.growth import MOST, growth

LENGTH: Final = 20_000
PERSON: Final = "16505551234"
BY_CHANNEL: Final = {connector.capabilities.channel: connector for connector in CONNECTORS}
UNITS: Final = ("x", "1", "-1:", "|", " ", "\n", "\\", "é", ".")
every_unit = pytest.mark.parametrize("unit", UNITS, ids=repr)


def envelope(channel: str, parts: object) -> object:
    """Return a webhook with `parts` as its only message of a person."""
    match channel:
        case "whatsapp":
            return whatsapp_webhook([parts], [])
        case "instagram":
            return instagram_webhook([parts])
        case _:
            return {"update_id": 1, "message": parts}


def instagram_webhook(events: list[object]) -> object:
    return {"object": "instagram", "entry": [{"id": SECRET.account_id, "messaging": events}]}


def message(channel: str, **parts: object) -> dict[str, object]:
    """Return a message of a person in the form of the channel."""
    match channel:
        case "whatsapp":
            return {"from": PERSON, "id": "wamid.1", "timestamp": "1749416383", "type": "text", **parts}
        case "instagram":
            return {
                "sender": {"id": PERSON},
                "recipient": {"id": SECRET.account_id},
                "message": {"mid": "m", **parts},
            }
        case _:
            who = {"id": 5, "first_name": "Ana"}
            return {"message_id": 1, "from": who, "chat": who, "date": 1749416383, **parts}


def values(channel: str, text: object) -> Iterator[object]:
    """Yield webhooks with the text in each place that the connector reads."""
    yield text
    yield envelope(channel, text)
    match channel:
        case "whatsapp":
            for field in ("from", "from_user_id", "id", "type", "timestamp", "text", "edit", "context"):
                yield envelope(channel, {**message(channel), field: text})
            yield envelope(channel, message(channel, text={"body": text}))
            yield envelope(channel, message(channel, type="image", image={"id": text, "caption": text}))
            for field in ("id", "status", "timestamp", "recipient_id", "biz_opaque_callback_data"):
                yield whatsapp_webhook([], [{"id": "x", "status": "sent", field: text}])
            yield whatsapp_webhook([], [{"id": "x", "status": "failed", "errors": [{"code": text}]}])
        case "instagram":
            for field in ("sender", "recipient"):
                yield envelope(channel, {**message(channel), field: {"id": text}})
            yield envelope(channel, {**message(channel), "timestamp": text})
            for field in ("mid", "text", "attachments", "reply_to", "metadata", "is_deleted"):
                yield envelope(channel, message(channel, **{field: text}))
            for field in ("read", "message_edit", "postback"):
                yield envelope(channel, {**message(channel), "message": None, field: {"mid": text}})
        case _:
            yield {"update_id": text}
            for field in ("message_id", "date", "text", "caption", "photo", "document", "reply_to_message"):
                yield envelope(channel, message(channel, **{field: text}))
            for field in ("id", "first_name", "username"):
                yield envelope(channel, {**message(channel), "from": {"id": 5, field: text}})


def reading(connector: Connector, body: bytes) -> Callable[[], object]:
    def read() -> None:
        with suppress(Invalid):
            connector.parse_webhook(body, SECRET)

    return read


def assert_proportional(connector: Connector, webhook: Callable[[int], bytes], length: int = LENGTH) -> None:
    assert growth(lambda longer: reading(connector, webhook(longer)), length) <= MOST


def channel_of(connector: Connector) -> str:
    return connector.capabilities.channel


@every_connector
@every_unit
def test_time_grows_no_faster_than_the_name_of_a_field(connector: Connector, unit: str) -> None:
    def whole(length: int) -> bytes:
        return msgspec.json.encode({unit * (length // len(unit)): 1})

    def inner(length: int) -> bytes:
        channel = channel_of(connector)
        return msgspec.json.encode(envelope(channel, message(channel, **{unit * (length // len(unit)): 1})))

    assert_proportional(connector, whole)
    assert_proportional(connector, inner)


@every_connector
@every_unit
def test_time_grows_no_faster_than_a_value(connector: Connector, unit: str) -> None:
    places = len(list(values(channel_of(connector), "")))
    for place in range(places):

        def webhook(length: int, place: int = place) -> bytes:
            text = unit * (length // len(unit)) + "\n"
            return msgspec.json.encode(list(values(channel_of(connector), text))[place])

        assert_proportional(connector, webhook)


@every_connector
def test_time_grows_no_faster_than_a_number(connector: Connector) -> None:
    places = len(list(values(channel_of(connector), 0)))
    for place in range(places):

        def webhook(length: int, place: int = place) -> bytes:
            number = msgspec.Raw(b"1" * length)
            return msgspec.json.encode(list(values(channel_of(connector), number))[place])

        assert_proportional(connector, webhook)


@every_connector
@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("closed", [True, False])
def test_time_grows_no_faster_than_the_depth(
    connector: Connector, begin: bytes, end: bytes, *, closed: bool
) -> None:
    places = len(list(values(channel_of(connector), 0)))
    for place in range(places):

        def webhook(length: int, place: int = place) -> bytes:
            times = length // len(begin)
            nested = msgspec.Raw(begin * times + b"1" + (end * times if closed else b""))
            return msgspec.json.encode(list(values(channel_of(connector), nested))[place])

        assert_proportional(connector, webhook)


@every_connector
def test_time_grows_no_faster_than_the_number_of_messages(connector: Connector) -> None:
    def webhook(count: int) -> bytes:
        sent = [message(channel_of(connector), text={"body": "hi"}) for _ in range(count)]
        match channel_of(connector):
            case "whatsapp":
                return msgspec.json.encode(whatsapp_webhook(sent, []))
            case "instagram":
                return msgspec.json.encode(instagram_webhook(list(sent)))
            case _:
                return msgspec.json.encode(
                    {"update_id": 1, **{f"m{n}": sent_message for n, sent_message in enumerate(sent)}}
                )

    assert_proportional(connector, webhook, 100)


def test_time_grows_no_faster_than_the_number_of_people_and_their_messages() -> None:
    """WhatsApp lists people apart from messages, so the reader must look up the sender of each message."""

    def webhook(count: int) -> bytes:
        people = [{"wa_id": str(16505550000 + n), "user_id": f"US.{n}"} for n in range(count)]
        sent = [{"from": PERSON, "from_user_id": "US.x", "id": f"wamid.{n}"} for n in range(count)]
        value = {"metadata": {"phone_number_id": SECRET.account_id}, "contacts": people, "messages": sent}
        entry = {"changes": [{"field": "messages", "value": value}]}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    assert_proportional(BY_CHANNEL["whatsapp"], webhook, 200)


def test_an_id_that_others_are_made_of_does_not_fill_the_memory() -> None:
    """The id of every file on Instagram begins with the id of its message."""
    files = [{"type": "image", "payload": {"url": "https://cdn.example/1"}}] * 100
    body = msgspec.json.encode(
        instagram_webhook([message("instagram", mid="m" * 100_000, attachments=files)])
    )

    events = BY_CHANNEL["instagram"].parse_webhook(body, SECRET).events

    assert events
    assert sum(len(event.provider_message_id) for event in events) < len(body)
