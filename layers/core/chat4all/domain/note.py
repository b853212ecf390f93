"""Notes of the desk on a conversation, which no customer sees."""

import msgspec


class Note(msgspec.Struct, frozen=True):
    """A note of an agent or a bot; times are ISO 8601 UTC. `note_id` sorts the notes by their time."""

    note_id: str
    conversation_id: str
    author_id: str
    text: str
    created_at: str
    edited_at: str | None = None
