"""Jobs of `relay` at the desk: end snoozes, and archive conversations in which nobody writes."""

from collections import Counter
from datetime import datetime, timedelta

from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.conversation import Conversation, ConversationState
from chat4all.domain.desk import DeskStatus, woken
from chat4all.domain.waiting import BATCH
from chat4all.services.directory.ports import Conversations, Desks


class WakeSnoozed:
    """A job: open the conversations whose snooze is over."""

    def __init__(self, conversations: Conversations, desks: Desks) -> None:
        self._conversations = conversations
        self._desks = desks

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._desks.sleeping_until(iso(now), BATCH)
        awake = [self._wake(conversation, now) for conversation in self._conversations.get_many(due)]
        return Counter(ConversationsWoken=awake.count(True))

    def _wake(self, conversation: Conversation, now: datetime) -> bool:
        desk = woken(conversation.desk, now)
        return desk != conversation.desk and self._desks.save(conversation, desk)


class ArchiveIdle:
    """A job: archive the conversations without a message for `after`; None: never.

    A conversation that sleeps stays. A run looks at a share of the conversations: 16 runs look at all.
    """

    def __init__(self, conversations: Conversations, desks: Desks, after: timedelta | None) -> None:
        self._conversations = conversations
        self._desks = desks
        self._after = after

    def __call__(self, now: datetime) -> Counter[str]:
        if self._after is None:
            return Counter()
        before = iso(now - self._after)
        found = self._desks.idle(before, int(now.timestamp() // 60), BATCH)
        archived = [
            self._archive(conversation, before) for conversation in self._conversations.get_many(found)
        ]
        return Counter(ConversationsArchived=archived.count(True))

    def _archive(self, conversation: Conversation, before: str) -> bool:
        """Archive the conversation, unless it was active or went to sleep meanwhile."""
        is_idle = (
            conversation.state is ConversationState.ACTIVE
            and conversation.desk.status is not DeskStatus.SNOOZED
            and conversation.active_at < before
        )
        desk = replace(conversation.desk, is_idle=True)
        return is_idle and self._conversations.set_state(conversation, ConversationState.ARCHIVED, desk)
