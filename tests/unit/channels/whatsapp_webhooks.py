"""Webhooks of WhatsApp as the tests build them, and what the connector reads in them."""

from collections.abc import Iterable

import msgspec

from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus, ParsedWebhook
from tests.unit.channels.fake_http import SECRET, FakeHttp

WHATSAPP = WhatsApp(FakeHttp(), "https://provider.example")
CONTACT = {"profile": {"name": "Sheena Nelson"}, "wa_id": "16505551234"}
TEXT = {
    "from": "16505551234",
    "id": "wamid.TEXT",
    "timestamp": "1749416383",
    "type": "text",
    "text": {"body": "Does it come in another color?"},
}


def webhook(value: object, *, field: str = "messages") -> bytes:
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": field}]}
    return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})


def value_of(**parts: object) -> dict[str, object]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": SECRET.account_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **parts}


def parse(**parts: object) -> list[InboundEvent]:
    return list(parsed_field("messages", **parts).events)


def parsed_field(field: str, **parts: object) -> ParsedWebhook:
    """Parse the webhook of one change."""
    return WHATSAPP.parse_webhook(webhook(value_of(**parts), field=field), SECRET)


def ignored(**parts: object) -> tuple[str, ...]:
    return parsed_field("messages", **parts).ignored


def message(**parts: object) -> InboundMessage:
    """Return the event of a message, with these parts, by a person whose contact has a name."""
    event = only(contacts=[CONTACT], messages=[written(**parts)])
    assert isinstance(event, InboundMessage)
    return event


def written(**parts: object) -> dict[str, object]:
    """Build a message; a message of another type than a text has no text."""
    is_text = parts.get("type", "text") == "text"
    return {**{name: value for name, value in TEXT.items() if is_text or name != "text"}, **parts}


def fields_of(event: InboundEvent) -> object:
    """Return the provider's fields of a message."""
    assert isinstance(event, InboundMessage)
    return msgspec.json.decode(event.provider_fields)


def only(**parts: object) -> InboundEvent:
    (event,) = parse(**parts)
    return event


def names_of(events: Iterable[InboundEvent]) -> list[str]:
    return [
        event.provider_message_id for event in events if isinstance(event, InboundMessage | InboundStatus)
    ]
