"""Well-formed requests to the providers, for tests to send or to break."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.provider import Call
from chat4all_local.simulators.shared.file_signs import beginning_of
from tests.unit.simulators.sms import calls as sms

INSTAGRAM = BY_CHANNEL["instagram"]
TELEGRAM = BY_CHANNEL["telegram"]
WHATSAPP = BY_CHANNEL["whatsapp"]

PHONE = "5511987654321"
CHAT = "42"
PERSON = "9001"


def whatsapp_message(**fields: object) -> dict[str, object]:
    message = {"messaging_product": "whatsapp", "to": PHONE, "type": "text", "text": {"body": "Hello"}}
    return {**message, **fields}


def instagram_message(text: str = "Hello", **fields: object) -> dict[str, object]:
    return {"recipient": {"id": PERSON}, "message": {"text": text}, **fields}


def graph_call(account_id: str, token: str, body: object, *, path: str | None = None, **headers: str) -> Call:
    return Call(
        method="POST",
        path=path or f"/v23.0/{account_id}/messages",
        query="",
        headers={"authorization": f"Bearer {token}", "content-type": "application/json", **headers},
        body=body if isinstance(body, bytes) else msgspec.json.encode(body),
    )


def telegram_call(body: object, *, method: str = "sendMessage", token: str = TELEGRAM.access_token) -> Call:
    return Call(
        method="POST",
        path=f"/bot{token}/{method}",
        query="",
        headers={"content-type": "application/json"},
        body=body if isinstance(body, bytes) else msgspec.json.encode(body),
    )


def send_whatsapp(http: httpx.Client, simulator: Simulator, **fields: object) -> httpx.Response:
    return http.post(
        f"{simulator.base_url}/v23.0/{WHATSAPP.account_id}/messages",
        headers={"authorization": f"Bearer {WHATSAPP.access_token}"},
        json=whatsapp_message(**fields),
    )


def send_instagram(http: httpx.Client, simulator: Simulator, message: dict[str, object]) -> httpx.Response:
    return http.post(
        f"{simulator.base_url}/v23.0/{INSTAGRAM.account_id}/messages",
        headers={"authorization": f"Bearer {INSTAGRAM.access_token}"},
        json=message,
    )


def whatsapp_file(kind: str, **file: object) -> dict[str, object]:
    """Return the fields of a message with a file in place of a text."""
    return {"type": kind, "text": None, kind: file}


def instagram_file(kind: str, url: str, **fields: object) -> dict[str, object]:
    attachment = {"type": kind, "payload": {"url": url}}
    return {"recipient": {"id": PERSON}, "message": {"attachment": attachment}, **fields}


def send_telegram_file(
    http: httpx.Client,
    simulator: Simulator,
    method: str,
    fields: dict[str, object],
    upload: tuple[str, tuple[str, bytes, str]] | None = None,
) -> httpx.Response:
    """Send a file as a form if there is an `upload` (field, and file name, bytes and type), else as JSON."""
    url = f"{simulator.base_url}/bot{TELEGRAM.access_token}/{method}"
    body = {"chat_id": CHAT, **fields}
    return http.post(url, json=body) if upload is None else http.post(url, data=body, files=[upload])


def upload_whatsapp(
    http: httpx.Client,
    simulator: Simulator,
    data: bytes,
    content_type: str,
    *,
    token: str = WHATSAPP.access_token,
    **fields: str,
) -> httpx.Response:
    return http.post(
        f"{simulator.base_url}/v23.0/{WHATSAPP.account_id}/media",
        headers={"authorization": f"Bearer {token}"},
        data={"messaging_product": "whatsapp", "type": content_type, **fields},
        files={"file": ("a.bin", data, content_type)},
    )


def file_of(content_type: str, size: int | None = None) -> bytes:
    """Return `size` bytes that begin like a file of that type."""
    beginning = beginning_of(content_type)
    return beginning + bytes((size or len(beginning) + 100) - len(beginning))


def send_telegram(http: httpx.Client, simulator: Simulator, **fields: object) -> httpx.Response:
    url = f"{simulator.base_url}/bot{TELEGRAM.access_token}/sendMessage"
    return http.post(url, json={"chat_id": CHAT, "text": "Hello", **fields})


ADDRESSES = {"whatsapp": PHONE, "telegram": CHAT, "instagram": PERSON, "sms": sms.PHONE}
"""The recipient of `SEND` by channel, for tests that loop over every provider."""
SEND: dict[str, Callable[[httpx.Client, Simulator], httpx.Response]] = {
    "whatsapp": send_whatsapp,
    "telegram": send_telegram,
    "instagram": lambda http, simulator: send_instagram(http, simulator, instagram_message()),
    "sms": sms.send_sms,
}


def decoded(body: bytes) -> Any:  # noqa: ANN401 (a test looks into any answer)
    return msgspec.json.decode(body)
