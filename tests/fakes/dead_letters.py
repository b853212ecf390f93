"""Dead letters in memory: the FAILED deliveries and messages, and the dead records, of the message table."""

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
        return next((letter for letter in self._all() if letter.dead_letter_id == dead_letter_id), None)

    def listing(self, channel: str | None, after: str | None, limit: int) -> list[DeadLetter]:
        wanted = [
            letter
            for letter in self._all()
            if (channel is None or letter.channel == channel) and (after is None or letter.sort_key > after)
        ]
        return sorted(wanted, key=lambda letter: letter.sort_key)[:limit]

    def keep(self, record: DeadRecord) -> None:
        self._table.dead_records.setdefault(record.record_id, record)

    def send_back(self, letter: DeadLetter, at: str) -> None:
        self._table.sent_back.add(letter.dead_letter_id.removeprefix("RECORD#"))

    def to_send_back(self, now: str, limit: int) -> list[DeadRecord]:
        return [self._table.dead_records[record_id] for record_id in sorted(self._table.sent_back)][:limit]

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
            messages = [_of_message(self._table.messages[message_id]) for message_id in self._table.given_up]
            records = [
                _of_record(dead_record)
                for dead_record in self._table.dead_records.values()
                if dead_record.record_id not in self._table.sent_back
            ]
        return [*deliveries, *messages, *records]


def _of_delivery(part: DeliveryPart) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=str(replace(part.delivery_id, round=0)),
        kind=DeadLetterKind.DELIVERY,
        error_code=part.error_code or "",
        error_reason=part.error_reason or "",
        failed_at=part.status_history[-1].at,
        sort_key=f"{part.conversation_id}#{part.sequence}#{part.recipient_id}#{part.part:03d}",
        message_id=part.message_id,
        conversation_id=part.conversation_id,
        sequence=part.sequence,
        recipient_id=part.recipient_id,
        channel=part.channel,
        attempts=part.attempts,
    )


def _of_message(message: Message) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=message.message_id,
        kind=DeadLetterKind.MESSAGE,
        error_code=message.error_code or "",
        error_reason=message.error_reason or "",
        failed_at=message.status_history[-1].at,
        sort_key=f"{message.conversation_id}#{message.sequence}",
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
    )


def _of_record(record: DeadRecord) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=f"RECORD#{record.record_id}",
        kind=DeadLetterKind.RECORD,
        error_code="NOT_HANDLED",
        error_reason=(
            f"The queue {record.source} gave out the record again and again, and no function could handle it."
        ),
        failed_at=record.at,
        sort_key=f"~{record.source}#{record.at}#{record.record_id}",
        source=record.source,
    )
