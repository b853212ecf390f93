"""Conversations and users as they were read, kept in memory.

A stale conversation does no harm: the write that gives a message its number is conditional on the
conversation's version, so that it is kept as long as there is room. A stale identity does little: for
`KEEP_S` seconds a message may go to an address that was unlinked since.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from chat4all.domain.errors import ConversationNotFound
from chat4all.domain.records import Conversation, User
from chat4all.services.directory.ports import Conversations, Directory

T = TypeVar("T")

KEEP_S: Final = 60.0
_MOST: Final = 5_000


class Snapshot(msgspec.Struct, frozen=True):
    conversation: Conversation
    users: dict[str, User]
    """The participants, by id."""


class Snapshots:
    def __init__(
        self,
        conversations: Conversations,
        directory: Directory,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conversations = conversations
        self._directory = directory
        self._monotonic = monotonic
        self._known: _Kept[Conversation] = _Kept()
        self._users: _Kept[tuple[float, User]] = _Kept()

    def recent(self, conversation_id: str) -> Snapshot:
        """The conversation as it was once, its users as at most `KEEP_S` seconds ago; raises NotFound."""
        conversation = self._known.get(conversation_id) or self._read(conversation_id)
        user_ids = [one.user_id for one in conversation.participants]
        oldest = self._monotonic() - KEEP_S
        kept = {user_id: entry for user_id in user_ids if (entry := self._users.get(user_id)) is not None}
        users = {user_id: user for user_id, (at, user) in kept.items() if at > oldest}
        missing = [user_id for user_id in user_ids if user_id not in users]
        return Snapshot(conversation, {**users, **self._read_users(missing)} if missing else users)

    def fresh(self, conversation_id: str) -> Snapshot:
        """As it is now; raises NotFound."""
        conversation = self._read(conversation_id)
        return Snapshot(conversation, self._read_users([one.user_id for one in conversation.participants]))

    def _read(self, conversation_id: str) -> Conversation:
        conversation = self._conversations.get(conversation_id)
        if conversation is None:
            raise ConversationNotFound("There is no such conversation.")
        self._known.put(conversation_id, conversation)
        return conversation

    def _read_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        users = self._directory.get_many(user_ids)
        for user_id, user in users.items():
            self._users.put(user_id, (self._monotonic(), user))
        return users


class _Kept(Generic[T]):
    """At most `_MOST` entries; a full one begins anew. Shared by the threads of a batch."""

    def __init__(self) -> None:
        self._entries: dict[str, T] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> T | None:
        return self._entries.get(key)

    def put(self, key: str, entry: T) -> None:
        with self._lock:
            if len(self._entries) >= _MOST:
                self._entries.clear()
            self._entries[key] = entry
