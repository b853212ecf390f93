"""Dead letters in memory: what is FAILED in the message table."""

from msgspec.structs import replace

from chat4all.domain.dead_letters import DeadLetter, DeadLetterKind, DeadRecord
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.message import Message
from chat4all.domain.sending import EARLIER_PART
from chat4all.domain.status import Status
from tests.fakes.message_table import MessageTable


class MemoryDeadLetters:
    def __init__(self, table: MessageTable) -> None:
        self._table = table

    def get(self, dead_letter_id: str) -> DeadLetter | None:
        return next((one for one in self._all() if one.dead_letter_id == dead_letter_id), None)

    def listing(self, channel: str | None, after: str | None, limit: int) -> list[DeadLetter]:
        wanted = [
            one
            for one in self._all()
            if (channel is None or one.channel == channel) and (after is None or one.sort_key > after)
        ]
        return sorted(wanted, key=lambda one: one.sort_key)[:limit]

    def keep(self, record: DeadRecord) -> None:
        self._table.dead_records.setdefault(record.record_id, record)

    def send_back(self, letter: DeadLetter, at: str) -> None:
        self._table.sent_back.add(letter.dead_letter_id.removeprefix("RECORD#"))

    def to_send_back(self, now: str, limit: int) -> list[DeadRecord]:
        return [self._table.dead_records[one] for one in sorted(self._table.sent_back)][:limit]

    def forget(self, record: DeadRecord) -> None:
        self._table.dead_records.pop(record.record_id, None)
        self._table.sent_back.discard(record.record_id)

    def _all(self) -> list[DeadLetter]:
        with self._table.lock:
            deliveries = [
                _of_delivery(state.delivery)
                for state in self._table.deliveries.values()
                if state.delivery.status is Status.FAILED
                and state.delivery.error_code != EARLIER_PART
                and not state.delivery.fallback
            ]
            messages = [_of_message(self._table.messages[one]) for one in self._table.given_up]
            records = [
                _of_record(dead_record)
                for dead_record in self._table.dead_records.values()
                if dead_record.record_id not in self._table.sent_back
            ]
        return [*deliveries, *messages, *records]


def _of_delivery(one: DeliveryPart) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=str(replace(one.delivery_id, round=0)),
        kind=DeadLetterKind.DELIVERY,
        error_code=one.error_code or "",
        error_reason=one.error_reason or "",
        failed_at=one.status_history[-1].at,
        sort_key=f"{one.conversation_id}#{one.sequence:012d}#{one.recipient_id}#{one.part:03d}",
        message_id=one.message_id,
        conversation_id=one.conversation_id,
        sequence=one.sequence,
        recipient_id=one.recipient_id,
        channel=one.channel,
        attempts=one.attempts,
    )


def _of_message(one: Message) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=one.message_id,
        kind=DeadLetterKind.MESSAGE,
        error_code=one.error_code or "",
        error_reason=one.error_reason or "",
        failed_at=one.status_history[-1].at,
        sort_key=f"{one.conversation_id}#{one.sequence:012d}",
        message_id=one.message_id,
        conversation_id=one.conversation_id,
        sequence=one.sequence,
    )


def _of_record(one: DeadRecord) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=f"RECORD#{one.record_id}",
        kind=DeadLetterKind.RECORD,
        error_code="NOT_HANDLED",
        error_reason=(
            f"The queue {one.source} gave out the record again and again, and no function could handle it."
        ),
        failed_at=one.at,
        sort_key=f"~{one.source}#{one.at}#{one.record_id}",
        source=one.source,
    )
