"""The rows of the messages table: messages, their states, deliveries, and statuses without a delivery."""

import heapq
import itertools
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeVar

from pynamodb.attributes import Attribute, BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import MAP, STRING
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StringsAttribute, StructAttribute, StructsAttribute, TableSettings
from chat4all.adapters.dynamodb.table_keys import (
    NO_CHANNEL,
    dead_key,
    due_shards,
    name_of,
    provider_key,
    shards_of,
)
from chat4all.domain.acts import Act
from chat4all.domain.content import Content
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.message import AlbumItem, ChangeNotice, Edit, Message
from chat4all.domain.plan import Choose, Step
from chat4all.domain.provider_names import is_named, undated
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import Received
from chat4all.domain.sent_order import SentPlace
from chat4all.domain.status import Status, StatusChange
from chat4all.domain.versions import Deletion
from chat4all.domain.windows import HUMAN_AGENT

R = TypeVar("R", bound=Model)

MESSAGE: Final = "MESSAGE"
IN_ALBUM: Final = "MESSAGE IN ALBUM"
PARKED_DELETION: Final = "PARKED DELETION"
STATE: Final = "STATE"
"""One query reads a message, its album, a deletion that came before it, and its state: no other record sorts
between.
"""
DELIVERY: Final = "DELIVERY#"
PARKED: Final = "PARKED"


class PartsAttribute(Attribute[dict[str, str]]):
    """A map of texts, whose entries are read and written one by one."""

    attr_type = MAP

    def serialize(self, value: dict[str, str]) -> dict[str, dict[str, str]]:
        return {name: {STRING: text} for name, text in value.items()}

    def deserialize(self, value: dict[str, dict[str, str]]) -> dict[str, str]:
        return {name: typed[STRING] for name, typed in value.items()}


class ByConversation(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-conversation"
        projection = AllProjection()

    conversation_key = UnicodeAttribute(hash_key=True)
    sequence = UnicodeAttribute(range_key=True)


class BySent(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    """The late messages of a conversation, by time."""

    class Meta:
        index_name = "by-sent"
        projection = AllProjection()

    conversation_key = UnicodeAttribute(hash_key=True)
    sent_order = UnicodeAttribute(range_key=True)


class BySender(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-sender"
        projection = KeysOnlyProjection()

    sender_key = UnicodeAttribute(hash_key=True)
    accepted_at = UnicodeAttribute(range_key=True)


class ByStatus(GlobalSecondaryIndex["StateRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-status"
        projection = KeysOnlyProjection()

    listing_key = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex["DueRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-due"
        projection = KeysOnlyProjection()

    due_key = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class ByProviderMessage(GlobalSecondaryIndex["ProviderRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-provider-message"
        projection = KeysOnlyProjection()

    provider_key = UnicodeAttribute(hash_key=True)


class MessageRow(Model):
    """A message as it was accepted. `status` is its first status: PENDING, or DELIVERED without recipients.

    Only a later version, an act, or the deletion by its author changes it. A notice or an act has another
    `conversation_key` (`notices_key`) and no `sender_key`, so that no history and no list by sender has it.
    `sent_order` is set for a late message.

    A scheduled message is in none of the histories. Its `conversation_key` and `sent_order` list it among the
    scheduled messages of its conversation in `by-sent`, and `due_*` list it until its time. The accepted
    message replaces it.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=MESSAGE)
    conversation_key = UnicodeAttribute()
    sequence = UnicodeAttribute(null=True)
    sender_key = UnicodeAttribute(null=True)
    sender_id = UnicodeAttribute()
    content = StructAttribute[Content](Content)
    status = UnicodeAttribute()
    accepted_at = UnicodeAttribute()
    attempt = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute()
    channel = UnicodeAttribute(null=True)
    steps = StructsAttribute(Step, null=True)
    choose = UnicodeAttribute(null=True)
    delivery_timeout_s = NumberAttribute(null=True)
    purpose = UnicodeAttribute(null=True)
    account = UnicodeAttribute(null=True)
    reply_to = UnicodeAttribute(null=True)
    metadata = StringsAttribute(null=True)
    provider_key = UnicodeAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    received = StructAttribute[Received](Received, null=True)
    edits = StructsAttribute(Edit, null=True)
    items = StructsAttribute(AlbumItem, null=True)
    deleted_at = UnicodeAttribute(null=True)
    tag = UnicodeAttribute(null=True)
    notice = StructAttribute[ChangeNotice](ChangeNotice, null=True)
    act = StructAttribute[Act](Act, null=True)
    edit_id = UnicodeAttribute(null=True)
    deletion_id = UnicodeAttribute(null=True)
    sent_order = UnicodeAttribute(null=True)
    send_at = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    error_code = UnicodeAttribute(null=True)
    error_reason = UnicodeAttribute(null=True)
    listing_key = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    by_conversation = ByConversation()
    by_sent = BySent()
    by_sender = BySender()


class StateRow(Model):
    """The state of a message that has recipients. `status_history` holds lines of `STATUS time`.

    `parts` maps the key of each delivery part to the value of its status (`domain.parts.PartStatus`); it is
    empty for a message of one part. `listing_key` is set while the message is PENDING, FAILED or redriven.
    `listed_at` is the time of the failure, or the time at which `relay` looks at the message next. `dead_*`
    list a message that failed as a whole among the dead letters.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=STATE)
    status = UnicodeAttribute()
    status_history: ListAttribute[UnicodeAttribute] = ListAttribute(of=UnicodeAttribute)
    parts = PartsAttribute()
    error_code = UnicodeAttribute(null=True)
    error_reason = UnicodeAttribute(null=True)
    round = NumberAttribute(null=True)
    listing_key = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute(null=True)
    dead_key = UnicodeAttribute(null=True)
    dead_order = UnicodeAttribute(null=True)
    conversation_id = UnicodeAttribute(null=True)
    message_sequence = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    by_status = ByStatus()


class DeliveryRow(Model):
    """A delivery part. `claim_id` and `claimed_until` are set while a process sends it.

    `open_claims` counts the claims that never ended: if it is over 1 at a claim, a process died. The number
    of the message is `message_sequence`, because a `sequence` would put the part into the conversation's
    history.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    conversation_id = UnicodeAttribute()
    account = UnicodeAttribute()
    address = UnicodeAttribute()
    part_count = NumberAttribute()
    recipient_count = NumberAttribute()
    recipient_number = NumberAttribute()
    route = NumberAttribute(null=True)
    message_sequence = UnicodeAttribute()
    fallback = BooleanAttribute(null=True)
    round = NumberAttribute(null=True)
    status = UnicodeAttribute()
    status_history: ListAttribute[UnicodeAttribute] = ListAttribute(of=UnicodeAttribute, null=True)
    attempts = NumberAttribute()
    failures = NumberAttribute(null=True)
    open_claims = NumberAttribute(null=True)
    claim_id = UnicodeAttribute(null=True)
    claimed_until = NumberAttribute(null=True)
    provider_key = UnicodeAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    album_ids: ListAttribute[UnicodeAttribute] = ListAttribute(of=UnicodeAttribute, null=True)
    error_code = UnicodeAttribute(null=True)
    error_reason = UnicodeAttribute(null=True)
    dead_key = UnicodeAttribute(null=True)
    dead_order = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class ParkedRow(Model):
    """A status without a known delivery; `partition` names the delivery or the provider's message."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    update_json = UnicodeAttribute()
    due_key = UnicodeAttribute()
    due_at = UnicodeAttribute()
    gives_up_at = UnicodeAttribute()
    expires_at = NumberAttribute()


class ParkedDeletionRow(Model):
    """The deletion of a person's message that came before the message."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=PARKED_DELETION)
    deletion = StructAttribute[Deletion](Deletion)
    expires_at = NumberAttribute()


class AlbumItemRow(Model):
    """An item of an album, by the id that it would have as a message of its own.

    `album_id` is the message of the album, which has the name of its first item already.
    """

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=IN_ALBUM)
    album_id = UnicodeAttribute()
    provider_key = UnicodeAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class DueRow(Model):
    """A row with work that becomes due, as the index `by-due` shows it: its keys."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    due_key = UnicodeAttribute()
    due_at = UnicodeAttribute()
    by_due = ByDue()


class ProviderRow(Model):
    """A message or a delivery by its name at the provider. The index has its keys only."""

    class Meta(TableSettings):
        pass

    partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    provider_key = UnicodeAttribute()
    provider_message_id = UnicodeAttribute(null=True)
    by_provider_message = ByProviderMessage()


def provider_row(channel: str, account: str, provider_message_id: str) -> ProviderRow | None:
    """Find a message or a delivery. A name without a date means the latest message of its number."""
    key_ = provider_key(channel, account, provider_message_id)
    rows = [*ProviderRow.by_provider_message.query(key_)]
    if len(rows) <= 1 and provider_message_id == undated(provider_message_id):
        return next(iter(rows), None)
    known = (
        known
        for row in rows
        for known in ProviderRow.query(row.partition, ProviderRow.record == row.record, consistent_read=True)
    )
    named = [row for row in known if is_named(row.provider_message_id, provider_message_id)]
    return max(named, key=lambda row: row.provider_message_id or "", default=None)


def due_keys(kind: str, now: str, limit: int) -> list[tuple[str, str]]:
    """Return the keys of the rows of a kind that have been due for longest, over all shards.

    No row waits until another shard is empty.
    """
    shards = (
        DueRow.by_due.query(shard, DueRow.due_at <= now, limit=limit)
        for shard in shards_of(kind, due_shards(kind))
    )
    due = heapq.merge(*shards, key=lambda row: row.due_at)
    return [(row.partition, row.record) for row in itertools.islice(due, limit)]


def due_rows(kind: type[R], name: str, now: str, limit: int) -> list[R]:
    """Return the rows of a kind that have been due for longest, without those that were postponed since.

    The index may still show a former time.
    """
    keys = due_keys(name, now, limit)
    rows: Iterable[Any] = kind.batch_get(keys, consistent_read=True) if keys else ()
    return [row for row in rows if row.due_at and row.due_at <= now]


class DeadKeys(NamedTuple):
    shard: str
    order: str


def dead_keys(conversation_id: str, sequence: str, delivery_id: DeliveryId | None = None) -> DeadKeys:
    """Return the index keys of a dead letter.

    For each channel, a shard holds a conversation's dead letters in the order of acceptance.
    """
    channel = delivery_id.channel if delivery_id else NO_CHANNEL
    about = f"#{delivery_id.recipient_id}#{delivery_id.part:03d}" if delivery_id else ""
    return DeadKeys(dead_key(channel, conversation_id), f"{conversation_id}#{sequence}{about}")


def delivery_again(at: str, round_: int) -> list[Action]:
    """Make a FAILED delivery PENDING again, without any trace of its former sends."""
    history = (DeliveryRow.status_history | []).append([history_line(Status.PENDING, at)])
    forgotten = (
        DeliveryRow.failures,
        DeliveryRow.open_claims,
        DeliveryRow.claim_id,
        DeliveryRow.claimed_until,
        DeliveryRow.provider_key,
        DeliveryRow.provider_message_id,
        DeliveryRow.error_code,
        DeliveryRow.error_reason,
        DeliveryRow.dead_key,
        DeliveryRow.dead_order,
    )
    return [
        DeliveryRow.status.set(Status.PENDING.value),
        DeliveryRow.status_history.set(history),
        DeliveryRow.round.set(round_),
        DeliveryRow.attempts.set(0),
        *(attribute.remove() for attribute in forgotten),
    ]


def delivery_record(delivery_id: DeliveryId) -> str:
    later = f"#{delivery_id.step}" if delivery_id.step else ""
    return f"{DELIVERY}{delivery_id.recipient_id}#{delivery_id.channel}#{delivery_id.part:03d}{later}"


def delivery_id_of(partition: str, record: str) -> DeliveryId:
    recipient_id, channel, part, *later = record.removeprefix(DELIVERY).split("#")
    step = int(later[0]) if later else 0
    return DeliveryId(name_of(partition), recipient_id, channel, int(part), step=step)


def history_line(status: Status, at: str) -> str:
    return f"{status.value} {at}"


def history_of(lines: Iterable[object] | None, since: str = "") -> tuple[StatusChange, ...]:
    """Return the changes in the order of the steps, none earlier than `since`.

    A provider's time may lie before the API's time, because some providers send whole seconds only. No change
    is shown as earlier than the change before it.
    """
    changes: list[StatusChange] = []
    for line in lines or ():
        status, at = str(line).split(" ", 1)
        changes.append(StatusChange(Status(status), max(at, changes[-1].at if changes else since)))
    return tuple(changes)


def sent_order(place: SentPlace) -> str:
    return f"{place.sent_at}#{place.sequence}"


def message_of(row: MessageRow, state: StateRow | None) -> Message:
    """Build the message from its row and its state, if it has one."""
    first = _first_of(row)
    later = history_of(state.status_history, row.accepted_at) if state else ()
    return Message(
        message_id=name_of(row.partition),
        conversation_id=name_of(row.conversation_key),
        sequence=row.sequence or "",
        sender_id=row.sender_id,
        content=row.content,
        status=Status(state.status if state else row.status),
        status_history=(*first, *later),
        accepted_at=row.accepted_at,
        attempt=row.attempt or "",
        fingerprint=row.fingerprint,
        channel=row.channel,
        account=row.account,
        reply_to=row.reply_to,
        metadata=row.metadata or {},
        provider_message_id=row.provider_message_id,
        received=row.received,
        edits=row.edits or (),
        items=row.items or (),
        deleted_at=row.deleted_at,
        notice=row.notice,
        act=row.act,
        edit_id=row.edit_id,
        deletion_id=row.deletion_id,
        late=bool(row.sent_order and row.sequence),
        error_code=(state or row).error_code,
        error_reason=(state or row).error_reason,
        round=int(state.round or 0) if state else 0,
        steps=row.steps or (),
        choose=Choose(row.choose or Choose.IN_ORDER),
        delivery_timeout_s=int(row.delivery_timeout_s or 0),
        tag=HUMAN_AGENT if row.tag == HUMAN_AGENT else None,
        purpose=Purpose(row.purpose or Purpose.SERVICE),
        routed=state is not None,
        send_at=row.send_at,
    )


def _first_of(row: MessageRow) -> tuple[StatusChange, ...]:
    if not row.ended_at:
        return (StatusChange(Status(row.status), row.accepted_at),)
    return StatusChange(Status.SCHEDULED, row.accepted_at), StatusChange(Status(row.status), row.ended_at)


def delivery_of(row: DeliveryRow) -> DeliveryPart:
    delivery_id = delivery_id_of(row.partition, row.record)
    return DeliveryPart(
        message_id=delivery_id.message_id,
        recipient_id=delivery_id.recipient_id,
        channel=delivery_id.channel,
        account=row.account,
        address=row.address,
        part=delivery_id.part,
        part_count=int(row.part_count),
        recipient_count=int(row.recipient_count),
        status=Status(row.status),
        attempts=int(row.attempts),
        conversation_id=row.conversation_id,
        sequence=row.message_sequence,
        recipient_number=int(row.recipient_number),
        route=int(row.route or 0),
        step=delivery_id.step,
        round=int(row.round or 0),
        fallback=bool(row.fallback),
        provider_message_id=row.provider_message_id,
        album_ids=tuple(map(str, row.album_ids or ())),
        error_code=row.error_code,
        error_reason=row.error_reason,
        status_history=history_of(row.status_history),
    )
