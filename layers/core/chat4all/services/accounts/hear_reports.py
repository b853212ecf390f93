"""Keep what a provider reports of our accounts: a flag, a limit, a restriction.

A report changes nothing of how an account is used: a provider that takes no more messages refuses them, and
then the account's circuit opens.
"""

from chat4all.domain.account import with_report
from chat4all.domain.events import AccountReported
from chat4all.services.accounts.ports import Accounts
from chat4all.services.accounts.saving import saved


class HearReports:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def __call__(self, channel: str, event: AccountReported) -> None:
        """Keep the report at the accounts that it is about; a late and a repeated report change nothing.

        Raises:
            Unavailable: AWS did not answer, or other processes are changing the accounts.
        """
        saved(self._accounts, channel, lambda present: with_report(present, event))
