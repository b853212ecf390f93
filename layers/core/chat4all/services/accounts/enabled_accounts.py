"""Check whether a message would leave from an account that is enabled.

The accounts are kept in memory for a minute, so that a message costs no read. Before a refusal they are read
again: a message is accepted as soon as its account is enabled, and for a minute after it is disabled.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from chat4all.domain.account import KnownAccounts
from chat4all.domain.content import Content
from chat4all.domain.errors import AccountDisabled
from chat4all.domain.events import Route
from chat4all.domain.person import User
from chat4all.domain.planning import Check, Obstacle
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

    def recorded(self) -> Check:
        """Return the check by the accounts in memory alone, which may be a minute old."""

        def check(_user: User, route: Route, _content: Content) -> Obstacle | None:
            return None if self._may_send(route, anew=False) else _disabled(route)

        return check

    def exact(self) -> Check:
        """Return the check of one message, which reads the accounts of a channel again before a refusal.

        It reads them once at most.
        """
        read: set[str] = set()

        def check(_user: User, route: Route, _content: Content) -> Obstacle | None:
            if self._may_send(route, anew=False):
                return None
            anew = route.channel not in read
            read.add(route.channel)
            return None if anew and self._may_send(route, anew=True) else _disabled(route)

        return check

    def was_removed(self, channel: str, account: str) -> bool:
        """Return whether the account was removed. Before this says so, the accounts are read again."""
        dependents = self._dependents.get(channel)
        known = (self._known(channel, anew=anew) for anew in (False, True))
        return all(accounts.was_removed(account, FIRST_ACCOUNT, dependents) for accounts in known)

    def _may_send(self, route: Route, *, anew: bool) -> bool:
        known = self._known(route.channel, anew=anew)
        return known.may_send(route.account, FIRST_ACCOUNT, self._dependents.get(route.channel))

    def _known(self, channel: str, *, anew: bool) -> KnownAccounts:
        kept = self._read.get(channel)
        if kept is not None and not anew and kept[0] > self._monotonic() - KEEP_S:
            return kept[1]
        known = self._accounts.read(channel)
        self._read[channel] = (self._monotonic(), known)
        return known


def _disabled(route: Route) -> Obstacle:
    return Obstacle(
        AccountDisabled,
        f"{route.account} of {route.channel} is not enabled",
        "account",
        "The message would leave from an account that is not enabled.",
    )
