"""The rows of the messages table: messages, deliveries, and statuses that wait for a delivery."""

import heapq
import itertools
from collections.abc import Iterable
from typing import Final, NamedTuple

from pynamodb.attributes import BooleanAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import StringsAttribute, StructAttribute, StructsAttribute, TableSettings
from chat4all.domain.content import Content
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.message import Edit, Message
from chat4all.domain.status import Status, StatusChange

MESSAGE: Final = "MESSAGE"
DELIVERY: Final = "DELIVERY#"
PARKED: Final = "PARKED"
STATUS_SHARDS: Final = 4
DUE_SHARDS: Final = 4
DEAD_SHARDS: Final = 4
NO_CHANNEL: Final = "message"
"""Stands for the channel of a dead letter without a channel."""


class ByConversation(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-conversation"
        projection = AllProjection()

    conversation_id = UnicodeAttribute(hash_key=True)
    sequence = NumberAttribute(range_key=True)


class BySender(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-sender"
        projection = KeysOnlyProjection()

    sender_id = UnicodeAttribute(hash_key=True)
    accepted_at = UnicodeAttribute(range_key=True)


class ByStatus(GlobalSecondaryIndex["MessageRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-status"
        projection = KeysOnlyProjection()

    status_shard = UnicodeAttribute(hash_key=True)
    accepted_at = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex["DueRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = UnicodeAttribute(range_key=True)


class ByProviderMessage(GlobalSecondaryIndex["ProviderRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by-provider-message"
        projection = KeysOnlyProjection()

    provider_key = UnicodeAttribute(hash_key=True)


class MessageRow(Model):
    """A message. `status_history` holds lines of `STATUS time`.

    `due_*` are set while a part of the message is PENDING. `routed`: the message's deliveries were put into
    the channels' queues. `dead_*` list a FAILED message, or a FAILED delivery, among the dead letters.
    """

    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True, default=MESSAGE)
    conversation_id = UnicodeAttribute()
    sequence = NumberAttribute()
    sender_id = UnicodeAttribute()
    content = StructAttribute[Content](Content)
    status = UnicodeAttribute()
    status_shard = UnicodeAttribute()
    status_history: ListAttribute[UnicodeAttribute] = ListAttribute(of=UnicodeAttribute)
    accepted_at = UnicodeAttribute()
    fingerprint = UnicodeAttribute()
    channel = UnicodeAttribute(null=True)
    account = UnicodeAttribute(null=True)
    reply_to = UnicodeAttribute(null=True)
    metadata = StringsAttribute(null=True)
    channels = StructsAttribute(str, null=True)
    delivery_timeout_s = NumberAttribute(null=True)
    provider_key = UnicodeAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    edits = StructsAttribute(Edit, null=True)
    error_code = UnicodeAttribute(null=True)
    error_reason = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at = UnicodeAttribute(null=True)
    routed = BooleanAttribute(null=True)
    round = NumberAttribute(null=True)
    dead_shard = UnicodeAttribute(null=True)
    dead_order = UnicodeAttribute(null=True)
    by_conversation = ByConversation()
    by_sender = BySender()
    by_status = ByStatus()


class DeliveryRow(Model):
    """A delivery part. `claim_id` and `claimed_until` are set while a process sends it.

    `open_claims` counts the claims that never ended: if it is over 1 at a claim, a process died. The number
    of the message is `message_sequence`, because a `sequence` would put the part into the conversation's
    history.
    """

    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    conversation_id = UnicodeAttribute()
    account = UnicodeAttribute()
    address = UnicodeAttribute()
    part_count = NumberAttribute()
    recipient_count = NumberAttribute()
    message_sequence = NumberAttribute()
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
    error_code = UnicodeAttribute(null=True)
    error_reason = UnicodeAttribute(null=True)
    dead_shard = UnicodeAttribute(null=True)
    dead_order = UnicodeAttribute(null=True)


class ParkedRow(Model):
    """A status without a known delivery; `message_id` names the delivery or the provider's message."""

    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    update_json = UnicodeAttribute()
    due_shard = UnicodeAttribute()
    due_at = UnicodeAttribute()
    gives_up_at = UnicodeAttribute()
    expires_at = NumberAttribute()


class DueRow(Model):
    """A message, a parked status, a fallback or a dead record, as the index `by-due` shows it."""

    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    due_shard = UnicodeAttribute()
    due_at = UnicodeAttribute()
    by_due = ByDue()


class ProviderRow(Model):
    """A message or a delivery, as the index `by-provider-message` shows it."""

    class Meta(TableSettings):
        pass

    message_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    provider_key = UnicodeAttribute()
    by_provider_message = ByProviderMessage()


def due_keys(kind: str, now: str, limit: int) -> list[tuple[str, str]]:
    """Return the keys of the rows of a kind that have been due for longest, over all shards.

    No row waits until another shard is empty.
    """
    shards = (
        DueRow.by_due.query(f"{kind}#{number}", DueRow.due_at <= now, limit=limit)
        for number in range(DUE_SHARDS)
    )
    due = heapq.merge(*shards, key=lambda row: row.due_at)
    return [(row.message_id, row.record) for row in itertools.islice(due, limit)]


def provider_key(channel: str, account: str, provider_message_id: str) -> str:
    return f"{channel}#{account}#{provider_message_id}"


def shard(item_id: str, shards: int) -> int:
    """Return the shard of an item; the id, which is random, spreads the items over the shards."""
    return sum(item_id.encode()) % shards


def due_shard(kind: str, item_id: str) -> str:
    return f"{kind}#{shard(item_id, DUE_SHARDS)}"


def status_shard(status: Status, message_id: str) -> str:
    return f"{status.value}#{shard(message_id, STATUS_SHARDS)}"


class DeadKeys(NamedTuple):
    shard: str
    order: str


def dead_keys(conversation_id: str, sequence: int, delivery_id: DeliveryId | None = None) -> DeadKeys:
    """Return the index keys of a dead letter.

    For each channel, a shard holds a conversation's dead letters in the order of acceptance.
    """
    channel = delivery_id.channel if delivery_id else NO_CHANNEL
    about = f"#{delivery_id.recipient_id}#{delivery_id.part:03d}" if delivery_id else ""
    return DeadKeys(
        f"{channel}#{shard(conversation_id, DEAD_SHARDS)}", f"{conversation_id}#{sequence:012d}{about}"
    )


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
        DeliveryRow.dead_shard,
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
    return f"{DELIVERY}{delivery_id.recipient_id}#{delivery_id.channel}#{delivery_id.part:03d}"


def delivery_id_of(message_id: str, record: str) -> DeliveryId:
    recipient_id, channel, part = record.removeprefix(DELIVERY).split("#")
    return DeliveryId(message_id, recipient_id, channel, int(part))


def history_line(status: Status, at: str) -> str:
    return f"{status.value} {at}"


def history_of(lines: Iterable[object] | None) -> tuple[StatusChange, ...]:
    """Return the changes in the order of the steps.

    A provider's time may lie before the API's time, because some providers send whole seconds only. No change
    is shown as earlier than the change before it.
    """
    changes: list[StatusChange] = []
    for line in lines or ():
        status, at = str(line).split(" ", 1)
        changes.append(StatusChange(Status(status), max(at, changes[-1].at) if changes else at))
    return tuple(changes)


def message_of(row: MessageRow) -> Message:
    return Message(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        sequence=int(row.sequence),
        sender_id=row.sender_id,
        content=row.content,
        status=Status(row.status),
        status_history=history_of(row.status_history),
        accepted_at=row.accepted_at,
        fingerprint=row.fingerprint,
        channel=row.channel,
        account=row.account,
        reply_to=row.reply_to,
        metadata=row.metadata or {},
        provider_message_id=row.provider_message_id,
        edits=row.edits or (),
        error_code=row.error_code,
        error_reason=row.error_reason,
        round=int(row.round or 0),
        channels=row.channels or (),
        delivery_timeout_s=int(row.delivery_timeout_s or 0),
    )


def delivery_of(row: DeliveryRow) -> DeliveryPart:
    delivery_id = delivery_id_of(row.message_id, row.record)
    return DeliveryPart(
        message_id=row.message_id,
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
        sequence=int(row.message_sequence),
        round=int(row.round or 0),
        fallback=bool(row.fallback),
        provider_message_id=row.provider_message_id,
        error_code=row.error_code,
        error_reason=row.error_reason,
        status_history=history_of(row.status_history),
    )
