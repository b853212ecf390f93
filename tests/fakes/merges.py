"""Merges of users in memory, over the users, the conversations and the audit trail of the other fakes."""

from contextlib import ExitStack

from chat4all.domain.audit import AuditEntry
from chat4all.domain.conversation import Conversation
from chat4all.domain.errors import CannotMerge
from chat4all.domain.merging import MOST_ONE_TO_ONES, joins, merge_users, unmerge_users, with_joined
from chat4all.domain.person import User
from tests.fakes.audit import MemoryAudit
from tests.fakes.conversations import MemoryConversations
from tests.fakes.directory import MemoryDirectory


class MemoryPeople:
    def __init__(
        self, directory: MemoryDirectory, conversations: MemoryConversations, audit: MemoryAudit
    ) -> None:
        self._directory = directory
        self._conversations = conversations
        self._audit = audit

    def merge(self, kept: User, merged: User, at: str, entry: AuditEntry) -> bool:
        with self._locked():
            after, gone = merge_users(kept, merged, at)
            if not self._directory.are(kept, merged):
                return False
            own, theirs = (self._conversations.turns(user.user_id) for user in (kept, merged))
            if len(theirs) > MOST_ONE_TO_ONES:
                raise CannotMerge("There are too many 1:1 conversations.")
            joined = joins(
                merged, self._active(theirs), self._active(own), self._conversations.agents([*own, *theirs])
            )
            self._directory.replace(after, with_joined(gone, joined), merged.identities, kept.user_id)
            self._conversations.merge(kept.user_id, merged.user_id, joined)
            self._audit.record(entry)
            return True

    def unmerge(self, kept: User, merged: User, entry: AuditEntry) -> bool:
        with self._locked():
            after, back = unmerge_users(kept, merged)
            if not self._directory.are(kept, merged):
                return False
            assert merged.merge is not None
            moving = [
                conversation.conversation_id
                for conversation in self._active(self._conversations.turns(kept.user_id))
                if _is_of(conversation, merged) and not _is_of(conversation, after)
            ]
            if len(moving) + len(merged.merge.joined) > MOST_ONE_TO_ONES:
                raise CannotMerge("There are too many 1:1 conversations.")
            self._directory.replace(after, back, back.identities, merged.user_id)
            self._conversations.unmerge(kept.user_id, merged.user_id, moving, merged.merge.joined)
            self._audit.record(entry)
            return True

    def _active(self, conversation_ids: list[str]) -> list[Conversation]:
        by_id = {
            conversation.conversation_id: conversation
            for conversation in self._conversations.get_many(conversation_ids)
        }
        return [by_id[conversation_id] for conversation_id in conversation_ids]

    def _locked(self) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(self._directory.lock)
        stack.enter_context(self._conversations.lock)
        return stack


def _is_of(conversation: Conversation, user: User) -> bool:
    return any(conversation.has(user_id) for user_id in user.ids)
