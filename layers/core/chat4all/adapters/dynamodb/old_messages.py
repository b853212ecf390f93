"""What retention finds and strips in the tables `messages`, `conversations` and `files`.

A stripped message keeps ids, times and statuses. The claim of a late record of a queue is then refused, as it
is by a settled delivery; without the rows the record would send the message again.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace
from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from chat4all.adapters.dynamodb.batches import BatchRow
from chat4all.adapters.dynamodb.conversation_rows import ALL, ConversationRow
from chat4all.adapters.dynamodb.dead_letters import RECORD, DeadRow
from chat4all.adapters.dynamodb.fallbacks import FallbackRow
from chat4all.adapters.dynamodb.files import FileRow, file_of
from chat4all.adapters.dynamodb.message_rows import (
    DELIVERY,
    IN_ALBUM,
    MESSAGE,
    STATE,
    AlbumItemRow,
    DeliveryRow,
    DueRow,
    MessageRow,
    StateRow,
)
from chat4all.adapters.dynamodb.notes import NOTE, NoteRow
from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, deleted, updated
from chat4all.adapters.dynamodb.table_keys import (
    BATCH,
    ENDED,
    FALLBACK,
    key,
    name_of,
    notices_key,
)
from chat4all.domain.batches import BatchState
from chat4all.domain.content import Deleted, Text
from chat4all.domain.files.file import StoredFile
from chat4all.domain.note import time_of_id
from chat4all.domain.status import Status
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.privacy.retention_ports import Listing, OldMessage, Stripped

_ENDED_BATCHES: Final = frozenset({BatchState.DONE.value, BatchState.CANCELLED.value})
_MOST_DELETED: Final = 100
"""The rows of a batch that are read at once; a batch has up to 201."""


class OldRow(Model):
    """The attributes of the records of a message that say whether it is over."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute(null=True)
    accepted_at = UnicodeAttribute(null=True)
    listing_key = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)


class DynamoOldMessages:
    def __init__(self, messages_table: str, conversations_table: str, files_table: str) -> None:
        bind(
            messages_table,
            OldRow,
            MessageRow,
            StateRow,
            DeliveryRow,
            FallbackRow,
            AlbumItemRow,
            DueRow,
            BatchRow,
            DeadRow,
        )
        bind(conversations_table, ConversationRow, NoteRow)
        bind(files_table, FileRow)

    @answering
    def conversations(self, shard: int, after: str, limit: int) -> Listing:
        rows = ConversationRow.by_creation.query(
            key(ALL, str(shard)), limit=limit, last_evaluated_key=_start(after)
        )
        return _listing(rows)

    @answering
    def history(self, conversation_id: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
        return _history(key(conversation_id), after, limit)

    @answering
    def notices(self, conversation_id: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
        return _history(notices_key(conversation_id), after, limit)

    @answering
    def ended(self, shard: int, before: str, after: str, limit: int) -> Listing:
        rows = DueRow.by_due.query(
            key(ENDED, str(shard)), DueRow.due_at < before, limit=limit, last_evaluated_key=_start(after)
        )
        return _listing(rows)

    @answering
    def strip(self, message_id: str, before: str, at: str, remains_until: int) -> Stripped:
        rows = {row.record: row for row in OldRow.query(key(message_id), consistent_read=True)}
        message = rows.pop(MESSAGE, None)
        if message is None or (message.accepted_at or "") >= before:
            return Stripped.KEPT
        if _is_unfinished(message, [*rows.values()]):
            return Stripped.UNFINISHED
        for row in rows.values():
            if not _stripped(row, remains_until):
                return Stripped.UNFINISHED
        return _strip_message(message, at, remains_until)

    @answering
    def delete_notes(self, conversation_id: str, before: str) -> int:
        upto = f"{NOTE}{time_of_id(before)}"
        rows = [*NoteRow.query(key(conversation_id), NoteRow.record.between(NOTE, upto))]
        return sum(deleted(row, NoteRow.partition.exists()) for row in rows)

    @answering
    def batches(self, shard: int, before: str, after: str, limit: int) -> Listing:
        rows = StateRow.by_status.query(
            key(BATCH, str(shard)), StateRow.listed_at < before, limit=limit, last_evaluated_key=_start(after)
        )
        return _listing(rows)

    @answering
    def strip_batch(self, batch_id: str, before: str, remains_until: int) -> bool:
        partition = key(BATCH, batch_id)
        try:
            batch = BatchRow.get(partition, BATCH, consistent_read=True)
        except BatchRow.DoesNotExist:
            return False
        if batch.state not in _ENDED_BATCHES or (batch.finished_at or "") >= before:
            return False
        for row in OldRow.query(partition, OldRow.record > BATCH, page_size=_MOST_DELETED):
            row.delete()
        bare = replace(batch.batch, content=Text(""), metadata={}, is_over=True)
        actions = [BatchRow.batch.set(bare), BatchRow.expires_at.set(remains_until), *_removed(*_OF_BATCH)]
        return updated(BatchRow(partition, BATCH), actions, BatchRow.expires_at.does_not_exist())

    @answering
    def dead_records(self, shard: int, after: str, limit: int) -> Listing:
        rows = DeadRow.by_dead_letter.query(
            key(RECORD, str(shard)), limit=limit, last_evaluated_key=_start(after)
        )
        entries = [row.partition.partition("#")[2] for row in rows]
        return Listing(tuple(entries), _end(rows))

    @answering
    def delete_dead_record(self, record_id: str, before: str) -> bool:
        row = DeadRow(key(record_id), RECORD)
        return deleted(row, (DeadRow.kept_at < before) & DeadRow.due_key.does_not_exist())

    @answering
    def files(self, shard: int, after: str, limit: int) -> tuple[list[StoredFile], str]:
        found = FileRow.by_due.query(key("FILE", str(shard)), limit=limit, last_evaluated_key=_start(after))
        keys = [row.entry_id for row in found]
        rows = FileRow.batch_get(keys, consistent_read=True) if keys else []
        return [file_of(row) for row in rows], _end(found)


def _history(partition: str, after: str, limit: int) -> tuple[list[OldMessage], str]:
    rows = MessageRow.by_conversation.query(
        partition,
        limit=limit,
        page_size=limit,
        last_evaluated_key=_start(after),
        attributes_to_get=["partition", "record", "accepted_at"],
    )
    found = [OldMessage(name_of(row.partition), row.accepted_at) for row in rows]
    return found, _end(rows)


def _is_unfinished(message: OldRow, others: Sequence[OldRow]) -> bool:
    """Return whether anything of the message may still be sent."""
    if message.status == Status.SCHEDULED.value:
        return True
    state = next((row for row in others if row.record == STATE), None)
    now = state.status if state is not None else message.status
    is_redriven = state is not None and bool(state.listing_key) and now != Status.FAILED.value
    return (
        now == Status.PENDING.value
        or is_redriven
        or any(row.status == Status.PENDING.value for row in others if row.record.startswith(DELIVERY))
        or any(row.due_key for row in others if row.record.startswith(FALLBACK))
    )


def _stripped(row: OldRow, remains_until: int) -> bool:
    """Strip a record beside the message; return False if it has changed since it was read."""
    if row.record != STATE and not row.record.startswith(DELIVERY):
        row.delete()
        return True
    same = OldRow.status == row.status
    place = row.partition, row.record
    if row.record == STATE:
        actions = [StateRow.expires_at.set(remains_until), *_removed(*_OF_STATE)]
        return updated(StateRow(*place), actions, same)
    actions = [DeliveryRow.address.set(""), DeliveryRow.expires_at.set(remains_until)]
    return updated(DeliveryRow(*place), [*actions, *_removed(*_OF_DELIVERY)], same)


def _strip_message(old: OldRow, at: str, remains_until: int) -> Stripped:
    """Strip the message's own row, which leaves the lists; its items in an album go before."""
    row = MessageRow.get(old.partition, MESSAGE, consistent_read=True)
    if row.expires_at:
        return Stripped.KEPT
    for item in row.items or ():
        item_id = inbound_message_id(row.channel or "", row.account or "", item.name)
        actions = [AlbumItemRow.expires_at.set(remains_until)]
        gone = _removed(AlbumItemRow.provider_key, AlbumItemRow.provider_message_id)
        updated(AlbumItemRow(key(item_id), IN_ALBUM), [*actions, *gone], AlbumItemRow.partition.exists())
    stripped: list[Action] = [
        MessageRow.content.set(Deleted()),
        MessageRow.deleted_at.set(MessageRow.deleted_at | at),
        MessageRow.expires_at.set(remains_until),
        *_removed(*_OF_MESSAGE),
        *_removed(*([MessageRow.send_at] if row.sequence else [])),
    ]
    is_same = (MessageRow.status == row.status) & (MessageRow.accepted_at == row.accepted_at)
    return Stripped.STRIPPED if updated(MessageRow(*_place(row)), stripped, is_same) else Stripped.KEPT


_OF_MESSAGE: Final[tuple[Attribute[Any], ...]] = (
    MessageRow.sequence,
    MessageRow.sender_key,
    MessageRow.sent_order,
    MessageRow.steps,
    MessageRow.reply_to,
    MessageRow.metadata,
    MessageRow.provider_key,
    MessageRow.provider_message_id,
    MessageRow.received,
    MessageRow.edits,
    MessageRow.items,
    MessageRow.notice,
    MessageRow.act,
    MessageRow.edit_id,
    MessageRow.deletion_id,
    MessageRow.due_key,
    MessageRow.due_at,
    MessageRow.error_reason,
    MessageRow.listing_key,
    MessageRow.listed_at,
)
_OF_BATCH: Final[tuple[Attribute[Any], ...]] = (
    BatchRow.listing_key,
    BatchRow.listed_at,
    BatchRow.due_key,
    BatchRow.due_at,
)
_OF_STATE: Final[tuple[Attribute[Any], ...]] = (
    StateRow.listing_key,
    StateRow.listed_at,
    StateRow.dead_key,
    StateRow.dead_order,
    StateRow.error_reason,
)
_OF_DELIVERY: Final[tuple[Attribute[Any], ...]] = (
    DeliveryRow.provider_key,
    DeliveryRow.provider_message_id,
    DeliveryRow.album_ids,
    DeliveryRow.error_reason,
    DeliveryRow.dead_key,
    DeliveryRow.dead_order,
)


def _removed(*attributes: Attribute[Any]) -> list[Action]:
    return [attribute.remove() for attribute in attributes]


def _place(row: MessageRow) -> tuple[str, str]:
    return row.partition, row.record


def _listing(rows: ResultIterator[Any]) -> Listing:
    ids = tuple(name_of(row.partition) for row in rows)
    return Listing(ids, _end(rows))


def _start(after: str) -> Any:  # noqa: ANN401 - pynamodb types a key as a dictionary of anything
    return json.loads(after) if after else None


def _end(rows: ResultIterator[Any]) -> str:
    """Return where a list goes on, after its rows were read."""
    last = rows.last_evaluated_key
    return json.dumps(last) if last else ""
