"""List conversations: filters combine, in the order of their begin or of their last activity.

The filters are judged on the rows, and not on an index, so that no entry is out of date. A request looks at
`MOST_LOOKED_AT` conversations and answers a short page if few of them match: the cursor leads on.
"""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Final

import msgspec

from chat4all.domain.conversation import Conversation, ConversationState
from chat4all.domain.desk import DeskQuery, DeskStatus
from chat4all.domain.pages import Page, TimeCursor, decode_cursor, encode_cursor, merged_entries
from chat4all.services.directory.merged_users import known_user
from chat4all.services.directory.ports import Conversations, Desks, Directory

MOST_LOOKED_AT: Final = 500
_AT_ONCE: Final = 100

_Read = Callable[[TimeCursor | None, int], list[tuple[TimeCursor, str]]]


class ConversationOrder(StrEnum):
    """CREATED: the latest created first; of a user, the latest joined first. ACTIVE: the latest active."""

    CREATED = "created_at"
    ACTIVE = "active_at"


class ConversationQuery(msgspec.Struct, frozen=True):
    """What to list. In the order of the last activity there are only active conversations.

    The conversations of a user are those of all users who are the same person.
    """

    user_id: str | None = None
    order: ConversationOrder = ConversationOrder.CREATED
    desk: DeskQuery = DeskQuery()

    @property
    def is_by_activity(self) -> bool:
        return self.order is ConversationOrder.ACTIVE

    def matches(self, conversation: Conversation, members: Collection[str]) -> bool:
        """Return whether the conversation is of one of `members`, if there are any, and as wanted."""
        return (
            (not members or any(map(conversation.has, members)))
            and (not self.is_by_activity or conversation.state is ConversationState.ACTIVE)
            and self.desk.matches(conversation.desk)
        )


class ListConversations:
    def __init__(self, conversations: Conversations, desks: Desks, directory: Directory) -> None:
        self._conversations = conversations
        self._desks = desks
        self._directory = directory

    def __call__(self, query: ConversationQuery, cursor: str | None, limit: int) -> Page[Conversation]:
        """Return a page; raises Invalid if the cursor is not valid."""
        after = decode_cursor(cursor, TimeCursor) if cursor is not None else None
        members = self._members(query)
        if query.is_by_activity and members and query.desk.assignee is None:
            return self._active_of_user(query, members, after, limit)
        read, shown = self._reader(query, members), list[Conversation]()
        at_once = _AT_ONCE if query.desk != DeskQuery() else limit + 1
        for _ in range(MOST_LOOKED_AT // _AT_ONCE):
            found = read(after, at_once)
            known = self._known(found)
            for position, conversation_id in found:
                conversation = known.get(conversation_id)
                if conversation is None or not query.matches(conversation, members):
                    after = position
                    continue
                if len(shown) == limit:
                    return Page(tuple(shown), encode_cursor(after) if after else None)
                shown.append(conversation)
                after = position
            if len(found) < at_once:
                return Page(tuple(shown), None)
        return Page(tuple(shown), encode_cursor(after) if after else None)

    def _members(self, query: ConversationQuery) -> tuple[str, ...]:
        """Return the ids of all users who are the person whose conversations are wanted; () for any."""
        if query.user_id is None:
            return ()
        user = known_user(self._directory, query.user_id)
        return tuple(dict.fromkeys(user.ids)) if user is not None else (query.user_id,)

    def _of_members(
        self, members: Collection[str], after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        lists = (self._conversations.of_user(user_id, after, limit) for user_id in members)
        return merged_entries(lists, limit)

    def _reader(self, query: ConversationQuery, members: Collection[str]) -> _Read:
        """Return the list to read: the shortest one that holds every match."""
        if query.is_by_activity and query.desk.assignee is not None:
            assignee = query.desk.assignee
            return lambda after, limit: self._desks.of_assignee(assignee, after, limit)
        if query.is_by_activity:
            statuses = (query.desk.status,) if query.desk.status is not None else tuple(DeskStatus)
            return lambda after, limit: self._desks.by_activity(statuses, after, limit)
        if members:
            return lambda after, limit: self._of_members(members, after, limit)
        return self._conversations.latest

    def _active_of_user(
        self, query: ConversationQuery, members: Collection[str], after: TimeCursor | None, limit: int
    ) -> Page[Conversation]:
        """Return a page of the conversations that the user joined last, in the order of their activity."""
        known = self._known(self._of_members(members, None, MOST_LOOKED_AT))
        entries = sorted(
            ((conversation.active_at, conversation_id) for conversation_id, conversation in known.items()),
            reverse=True,
        )
        matching = [
            entry
            for entry in entries
            if (after is None or entry < (after.at, after.item_id))
            and query.matches(known[entry[1]], members)
        ]
        shown = tuple(known[conversation_id] for _, conversation_id in matching[:limit])
        more = len(matching) > limit
        return Page(shown, encode_cursor(TimeCursor(*matching[limit - 1])) if more else None)

    def _known(self, found: list[tuple[TimeCursor, str]]) -> dict[str, Conversation]:
        ids = [conversation_id for _, conversation_id in found]
        return {known.conversation_id: known for known in self._conversations.get_many(ids)}
