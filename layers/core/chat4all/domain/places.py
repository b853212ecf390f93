"""The conversations that a person's message may go to when it quotes no other message."""

from typing import Final

import msgspec

from chat4all.domain.conversation import Origin

_THREAD: Final = "#thread#"


class Places(msgspec.Struct, frozen=True):
    """The conversations that a person's message may go to, stored with the person.

    `one_to_one` is the person's active 1:1 conversation: of several, the conversation that began, was
    reactivated or had a message last. `wrote` maps a `place_key` to the conversation that the person last
    wrote in, and `latest` is the `writing` that was recorded last. `version` rises with every change of the
    person's 1:1 conversations.
    """

    one_to_one: str | None = None
    wrote: dict[str, str] = {}
    version: int = 0
    latest: str | None = None
    merged_into: str | None = None
    """The user whose places count, since the person was merged into that user."""

    @property
    def of_threads(self) -> frozenset[str]:
        """The conversations of the threads that were written in."""
        return frozenset(place for key, place in self.wrote.items() if _THREAD in key)

    def last_written(self, origin: Origin) -> str | None:
        """Return the conversation that the person last wrote in from there, archived or not."""
        return self.wrote.get(place_key(origin))


def place_key(origin: Origin) -> str:
    """Return the key of a channel account, and of a thread in a group's chat."""
    thread = f"{_THREAD}{origin.thread}" if origin.thread is not None else ""
    return f"{origin.channel}#{origin.account}{thread}"


def writing(origin: Origin, conversation_id: str) -> str:
    """Return a text that is the same as long as the person writes from there in this conversation."""
    return f"{conversation_id} {place_key(origin)} {origin.address}"
