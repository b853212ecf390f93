"""The bytes of a webhook, and the signature over them."""

import hashlib
import hmac
import json
from typing import Final

from chat4all_local.simulators.control_api import Json, Signature

WRONG_KEY: Final = "another-secret"
"""The secret for a wrong signature."""


def meta_json(value: Json) -> bytes:
    r"""Encode JSON as Meta does: `é` as `\u00e9` in lower-case hex, `/` as `\/`, no spaces.

    "We generate the signature using an escaped unicode version of the payload, with lower case hex digits":
    https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads. Meta's own answers
    show the escaped slashes (`https:\/\/developers.facebook.com\/docs\/graph-api`).
    """
    return ascii_json(value).replace(b"/", b"\\/")


def ascii_json(value: Json) -> bytes:
    r"""Encode JSON as the Bot API server does: every character beyond ASCII as `\uXXXX`, no spaces."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def hub_signature(secret: str, body: bytes) -> str:
    """Return the value of `X-Hub-Signature-256`: `sha256=` and the HMAC of the raw body in lower-case hex.

    https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def hub_headers(secret: str, body: bytes, signature: Signature) -> dict[str, str]:
    """Return the headers of a webhook from Meta, signed as `signature` asks."""
    headers = {"content-type": "application/json"}
    if signature is False:
        return headers
    value = hub_signature(WRONG_KEY if signature == "wrong" else secret, body)
    if signature == "upper":
        value = "sha256=" + value.removeprefix("sha256=").upper()
    return {**headers, "x-hub-signature-256": value}
