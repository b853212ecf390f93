"""Samples of Telegram."""

import uuid
from typing import Any, Final

import msgspec

from chat4all.services.messaging.connector import ChannelSecret

ACCOUNT_ID: Final = "123456"
PHOTO_KIND: Final = "photo"
NAMES_PEOPLE: Final = True
EDITS: Final = True
BLOCKED_CODE: Final = "403"
SIGNS: Final = False
QUOTES: Final = True


def webhook(**message: object) -> dict[str, Any]:
    """Build the update of a text; `message` adds or changes fields of the message."""
    person = {"id": 99, "is_bot": False, "first_name": "Ana"}
    text = {
        "message_id": uuid.uuid4().int % 10**9,
        "from": person,
        "chat": {"id": 99, "type": "private"},
        "date": 1_769_860_800,
    }
    return {"update_id": uuid.uuid4().int % 10**9, "message": {**text, "text": "hello", **message}}


def new_address() -> str:
    return str(uuid.uuid4().int % 10**9 + 10**9)


def text_webhook(text: str) -> bytes:
    return msgspec.json.encode(webhook(text=text))


def encoded(webhook: Any) -> bytes:  # noqa: ANN401 - JSON
    return msgspec.json.encode(webhook)


def photo_webhook(address: str, file_id: str, provider_url: str) -> bytes:
    made = webhook(
        **{"from": {"id": int(address), "is_bot": False, "first_name": "Ana"}},
        chat={"id": int(address), "type": "private"},
        photo=[{"file_id": file_id, "width": 600, "height": 400}],
    )
    del made["message"]["text"]
    return msgspec.json.encode(made)


def proof(secret: ChannelSecret, body: bytes) -> dict[str, str]:
    return {"x-telegram-bot-api-secret-token": secret.webhook_secret}


def is_sent_here(path: str, body: dict[str, object]) -> bool:
    return "/bot" in path


def read_text(body: dict[str, object]) -> tuple[str, str] | None:
    match body:
        case {"chat_id": to, "text": str(text)}:
            return str(to), text
    return None


def accepted(body: dict[str, object], number: int) -> object:
    message = {"message_id": number, "chat": {"id": body["chat_id"]}, "date": 1_769_860_800}
    return {"ok": True, "result": message}
