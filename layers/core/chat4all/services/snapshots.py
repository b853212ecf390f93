"""A conversation and its participants as they were read, kept for a few seconds.

A stale conversation does no harm: the write that gives a message its number is conditional on the
conversation's version. A stale identity does little: a message may go to an address that was unlinked
in the last seconds.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from chat4all.domain.errors import NotFound
from chat4all.domain.records import Conversation, User
from chat4all.services.ports import Conversations, Directory

KEEP_S: Final = 10.0
_MOST: Final = 2_000


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
        self._kept: dict[str, tuple[float, Snapshot]] = {}
        self._lock = threading.Lock()

    def recent(self, conversation_id: str) -> Snapshot:
        """As it was at most `KEEP_S` seconds ago; raises NotFound."""
        kept = self._kept.get(conversation_id)
        if kept is not None and self._monotonic() - kept[0] < KEEP_S:
            return kept[1]
        return self.fresh(conversation_id)

    def fresh(self, conversation_id: str) -> Snapshot:
        """As it is now; raises NotFound."""
        conversation = self._conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("There is no such conversation.", code="CONVERSATION_NOT_FOUND")
        users = self._directory.get_many([one.user_id for one in conversation.participants])
        snapshot = Snapshot(conversation, users)
        with self._lock:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[conversation_id] = (self._monotonic(), snapshot)
        return snapshot
