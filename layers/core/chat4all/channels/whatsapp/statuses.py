"""The statuses of our messages on WhatsApp.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta, Raw, Struct

from chat4all.channels.shared.answers import spelled
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.opt_outs import opt_outs
from chat4all.channels.shared.webhooks import ABSENT, moment, objects
from chat4all.channels.whatsapp.address import group_address, person_addresses
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import InboundConsent, InboundStatus
from chat4all.domain.status import Status

_STATUSES: Final = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}
"""The statuses that move a message; `deleted` and `warning` do not."""


class ReportedStatus(Struct, frozen=True):
    id: Id
    status: str
    timestamp: Raw = ABSENT
    recipient_id: Raw = ABSENT
    recipient_type: Raw = ABSENT
    recipient_user_id: Raw = ABSENT
    biz_opaque_callback_data: Raw = ABSENT
    errors: Raw = ABSENT


class _Error(Struct, frozen=True):
    code: int | Annotated[str, Meta(min_length=1, max_length=40)]


def status_events(status: ReportedStatus, account: str | None) -> Iterator[InboundStatus | InboundConsent]:
    """Yield the event of a status, and an opt-out that it tells of; none if it does not move a message."""
    moved = _STATUSES.get(status.status)
    if moved is None:
        return
    code = _code(status.errors) if moved is Status.FAILED else None
    failure = None if code is None else WHATSAPP_FAILURES.find(code)
    callback_data = decoded(status.biz_opaque_callback_data, str) or ""
    reported = InboundStatus(
        # A status names its delivery, also if it does not name the recipient.
        address=_recipient(status) or "",
        status=moved,
        at=moment(status.timestamp),
        provider_message_id=status.id,
        account=account,
        delivery_id=callback_data if DeliveryId.parse(callback_data) else None,
        error_code=None if code is None else spelled(code),
        error_reason=WHATSAPP_FAILURES.reason(code) if moved is Status.FAILED else None,
        outcome=failure.outcome if failure else None,
    )
    yield reported
    yield from opt_outs(reported, code, WHATSAPP_FAILURES)


def _recipient(status: ReportedStatus) -> str | None:
    recipient = decoded(status.recipient_id, str)
    if decoded(status.recipient_type, str) == "group":
        return group_address(recipient or "")
    return next(iter(person_addresses(recipient, decoded(status.recipient_user_id, str))), None)


def _code(errors: Raw) -> int | None:
    """Return the code of the first error; providers have written it as a number and as text."""
    for error, _ in objects(errors, _Error):
        if isinstance(error.code, int):
            return error.code
        if error.code.isascii() and error.code.isdigit():
            return int(error.code)
    return None
