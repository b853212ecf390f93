"""Samples of SMS by Twilio."""

import secrets
import uuid
from typing import Any, Final
from urllib.parse import urlencode

from chat4all.services.messaging.connector import ChannelSecret
from chat4all_local.simulators.sms.webhooks import twilio_signature

ACCOUNT_ID: Final = "AC00000000000000000000000000000002"
PHOTO_KIND: Final = "image"
NAMES_PEOPLE: Final = False
EDITS: Final = False
BLOCKED_CODE: Final = "30004"
SIGNS: Final = True
QUOTES: Final = False


def webhook(**fields: str) -> dict[str, str]:
    """Build the webhook of a text; `fields` adds or changes fields of the form."""
    text = {
        "MessageSid": f"SM{secrets.token_hex(16)}",
        "AccountSid": ACCOUNT_ID,
        "From": "+16505551234",
        "To": "+15005550006",
        "SmsStatus": "received",
        "NumMedia": "0",
        "Body": "hello",
    }
    return {**text, **fields}


def new_address() -> str:
    return f"+1650{uuid.uuid4().int % 10**7:07d}"


def text_webhook(text: str) -> bytes:
    return urlencode(webhook(Body=text)).encode()


def encoded(webhook: Any) -> bytes:  # noqa: ANN401 - JSON
    return urlencode(webhook).encode()


def photo_webhook(address: str, file_id: str, provider_url: str) -> bytes:
    photo = {
        "NumMedia": "1",
        "MediaUrl0": f"{provider_url}/file/{file_id}",
        "MediaContentType0": "image/jpeg",
    }
    return urlencode(webhook(From=address, Body="", **photo)).encode()


def proof(secret: ChannelSecret, body: bytes) -> dict[str, str]:
    return {"x-twilio-signature": twilio_signature(secret.webhook_url, body, secret.webhook_secret)}


def is_sent_here(path: str, body: dict[str, object]) -> bool:
    return path.endswith("/Messages.json")


def read_text(body: dict[str, object]) -> tuple[str, str] | None:
    match body:
        case {"To": str(to), "Body": str(text)}:
            return to, text
    return None


def accepted(body: dict[str, object], number: int) -> object:
    return {"sid": f"SM{number:032d}", "status": "queued", "to": body["To"]}
