"""Erase the variables of the person in the batches: the words that were for this recipient alone."""

from typing import Final

import msgspec

from chat4all.domain.batches import Chunk
from chat4all.domain.erasing import Erasure, counted, is_whole, without_variables
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.services.batches.ports import Batches
from chat4all.services.directory.ports import Conversations
from chat4all.services.privacy.ports import BatchRecipients

_CHUNKS: Final = 10
"""The chunks of a page, of up to 100 recipients each."""


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """The batch, its place among all batches, and the number of the chunk."""

    after: TimeCursor | None = None
    batch_id: str | None = None
    chunk: int = 0


class EraseBatches:
    def __init__(self, batches: Batches, recipients: BatchRecipients, conversations: Conversations) -> None:
        self._batches = batches
        self._recipients = recipients
        self._conversations = conversations

    def __call__(self, erasure: Erasure, cursor: str) -> tuple[Erasure, str | None]:
        at = decode_cursor(cursor, _Cursor) if cursor else _Cursor()
        if at.batch_id is None:
            following = next(iter(self._batches.latest(at.after, 1)), None)
            if following is None:
                return erasure, None
            at = _Cursor(*following)
        else:
            chunks = self._batches.chunks(at.batch_id, at.chunk, _CHUNKS)
            erased = sum(self._erase(erasure, at.batch_id, chunk) for chunk in chunks)
            erasure = counted(erasure, {"recipients": erased})
            is_over = len(chunks) < _CHUNKS
            at = _Cursor(at.after) if is_over else _Cursor(at.after, at.batch_id, at.chunk + _CHUNKS)
        return erasure, encode_cursor(at)

    def _erase(self, erasure: Erasure, batch_id: str, chunk: Chunk) -> int:
        theirs = {*erasure.user_ids, *self._conversations_of(erasure, chunk)}
        after = without_variables(chunk.recipients, theirs)
        changed = sum(one != other for one, other in zip(chunk.recipients, after, strict=True))
        if changed:
            self._recipients.replace_recipients(batch_id, chunk.number, after)
        return changed

    def _conversations_of(self, erasure: Erasure, chunk: Chunk) -> set[str]:
        """Return those conversations of the chunk with words for one recipient that are the person's own."""
        named = [
            recipient.conversation_id
            for recipient in chunk.recipients
            if recipient.conversation_id is not None and recipient.variables
        ]
        found = self._conversations.get_many(named) if named else []
        return {
            conversation.conversation_id
            for conversation in found
            if is_whole(conversation) and any(map(conversation.has, erasure.user_ids))
        }
