"""The meaning of a provider's answer to a send: tables give it for the codes; the texts are never read."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.domain.consent import OptOut
from chat4all.domain.inbound_limits import HASHED
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.text import shortened

NETWORK: Final = "NETWORK"
DEFAULT_WAIT_S: Final = 5.0
"""The wait if the provider throttles and names no time: its buckets refill within seconds."""
_UNREAD: Final = "unread:"
ACT_NOT_POSSIBLE: Final = SendError(
    Outcome.PERMANENT, "ACT_NOT_POSSIBLE", "The channel does not have this act."
)
_LONGEST_CODE: Final = 40
"""The longest code in digits; a number in JSON may have thousands."""


class Failure(msgspec.Struct, frozen=True):
    """The meaning of a code; `wait_s` applies to THROTTLED if the answer itself names no time."""

    outcome: Outcome
    reason: str
    wait_s: float | None = None
    opt_out: OptOut | None = None
    """Set if the code says that the person does not want the message."""
    refuses_credentials: bool = False
    """The code says that the token is refused, and nothing about our account."""


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
    """Return a provider's code as it is stored and shown."""
    return shortened(str(code), _LONGEST_CODE)


def refused(table: FailureTable, code: int | None, answer: HttpAnswer) -> SendError:
    """Return the error of `answer`. `code` is the provider's code in its body, if the body has a code."""
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
        opt_out=failure.opt_out,
        refuses_credentials=failure.refuses_credentials,
    )


def not_answered(table: FailureTable, failure: NetworkFailure) -> SendError:
    """Return the error of a send without an answer.

    The provider may have carried out a request that it did not answer, so that another try may send the
    message twice. Delivery is at least once: two copies of a message are better than none.
    """
    if failure.may_have_arrived:
        reason = f"{table.provider} did not answer; it is not known whether the message went out."
    else:
        reason = f"{table.provider} could not be reached."
    return SendError(Outcome.RETRY, NETWORK, reason)


def sent_unread(delivery_id: str) -> Sent:
    """Return the result of a send whose answer is a 2xx with an unreadable body.

    The provider accepted the message, under an id that we do not know. Another try would send the message
    twice, and FAILED would be untrue. So the message counts as sent, under an id of our own. A status that
    names the delivery still finds it.
    """
    return Sent(_UNREAD + delivery_id)


def proof_unread(table: FailureTable) -> SendError:
    """Return the error of an answer about an account that cannot be read: nothing is known about it."""
    return SendError(Outcome.RETRY, "UNREADABLE", f"{table.provider} gave an answer that cannot be read.")


def can_be_quoted(provider_message_id: str) -> bool:
    """Return whether the id is the provider's own: `sent_unread` and a hash make other ids."""
    return not provider_message_id.startswith((_UNREAD, HASHED))


def _by_status(table: FailureTable, code: int | None, status: int) -> Failure:
    """Return the meaning of the HTTP status, for a code that is not in the table."""
    if status == 429:
        return Failure(Outcome.THROTTLED, f"{table.provider} asks to send more slowly.")
    if status == 401:
        reason = f"{table.provider} refuses our credentials."
        return Failure(Outcome.CHANNEL_PAUSED, reason, refuses_credentials=True)
    if 400 <= status < 500 and status != 408:
        return Failure(Outcome.PERMANENT, table.reason(status if code is None else code))
    return Failure(Outcome.RETRY, f"{table.provider} has a problem of its own at the moment.")


def _retry_after(answer: HttpAnswer) -> float | None:
    """Return the seconds of the header. No provider uses the header's other form, a date."""
    value = answer.headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
