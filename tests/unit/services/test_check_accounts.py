"""`relay` counts and logs once a day which accounts need other credentials."""

from datetime import UTC, datetime, timedelta

import pytest

from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.account_problems import ProblemKind
from chat4all.domain.breaker import Breaker, KnownBreaker, refused
from chat4all.domain.clock import iso
from chat4all.domain.errors import Unavailable
from chat4all.services.recovery.check_accounts import CheckAccounts
from tests.fakes.small_stores import MemoryAccounts, MemoryBreakers

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def accounts() -> MemoryAccounts:
    accounts = MemoryAccounts()
    soon = ChannelAccount("7", AccountState.ENABLED, token_expires_at=iso(NOW + timedelta(days=3)))
    gone = ChannelAccount("8", AccountState.REMOVED, token_expires_at=iso(NOW))
    accounts.save("pigeon", {"7": soon, "8": gone}, 0)
    return accounts


def test_every_problem_is_counted_and_told_once_a_day(accounts: MemoryAccounts) -> None:
    told: list[tuple[str, str, ProblemKind]] = []
    breakers = MemoryBreakers()
    breakers.save("telex", "main", refused(Breaker(), "401", "no", NOW.timestamp(), credentials=True), 0)
    check = CheckAccounts(
        accounts,
        breakers,
        ("pigeon", "telex"),
        lambda channel, account, problem: told.append((channel, account, problem.kind)),
    )

    runs = [check(NOW + timedelta(minutes=number)) for number in range(3)]

    assert [dict(run) for run in runs] == [{"AccountProblems": 2}, {}, {}]
    assert told == [
        ("pigeon", "7", ProblemKind.TOKEN_EXPIRES),
        ("telex", "main", ProblemKind.CREDENTIALS_REFUSED),
    ]
    assert dict(check(NOW + timedelta(days=1))) == {"AccountProblems": 2}


def test_a_day_that_could_not_be_checked_is_checked_by_the_next_run(accounts: MemoryAccounts) -> None:
    class Down(MemoryBreakers):
        is_down = True

        def get(self, channel: str, account: str) -> KnownBreaker:
            if self.is_down:
                raise Unavailable("no answer")
            return super().get(channel, account)

    breakers = Down()
    check = CheckAccounts(accounts, breakers, ("pigeon",), lambda *_told: None)
    with pytest.raises(Unavailable):
        check(NOW)
    breakers.is_down = False

    assert dict(check(NOW)) == {"AccountProblems": 1}
