"""What needs an administrator at a channel account: credentials that end, or that are refused.

A problem is no row of its own. It follows from the account and from its circuit, so it is over as soon as new
credentials are proved.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.account import ChannelAccount
from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.clock import iso, parse_iso

WARNED: Final = timedelta(days=7)
"""The time before the end of a token from which on it is a problem."""


class ProblemKind(StrEnum):
    """CREDENTIALS_REFUSED: the provider refuses the token, and messages wait.

    TOKEN_EXPIRED: the token has ended. TOKEN_EXPIRES: the token ends within 7 days. The provider tells the
    end when credentials are proved.
    """

    CREDENTIALS_REFUSED = "CREDENTIALS_REFUSED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - no password
    TOKEN_EXPIRES = "TOKEN_EXPIRES"  # noqa: S105 - no password


class AccountProblem(msgspec.Struct, frozen=True):
    """A problem of an account. `at` is when the token was refused, or when it ends; ISO 8601 UTC.

    `code` and `reason` are those of the refusal.
    """

    kind: ProblemKind
    at: str
    code: str | None = None
    reason: str | None = None


def problems_of(account: ChannelAccount, breaker: Breaker, now: datetime) -> tuple[AccountProblem, ...]:
    """Return the problems of the account with its circuit, the gravest first."""
    return (*_refused(account, breaker), *_ending(account, now))


def _refused(account: ChannelAccount, breaker: Breaker) -> Iterator[AccountProblem]:
    if breaker.circuit is Circuit.CLOSED or not breaker.credentials_refused_at:
        return
    at = iso(datetime.fromtimestamp(breaker.credentials_refused_at, UTC))
    if account.proved_at is None or account.proved_at < at:
        yield AccountProblem(ProblemKind.CREDENTIALS_REFUSED, at, breaker.code, breaker.reason)


def _ending(account: ChannelAccount, now: datetime) -> Iterator[AccountProblem]:
    end = account.token_expires_at
    if end is None or parse_iso(end) - now > WARNED:
        return
    kind = ProblemKind.TOKEN_EXPIRED if parse_iso(end) <= now else ProblemKind.TOKEN_EXPIRES
    yield AccountProblem(kind, end)
