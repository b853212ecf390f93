"""A job of `relay`: look once a day for credentials that end, or that a provider refuses."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime

from chat4all.domain.account_problems import AccountProblem, problems_of
from chat4all.services.accounts.ports import Accounts
from chat4all.services.messaging.credentials import FIRST_ACCOUNT
from chat4all.services.messaging.ports import Breakers

Tell = Callable[[str, str, AccountProblem], None]
"""Tell the operators of the problem of a channel's account."""


class CheckAccounts:
    """A job: count the problems of all accounts, and tell of them.

    A process remembers the day that it did so, so that no row is needed; a new process does it once more.
    """

    def __init__(self, accounts: Accounts, breakers: Breakers, channels: Sequence[str], tell: Tell) -> None:
        self._accounts = accounts
        self._breakers = breakers
        self._channels = channels
        self._tell = tell
        self._checked: date | None = None

    def __call__(self, now: datetime) -> Counter[str]:
        if self._checked == now.date():
            return Counter()
        found = list(self._problems(now))
        self._checked = now.date()
        for channel, account, problem in found:
            self._tell(channel, account, problem)
        return Counter(AccountProblems=len(found))

    def _problems(self, now: datetime) -> Iterator[tuple[str, str, AccountProblem]]:
        for channel in self._channels:
            for name, account in self._accounts.read(channel).present(FIRST_ACCOUNT).items():
                breaker = self._breakers.get(channel, name).breaker
                yield from ((channel, name, problem) for problem in problems_of(account, breaker, now))
