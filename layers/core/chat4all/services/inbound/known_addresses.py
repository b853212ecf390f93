"""Find the user who has an address, through each account of ours where the person has the same address."""

from collections.abc import Mapping

from chat4all.domain.channel import Capabilities, ChannelAccounts
from chat4all.domain.person import User
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory


class KnownAddresses:
    def __init__(
        self, directory: Directory, accounts: ChannelAccounts, capabilities: Mapping[str, Capabilities]
    ) -> None:
        self._directory = directory
        self._accounts = accounts
        self._capabilities = capabilities

    def accounts_of(self, channel: str, account: str) -> tuple[str, ...]:
        """Return the account, and the channel's first account if a person has the same address there."""
        first = self._accounts[channel][0]
        if account == first or self._capabilities[channel].addresses_by_account:
            return (account,)
        return (account, first)

    def user_at(self, channel: str, account: str, address: str) -> User | None:
        """Return the user with this address, through another account of ours if the address is the same."""
        for known_by in self.every_account(channel, account):
            user_id = self._directory.resolve(channel, known_by, address)
            user = holder_of(self._directory, user_id) if user_id else None
            if user is not None:
                return user
        if self._capabilities[channel].addresses_by_account:
            return None
        found = self._directory.resolve_at_any_account(channel, address)
        return holder_of(self._directory, found) if found else None

    def every_account(self, channel: str, account: str) -> tuple[str, ...]:
        """Return the account, and all others of the channel if a person has the same address there."""
        if self._capabilities[channel].addresses_by_account:
            return (account,)
        return (account, *(other for other in self._accounts[channel] if other != account))

    def is_group(self, channel: str, address: str) -> bool:
        """Return whether the address is a group's."""
        return self._capabilities[channel].is_group(address)
