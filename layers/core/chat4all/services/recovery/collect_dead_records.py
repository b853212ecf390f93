"""Collect the records that a queue gave up: make each a dead letter, or its delivery or message FAILED."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from chat4all.domain.claims import Claimed
from chat4all.domain.clock import NewId, iso
from chat4all.domain.dead_letters import DeadRecord
from chat4all.domain.events import (
    ChatEvent,
    DeliveryRequested,
    MessageAccepted,
    MessageSubmitted,
    StatusUpdate,
)
from chat4all.domain.message import Message
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.ports import Deliveries, LogFailure, Messages
from chat4all.services.messaging.record_status import RecordStatus
from chat4all.services.recovery.ports import DeadLetters, DeadQueues

E = TypeVar("E")

CODE: Final = "NOT_HANDLED"
CHAT_EVENTS: Final = "chat-events"
_DELIVERY: Final = msgspec.json.Decoder(DeliveryRequested)
_CHAT_EVENT: Final[msgspec.json.Decoder[ChatEvent]] = msgspec.json.Decoder(ChatEvent)
CLAIM_TIME: Final = timedelta(minutes=1)
"""How long the job may hold a delivery while it fails it."""


class CollectDeadRecords:
    """A job of `relay`: collect dead records, and send redriven records back to their queues."""

    def __init__(
        self,
        *,
        queues: DeadQueues,
        dead_letters: DeadLetters,
        messages: Messages,
        deliveries: Deliveries,
        record: RecordStatus,
        log_failure: LogFailure,
        channels: frozenset[str],
        new_id: NewId,
    ) -> None:
        self._queues = queues
        self._dead_letters = dead_letters
        self._messages = messages
        self._deliveries = deliveries
        self._record = record
        self._log_failure = log_failure
        self._channels = channels
        self._new_id = new_id

    def __call__(self, now: datetime) -> Counter[str]:
        sent_back = self._send_back(now)
        kept = 0
        for received in self._queues.receive():
            if self._keep(received.record, now):
                self._queues.remove(received)
                kept += 1
        return Counter(DeadRecords=kept, RecordsSentBack=sent_back)

    def _send_back(self, now: datetime) -> int:
        waiting = self._dead_letters.to_send_back(iso(now), BATCH)
        for record in waiting:
            self._queues.send_back(record, iso(now))
            self._dead_letters.forget(record)
        return len(waiting)

    def _keep(self, record: DeadRecord, now: datetime) -> bool:
        """Make the record a failure or a dead letter; return False if it must stay in the queue for now."""
        if record.source in self._channels:
            requested = _decoded(record, _DELIVERY)
            if requested is not None:
                return self._fail(requested, record, now)
        if record.source == CHAT_EVENTS:
            message = self._message_of(record)
            if message is not None:
                if message.status is Status.PENDING and not message.routed:
                    self._messages.give_up(message, iso(now), CODE, _reason(record))
                return True
        self._dead_letters.keep(record)
        return True

    def _message_of(self, record: DeadRecord) -> Message | None:
        """Return the stored message of a record that requests its routing on the first channels.

        The message may be routed already: a stream gives up all records of a batch from the first failed
        record on, also records that were handled. `relay` takes care of a message that was routed.
        """
        match _decoded(record, _CHAT_EVENT):
            case MessageSubmitted(message=message):
                stored = self._messages.get(message.message_id)
                return stored if stored is not None and stored.fingerprint == message.fingerprint else None
            case MessageAccepted(position=0, message_id=message_id):
                return self._messages.get(message_id)
            case _:
                return None

    def _fail(self, requested: DeliveryRequested, record: DeadRecord, now: datetime) -> bool:
        until = (now + CLAIM_TIME).timestamp()
        claimed = self._deliveries.claim(requested, self._new_id(), now.timestamp(), until)
        if not isinstance(claimed, Claimed):
            return claimed.until is None
        self._deliveries.record_failed(claimed, CODE, _reason(record), iso(now))
        self._log_failure(requested.delivery_id, requested.conversation_id, CODE, _reason(record))
        self._record(
            StatusUpdate(
                requested.recipient.channel,
                requested.recipient.account,
                Status.FAILED,
                iso(now),
                delivery_id=str(claimed.delivery.delivery_id),
                error_code=CODE,
                error_reason=_reason(record),
                recorded=True,
            )
        )
        return True


def _decoded(record: DeadRecord, decoder: msgspec.json.Decoder[E]) -> E | None:
    try:
        return decoder.decode(record.body)
    except msgspec.DecodeError:
        return None


def _reason(record: DeadRecord) -> str:
    return f"The queue {record.source} gave out the record again and again, and no function could handle it."
