"""The notifications of operators: a log line, a metric, and an event on EventBridge's default bus.

| detail-type | detail |
|---|---|
| `Channel circuit opened` | stack, channel, account, since, retry_at (epoch seconds), code, reason |
| `Channel circuit closed` | stack, channel, account, since |

A rule on source `chat4all` routes the events to any target.
"""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from chat4all.adapters.aws import FAILURES, client
from chat4all.domain.account_problems import AccountProblem
from chat4all.domain.breaker import Circuit
from chat4all.services.messaging.circuit import CircuitChanged

SOURCE: Final = "chat4all"

_log = logging.getLogger(__name__)


class _Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    stack: str
    channel: str
    account: str
    since: float
    retry_at: float | None = None
    code: str | None = None
    reason: str | None = None


class Operators:
    """Notifies the operators of `stack` of its channel accounts' circuits; `count` adds to a metric."""

    def __init__(self, stack: str, count: Callable[[str], None]) -> None:
        self._stack = stack
        self._count = count

    def circuit_changed(self, change: CircuitChanged) -> None:
        state = change.breaker
        opened = state.circuit is not Circuit.CLOSED
        retry_at = state.retry_at if opened else None
        detail = _Detail(
            self._stack, change.channel, change.account, state.since, retry_at, state.code, state.reason
        )
        text = msgspec.json.encode(detail).decode()
        _log.warning(
            "the circuit of %s, account %s, is %s: %s",
            change.channel,
            change.account,
            state.circuit.value,
            text,
        )
        self._count("CircuitOpened" if opened else "CircuitClosed")
        if state.credentials_refused_at:
            self._count("CredentialsRefused")
        _publish("Channel circuit opened" if opened else "Channel circuit closed", text)


def account_problem(channel: str, account: str, problem: AccountProblem) -> None:
    """Log the problem of a channel account."""
    _log.warning(
        "account %s of %s: %s, %s, code %s", account, channel, problem.kind.value, problem.at, problem.code
    )


def _publish(detail_type: str, detail: str) -> None:
    """Publish an event with a new client: events are rare, and a client that is kept costs memory."""
    try:
        client("events").put_events(Entries=[{"Source": SOURCE, "DetailType": detail_type, "Detail": detail}])
    except FAILURES:
        _log.warning("the event could not be published", exc_info=True)
