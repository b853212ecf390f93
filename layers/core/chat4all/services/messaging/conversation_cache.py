"""A cache, in memory, of conversations and their users.

A stale conversation does little harm: `router` reads the conversation again, chooses the recipients anew if
the conversation changed, and fails the message if its sender may no longer write there. A stale user may do
harm: for `KEEP_S` seconds, a message may go to an address that was unlinked meanwhile.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from chat4all.domain.conversation import Conversation
from chat4all.domain.errors import Conflict, Forbidden, NotPossible
from chat4all.domain.person import User
from chat4all.domain.snapshot import Snapshot
from chat4all.services.directory.known import known_conversation
from chat4all.services.directory.merged_users import known_users
from chat4all.services.directory.ports import Conversations, Directory

T = TypeVar("T")

KEEP_S: Final = 60.0
CONVERSATION_KEEP_S: Final = 10.0
"""For so long, a message of a sender who was removed may be accepted; then it becomes FAILED."""
_MOST: Final = 5_000


class ConversationCache:
    def __init__(
        self,
        conversations: Conversations,
        directory: Directory,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._conversations = conversations
        self._directory = directory
        self._monotonic = monotonic
        self._conversations_read: _Kept[tuple[float, Conversation]] = _Kept()
        self._users_read: _Kept[tuple[float, User]] = _Kept()

    def recent(self, conversation_id: str) -> Snapshot:
        """Return the conversation as it was at most `CONVERSATION_KEEP_S` seconds ago, and its users.

        The users are as they were at most `KEEP_S` seconds ago.

        Raises:
            NotFound: no such conversation.
        """
        known = self._conversations_read.get(conversation_id)
        if known is not None and known[0] > self._monotonic() - CONVERSATION_KEEP_S:
            conversation = known[1]
        else:
            conversation = self._read(conversation_id)
        return self.with_users(conversation)

    def with_users(self, conversation: Conversation) -> Snapshot:
        """Return the conversation with its users as they were at most `KEEP_S` seconds ago."""
        user_ids = _user_ids(conversation)
        oldest = self._monotonic() - KEEP_S
        kept = {
            user_id: entry for user_id in user_ids if (entry := self._users_read.get(user_id)) is not None
        }
        users = {user_id: user for user_id, (at, user) in kept.items() if at > oldest}
        missing = [user_id for user_id in user_ids if user_id not in users]
        return Snapshot(conversation, {**users, **self._read_users(missing)} if missing else users)

    def judged(self, conversation_id: str, judge: Callable[[Snapshot], T]) -> T:
        """Return what `judge` finds in the conversation as it was lately, or else as it is now.

        A refusal may come from what was read a while ago, so that it is judged again.

        Raises:
            NotFound: no such conversation.
            Forbidden, Conflict, NotPossible: `judge` refuses the conversation as it is now.
        """
        try:
            return judge(self.recent(conversation_id))
        except (Forbidden, Conflict, NotPossible):
            return judge(self.fresh(conversation_id))

    def fresh(self, conversation_id: str) -> Snapshot:
        """Return the conversation and its users as they are now; raises NotFound."""
        return self.with_fresh_users(self._read(conversation_id))

    def with_fresh_users(self, conversation: Conversation) -> Snapshot:
        """Return the conversation with its users as they are now."""
        return Snapshot(conversation, self._read_users(_user_ids(conversation)))

    def fresh_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        """Return the users as they are now, by id."""
        return self._read_users(user_ids)

    def _read(self, conversation_id: str) -> Conversation:
        conversation = known_conversation(self._conversations, conversation_id)
        self._conversations_read.put(conversation_id, (self._monotonic(), conversation))
        return conversation

    def _read_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        users = known_users(self._directory, user_ids)
        for user_id, user in users.items():
            self._users_read.put(user_id, (self._monotonic(), user))
        return users


def _user_ids(conversation: Conversation) -> list[str]:
    return [participant.user_id for participant in conversation.participants]


class _Kept(Generic[T]):
    """A cache of at most `_MOST` entries, emptied when it is full. The threads of a batch share it."""

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
