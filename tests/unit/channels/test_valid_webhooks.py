"""What a channel reads in a webhook is valid JSON in all its parts, whatever the provider sent.

An event with a wrong byte in it could not be queued. The provider would send the webhook again for ever.
"""

import json
from typing import Final

import msgspec
import pytest

from chat4all.domain.events import InboundMessage
from tests.unit.channels.fake_http import SECRET
from tests.unit.channels.test_hostile_webhooks import BY_CHANNEL, envelope, message

JSON_CHANNELS: Final = ("whatsapp", "telegram", "instagram")


def body_of(channel: str, unread: bytes) -> bytes:
    """Return a webhook whose message has a text, and `unread` as the value of a field that nobody knows."""
    words = {"text": {"body": "hello"} if channel == "whatsapp" else "hello", "unread": 17_171_717}
    return msgspec.json.encode(envelope(channel, message(channel, **words))).replace(b"17171717", unread)


@pytest.mark.parametrize("channel", JSON_CHANNELS)
@pytest.mark.parametrize(
    ("unread", "kept"),
    [
        (b'"caf\xe9"', "caf\ufffd"),
        (b'"\xed\xa0\xbd"', "\ufffd\ufffd\ufffd"),
        (b'"\\ud83d"', "?"),
        (b'"\\ude00 x"', "? x"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b"NaN", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b"1e999", "1e999"),
        (b'"a\x01b"', "a\x01b"),
    ],
)
def test_a_wrong_value_in_an_unread_field_spoils_nothing(channel: str, unread: bytes, kept: object) -> None:
    (event,) = BY_CHANNEL[channel].parse_webhook(body_of(channel, unread), SECRET).events

    assert isinstance(event, InboundMessage)
    assert event.content.text == "hello"
    fields = json.loads(msgspec.json.encode(event.provider_fields).decode())
    assert kept in (fields.get("unread"), fields.get("message", {}).get("unread"))


@pytest.mark.parametrize("channel", JSON_CHANNELS)
def test_a_byte_order_mark_is_left_out(channel: str) -> None:
    body = b"\xef\xbb\xbf" + body_of(channel, b"1")

    assert len(BY_CHANNEL[channel].parse_webhook(body, SECRET).events) == 1
