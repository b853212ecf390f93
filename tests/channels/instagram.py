"""Samples of Instagram."""

import uuid
from typing import Any, Final

import msgspec

from chat4all.services.messaging.connector import ChannelSecret
from tests.channels.meta import signature

ACCOUNT_ID: Final = "17841400000000000"
PHOTO_KIND: Final = "image"
NAMES_PEOPLE: Final = False
EDITS: Final = True
BLOCKED_CODE: Final = "551"
SIGNS: Final = True
QUOTES: Final = True


def webhook(**message: object) -> dict[str, Any]:
    """Build the webhook of a text; `message` adds or changes fields of the message."""
    event = {
        "sender": {"id": "1784"},
        "recipient": {"id": ACCOUNT_ID},
        "timestamp": 1_769_860_800_000,
        "message": {"mid": f"m_{uuid.uuid4()}", "text": "hello", **message},
    }
    return {"object": "instagram", "entry": [{"id": ACCOUNT_ID, "time": 1, "messaging": [event]}]}


def new_address() -> str:
    return str(uuid.uuid4().int % 10**9 + 10**9)


def text_webhook(text: str) -> bytes:
    return msgspec.json.encode(webhook(text=text))


def encoded(webhook: Any) -> bytes:  # noqa: ANN401 - JSON
    return msgspec.json.encode(webhook)


def photo_webhook(address: str, file_id: str, provider_url: str) -> bytes:
    payload = {"url": f"{provider_url}/file/{file_id}"}
    made = webhook(attachments=[{"type": "image", "payload": payload}])
    event = made["entry"][0]["messaging"][0]
    del event["message"]["text"]
    event["sender"]["id"] = address
    return msgspec.json.encode(made)


def proof(secret: ChannelSecret, body: bytes) -> dict[str, str]:
    return signature(secret, body)


def is_sent_here(path: str, body: dict[str, object]) -> bool:
    return path.endswith("/messages") and "recipient" in body and "messaging_product" not in body


def read_text(body: dict[str, object]) -> tuple[str, str] | None:
    match body:
        case {"recipient": {"id": str(to)}, "message": {"text": str(text)}}:
            return to, text
    return None


def accepted(body: dict[str, object], number: int) -> object:
    recipient = msgspec.convert(body["recipient"], dict[str, str])
    return {"recipient_id": recipient["id"], "message_id": f"m_{number}"}
