"""Keep what a provider reports of our accounts: a flag, a limit, a restriction.

A report changes nothing of how an account is used: a provider that takes no more messages refuses them, and
then the account's circuit opens.
"""

from typing import Final

from chat4all.domain.account import with_report
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import AccountReported
from chat4all.services.accounts.ports import Accounts
from chat4all.services.messaging.credentials import FIRST_ACCOUNT

_TRIES: Final = 5


class HearReports:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def __call__(self, channel: str, event: AccountReported) -> None:
        """Keep the report at the accounts that it is about; a late and a repeated report change nothing.

        Raises:
            Unavailable: AWS did not answer, or other processes are changing the accounts.
        """
        for _ in range(_TRIES):
            known = self._accounts.read(channel)
            changed = with_report(known.present(FIRST_ACCOUNT), event)
            if not changed or self._accounts.save(channel, {**known.accounts, **changed}, known.version):
                return
        raise Unavailable("The accounts are changing too quickly; try again.", retry_after=1)
