"""How the answers show a channel account and its circuit."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from chat4all.domain.account import AccountReport, AccountState, ChannelAccount
from chat4all.domain.account_problems import AccountProblem, problems_of
from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.clock import iso

CLOSED: Final = {"state": "CLOSED", "since": None, "retry_at": None, "code": None, "reason": None}


class CircuitView(msgspec.Struct, frozen=True):
    """The state of a circuit: messages are sent while it is CLOSED.

    An open circuit has the time and the reason of its opening, and the time of the next probe.
    """

    state: Circuit
    since: str | None
    retry_at: str | None
    code: str | None
    reason: str | None


class ChannelAccountView(msgspec.Struct, frozen=True):
    """A channel account: a number, bot or page of ours. Its credentials are never shown."""

    channel: str
    account: str
    state: AccountState
    provider_id: str | None
    name: str | None
    quality: str | None
    proved_at: str | None
    token_expires_at: str | None
    reports: tuple[AccountReport, ...]


class WatchedAccountView(ChannelAccountView, frozen=True):
    """A channel account, its problems, and its circuit, which has the provider's code if it refuses us."""

    problems: tuple[AccountProblem, ...]
    circuit: CircuitView


def account_view(channel: str, account: ChannelAccount) -> ChannelAccountView:
    return ChannelAccountView(
        channel=channel,
        account=account.account,
        state=account.state,
        provider_id=account.provider_id,
        name=account.name,
        quality=account.quality,
        proved_at=account.proved_at,
        token_expires_at=account.token_expires_at,
        reports=account.reports,
    )


def watched_view(
    channel: str, account: ChannelAccount, breaker: Breaker, now: datetime
) -> WatchedAccountView:
    fields: dict[str, Any] = msgspec.structs.asdict(account_view(channel, account))
    problems = problems_of(account, breaker, now)
    return WatchedAccountView(**fields, problems=problems, circuit=_circuit_view(breaker))


def _circuit_view(breaker: Breaker) -> CircuitView:
    closed = breaker.circuit is Circuit.CLOSED
    return CircuitView(
        state=breaker.circuit,
        since=_time(breaker.since),
        retry_at=None if closed else _time(breaker.retry_at),
        code=breaker.code,
        reason=breaker.reason,
    )


def _time(epoch_s: float) -> str | None:
    return iso(datetime.fromtimestamp(epoch_s, UTC)) if epoch_s else None
