"""The acts of our side on the messages that it sent: what each makes of the stored message.

A message takes the words of an act when `router` handles the act's record: so the edits of a message stand in
the order of the conversation, as the providers get them. It counts as deleted when the first channel has
deleted it.
"""

from msgspec.structs import replace

from chat4all.domain.content import Content, Deleted
from chat4all.domain.message import Edit, Message
from chat4all.domain.versions import within_limit


def edited(message: Message, content: Content, edit_id: str, at: str) -> Message | None:
    """Return the message with new words; None if it has this edit already."""
    if message.edit_id == edit_id:
        return None
    if message.content == content:
        return replace(message, edit_id=edit_id)
    edits = within_limit((*message.edits, Edit(message.content, at)))
    return replace(message, content=content, edits=edits, edit_id=edit_id)


def to_be_deleted(message: Message, deletion_id: str) -> Message | None:
    """Return the message with the act that is to delete it; None if it names the act already."""
    return None if message.deletion_id == deletion_id else replace(message, deletion_id=deletion_id)


def deleted_by_us(message: Message, at: str, *, keep_words: bool) -> Message | None:
    """Return the message as deleted; None if it is deleted already.

    Unless `keep_words`, its words are removed, from its edits, too. Its file stays: it may belong to other
    messages.
    """
    if message.deleted_at is not None:
        return None
    if keep_words:
        return replace(message, deleted_at=at)
    return replace(message, deleted_at=at, content=Deleted(), edits=())
