"""The channel accounts: our numbers, bots and pages at the providers, without their credentials."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

MOST_ACCOUNTS: Final = 50
"""Of a channel: a secret takes 64 KB, and holds the credentials of them all."""


class AccountState(StrEnum):
    """What an account is used for.

    PROVED: the provider accepted the credentials; no message leaves from it yet. ENABLED: messages leave from
    it. DISABLED: it takes no new messages; accepted messages still leave, and webhooks are taken. REMOVED: it
    has no credentials any more.
    """

    PROVED = "PROVED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    REMOVED = "REMOVED"


class ChannelAccount(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account as it was last proved. `provider_id` is None if its credentials were never proved.

    `quality` is the provider's word for how people take the account's messages. `expiry_told_at` is when the
    operators were last told that the token expires.
    """

    account: str
    state: AccountState
    provider_id: str | None = None
    name: str | None = None
    quality: str | None = None
    proved_at: str | None = None
    token_expires_at: str | None = None
    expiry_told_at: str | None = None


class KnownAccounts(msgspec.Struct, frozen=True):
    """The accounts of a channel by id, and the version that was read; 0: nothing was ever written."""

    accounts: Mapping[str, ChannelAccount] = {}
    version: int = 0

    def present(self, first: str) -> Mapping[str, ChannelAccount]:
        """Return the accounts that were not removed. The first one is enabled from the start."""
        known = {first: ChannelAccount(first, AccountState.ENABLED), **self.accounts}
        return {name: account for name, account in known.items() if account.state is not AccountState.REMOVED}

    def may_send(self, account: str, first: str, *, shares_first: bool) -> bool:
        """Return whether new messages may leave from the account.

        `shares_first`: an account that is not listed belongs to the business of the first account.
        """
        known = self.accounts.get(account)
        if known is not None:
            return known.state is AccountState.ENABLED
        return account == first or shares_first

    def with_account(self, account: ChannelAccount) -> Mapping[str, ChannelAccount]:
        return {**self.accounts, account.account: account}
