"""The request that creates a message, as Twilio judges it.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource

Twilio ignores unknown parameters, so a misspelled parameter counts as missing. Twilio does not document the
order of its checks.
"""

from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlsplit

import msgspec

from chat4all_local.simulators.control_api import Settings
from chat4all_local.simulators.provider import Answer, Call
from chat4all_local.simulators.sms.errors import (
    INVALID_CALLBACK,
    INVALID_FROM,
    INVALID_MEDIA_URL,
    INVALID_TO,
    INVALID_VALIDITY,
    MMS_NOT_SUPPORTED,
    NO_BODY,
    NO_FROM,
    NO_PERMISSION,
    NO_TO,
    TOO_LONG,
    TOO_MANY_MEDIA,
    UNKNOWN_SERVICE,
    error_answer,
)

MOST_CHARACTERS: Final = 1600
_MOST_MEDIA: Final = 10
_LONGEST_CALLBACK: Final = 4000
_LONGEST_VALIDITY_S: Final = 36_000
_MMS_PREFIX: Final = "+1"
"""The prefix of MMS recipients: the United States and Canada.

MMS Converter is off here, so that other recipients are refused:
https://support.twilio.com/hc/en-us/articles/223181248
"""
_CLOSED_PREFIXES: Final = ("+53", "+850")
"""Regions for which this account has no permission, such as Cuba."""


class MessageRequest(msgspec.Struct, frozen=True):
    """A request to send a message; `media_urls` are the addresses of its files."""

    to: str
    sender: str
    body: str
    media_urls: tuple[str, ...]
    callback_url: str


def read_message(call: Call, settings: Settings) -> MessageRequest | Answer:
    """Read the parameters of a form. A request of another content type has no parameters."""
    fields = _fields(call)
    given = {name: values[-1] for name, values in fields.items()}
    request = MessageRequest(
        to=given.get("To", ""),
        sender=given.get("MessagingServiceSid", "") or given.get("From", ""),
        body=given.get("Body", ""),
        media_urls=tuple(filter(None, fields.get("MediaUrl", ()))),
        callback_url=urldefrag(given.get("StatusCallback", "")).url,
    )
    refusal = _refuse_people(request, settings) or _refuse_content(request, fields)
    refusal = refusal or _refuse_callback(request)
    return refusal or _refuse_validity(given.get("ValidityPeriod", "")) or request


def _fields(call: Call) -> dict[str, list[str]]:
    if call.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    return fields


def is_e164(number: str) -> bool:
    digits = number[1:]
    is_number = digits.isascii() and digits.isdecimal() and digits[0] != "0"
    return number.startswith("+") and is_number and 7 <= len(digits) <= 15


def _refuse_people(request: MessageRequest, settings: Settings) -> Answer | None:
    if not request.to:
        return error_answer(400, NO_TO, "A 'To' phone number is required.")
    if not request.sender:
        return error_answer(400, NO_FROM, "A 'From' phone number is required.")
    if not is_e164(request.to):
        return error_answer(400, INVALID_TO, f"Invalid 'To' Phone Number: {request.to}")
    if request.sender != settings.sender:
        return _unknown_sender(request.sender)
    if request.to.startswith(_CLOSED_PREFIXES):
        message = f"Permission to send an SMS has not been enabled for the region indicated by {request.to}"
        return error_answer(400, NO_PERMISSION, message)
    return None


def _unknown_sender(sender: str) -> Answer:
    if sender.startswith("MG"):
        return error_answer(404, UNKNOWN_SERVICE, "The Messaging Service does not exist.")
    message = f"'From' {sender} is not a Twilio phone number or Short Code of this account."
    return error_answer(400, INVALID_FROM, message)


def _refuse_content(request: MessageRequest, fields: dict[str, list[str]]) -> Answer | None:
    urls = fields.get("MediaUrl", [])
    if not request.body.strip() and not any(urls):
        return error_answer(400, NO_BODY, "Message body is required.")
    if len(request.body.encode("utf-16-be")) // 2 > MOST_CHARACTERS:
        message = "The concatenated message body exceeds the 1600 character limit."
        return error_answer(400, TOO_LONG, message)
    if len(urls) > _MOST_MEDIA:
        return error_answer(400, TOO_MANY_MEDIA, "Number of media files exceeds allowed limit")
    if any(not _is_address(url) for url in urls):
        return error_answer(400, INVALID_MEDIA_URL, "Invalid media URL(s)")
    if urls and not request.to.startswith(_MMS_PREFIX):
        message = "MMS not supported by the receiving phone number in this region."
        return error_answer(400, MMS_NOT_SUPPORTED, message)
    return None


def _refuse_callback(request: MessageRequest) -> Answer | None:
    url = request.callback_url
    if not url or (_is_address(url) and len(url) <= _LONGEST_CALLBACK):
        return None
    return error_answer(400, INVALID_CALLBACK, f"The StatusCallback URL {url} is not a valid URL.")


def _refuse_validity(seconds: str) -> Answer | None:
    """https://www.twilio.com/docs/api/errors/90007"""
    is_number = seconds.isascii() and seconds.isdecimal()
    if not seconds or (is_number and 1 <= int(seconds) <= _LONGEST_VALIDITY_S):
        return None
    return error_answer(400, INVALID_VALIDITY, "Invalid validity period value")


def _is_address(url: str) -> bool:
    """Return whether `url` is a valid address. http:// is valid here; an underscore in the host is not."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "_" not in parts.netloc
