"""The messages of the chats: what a reaction names, and whose button a person taps.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/:
`messages/reaction-messages` (a message of the chat, no reaction, at most 30 days old, else 131009),
`webhooks/reference/messages/{reaction,interactive}`
"""

from typing import Final

import msgspec

from chat4all_local.simulators.control_api import JsonObject
from chat4all_local.simulators.provider import ControlError
from chat4all_local.simulators.store import Store
from chat4all_local.simulators.whatsapp.kinds import ButtonMessage, CarouselMessage, Interactive, Row

_KEPT: Final = 10_000
_REACTION_S: Final = 30 * 24 * 3600


class Choice(msgspec.Struct, frozen=True):
    """A button or a row that a person can tap."""

    kind: str
    id: str
    title: str
    description: str | None = None

    def reply(self) -> JsonObject:
        """Return the object `interactive` of the tap."""
        chosen: JsonObject = {"id": self.id, "title": self.title}
        if self.description is not None:
            chosen["description"] = self.description
        return {"type": self.kind, self.kind: chosen}


class ChatMessage(msgspec.Struct, frozen=True):
    """A message in the chat with `address`, a person or a group."""

    address: str
    at: float
    is_ours: bool
    is_reaction: bool = False
    choices: tuple[Choice, ...] = ()


class Chats:
    """The last messages of all chats, by their ids."""

    def __init__(self, store: Store) -> None:
        self._messages = store.table("messages", ChatMessage, _KEPT)

    def add(self, wamid: str, message: ChatMessage) -> None:
        self._messages.put(wamid, message)

    def takes_reaction(self, wamid: str, address: str, at: float) -> bool:
        """Return whether the chat has the message, and a reaction to it is possible."""
        message = self._messages.get(wamid)
        return (
            message is not None
            and message.address == address
            and not message.is_reaction
            and at - message.at <= _REACTION_S
        )

    def check_reaction(self, wamid: str | None, address: str, at: float) -> str:
        """Return the message to which a person reacts. Raises ControlError if it is none of ours there."""
        message = self._messages.get(wamid or "")
        if wamid is None or message is None or not message.is_ours:
            raise ControlError(f"`quoted` must be a message of ours, not {wamid!r}")
        if not self.takes_reaction(wamid, address, at):
            raise ControlError(f"{address} cannot react to {wamid}")
        return wamid

    def tapped(self, wamid: str | None, address: str, words: str | None) -> Choice:
        """Return the button or row of a message with these words or this id. Raises ControlError."""
        message = self._messages.get(wamid or "")
        if message is None or message.address != address or not message.choices:
            raise ControlError(f"`quoted` must be a message of ours with buttons, not {wamid!r}")
        found = next((choice for choice in message.choices if words in {choice.title, choice.id}), None)
        if found is None:
            raise ControlError(f"{wamid} has no button or row {words!r}")
        return found


def choices_of(interactive: Interactive) -> tuple[Choice, ...]:
    if isinstance(interactive, ButtonMessage):
        replies = (button.reply for button in interactive.action.buttons)
        return tuple(Choice("button_reply", reply.id, reply.title) for reply in replies)
    if isinstance(interactive, CarouselMessage):
        of_cards = (button.quick_reply for card in interactive.action.cards for button in card.action.buttons)
        return tuple(Choice("button_reply", reply.id, reply.title) for reply in of_cards)
    rows: list[Row] = [row for section in interactive.action.sections for row in section.rows]
    return tuple(Choice("list_reply", row.id, row.title, row.description) for row in rows)
