"""The webhooks of Twilio: forms, with a signature over the address and the form.

Statuses: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Messages: https://www.twilio.com/docs/messaging/guides/webhook-request
Signature: https://www.twilio.com/docs/usage/security#validating-requests
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from chat4all_local.simulators.control_api import InboundRequest, Settings, Signature
from chat4all_local.simulators.provider import Accepted
from chat4all_local.simulators.shared.signing import WRONG_KEY
from chat4all_local.simulators.sms.segments import segment_count

_API_VERSION: Final = "2010-04-01"
_CARRIERS: Final = range(30000, 31000)
"""A message that fails at a carrier is `undelivered`; a message that fails at Twilio is `failed`."""
_OPT_OUT: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"})
_OPT_IN: Final = frozenset({"START", "YES", "UNSTOP"})
_HELP: Final = frozenset({"HELP", "INFO"})


def opt_out_type(text: str) -> str | None:
    """Return the opt-out type of a text that consists of a single keyword.

    https://support.twilio.com/hc/en-us/articles/223134027
    """
    word = text.strip().upper()
    kinds = {"STOP": _OPT_OUT, "START": _OPT_IN, "HELP": _HELP}
    return next((kind for kind, words in kinds.items() if word in words), None)


def status_form(report: str, accepted: Accepted, settings: Settings, at: float) -> bytes:
    status = report
    if report == "failed" and accepted.failure in _CARRIERS:
        status = "undelivered"
    fields = {
        "SmsSid": accepted.provider_message_id,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": accepted.order.address,
        "MessageSid": accepted.provider_message_id,
        "AccountSid": settings.account_id,
        "From": settings.sender,
        "ApiVersion": _API_VERSION,
    }
    if status == "delivered":
        fields["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime(at))
    if accepted.failure is not None:
        fields["ErrorCode"] = str(accepted.failure)
    return urlencode(fields).encode()


def message_form(
    request: InboundRequest,
    message_sid: str,
    settings: Settings,
    *,
    files: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Build the webhook of a message that a customer sent. The values of `raw` replace those of the form.

    `files` are the addresses and types of its files.
    """
    text = request.text or ""
    fields = {
        "ToCountry": "US",
        "ToState": "",
        "SmsMessageSid": message_sid,
        "NumMedia": str(len(files)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": message_sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": text,
        "FromCountry": "US" if request.sender.startswith("+1") else "",
        "To": settings.sender,
        "ToZip": "",
        "NumSegments": str(segment_count(text)),
        "MessageSid": message_sid,
        "AccountSid": settings.account_id,
        "From": request.sender,
        "ApiVersion": _API_VERSION,
    }
    for number, (url, content_type) in enumerate(files):
        fields |= {f"MediaUrl{number}": url, f"MediaContentType{number}": content_type}
    if kind := opt_out_type(text):
        fields["OptOutType"] = kind
    return urlencode({**fields, **(request.raw or {})}).encode()


def signed_headers(body: bytes, url: str, auth_token: str, signature: Signature) -> dict[str, str]:
    """Return the headers of a webhook from Twilio, signed as `signature` asks."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    if signature is False:
        return headers
    value = twilio_signature(url, body, WRONG_KEY if signature == "wrong" else auth_token)
    return {**headers, "x-twilio-signature": value.upper() if signature == "upper" else value}


def twilio_signature(url: str, body: bytes, auth_token: str) -> str:
    """Return the base64 of the HMAC-SHA1 of the URL, followed by the names and values sorted by name."""
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    signed = url + "".join(f"{name}{value}" for name, value in sorted(fields))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
