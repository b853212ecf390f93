"""What a customer sees in the chat: the messages that can be reacted to, and the quick replies."""

from collections.abc import Sequence
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account

_MOST_MESSAGES: Final = 100_000
_SHOWN_CHARACTERS: Final = 20
"""The characters of a title that the app shows.
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/quick-replies
"""


def shown(title: str) -> str:
    """Return a title as the app shows it: truncated."""
    return title[:_SHOWN_CHARACTERS]


class Choice(msgspec.Struct, frozen=True):
    """A quick reply as the app shows it; `payload` comes back when it is tapped."""

    title: str
    payload: str


class Chats:
    """The chats of all customers with the business."""

    def __init__(self, account: Account) -> None:
        self._customers = account.store.table("messages", str, most=_MOST_MESSAGES)
        self._offered = account.store.table("quick replies", tuple[Choice, ...])

    def add(self, mid: str, customer: str) -> None:
        self._customers.put(mid, customer)

    def has(self, mid: str, customer: str) -> bool:
        return self._customers.get(mid) == customer

    def offer(self, customer: str, choices: Sequence[Choice]) -> None:
        """Show quick replies in place of the former ones."""
        self._offered.put(customer, tuple(choices))

    def tap(self, customer: str, title: str | None) -> Choice | None:
        """Return the quick reply that shows `title`; the app then shows none of them any more."""
        found = next((choice for choice in self._offered.get(customer, ()) if choice.title == title), None)
        if found is not None:
            self._offered.remove(customer)
        return found
