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


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A quick reply, or a button of a card, as the app shows it; `payload` comes back when it is tapped."""

    title: str
    payload: str
    is_postback: bool = False
    """It is a button of a card, which stays when it is tapped."""


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
        """Return what shows `title`; after a quick reply the app shows none of them any more."""
        offered = self._offered.get(customer, ())
        found = next((choice for choice in offered if title in {choice.title, choice.payload}), None)
        if found is not None and not found.is_postback:
            self._offered.remove(customer)
        return found
