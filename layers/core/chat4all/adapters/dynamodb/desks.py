"""The desk's attributes of the conversations, in the rows of the conversations, and the lists by them."""

import heapq
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from pynamodb.expressions.condition import Condition

from chat4all.adapters.dynamodb.conversation_rows import (
    ASSIGNEE,
    CONVERSATION,
    ConversationRow,
    activity_name,
    desk_actions,
    same_desk,
)
from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.rows import answering, bind, updated
from chat4all.adapters.dynamodb.table_keys import (
    ACTIVITY_SHARDS,
    SNOOZED,
    due_shards,
    key,
    name_of,
    shards_of,
)
from chat4all.domain.conversation import Conversation
from chat4all.domain.desk import Desk, DeskStatus
from chat4all.domain.pages import TimeCursor

_AWAKE: Final = tuple(status for status in DeskStatus if status is not DeskStatus.SNOOZED)


class DynamoDesks:
    def __init__(self, conversations_table: str) -> None:
        bind(conversations_table, ConversationRow)

    @answering
    def save(self, conversation: Conversation, desk: Desk) -> bool:
        changed = conversation.with_desk(desk)
        row = ConversationRow(key(conversation.conversation_id), CONVERSATION)
        unchanged = (ConversationRow.state == conversation.state.value) & same_desk(conversation.desk)
        return updated(row, list(desk_actions(changed)), unchanged)

    @answering
    def by_activity(
        self, statuses: Collection[DeskStatus], after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        keys = (shard for status in statuses for shard in shards_of(activity_name(status), ACTIVITY_SHARDS))
        upto = _upto(after)
        entries = heapq.merge(*(_listed(shard, upto, limit) for shard in keys), reverse=True)
        return page_of(entries, after, limit)

    @answering
    def of_assignee(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        rows = ConversationRow.by_assignee.query(
            key(ASSIGNEE, user_id), _upto(after), scan_index_forward=False, page_size=limit + 1
        )
        return page_of(_entries(rows), after, limit)

    @answering
    def idle(self, before: str, turn: int, limit: int) -> list[str]:
        found: list[str] = []
        for status in _AWAKE:
            rows = ConversationRow.by_activity.query(
                key(activity_name(status), str(turn % ACTIVITY_SHARDS)),
                ConversationRow.active_at < before,
                limit=limit - len(found),
            )
            found += [name_of(row.partition) for row in rows]
            if len(found) >= limit:
                break
        return found

    @answering
    def sleeping_until(self, at: str, limit: int) -> list[str]:
        due = (
            name_of(row.partition)
            for shard in shards_of(SNOOZED, due_shards(SNOOZED))
            for row in ConversationRow.by_due.query(shard, ConversationRow.due_at <= at, limit=limit)
        )
        return list(islice(due, limit))


def _upto(after: TimeCursor | None) -> Condition | None:
    return ConversationRow.active_at <= after.at if after else None


def _listed(shard: str, upto: Condition | None, limit: int) -> Iterator[TimeIndexEntry]:
    return _entries(
        ConversationRow.by_activity.query(shard, upto, scan_index_forward=False, page_size=limit + 1)
    )


def _entries(rows: Iterable[ConversationRow]) -> Iterator[TimeIndexEntry]:
    return (TimeIndexEntry(str(row.active_at), name_of(row.partition)) for row in rows)
