"""Change the accounts of a channel as they are stored, while others may change them, too."""

from collections.abc import Callable, Mapping
from typing import Final

from chat4all.domain.account import ChannelAccount
from chat4all.domain.errors import Unavailable
from chat4all.services.accounts.ports import Accounts
from chat4all.services.messaging.credentials import FIRST_ACCOUNT

_TRIES: Final = 5

Present = Mapping[str, ChannelAccount]
"""The accounts that were not removed, by id."""


def saved(accounts: Accounts, channel: str, change: Callable[[Present], Present]) -> Present:
    """Save the accounts that `change` returns for the present ones, and return them.

    Raises:
        Unavailable: AWS did not answer, or others are changing the accounts.
    """
    for _ in range(_TRIES):
        known = accounts.read(channel)
        changed = change(known.present(FIRST_ACCOUNT))
        if not changed or accounts.save(channel, {**known.accounts, **changed}, known.version):
            return changed
    raise Unavailable("The accounts are changing too quickly; try again.", retry_after=1)
