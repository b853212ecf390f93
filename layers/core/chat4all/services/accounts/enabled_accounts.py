"""Refuse a message that would leave from an account which is not enabled.

The accounts are kept in memory for a minute, so that a message costs no read. Before a refusal they are read
again: a message is accepted as soon as its account is enabled, and for a minute after it is disabled.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from chat4all.domain.account import KnownAccounts
from chat4all.domain.errors import AccountDisabled, Detail
from chat4all.domain.events import Recipient
from chat4all.services.accounts.ports import Accounts
from chat4all.services.messaging.credentials import FIRST_ACCOUNT

KEEP_S: Final = 60.0


class EnabledAccounts:
    def __init__(
        self,
        accounts: Accounts,
        dependents: Mapping[str, str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`dependents` has the beginning of the ids of accounts that depend on a channel's first account."""
        self._accounts = accounts
        self._dependents = dependents
        self._monotonic = monotonic
        self._read: dict[str, tuple[float, KnownAccounts]] = {}

    def require(self, recipients: Iterable[Recipient], *, anew: bool) -> None:
        """Raise AccountDisabled if a route of a recipient leaves from an account that is not enabled.

        `anew`: read the accounts first; else they may be a minute old.
        """
        used = dict.fromkeys(
            (route.channel, route.account) for recipient in recipients for route in recipient.routes
        )
        known = {channel: self._known(channel, anew=anew) for channel, _ in used}
        refusing = [
            f"{account} of {channel} is not enabled"
            for channel, account in used
            if not known[channel].may_send(account, FIRST_ACCOUNT, self._dependents.get(channel))
        ]
        if refusing:
            raise AccountDisabled(
                "The message would leave from an account that is not enabled.",
                *(Detail("account", issue) for issue in refusing),
            )

    def _known(self, channel: str, *, anew: bool) -> KnownAccounts:
        kept = self._read.get(channel)
        if kept is not None and not anew and kept[0] > self._monotonic() - KEEP_S:
            return kept[1]
        known = self._accounts.read(channel)
        self._read[channel] = (self._monotonic(), known)
        return known
