"""The grammar of a channel: the parts of its provider's webhooks, and the webhook around them."""

from importlib import import_module
from typing import Final, Protocol, cast

import msgspec

from tests.webhooks.drawing import Draw, Json


class Part(msgspec.Struct, frozen=True):
    """A part of a webhook, such as a message, an edit or a status.

    `place` names the part of the webhook that lists it. `message` is the number of the message that the part
    is about. `removes`: the part deletes the message, so that its marks may be gone. No mutation changes the
    field `sealed`, in which the provider repeats what we said.
    """

    place: str
    json: Json
    message: int
    removes: bool = False
    sealed: str | None = None


class Grammar(Protocol):
    """The shapes of a provider's webhooks. Later parts quote, edit and delete earlier messages."""

    is_form: bool
    """A webhook is a form with one part, instead of JSON."""

    def part(self) -> Part:
        """Return the next part."""
        ...

    def webhook(self, parts: list[Part]) -> Json:
        """Return a webhook with the parts."""
        ...


class Known(msgspec.Struct, frozen=True):
    """A message that the grammar made, as later parts name it."""

    message: int
    provider_id: Json
    chat: Json
    at: int


MOST_PEOPLE: Final = 8


def grammar_of(channel: str, draw: Draw) -> Grammar:
    """Return the grammar in the module of this package that has the channel's name."""
    return cast("Grammar", import_module(f"tests.webhooks.{channel}").GRAMMAR(draw))
