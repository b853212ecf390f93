"""Messages: added once, only moved forward, and found by conversation, sender, status or provider's id."""

import heapq
from collections.abc import Iterator, Sequence
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.message_rows import (
    MESSAGE,
    STATUS_SHARDS,
    DeliveryRow,
    DueRow,
    MessageRow,
    ProviderRow,
    dead_keys,
    delivery_again,
    delivery_record,
    due_keys,
    due_shard,
    history_line,
    message_of,
    provider_key,
    status_shard,
)
from chat4all.adapters.dynamodb.rows import answering, bind, committed, connection_of, saved, updated
from chat4all.domain.content import reworded
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.message import Edit, Message, is_latest, with_edit
from chat4all.domain.pages import TimeCursor, TimeOrder
from chat4all.domain.status import Status, predecessors
from chat4all.domain.waiting import DueMessage
from chat4all.services.messaging.ports import MessageQuery


class DynamoMessages:
    def __init__(self, table_name: str) -> None:
        bind(table_name, MessageRow, DeliveryRow, DueRow, ProviderRow)

    @answering
    def add(self, message: Message, due_at: str | None) -> bool:
        row = _row(message)
        if due_at is not None:
            row.due_shard, row.due_at = due_shard(MESSAGE, message.message_id), due_at
        return saved(row, MessageRow.message_id.does_not_exist())

    @answering
    def get(self, message_id: str) -> Message | None:
        row = _find(message_id)
        return message_of(row) if row else None

    @answering
    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        keys = [(message_id, MESSAGE) for message_id in dict.fromkeys(message_ids)]
        return [message_of(row) for row in MessageRow.batch_get(keys)] if keys else []

    @answering
    def mark_routed(self, message_id: str, due_at: str) -> None:
        row = MessageRow(message_id, MESSAGE)
        actions = [
            MessageRow.routed.set(True),
            MessageRow.due_shard.set(due_shard(MESSAGE, message_id)),
            MessageRow.due_at.set(due_at),
        ]
        still = (MessageRow.status == Status.PENDING.value) | MessageRow.due_at.exists()
        updated(row, actions, still)

    @answering
    def is_unrouted(self, message_id: str) -> bool:
        row = _find(message_id)
        return row is not None and bool(row.due_at) and not row.routed

    @answering
    def due(self, now: str, limit: int) -> list[DueMessage]:
        keys = due_keys(MESSAGE, now, limit)
        if not keys:
            return []
        rows = MessageRow.batch_get(keys, consistent_read=True)
        still = [DueMessage(message_of(row), row.due_at, bool(row.routed)) for row in rows if row.due_at]
        return sorted(still, key=lambda due: (due.message.conversation_id, due.message.sequence))

    @answering
    def postpone(self, due: DueMessage, due_at: str) -> bool:
        row = MessageRow(due.message.message_id, MESSAGE)
        return updated(row, [MessageRow.due_at.set(due_at)], MessageRow.due_at == due.due_at)

    @answering
    def settle(self, due: DueMessage) -> None:
        row = MessageRow(due.message.message_id, MESSAGE)
        updated(row, _NOT_DUE, MessageRow.due_at == due.due_at)

    @answering
    def advance(
        self,
        message_id: str,
        status: Status,
        at: str,
        round_: int,
        *,
        settled: bool,
        code: str | None = None,
        reason: str | None = None,
    ) -> bool:
        actions = _forward(message_id, status, at)
        if settled:
            actions += _NOT_DUE
        if code is not None:
            actions += [MessageRow.error_code.set(code), MessageRow.error_reason.set(reason or "")]
        before = [earlier.value for earlier in predecessors(status)]
        forward = MessageRow.status.is_in(*before) & _in_round(round_)
        return bool(before) and updated(MessageRow(message_id, MESSAGE), actions, forward)

    @answering
    def give_up(self, message_id: str, at: str, code: str, reason: str) -> bool:
        row = _find(message_id)
        if row is None:
            return False
        listed = dead_keys(row.conversation_id, int(row.sequence))
        actions = [
            *_forward(message_id, Status.FAILED, at),
            *_NOT_DUE,
            MessageRow.error_code.set(code),
            MessageRow.error_reason.set(reason),
            MessageRow.dead_shard.set(listed.shard),
            MessageRow.dead_order.set(listed.order),
        ]
        before = [earlier.value for earlier in predecessors(Status.FAILED)]
        return updated(row, actions, MessageRow.status.is_in(*before))

    @answering
    def redrive(self, message: Message, parts: Sequence[DeliveryPart], at: str, due_at: str) -> int | None:
        # A message without delivery parts was never on its way: it gets no status of an earlier round.
        round_ = message.round + 1 if parts else message.round
        transaction = TransactWrite(connection=connection_of(MessageRow))
        transaction.update(
            MessageRow(message.message_id, MESSAGE),
            actions=[*_again(message, at), *_due(message.message_id, due_at), *_rounds(round_)],
            condition=(MessageRow.status == message.status.value) & _in_round(message.round),
        )
        for part in parts:
            transaction.update(
                DeliveryRow(part.message_id, delivery_record(part.delivery_id)),
                actions=delivery_again(at, round_),
                condition=DeliveryRow.status == Status.FAILED.value,
            )
        return round_ if committed(transaction) else None

    @answering
    def edit(self, message_id: str, text: str, at: str) -> bool:
        row = _find(message_id)
        if row is None:
            return False
        content = reworded(row.content, text)
        if not is_latest(row.edits or (), row.content, content, at):
            return False
        edits = with_edit(row.edits or (), Edit(row.content, at))
        actions = [MessageRow.content.set(content), MessageRow.edits.set(edits)]
        return updated(MessageRow(message_id, MESSAGE), actions, MessageRow.content == row.content)

    @answering
    def history(self, conversation_id: str, after: int, before: int | None, limit: int) -> list[Message]:
        span = (
            MessageRow.sequence > after
            if before is None
            else MessageRow.sequence.between(after + 1, before - 1)
        )
        if before is not None and before - 1 < after + 1:
            return []
        rows = MessageRow.by_conversation.query(
            conversation_id, span, scan_index_forward=False, limit=limit, page_size=limit
        )
        return [message_of(row) for row in rows]

    @answering
    def search(
        self, query: MessageQuery, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        entries: Iterator[TimeIndexEntry]
        order = query.order
        if query.status is not None:
            shards = (f"{query.status.value}#{number}" for number in range(STATUS_SHARDS))
            by_shard = [_by_status(shard, after, limit, order) for shard in shards]
            entries = heapq.merge(
                *by_shard, key=lambda entry: entry.at, reverse=order is TimeOrder.NEWEST_FIRST
            )
        else:
            entries = _by_sender(query.sender_id or "", after, limit, order)
        return page_of(entries, after, limit, order)

    @answering
    def find(self, channel: str, account: str, provider_message_id: str) -> Message | None:
        key = provider_key(channel, account, provider_message_id)
        found = next(iter(ProviderRow.by_provider_message.query(key, limit=1)), None)
        return self.get(found.message_id) if found else None


def _find(message_id: str) -> MessageRow | None:
    try:
        return MessageRow.get(message_id, MESSAGE, consistent_read=True)
    except MessageRow.DoesNotExist:
        return None


def _span(after: TimeCursor | None, order: TimeOrder) -> Condition | None:
    if after is None:
        return None
    if order is TimeOrder.OLDEST_FIRST:
        return MessageRow.accepted_at >= after.at
    return MessageRow.accepted_at <= after.at


def _by_status(
    shard_key: str, after: TimeCursor | None, limit: int, order: TimeOrder
) -> Iterator[TimeIndexEntry]:
    span = _span(after, order)
    rows = MessageRow.by_status.query(
        shard_key, span, scan_index_forward=order is TimeOrder.OLDEST_FIRST, page_size=limit + 1
    )
    return (TimeIndexEntry(row.accepted_at, row.message_id) for row in rows)


def _by_sender(
    sender_id: str, after: TimeCursor | None, limit: int, order: TimeOrder
) -> Iterator[TimeIndexEntry]:
    span = _span(after, order)
    rows = MessageRow.by_sender.query(
        sender_id, span, scan_index_forward=order is TimeOrder.OLDEST_FIRST, page_size=limit + 1
    )
    return (TimeIndexEntry(row.accepted_at, row.message_id) for row in rows)


_NOT_DUE: Final[list[Action]] = [MessageRow.due_shard.remove(), MessageRow.due_at.remove()]


def _due(message_id: str, due_at: str) -> list[Action]:
    return [
        MessageRow.routed.remove(),
        MessageRow.due_shard.set(due_shard(MESSAGE, message_id)),
        MessageRow.due_at.set(due_at),
    ]


def _rounds(round_: int) -> list[Action]:
    return [MessageRow.round.set(round_)] if round_ else []


def _in_round(round_: int) -> Condition:
    return MessageRow.round == round_ if round_ else MessageRow.round.does_not_exist()


def _forward(message_id: str, status: Status, at: str) -> list[Action]:
    return [
        MessageRow.status.set(status.value),
        MessageRow.status_shard.set(status_shard(status, message_id)),
        MessageRow.status_history.set(MessageRow.status_history.append([history_line(status, at)])),
    ]


def _again(message: Message, at: str) -> list[Action]:
    """Make a FAILED message PENDING again; any other message has reached a recipient and stays as it is."""
    if message.status is not Status.FAILED:
        return []
    return [
        *_forward(message.message_id, Status.PENDING, at),
        *(attribute.remove() for attribute in (MessageRow.error_code, MessageRow.error_reason)),
        *(attribute.remove() for attribute in (MessageRow.dead_shard, MessageRow.dead_order)),
    ]


def _row(message: Message) -> MessageRow:
    row = MessageRow(
        message.message_id,
        MESSAGE,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        sender_id=message.sender_id,
        content=message.content,
        status=message.status.value,
        status_shard=status_shard(message.status, message.message_id),
        status_history=[history_line(change.status, change.at) for change in message.status_history],
        accepted_at=message.accepted_at,
        fingerprint=message.fingerprint,
        channel=message.channel,
        account=message.account,
        reply_to=message.reply_to,
        metadata=message.metadata or None,
        channels=message.channels or None,
        delivery_timeout_s=message.delivery_timeout_s or None,
    )
    if (
        message.channel is not None
        and message.account is not None
        and message.provider_message_id is not None
    ):
        row.provider_message_id = message.provider_message_id
        row.provider_key = provider_key(message.channel, message.account, message.provider_message_id)
    return row
