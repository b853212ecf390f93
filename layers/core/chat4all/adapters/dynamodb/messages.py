"""Messages and their states: found by conversation, sender, status or provider's id."""

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace
from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chat4all.adapters.dynamodb.listing import TimeIndexEntry, page_of
from chat4all.adapters.dynamodb.message_rows import (
    IN_ALBUM,
    MESSAGE,
    PARKED_DELETION,
    STATE,
    AlbumItemRow,
    DeliveryRow,
    DueRow,
    MessageRow,
    ParkedDeletionRow,
    ProviderRow,
    StateRow,
    dead_keys,
    delivery_again,
    delivery_record,
    due_keys,
    history_line,
    message_of,
    provider_row,
    sent_order,
)
from chat4all.adapters.dynamodb.rows import answering, as_read, bind, committed, connection_of, saved, updated
from chat4all.adapters.dynamodb.table_keys import (
    ENDED,
    LISTING_SHARDS,
    REDRIVEN,
    SCHEDULED,
    SENDER_SHARDS,
    due_key,
    due_shards,
    key,
    listing_key,
    name_of,
    notices_key,
    provider_key,
    scheduled_key,
    sender_key,
    shards_of,
)
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.kinds import Reaction
from chat4all.domain.message import Message
from chat4all.domain.pages import SentCursor, TimeCursor, TimeOrder
from chat4all.domain.parts import PartStatus, is_alone, part_status, part_statuses, value_of
from chat4all.domain.plan import Choose
from chat4all.domain.purpose import Purpose
from chat4all.domain.sent_order import SentPlace, latest_sent_first, sent_place
from chat4all.domain.status import PROOF, Status, predecessors
from chat4all.domain.versions import Deletion
from chat4all.domain.waiting import DueMessage
from chat4all.services.messaging.ports import Arriving, MessageQuery

R = TypeVar("R", bound=Model)
T = TypeVar("T")

_LATEST_READ: Final = 50
"""The most messages of a person that are read to find when they wrote to an account of ours."""


class DynamoMessages:
    def __init__(self, table_name: str) -> None:
        bind(
            table_name,
            MessageRow,
            StateRow,
            ParkedDeletionRow,
            AlbumItemRow,
            DeliveryRow,
            ProviderRow,
            DueRow,
        )

    @answering
    def add(self, message: Message) -> Message | None:
        is_its_time = _IS_SCHEDULED & (MessageRow.fingerprint == message.fingerprint)
        if saved(_row(message), MessageRow.partition.does_not_exist() | is_its_time):
            return None
        return _find(message.message_id)

    @answering
    def schedule(self, message: Message) -> Message | None:
        row = _row(message)
        row.conversation_key, row.sequence, row.sender_key = (
            scheduled_key(message.conversation_id),
            None,
            None,
        )
        row.sent_order = f"{message.send_at}#{message.message_id}"
        row.due_key = due_key(SCHEDULED, message.message_id)
        row.due_at = f"{message.send_at}#{message.message_id}"
        return None if saved(row, MessageRow.partition.does_not_exist()) else _find(message.message_id)

    @answering
    def scheduled(self, now: str, limit: int) -> list[Message]:
        message_ids = [name_of(partition) for partition, _ in due_keys(SCHEDULED, now, limit)]
        rows = _batch(MessageRow, MESSAGE, message_ids, consistent=True)
        due = [message_of(row, None) for row in rows if row.status == Status.SCHEDULED.value]
        return sorted(due, key=lambda message: (message.send_at or "", message.message_id))

    @answering
    def end_scheduled(
        self, message_id: str, status: Status, at: str, code: str | None = None, reason: str | None = None
    ) -> bool:
        actions = [
            MessageRow.status.set(status.value),
            MessageRow.ended_at.set(at),
            MessageRow.due_key.set(due_key(ENDED, message_id)),
            MessageRow.due_at.set(f"{at}#{message_id}"),
        ]
        if status is Status.FAILED:
            actions += [
                MessageRow.error_code.set(code or ""),
                MessageRow.error_reason.set(reason or ""),
                MessageRow.listing_key.set(listing_key(status.value, message_id)),
                MessageRow.listed_at.set(at),
            ]
        return updated(MessageRow(key(message_id), MESSAGE), actions, _IS_SCHEDULED)

    @answering
    def renumber(self, message: Message, sequence: str) -> Message:
        row = MessageRow(key(message.message_id), MESSAGE)
        moved = replace(message, sequence=sequence, late=True)
        actions = [MessageRow.sequence.set(sequence), _set(MessageRow.sent_order, _sent_order(moved))]
        updated(row, actions, MessageRow.sequence == message.sequence)
        return moved

    @answering
    def get(self, message_id: str) -> Message | None:
        return _find(message_id)

    @answering
    def get_many(self, message_ids: Sequence[str]) -> list[Message]:
        return _with_states(_batch(MessageRow, MESSAGE, message_ids))

    @answering
    def begin(self, message_id: str, look_at: str) -> None:
        row = StateRow(
            key(message_id),
            STATE,
            status=Status.PENDING.value,
            status_history=[],
            parts={},
            listing_key=listing_key(Status.PENDING.value, message_id),
            listed_at=look_at,
        )
        saved(row, StateRow.partition.does_not_exist())

    @answering
    def due(self, now: str, limit: int) -> list[DueMessage]:
        entries = heapq.merge(
            *(
                _listed(shard, StateRow.listed_at <= now, limit, TimeOrder.OLDEST_FIRST)
                for listed_as in (Status.PENDING.value, REDRIVEN)
                for shard in shards_of(listed_as, LISTING_SHARDS)
            )
        )
        message_ids = [entry.item_id for entry, _ in zip(entries, range(limit), strict=False)]
        states = {state.partition: state for state in _batch(StateRow, STATE, message_ids, consistent=True)}
        due = [
            DueMessage(message_of(row, state), state.listed_at)
            for row in _batch(MessageRow, MESSAGE, message_ids, consistent=True)
            if (state := states.get(row.partition)) is not None and state.listed_at is not None
        ]
        return sorted(due, key=lambda found: (found.message.conversation_id, found.message.sequence))

    @answering
    def postpone(self, due: DueMessage, look_at: str) -> bool:
        row = StateRow(key(due.message.message_id), STATE)
        return updated(row, [StateRow.listed_at.set(look_at)], StateRow.listed_at == due.due_at)

    @answering
    def settle(self, due: DueMessage) -> None:
        row = StateRow(key(due.message.message_id), STATE)
        updated(row, _NOT_LISTED, StateRow.listed_at == due.due_at)

    @answering
    def record_part(self, delivery: DeliveryPart) -> list[PartStatus]:
        part = part_status(delivery)
        entry = StateRow.parts[part.key]
        row = StateRow(key(delivery.message_id), STATE)
        if not updated(row, [entry.set(part.value)], _follows(entry, part)):
            try:
                row = StateRow.get(row.partition, STATE, consistent_read=True)
            except StateRow.DoesNotExist:
                return []
        return part_statuses(row.parts)

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
        actions = _forward(status, at)
        if status is Status.FAILED:
            actions += _listing(status.value, message_id, at)
        elif settled:
            actions += _NOT_LISTED
        if status in PROOF:
            actions += _NOT_FAILED
        if code is not None:
            actions += [StateRow.error_code.set(code), StateRow.error_reason.set(reason or "")]
        before = [earlier.value for earlier in predecessors(status)]
        forward = StateRow.status.is_in(*before) & _in_round(round_)
        return bool(before) and updated(StateRow(key(message_id), STATE), actions, forward)

    @answering
    def lift(
        self,
        message_id: str,
        status: Status,
        at: str,
        round_: int,
        *,
        parts: Sequence[PartStatus],
        look_at: str,
    ) -> bool:
        is_pending = status is Status.PENDING
        listing = _listing(status.value, message_id, look_at) if is_pending else _NOT_LISTED
        unchanged = StateRow.parts == {part.key: part.value for part in parts}
        failed = (StateRow.status == Status.FAILED.value) & _in_round(round_) & unchanged
        actions = [*_forward(status, at), *listing, *_NOT_FAILED]
        return updated(StateRow(key(message_id), STATE), actions, failed)

    @answering
    def reported(self, message: Message, status: Status, at: str) -> bool:
        before = [earlier.value for earlier in predecessors(status)]
        forward = StateRow.status.does_not_exist() | StateRow.status.is_in(*before)
        actions = [*_forward(status, at), StateRow.parts.set(StateRow.parts | {})]
        return updated(StateRow(key(message.message_id), STATE), actions, forward)

    @answering
    def give_up(self, message: Message, at: str, code: str, reason: str) -> bool:
        listed = dead_keys(message.conversation_id, message.sequence)
        actions = [
            *_forward(Status.FAILED, at),
            *_listing(Status.FAILED.value, message.message_id, at),
            StateRow.error_code.set(code),
            StateRow.error_reason.set(reason),
            StateRow.dead_key.set(listed.shard),
            StateRow.dead_order.set(listed.order),
            StateRow.conversation_id.set(message.conversation_id),
            StateRow.message_sequence.set(message.sequence),
            StateRow.parts.set(StateRow.parts | {}),
        ]
        before = [earlier.value for earlier in predecessors(Status.FAILED)]
        forward = StateRow.status.does_not_exist() | StateRow.status.is_in(*before)
        return updated(StateRow(key(message.message_id), STATE), actions, forward)

    @answering
    def redrive(self, message: Message, parts: Sequence[DeliveryPart], at: str, look_at: str) -> int | None:
        # A message without delivery parts was never on its way: it gets no status of an earlier round.
        round_ = message.round + 1 if parts else message.round
        again = [
            StateRow.parts[part_status(part).key].set(value_of(Status.PENDING, round_))
            for part in parts
            if not is_alone(part)
        ]
        transaction = TransactWrite(connection=connection_of(StateRow))
        transaction.update(
            StateRow(key(message.message_id), STATE),
            actions=[*_again(message, at, look_at), *_rounds(round_), *again],
            condition=(StateRow.status == message.status.value) & _in_round(message.round),
        )
        for part in parts:
            transaction.update(
                DeliveryRow(key(part.message_id), delivery_record(part.delivery_id)),
                actions=delivery_again(at, round_),
                condition=DeliveryRow.status == Status.FAILED.value,
            )
        return round_ if committed(transaction) else None

    @answering
    def arriving(self, message_id: str) -> Arriving:
        items = _records(message_id)
        parked = items.get(PARKED_DELETION)
        deletion = ParkedDeletionRow.from_raw_data(parked).deletion if parked else None
        return Arriving(_message(items), deletion, _album_id(items))

    @answering
    def rewrite(self, message: Message, changed: Message) -> bool:
        row = MessageRow(key(message.message_id), MESSAGE)
        actions = [
            MessageRow.content.set(changed.content),
            _set(MessageRow.received, changed.received),
            _set(MessageRow.edits, changed.edits or None),
            _set(MessageRow.items, changed.items or None),
            _set(MessageRow.deleted_at, changed.deleted_at),
            _set(MessageRow.edit_id, changed.edit_id),
            _set(MessageRow.deletion_id, changed.deletion_id),
            _set(MessageRow.sent_order, _sent_order(changed)),
        ]
        unchanged = (MessageRow.content == message.content) & MessageRow.deleted_at.does_not_exist()
        if message.received is not None:
            unchanged &= MessageRow.received == message.received
        if message.items:
            unchanged &= MessageRow.items == message.items
        return updated(row, actions, unchanged)

    @answering
    def join_album(self, message_id: str, album: Message, name: str) -> None:
        row = AlbumItemRow(key(message_id), IN_ALBUM, album_id=album.message_id)
        if name != album.provider_message_id:
            row.provider_message_id = name
            row.provider_key = provider_key(album.channel or "", album.account or "", name)
        row.save()

    @answering
    def park_deletion(self, message_id: str, deletion: Deletion, expires_at: int) -> None:
        ParkedDeletionRow(key(message_id), PARKED_DELETION, deletion=deletion, expires_at=expires_at).save()

    @answering
    def history(self, conversation_id: str, after: str, before: str | None, limit: int) -> list[Message]:
        span = MessageRow.sequence < before if before is not None else None
        rows = MessageRow.by_conversation.query(
            key(conversation_id), span, scan_index_forward=False, limit=limit, page_size=limit
        )
        return _with_states([row for row in rows if row.sequence > after])

    @answering
    def senders(self, conversation_id: str, after: str, limit: int) -> list[str | None]:
        rows = MessageRow.by_conversation.query(
            key(conversation_id),
            MessageRow.sequence > after if after else None,
            scan_index_forward=False,
            limit=limit,
            page_size=limit,
            attributes_to_get=["partition", "record", "sender_id", "content"],
        )
        return [None if isinstance(row.content, Reaction) else row.sender_id for row in rows]

    @answering
    def history_by_sent(
        self, conversation_id: str, after: str, past: SentCursor | None, limit: int
    ) -> list[Message]:
        partition = key(conversation_id)
        place = SentPlace(past.sent_at, past.sequence) if past is not None else None
        under = MessageRow.sequence < past.under if past is not None and past.under is not None else None
        earlier = MessageRow.sent_order < sent_order(place) if place is not None else None
        by_number = MessageRow.by_conversation.query(
            partition, under, scan_index_forward=False, page_size=2 * limit
        )
        by_time = MessageRow.by_sent.query(partition, earlier, scan_index_forward=False, page_size=limit)
        visible = itertools.takewhile(lambda row: row.sequence > after, by_number)
        merged = latest_sent_first(
            (row for row in visible if not row.sent_order),
            (row for row in by_time if row.sequence > after),
        )
        following = (row for row in merged if place is None or sent_place(row) < place)
        return _with_states(list(itertools.islice(following, limit)))

    @answering
    def search(
        self, query: MessageQuery, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        order = query.order
        if query.status is Status.SCHEDULED:
            found = [
                _scheduled(shard, after, limit, order)
                for shard in shards_of(SCHEDULED, due_shards(SCHEDULED))
            ]
        elif query.status is not None:
            span = _span(StateRow.listed_at, after, order)
            shards = shards_of(query.status.value, LISTING_SHARDS)
            found = [_listed(shard, span, limit, order) for shard in shards]
        else:
            span = _span(MessageRow.accepted_at, after, order)
            shards = shards_of(query.sender_id or "", SENDER_SHARDS)
            found = [_by_sender(shard, span, limit, order) for shard in shards]
        entries = heapq.merge(*found, key=lambda entry: entry.at, reverse=order is TimeOrder.NEWEST_FIRST)
        return page_of(entries, after, limit, order)

    @answering
    def latest_from(self, user_id: str, channel: str, account: str, since: str) -> str | None:
        span = MessageRow.accepted_at >= since
        entries = heapq.merge(
            *(
                _by_sender(shard, span, _LATEST_READ, TimeOrder.NEWEST_FIRST)
                for shard in shards_of(user_id, SENDER_SHARDS)
            ),
            reverse=True,
        )
        message_ids = [entry.item_id for entry in itertools.islice(entries, _LATEST_READ)]
        rows = _batch(MessageRow, MESSAGE, message_ids)
        there = (message_of(row, None) for row in rows if (row.channel, row.account) == (channel, account))
        written_at = (message.written_at for message in there)
        return max((at for at in written_at if at is not None and at > since), default=None)

    @answering
    def find(self, channel: str, account: str, provider_message_id: str) -> Message | None:
        found = provider_row(channel, account, provider_message_id)
        if found is None:
            return None
        items = _records(name_of(found.partition))
        album_id = _album_id(items)
        return _message(items) if album_id is None else _find(album_id)


def _sent_order(message: Message) -> str | None:
    return sent_order(sent_place(message)) if message.late else None


def _find(message_id: str) -> Message | None:
    return _message(_records(message_id))


def _records(message_id: str) -> dict[str, Any]:
    """Read a message with the records beside it by one query: they are neighbours in their partition."""
    found = MessageRow._get_connection().query(  # noqa: SLF001 - the public query returns rows of one kind
        key(message_id), range_key_condition=MessageRow.record.between(MESSAGE, STATE), consistent_read=True
    )
    return {item["record"]["S"]: item for item in found["Items"]}


def _message(items: Mapping[str, Any]) -> Message | None:
    if MESSAGE not in items:
        return None
    state = StateRow.from_raw_data(items[STATE]) if STATE in items else None
    return message_of(MessageRow.from_raw_data(items[MESSAGE]), state)


def _album_id(items: Mapping[str, Any]) -> str | None:
    """Return the message of the album to which an item belongs."""
    return AlbumItemRow.from_raw_data(items[IN_ALBUM]).album_id if IN_ALBUM in items else None


def _set(attribute: Attribute[T], value: T | None) -> Action:
    return attribute.remove() if value is None else attribute.set(value)


def _with_states(rows: Sequence[MessageRow]) -> list[Message]:
    message_ids = [name_of(row.partition) for row in rows]
    states = {state.partition: state for state in _batch(StateRow, STATE, message_ids)}
    return [message_of(row, states.get(row.partition)) for row in rows]


def _batch(kind: type[R], record: str, message_ids: Sequence[str], *, consistent: bool = False) -> list[R]:
    keys = [(key(message_id), record) for message_id in dict.fromkeys(message_ids)]
    return list(kind.batch_get(keys, consistent_read=consistent)) if keys else []


def _span(time: Attribute[str], after: TimeCursor | None, order: TimeOrder) -> Condition | None:
    if after is None:
        return None
    span: Condition = time >= after.at if order is TimeOrder.OLDEST_FIRST else time <= after.at
    return span


def _listed(shard: str, span: Condition | None, limit: int, order: TimeOrder) -> Iterator[TimeIndexEntry]:
    rows = StateRow.by_status.query(
        shard, span, scan_index_forward=order is TimeOrder.OLDEST_FIRST, page_size=limit + 1
    )
    return (TimeIndexEntry(row.listed_at or "", name_of(row.partition)) for row in rows)


def _scheduled(
    shard: str, after: TimeCursor | None, limit: int, order: TimeOrder
) -> Iterator[TimeIndexEntry]:
    is_oldest_first = order is TimeOrder.OLDEST_FIRST
    span = None
    if after is not None:
        # A due time is followed by the message's id.
        span = DueRow.due_at >= after.at if is_oldest_first else DueRow.due_at <= f"{after.at}~"
    rows = DueRow.by_due.query(shard, span, scan_index_forward=is_oldest_first, page_size=limit + 1)
    return (TimeIndexEntry(row.due_at.partition("#")[0], name_of(row.partition)) for row in rows)


def _by_sender(shard: str, span: Condition | None, limit: int, order: TimeOrder) -> Iterator[TimeIndexEntry]:
    rows = MessageRow.by_sender.query(
        shard, span, scan_index_forward=order is TimeOrder.OLDEST_FIRST, page_size=limit + 1
    )
    return (TimeIndexEntry(row.accepted_at, name_of(row.partition)) for row in rows)


_IS_SCHEDULED: Final[Condition] = MessageRow.status == Status.SCHEDULED.value
_NOT_FAILED: Final[list[Action]] = [
    attribute.remove()
    for attribute in (StateRow.error_code, StateRow.error_reason, StateRow.dead_key, StateRow.dead_order)
]
_NOT_LISTED: Final[list[Action]] = [StateRow.listing_key.remove(), StateRow.listed_at.remove()]


def _listing(listed_as: str, message_id: str, at: str) -> list[Action]:
    return [StateRow.listing_key.set(listing_key(listed_as, message_id)), StateRow.listed_at.set(at)]


def _rounds(round_: int) -> list[Action]:
    return [StateRow.round.set(round_)] if round_ else []


def _in_round(round_: int) -> Condition:
    return as_read(StateRow.round, round_)


def _follows(entry: Path, part: PartStatus) -> Condition:
    """Return the condition that the part's status is a step forward from the recorded status."""
    earlier = predecessors(part.status)
    values = [value_of(status, part.round) for status in Status if status in earlier]
    if Status.FAILED in earlier:
        values.append(value_of(Status.FAILED, part.round, replaced=True))
    condition: Condition = entry.is_in(*values) | (_has_begun(part.round) & entry.does_not_exist())
    return condition


def _has_begun(round_: int) -> Condition:
    """Return the condition that the message has a state, and is in this round or in a later round."""
    return StateRow.round >= round_ if round_ else StateRow.partition.exists()


def _forward(status: Status, at: str) -> list[Action]:
    history = (StateRow.status_history | []).append([history_line(status, at)])
    return [StateRow.status.set(status.value), StateRow.status_history.set(history)]


def _again(message: Message, at: str, look_at: str) -> list[Action]:
    """List the message, so that `relay` looks at it; make a FAILED message PENDING again.

    Any other message has reached a recipient, and keeps its status.
    """
    if message.status is not Status.FAILED:
        return _listing(REDRIVEN, message.message_id, look_at)
    return [
        *_forward(Status.PENDING, at),
        *_listing(Status.PENDING.value, message.message_id, look_at),
        *_NOT_FAILED,
    ]


def _row(message: Message) -> MessageRow:
    is_hidden = message.notice is not None or message.act is not None
    row = MessageRow(
        key(message.message_id),
        MESSAGE,
        conversation_key=notices_key(message.conversation_id) if is_hidden else key(message.conversation_id),
        sequence=message.sequence,
        sender_key=None if is_hidden else sender_key(message.sender_id, message.message_id),
        sender_id=message.sender_id,
        content=message.content,
        status=message.status.value,
        accepted_at=message.accepted_at,
        attempt=message.attempt or None,
        fingerprint=message.fingerprint,
        channel=message.channel,
        steps=message.steps or None,
        choose=message.choose.value if message.choose is not Choose.IN_ORDER else None,
        delivery_timeout_s=message.delivery_timeout_s or None,
        purpose=message.purpose.value if message.purpose is not Purpose.SERVICE else None,
        account=message.account,
        reply_to=message.reply_to,
        metadata=message.metadata or None,
        received=message.received,
        items=message.items or None,
        notice=message.notice,
        act=message.act,
        sent_order=_sent_order(message),
        tag=message.tag,
        send_at=message.send_at,
    )
    if (
        message.channel is not None
        and message.account is not None
        and message.provider_message_id is not None
    ):
        row.provider_message_id = message.provider_message_id
        row.provider_key = provider_key(message.channel, message.account, message.provider_message_id)
    return row
