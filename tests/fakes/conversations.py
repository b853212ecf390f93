"""Conversations in memory."""

import threading
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from chat4all.domain.pages import TimeCursor
from chat4all.domain.records import Conversation, ConversationState, Participant
from chat4all.services.ports import ConversationChanged, Sequenced


class MemoryConversations:
    def __init__(self) -> None:
        self._by_id: dict[str, Conversation] = {}
        self._lock = threading.RLock()

    def create(self, conversation: Conversation) -> None:
        with self._lock:
            self._by_id.setdefault(conversation.conversation_id, conversation)

    def get(self, conversation_id: str) -> Conversation | None:
        return self._by_id.get(conversation_id)

    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        found = (self._by_id.get(conversation_id) for conversation_id in dict.fromkeys(conversation_ids))
        return [one for one in found if one is not None]

    def next_sequence(self, conversation_id: str, version: int, at: str) -> Sequenced | ConversationChanged:
        with self._lock:
            one = self._by_id.get(conversation_id)
            if one is None or one.version != version:
                return ConversationChanged()
            counted = replace(
                one, sequence=one.sequence + 1, message_count=one.message_count + 1, last_activity_at=at
            )
            self._by_id[conversation_id] = counted
            return Sequenced(counted.sequence)

    def uncount(self, conversation_id: str) -> None:
        with self._lock:
            one = self._by_id[conversation_id]
            self._by_id[conversation_id] = replace(one, message_count=one.message_count - 1)

    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        return self._change(conversation, participants=(*conversation.participants, participant))

    def remove_participant(self, conversation: Conversation, user_id: str) -> bool:
        staying = tuple(one for one in conversation.participants if one.user_id != user_id)
        assert len(staying) == len(conversation.participants) - 1, f"{user_id} is no participant"
        return self._change(conversation, participants=staying)

    def set_state(self, conversation: Conversation, state: ConversationState) -> bool:
        return self._change(conversation, state=state)

    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        joined = (
            (participant.joined_at, one.conversation_id)
            for one in self._by_id.values()
            for participant in one.participants
            if participant.user_id == user_id
        )
        return newest_first(joined, after, limit)

    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        created = ((one.created_at, one.conversation_id) for one in self._by_id.values())
        return newest_first(created, after, limit)

    def _change(
        self,
        read: Conversation,
        *,
        participants: tuple[Participant, ...] | None = None,
        state: ConversationState | None = None,
    ) -> bool:
        with self._lock:
            one = self._by_id.get(read.conversation_id)
            if one is None or one.version != read.version:
                return False
            self._by_id[read.conversation_id] = replace(
                one,
                participants=participants or one.participants,
                state=state or one.state,
                version=one.version + 1,
            )
            return True


def newest_first(
    entries: Iterable[tuple[str, str]], after: TimeCursor | None, limit: int
) -> list[tuple[TimeCursor, str]]:
    """A page of (time, id) past `after`, as every list ordered by time has them."""
    assert limit > 0
    ordered = sorted(entries, reverse=True)
    past = [one for one in ordered if after is None or one < (after.at, after.item_id)]
    return [(TimeCursor(at, item_id), item_id) for at, item_id in past[:limit]]
