"""Samples of WhatsApp."""

import uuid
from typing import Any, Final

import msgspec

from chat4all.services.messaging.connector import ChannelSecret
from tests.channels.meta import signature

ACCOUNT_ID: Final = "106540352242922"
PHOTO_KIND: Final = "image"
NAMES_PEOPLE: Final = True
EDITS: Final = True
BLOCKED_CODE: Final = "131026"
SIGNS: Final = True
QUOTES: Final = True


def webhook(**message: object) -> dict[str, Any]:
    """Build the webhook of a message; `message` adds or changes its fields."""
    text = {"from": "4915112345678", "id": f"wamid.{uuid.uuid4()}", "timestamp": "1769860800", "type": "text"}
    metadata = {"display_phone_number": "1", "phone_number_id": ACCOUNT_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [{**text, **message}]}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


def new_address() -> str:
    return f"4915{uuid.uuid4().int % 10**9:09d}"


def text_webhook(text: str) -> bytes:
    return msgspec.json.encode(webhook(text={"body": text}))


def encoded(webhook: Any) -> bytes:  # noqa: ANN401 - JSON
    return msgspec.json.encode(webhook)


def photo_webhook(address: str, file_id: str, provider_url: str) -> bytes:
    image = {"id": file_id, "mime_type": "image/png"}
    return msgspec.json.encode(webhook(**{"from": address}, type="image", image=image))


def proof(secret: ChannelSecret, body: bytes) -> dict[str, str]:
    return signature(secret, body)


def is_sent_here(path: str, body: dict[str, object]) -> bool:
    return path.endswith("/messages") and "messaging_product" in body


def read_text(body: dict[str, object]) -> tuple[str, str] | None:
    match body:
        case {"recipient_type": "group", "to": str(group_id), "text": {"body": str(text)}}:
            return f"group:{group_id}", text
        case {"messaging_product": "whatsapp", "to": str(to), "text": {"body": str(text)}}:
            return to, text
    return None


def accepted(body: dict[str, object], number: int) -> object:
    return {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{number}"}]}
