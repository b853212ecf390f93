"""The channel accounts: our numbers, bots and pages at the providers, without their credentials."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

MOST_ACCOUNTS: Final = 50
"""Of a channel: a secret takes 64 KB, and holds the credentials of them all."""


DEPENDENT: Final = "/"
"""Between the id of an account and the name of an account that depends on it."""


def dependent_name(holder: str, name: str) -> str:
    """Return the id of an account without credentials of its own, which works with those of `holder`."""
    return f"{holder}{DEPENDENT}{name}"


def own_name(account: str) -> str:
    """Return the name of an account as the provider knows it, without the account that it depends on."""
    return account.rpartition(DEPENDENT)[2]


def holder_of(account: str, first: str, dependents: str | None) -> str | None:
    """Return the account with whose credentials an account works that has none of its own; None: with none.

    `dependents` is the beginning of the ids that depend on the channel's first account, if there are any.
    """
    holder, named, _ = account.partition(DEPENDENT)
    if named:
        return holder
    return first if dependents is not None and account.startswith(dependents) else None


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


class AccountReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider reported of an account, in its own words: what happened, and why or how much."""

    kind: str
    """The provider's name for such reports, such as `account_update`."""
    event: str
    at: str
    reason: str | None = None


class ReportedAccounts(Protocol):
    """The accounts that a report is about: one by its number or id, or those of the business `owner`.

    `proved_for` are the ids of the accounts that the app of the provider may tell of.
    """

    @property
    def owner(self) -> str: ...
    @property
    def report(self) -> AccountReport: ...
    @property
    def number(self) -> str | None: ...
    @property
    def provider_id(self) -> str | None: ...
    @property
    def proved_for(self) -> tuple[str, ...]: ...


class ChannelAccount(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account as it was last proved. `provider_id` is None if its credentials were never proved.

    `quality` is the provider's word for how people take the account's messages.
    """

    account: str
    state: AccountState
    provider_id: str | None = None
    name: str | None = None
    quality: str | None = None
    proved_at: str | None = None
    token_expires_at: str | None = None
    owner: str | None = None
    """The provider's id of the business that has the account, if it was named."""
    number: str | None = None
    """The account's number, in the digits by which the provider's reports name it."""
    reports: tuple[AccountReport, ...] = ()
    """The latest report of each kind."""


class KnownAccounts(msgspec.Struct, frozen=True):
    """The accounts of a channel by id, and the version that was read; 0: nothing was ever written."""

    accounts: Mapping[str, ChannelAccount] = {}
    version: int = 0

    def present(self, first: str) -> Mapping[str, ChannelAccount]:
        """Return the accounts that were not removed. The first one is enabled from the start."""
        known = {first: ChannelAccount(first, AccountState.ENABLED), **self.accounts}
        return {name: account for name, account in known.items() if account.state is not AccountState.REMOVED}

    def may_send(self, account: str, first: str, dependents: str | None) -> bool:
        """Return whether new messages may leave from the account, or from the account that it depends on."""
        known = self.accounts.get(account)
        if known is not None:
            return known.state is AccountState.ENABLED
        holder = None if account == first else holder_of(account, first, dependents)
        return account == first or (holder is not None and self.may_send(holder, first, None))

    def was_removed(self, account: str, first: str, dependents: str | None) -> bool:
        """Return whether the account, or the account that it depends on, was removed."""
        known = self.accounts.get(account)
        if known is not None:
            return known.state is AccountState.REMOVED
        holder = None if account == first else holder_of(account, first, dependents)
        return holder is not None and self.was_removed(holder, first, None)


def with_report(
    present: Mapping[str, ChannelAccount], about: ReportedAccounts
) -> Mapping[str, ChannelAccount]:
    """Return the accounts that change by a report: those that it is about, unless they have a later one.

    The only account of a channel, if it was never proved, takes every report: its number is not known.
    """
    changed = (_reported(account, about.report) for account in _concerned(list(present.values()), about))
    return {account.account: account for account in changed if account is not None}


def _concerned(present: Sequence[ChannelAccount], about: ReportedAccounts) -> Sequence[ChannelAccount]:
    """Return the accounts that the report names, or else those of its business.

    Accounts that the report's app may not tell of are left out.
    """
    if about.number is not None:
        found = [account for account in present if account.number == about.number]
    else:
        named = [each for each in present if each.provider_id and each.provider_id == about.provider_id]
        found = named or [each for each in present if each.owner and each.owner == about.owner]
    is_only = len(present) == 1 and present[0].provider_id is None
    return [each for each in found or (present if is_only else []) if each.account in about.proved_for]


def _reported(account: ChannelAccount, report: AccountReport) -> ChannelAccount | None:
    """Return the account with the report; None if it has one of the kind that is as new."""
    known = next((each for each in account.reports if each.kind == report.kind), None)
    if known is not None and known.at >= report.at:
        return None
    others = tuple(each for each in account.reports if each.kind != report.kind)
    return msgspec.structs.replace(account, reports=(*others, report))
