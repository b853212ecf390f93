"""The meaning of a provider's answer to a send: tables map its codes; its texts are never read."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.domain.inbound_limits import HASHED
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.text import shortened

NETWORK: Final = "NETWORK"
DEFAULT_WAIT_S: Final = 5.0
"""Where the provider throttles and names no time: the buckets refill within seconds."""
_UNREAD: Final = "unread:"
_LONGEST_CODE: Final = 40
"""Digits; a number of JSON may have thousands."""


class Failure(msgspec.Struct, frozen=True):
    """The meaning of one code; `wait_s` is for THROTTLED, where the answer itself names no time."""

    outcome: Outcome
    reason: str
    wait_s: float | None = None


class FailureTable(msgspec.Struct, frozen=True):
    """A provider's codes. `provider` is its name as a support agent knows it."""

    provider: str
    codes: Mapping[int, Failure]
    ranges: tuple[tuple[range, Failure], ...] = ()

    def find(self, code: int) -> Failure | None:
        if code in self.codes:
            return self.codes[code]
        return next((failure for codes, failure in self.ranges if code in codes), None)

    def reason(self, code: int | None) -> str:
        """Return the sentence for a support agent, also for a code that is not in the table."""
        failure = None if code is None else self.find(code)
        if failure is not None:
            return failure.reason
        return f"{self.provider} did not deliver the message" + (
            f" (error {spelled(code)})." if code else "."
        )


def spelled(code: int) -> str:
    """Spell a provider's code as it is kept and shown."""
    return shortened(str(code), _LONGEST_CODE)


def refused(table: FailureTable, code: int | None, answer: HttpAnswer) -> SendError:
    """Return the error of `answer`. `code` is the provider's code, or None if unreadable."""
    known = None if code is None else table.find(code)
    failure = known or _by_status(table, code, answer.status)
    wait_s = None
    if failure.outcome is Outcome.THROTTLED:
        wait_s = _retry_after(answer) or failure.wait_s or DEFAULT_WAIT_S
    return SendError(
        failure.outcome,
        spelled(answer.status if code is None else code),
        failure.reason,
        retry_after_s=wait_s,
    )


def not_answered(table: FailureTable, failure: NetworkFailure) -> SendError:
    """Return the error of a send without an answer.

    A request that was sent and not answered may have been carried out, so that trying again may
    send twice. Delivery is at least once: a message twice is better than one lost.
    """
    if failure.may_have_arrived:
        reason = f"{table.provider} did not answer; it is not known whether the message went out."
    else:
        reason = f"{table.provider} could not be reached."
    return SendError(Outcome.RETRY, NETWORK, reason)


def sent_unread(delivery_id: str) -> Sent:
    """Return the result of a 2xx answer whose body is not in the provider's shape.

    The provider says that it accepted the message, only not under which id. Trying again would send
    it twice, and to call it FAILED would be untrue; so it counts as sent, under an id of our own.
    Where statuses carry the delivery's id, they still find it.
    """
    return Sent(_UNREAD + delivery_id)


def can_be_quoted(provider_message_id: str) -> bool:
    """Tell whether the provider made this id: ids of `sent_unread` and hashes cannot be quoted."""
    return not provider_message_id.startswith((_UNREAD, HASHED))


def _by_status(table: FailureTable, code: int | None, status: int) -> Failure:
    """Return the meaning of the HTTP status, for a code that is not in the table."""
    if status == 429:
        return Failure(Outcome.THROTTLED, f"{table.provider} asks to send more slowly.")
    if status == 401:
        return Failure(Outcome.CHANNEL_PAUSED, f"{table.provider} refuses our credentials.")
    if 400 <= status < 500 and status != 408:
        return Failure(Outcome.PERMANENT, table.reason(status if code is None else code))
    return Failure(Outcome.RETRY, f"{table.provider} has a problem of its own at the moment.")


def _retry_after(answer: HttpAnswer) -> float | None:
    """Return the seconds of `Retry-After`; no provider uses the header's other form, a date."""
    value = answer.headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
