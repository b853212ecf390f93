"""Notes of the desk on a conversation, which no customer sees."""

from typing import Final

import msgspec

_WITHOUT_SIGNS: Final = str.maketrans("", "", "-:.")


def time_of_id(at: str) -> str:
    """Return the begin of the ids of notes of a time, ISO 8601 UTC: a path would have to encode its signs."""
    return at.translate(_WITHOUT_SIGNS)


class Note(msgspec.Struct, frozen=True):
    """A note of an agent or a bot; times are ISO 8601 UTC. `note_id` sorts the notes by their time."""

    note_id: str
    conversation_id: str
    author_id: str
    text: str
    created_at: str
    edited_at: str | None = None
