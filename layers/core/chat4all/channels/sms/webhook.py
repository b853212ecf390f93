"""Twilio's webhooks: messages of people, and statuses of our messages.

Messages: https://www.twilio.com/docs/messaging/guides/webhook-request
Statuses: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Neither names its time; the events have the present time.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Raw

from chat4all.channels.shared.answers import spelled
from chat4all.channels.shared.decoding import MessageId
from chat4all.channels.shared.opt_outs import opt_outs
from chat4all.channels.shared.webhooks import ABSENT, moment
from chat4all.channels.sms.address import known_address
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.channels.sms.form import read_form
from chat4all.domain.consent import ConsentState
from chat4all.domain.content import (
    ProviderFile,
    ReceivedAlbum,
    ReceivedContent,
    ReceivedMedia,
    Text,
    Unsupported,
)
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus, ParsedWebhook
from chat4all.domain.received import NOTHING
from chat4all.domain.status import Status
from chat4all.domain.text import shortened

DELIVERY_PARAMETER: Final = "delivery_id"
"""The query parameter of a status callback with the id of the delivery."""
_MOST_FILES: Final = 10
"""https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource, `MediaUrl`"""
_UNDERSTOOD: Final = frozenset(
    {
        *("AccountSid", "ApiVersion", "MessagingServiceSid", "NumMedia", "NumSegments"),
        *("MessageSid", "SmsMessageSid", "SmsSid", "MessageStatus", "SmsStatus"),
        *("Body", "From", "To"),
        *(f"{number}{place}" for number in ("From", "To") for place in ("City", "State", "Zip", "Country")),
        *(f"Media{claim}{number}" for claim in ("Url", "ContentType") for number in range(_MOST_FILES)),
    }
)
"""The fields that are in every message, or are read elsewhere."""
_OPT_OUT_TYPES: Final = {"STOP": ConsentState.OPTED_OUT, "START": ConsentState.OPTED_IN}
"""What Twilio says that the message did, where a messaging service has words of its own (Advanced Opt-Out).
HELP changes nothing.
https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
"""
_RECEIVED: Final = "received"
"""The status of each message that a person sent; no message of ours has it."""
_STATUSES: Final = {
    "accepted": Status.SENT,
    "queued": Status.SENT,
    "sending": Status.SENT,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "undelivered": Status.FAILED,
    "failed": Status.FAILED,
}
"""A message is SENT once Twilio has accepted it. SMS has no read receipts: `read` is of other channels.
https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
"""


def parsed(body: bytes, account_sid: str, query: str) -> ParsedWebhook:
    """Return the events of a webhook that concern `account_sid`; raise Invalid if it is not a webhook."""
    form = dict(reversed(read_form(body)))
    message_sid = _message_sid(form)
    if form.get("AccountSid") != account_sid:
        return ParsedWebhook(ignored=("another account",))
    if form.get("MessageStatus", _RECEIVED) != _RECEIVED:
        kind, events = f"status {shortened(form['MessageStatus'])}", _of_status(form, message_sid, query)
    else:
        kind, events = "message without a sender", _of_message(form, message_sid)
    found = tuple(events)
    return ParsedWebhook(found, ignored=() if found else (kind,))


def _message_sid(form: Mapping[str, str]) -> str:
    try:
        return msgspec.convert(form.get("MessageSid") or form.get("SmsSid"), MessageId)
    except msgspec.ValidationError as error:
        raise Invalid("The webhook is not of a message at Twilio.") from error


def _of_status(form: Mapping[str, str], message_sid: str, query: str) -> Iterator[InboundEvent]:
    status = _STATUSES.get(form["MessageStatus"])
    if status is None:
        return
    delivery_id = dict(parse_qsl(query)).get(DELIVERY_PARAMETER, "")
    code = _error_code(form) if status is Status.FAILED else None
    failure = None if code is None else TWILIO_FAILURES.find(code)
    reported = InboundStatus(
        # A status names its message, also if it does not name the recipient.
        address=known_address(form.get("To", "")) or "",
        status=status,
        at=moment(ABSENT),
        provider_message_id=message_sid,
        delivery_id=delivery_id if DeliveryId.parse(delivery_id) else None,
        error_code=spelled(code) if code else None,
        error_reason=TWILIO_FAILURES.reason(code) if status is Status.FAILED else None,
        outcome=failure.outcome if failure else None,
    )
    yield reported
    yield from opt_outs(reported, code, TWILIO_FAILURES)


def _error_code(form: Mapping[str, str]) -> int | None:
    digits = form.get("ErrorCode", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


def _of_message(form: Mapping[str, str], message_sid: str) -> Iterator[InboundEvent]:
    address = known_address(form.get("From", ""))
    if address is None:
        return
    yield InboundMessage(
        address=address,
        provider_message_id=message_sid,
        content=_content(form),
        at=moment(ABSENT),
        phone=address if address.startswith("+") else None,
        provider_fields=_provider_fields(form),
        consent=_OPT_OUT_TYPES.get(form.get("OptOutType", "")),
    )


def _content(form: Mapping[str, str]) -> ReceivedContent:
    """Return the file with the text, several files as an album, or the text alone.

    A word that a person opts out with, such as STOP, stays a text in the conversation. A message that shows
    nothing is kept as it came.
    """
    text = form.get("Body", "")
    files = tuple(_files(form))
    if len(files) > 1:
        return ReceivedAlbum(files, text)
    if files:
        return ReceivedMedia(files[0], text)
    if text.strip():
        return Text(text)
    kind = f"opt_out:{form['OptOutType']}" if form.get("OptOutType") else "empty"
    return Unsupported(kind)


def _provider_fields(form: Mapping[str, str]) -> Raw:
    """Return the fields that are not of every message: a place, a button, a profile, or a word to opt out."""
    others = {name: text for name, text in form.items() if text.strip() and name not in _UNDERSTOOD}
    return Raw(msgspec.json.encode(others)) if others else NOTHING


def _files(form: Mapping[str, str]) -> Iterator[ProviderFile]:
    """Yield the files that the form has, whatever `NumMedia` claims."""
    for number in range(_MOST_FILES):
        url = form.get(f"MediaUrl{number}")
        if url:
            yield ProviderFile(url, form.get(f"MediaContentType{number}") or None)
