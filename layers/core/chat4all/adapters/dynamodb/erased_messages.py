"""Erase messages: what stands in the partition of each, and the rows that wait elsewhere with its words.

The row of the message changes last. Until then it names its files, its items and its webhook, so that a
process that died is followed by another that finds them.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
from pynamodb.attributes import Attribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chat4all.adapters.dynamodb.dead_letters import RECORD, DeadRow
from chat4all.adapters.dynamodb.echoes import ECHO, EchoRow
from chat4all.adapters.dynamodb.fallbacks import FallbackRow
from chat4all.adapters.dynamodb.held_deliveries import HELD, HOLDING_QUEUE, HeldDeliveryRow, HoldingQueueRow
from chat4all.adapters.dynamodb.message_rows import (
    DELIVERY,
    IN_ALBUM,
    MESSAGE,
    PARKED,
    PARKED_DELETION,
    STATE,
    AlbumItemRow,
    DeliveryRow,
    DueRow,
    MessageRow,
    ParkedDeletionRow,
    ParkedRow,
    StateRow,
    delivery_of,
    delivery_record,
    history_line,
    message_of,
)
from chat4all.adapters.dynamodb.rows import answering, bind, saved, updated
from chat4all.adapters.dynamodb.table_keys import (
    FALLBACK,
    key,
    listing_key,
    name_of,
    notices_key,
    scheduled_key,
)
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.erasing import ERASED, ERASED_CODE
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.message import Message
from chat4all.domain.status import Status
from chat4all.services.privacy.ports import Aim, Listed, Waiting, WaitingKind

T = TypeVar("T")
R = TypeVar("R", bound=Model)

_PENDING: Final = Status.PENDING.value
_REASON: Final = "The person was erased."


class DynamoErasedMessages:
    def __init__(self, messages_table: str) -> None:
        bind(
            messages_table,
            MessageRow,
            StateRow,
            DeliveryRow,
            AlbumItemRow,
            ParkedDeletionRow,
            FallbackRow,
            DueRow,
        )

    @answering
    def page(self, listed: Listed, conversation_id: str, after: str, limit: int) -> list[tuple[str, Message]]:
        match listed:
            case Listed.SCHEDULED:
                rows = MessageRow.by_sent.query(
                    scheduled_key(conversation_id), MessageRow.sent_order > (after or " "), limit=limit
                )
                return [(row.sent_order or "", message_of(row, None)) for row in rows]
            case Listed.HISTORY | Listed.NOTICES:
                shared = key if listed is Listed.HISTORY else notices_key
                found = MessageRow.by_conversation.query(
                    shared(conversation_id), MessageRow.sequence > (after or " "), limit=limit
                )
                return [(row.sequence or "", message_of(row, None)) for row in found]

    @answering
    def addresses(self, message_ids: Collection[str], user_ids: Collection[str]) -> set[tuple[str, str]]:
        rows = (
            row
            for message_id in message_ids
            for row in DeliveryRow.query(
                key(message_id), DeliveryRow.record.startswith(DELIVERY), consistent_read=True
            )
        )
        parts = [delivery_of(row) for row in rows if row.address != ERASED]
        return {(part.channel, part.address) for part in parts if part.recipient_id in user_ids}

    @answering
    def erase(self, aim: Aim, erased: Message, item_ids: Collection[str]) -> None:
        message_id = aim.message.message_id
        items = _partition(message_id)
        _end_state(items, aim)
        deliveries = _deliveries(items)
        for row in deliveries:
            _end_delivery(row, aim.at)
            if _recipient(row) in aim.user_ids:
                _erase_delivery(row)
        _refuse_further(aim, items, is_erased=True)
        _delete(FallbackRow, _of(items, f"{FALLBACK}#"))
        _delete(ParkedDeletionRow, _of(items, PARKED_DELETION))
        for item_id in (message_id, *item_ids):
            _erase_item(item_id)
        _rewrite(message_id, erased)

    @answering
    def erase_recipient(self, aim: Aim) -> list[DeliveryPart]:
        items = _partition(aim.message.message_id)
        for user_id in aim.user_ids:
            _delete(FallbackRow, _of(items, f"{FALLBACK}#{user_id}"))
        theirs = [row for row in _deliveries(items) if _recipient(row) in aim.user_ids]
        ended = [row for row in theirs if _end_delivery(row, aim.at)]
        for row in theirs:
            _erase_delivery(row)
        ended += _refuse_further(aim, items, is_erased=False)
        return [delivery_of(row) for row in ended]

    @answering
    def without_quote(self, message: Message, bare: Message) -> None:
        row = MessageRow(key(message.message_id), MESSAGE)
        if bare.received is not None and message.received is not None:
            updated(row, [MessageRow.received.set(bare.received)], MessageRow.received == message.received)

    @answering
    def senders(self, message_ids: Collection[str]) -> dict[str, str]:
        keys = [(key(message_id), MESSAGE) for message_id in dict.fromkeys(message_ids)]
        rows = MessageRow.batch_get(keys, consistent_read=True) if keys else ()
        return {name_of(row.partition): row.sender_id for row in rows}

    @answering
    def left_over(self, message_ids: Collection[str]) -> set[str]:
        keys = [(key(message_id), MESSAGE) for message_id in dict.fromkeys(message_ids)]
        rows = MessageRow.batch_get(keys, consistent_read=True) if keys else ()
        return {name_of(row.partition) for row in rows if row.fingerprint == ERASED}


class DynamoWaitingRows:
    """The rows with events that wait for their time: nothing lists them by their person."""

    def __init__(self, messages_table: str) -> None:
        bind(messages_table, DueRow, EchoRow, ParkedRow, DeadRow, HoldingQueueRow, HeldDeliveryRow)

    @answering
    def of(self, kind: WaitingKind, share: int) -> list[Waiting]:
        return list(_waiting(kind, share))

    @answering
    def delete(self, waiting: Waiting) -> None:
        DueRow(*waiting.row).delete()


def _partition(message_id: str) -> list[dict[str, Any]]:
    """Read every row of a message."""
    found: list[dict[str, Any]] = []
    start = None
    while True:
        answer = MessageRow._get_connection().query(  # noqa: SLF001 - the public query returns rows of one kind
            key(message_id), consistent_read=True, exclusive_start_key=start
        )
        found += answer["Items"]
        start = answer.get("LastEvaluatedKey")
        if start is None:
            return found


def _of(items: Sequence[dict[str, Any]], record: str) -> list[dict[str, Any]]:
    return [item for item in items if item["record"]["S"].startswith(record)]


def _deliveries(items: Sequence[dict[str, Any]]) -> list[DeliveryRow]:
    return [DeliveryRow.from_raw_data(item) for item in _of(items, DELIVERY)]


def _recipient(row: DeliveryRow) -> str:
    return delivery_of(row).recipient_id


def _delete(kind: type[Model], items: Sequence[dict[str, Any]]) -> None:
    for item in items:
        kind(item["partition"]["S"], item["record"]["S"]).delete()


def _end_state(items: Sequence[dict[str, Any]], aim: Aim) -> None:
    """End a message that waits, also for `router`, and take a failed message from the dead letters."""
    message_id, at = aim.message.message_id, aim.at
    is_routed = bool(_of(items, STATE))
    if not is_routed and aim.message.status is not Status.PENDING:
        return
    row = StateRow(key(message_id), STATE)
    history = (StateRow.status_history | []).append([history_line(Status.FAILED, at)])
    failed = [
        StateRow.status.set(Status.FAILED.value),
        StateRow.status_history.set(history),
        StateRow.error_code.set(ERASED_CODE),
        StateRow.listing_key.set(listing_key(Status.FAILED.value, message_id)),
        StateRow.listed_at.set(at),
    ]
    if not is_routed:
        failed.append(StateRow.parts.set({}))
    unchanged = StateRow.status == _PENDING if is_routed else StateRow.partition.does_not_exist()
    updated(row, failed, unchanged)
    not_dead = [StateRow.error_reason.remove(), StateRow.dead_key.remove(), StateRow.dead_order.remove()]
    updated(row, not_dead, StateRow.partition.exists())


def _end_delivery(row: DeliveryRow, at: str) -> bool:
    """Fail a delivery that was not sent yet; return whether it was waiting."""
    history = (DeliveryRow.status_history | []).append([history_line(Status.FAILED, at)])
    actions = [
        DeliveryRow.status.set(Status.FAILED.value),
        DeliveryRow.status_history.set(history),
        DeliveryRow.error_code.set(ERASED_CODE),
        DeliveryRow.error_reason.set(_REASON),
        DeliveryRow.claim_id.remove(),
        DeliveryRow.claimed_until.remove(),
    ]
    return row.status == _PENDING and updated(row, actions, DeliveryRow.status == _PENDING)


def _erase_delivery(row: DeliveryRow) -> None:
    """Erase the address, and the provider's ids, which may contain a phone number.

    A receipt that comes later does not bring an id back: it keeps the id that is there.
    """
    actions: list[Action] = [
        DeliveryRow.address.set(ERASED),
        DeliveryRow.provider_message_id.set(ERASED),
        DeliveryRow.provider_key.set(key(ERASED, row.partition)),
        DeliveryRow.album_ids.remove(),
        DeliveryRow.error_reason.remove(),
        DeliveryRow.dead_key.remove(),
        DeliveryRow.dead_order.remove(),
    ]
    updated(row, actions, DeliveryRow.partition.exists())


def _refuse_further(aim: Aim, items: Sequence[dict[str, Any]], *, is_erased: bool) -> list[DeliveryRow]:
    """Fail the deliveries of a message that is on its way, and of which no process has begun any.

    Their records may be in the queue of a channel. The first part of a delivery that failed fails the others.
    A message that goes on to other people tells by its other deliveries how many recipients it has; while it
    has none, the delivery to the person goes out.
    """
    message, begun = aim.message, _deliveries(items)
    states = [StateRow.from_raw_data(item) for item in _of(items, STATE)]
    is_waiting = any(state.status == _PENDING or state.listing_key for state in states)
    count = max((int(row.recipient_count) for row in begun), default=1 if is_erased else 0)
    if not is_waiting or not count:
        return []
    unreached = set(aim.numbers) - set(map(_recipient, begun)) - {message.sender_id}
    rows = [
        _refused(aim, user_id, channel, count)
        for user_id in sorted(unreached)
        for channel in ([message.channel] if message.channel else aim.channels)
    ]
    return [row for row in rows if saved(row, DeliveryRow.partition.does_not_exist())]


def _refused(aim: Aim, user_id: str, channel: str, recipient_count: int) -> DeliveryRow:
    message = aim.message
    delivery_id = DeliveryId(message.message_id, user_id, channel, 0, message.round)
    row = DeliveryRow(
        key(message.message_id),
        delivery_record(delivery_id),
        conversation_id=message.conversation_id,
        account=ERASED,
        address=ERASED,
        part_count=1,
        recipient_count=recipient_count,
        recipient_number=aim.numbers[user_id],
        message_sequence=message.sequence,
        status=Status.FAILED.value,
        attempts=0,
        error_code=ERASED_CODE,
        error_reason=_REASON,
    )
    row.status_history = [history_line(Status.FAILED, aim.at)]  # type: ignore[list-item]
    return row


def _erase_item(item_id: str) -> None:
    """Erase the provider's name of an item of an album."""
    actions = [AlbumItemRow.provider_key.remove(), AlbumItemRow.provider_message_id.remove()]
    updated(AlbumItemRow(key(item_id), IN_ALBUM), actions, AlbumItemRow.partition.exists())


def _rewrite(message_id: str, erased: Message) -> None:
    actions: list[Action] = [
        MessageRow.content.set(erased.content),
        MessageRow.fingerprint.set(erased.fingerprint),
        MessageRow.deleted_at.set(MessageRow.deleted_at | (erased.deleted_at or "")),
        _set(MessageRow.received, erased.received),
        _set(MessageRow.steps, erased.steps or None),
        _set(MessageRow.act, erased.act),
        _set(MessageRow.notice, erased.notice),
        MessageRow.metadata.remove(),
        MessageRow.edits.remove(),
        MessageRow.items.remove(),
        MessageRow.provider_key.remove(),
        MessageRow.provider_message_id.remove(),
        MessageRow.error_reason.remove(),
    ]
    row = MessageRow(key(message_id), MESSAGE)
    updated(row, actions, MessageRow.partition.exists())


def _set(attribute: Attribute[T], value: T | None) -> Action:
    return attribute.remove() if value is None else attribute.set(value)


def _due(kind: str, share: int) -> list[tuple[str, str]]:
    return [(row.partition, row.record) for row in DueRow.by_due.query(key(kind, str(share)))]


def _dead(share: int) -> list[tuple[str, str]]:
    return [(row.partition, row.record) for row in DeadRow.by_dead_letter.query(key(RECORD, str(share)))]


def _waiting(kind: WaitingKind, share: int) -> Iterator[Waiting]:
    match kind:
        case WaitingKind.ECHO:
            for echo in _rows(EchoRow, _due(ECHO, share)):
                yield Waiting((echo.partition, echo.record), msgspec.json.encode(echo.event))
        case WaitingKind.STATUS:
            for parked in _rows(ParkedRow, _due(PARKED, share)):
                yield Waiting((parked.partition, parked.record), parked.update_json.encode())
        case WaitingKind.DEAD_RECORD:
            for dead in _rows(DeadRow, {*_due(RECORD, share), *_dead(share)}):
                yield Waiting((dead.partition, dead.record), msgspec.json.encode([dead.group, dead.body]))
        case WaitingKind.HELD:
            for partition, _ in _due(HOLDING_QUEUE, share):
                for held in HeldDeliveryRow.query(partition, HeldDeliveryRow.record.startswith(HELD)):
                    requested = msgspec.json.decode(held.body, type=DeliveryRequested)
                    yield Waiting((held.partition, held.record), held.body.encode(), requested)


def _rows(kind: type[R], keys: Collection[tuple[str, str]]) -> Iterator[R]:
    return iter(kind.batch_get(list(keys), consistent_read=True) if keys else ())
