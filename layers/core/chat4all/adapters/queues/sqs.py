"""The streams between the functions, on SQS FIFO."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.aws import FAILURES, answering
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    ChatEvent,
    DeliveryRequested,
    MessageAccepted,
    MessageSubmitted,
    ParticipantJoining,
    SignalsRequested,
    StatusUpdate,
    WebhookEvent,
    WebhookEvents,
)
from chat4all.domain.files.file import FileEvent
from chat4all.domain.webhooks import SEPARATOR

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_log = logging.getLogger(__name__)

MOST_ENTRIES: Final = 10
MOST_TOGETHER: Final = 50
"""The most events in a record of `inbound`, which handles them one after the other."""
MOST_BYTES: Final = 200_000
"""The most bytes of a batch; SQS allows 256 KiB in every AWS partition."""


class Queues(msgspec.Struct, frozen=True):
    """The URLs of the queues; a function has the URLs of those that it may send to."""

    chat_events: str = ""
    status_updates: str = ""
    inbound: str = ""
    channels: Mapping[str, str] = {}
    files: str = ""


class _Entry(msgspec.Struct, frozen=True):
    group: str
    deduplication: str
    body: str


class SqsEvents:
    def __init__(self, client: "SQSClient", queues: Queues) -> None:
        self._client = client
        self._queues = queues

    @answering("The queue did not take the message; try again.", retry_after=1)
    def message_submitted(self, event: MessageSubmitted) -> str:
        return self._to_conversation(event)

    @answering("The queue did not take the join; try again.", retry_after=1)
    def participant_joining(self, event: ParticipantJoining) -> str:
        return self._to_conversation(event)

    def probe(self) -> None:
        """Reach chat-events, or raise."""
        self._client.get_queue_attributes(
            QueueUrl=self._queues.chat_events, AttributeNames=["ApproximateNumberOfMessages"]
        )

    @answering("The message is stored, but its deliveries were not requested; try again.", retry_after=1)
    def message_accepted(self, event: MessageAccepted) -> None:
        self._to_conversation(event)

    @answering("The queue did not take the signal; try again.", retry_after=1)
    def signals_requested(self, event: SignalsRequested) -> None:
        self._to_conversation(event)

    def _to_conversation(self, event: ChatEvent) -> str:
        """Put the event at the end of its conversation's group; return its number there."""
        sent = self._client.send_message(
            QueueUrl=self._queues.chat_events,
            MessageBody=_body(event),
            MessageGroupId=event.conversation_id,
            MessageDeduplicationId=event.deduplication_id,
        )
        return sent["SequenceNumber"]

    def deliveries_requested(self, requested: Sequence[DeliveryRequested]) -> None:
        by_channel: dict[str, list[_Entry]] = {}
        for delivery in requested:
            by_channel.setdefault(delivery.recipient.channel, []).append(_delivery_entry(delivery))
        for channel, entries in by_channel.items():
            for wave in waves(entries):
                if self._send(self._queues.channels[channel], wave):
                    raise Unavailable(f"The queue of {channel} did not accept every delivery; try again.")

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        entries = [_status_entry(update) for update in updates]
        refused: set[int] = set()
        for start in range(0, len(entries), MOST_ENTRIES):
            batch = entries[start : start + MOST_ENTRIES]
            refused |= {start + index for index in self._send(self._queues.status_updates, batch)}
        return [update for index, update in enumerate(updates) if index in refused]

    def webhook_events(self, events: Sequence[WebhookEvent]) -> None:
        entries = [_webhook_entry(place, together) for place, together in _together(events)]
        for wave in waves(entries):
            if self._send(self._queues.inbound, wave):
                raise Unavailable(
                    "The webhook is stored, but not every event was queued; try again.", retry_after=1
                )

    @answering("The file is stored, but not yet queued for inspection; try again.", retry_after=1)
    def file_event(self, event: FileEvent) -> None:
        self._client.send_message(
            QueueUrl=self._queues.files,
            MessageBody=_body(event),
            MessageGroupId=event.file_id,
            MessageDeduplicationId=f"{event.__struct_config__.tag}:{event.file_id}",
        )

    def _send(self, queue_url: str, batch: list[_Entry]) -> set[int]:
        """Send a batch; return the positions of the entries that SQS did not accept."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(index),
                "MessageBody": entry.body,
                "MessageGroupId": entry.group,
                "MessageDeduplicationId": entry.deduplication,
            }
            for index, entry in enumerate(batch)
        ]
        try:
            answer = self._client.send_message_batch(QueueUrl=queue_url, Entries=entries)
        except FAILURES:
            _log.warning("%s did not accept a batch", queue_url, exc_info=True)
            return set(range(len(batch)))
        return {int(failure["Id"]) for failure in answer.get("Failed", ())}


def waves(entries: Iterable[_Entry]) -> list[list[_Entry]]:
    """Divide the entries into batches to send in order; a batch has at most one entry of a group.

    SQS may accept a part of a batch. If a batch had two entries of a group, SQS could accept the second
    without the first, and the second would overtake the first.
    """
    found: list[list[_Entry]] = []
    next_wave: dict[str, int] = {}
    for entry in entries:
        wave = next_wave.get(entry.group, 0)
        while wave < len(found) and _full(found[wave], entry):
            wave += 1
        if wave == len(found):
            found.append([])
        found[wave].append(entry)
        next_wave[entry.group] = wave + 1
    return found


def _full(wave: list[_Entry], entry: _Entry) -> bool:
    size = sum(len(other.body.encode()) for other in wave) + len(entry.body.encode())
    return len(wave) >= MOST_ENTRIES or size > MOST_BYTES


def _delivery_entry(requested: DeliveryRequested) -> _Entry:
    return _Entry(requested.group, requested.deduplication_id, _body(requested))


def about(update: StatusUpdate) -> str:
    """Return a group for the update's delivery, in a form that SQS and Kinesis accept.

    Updates of different deliveries have no order.
    """
    return _short(update.delivery_id or f"{update.channel}:{update.account}:{update.provider_message_id}")


def _status_entry(update: StatusUpdate) -> _Entry:
    """Build the entry. The order of updates does not matter, and a repeated update does no harm."""
    body = _body(update)
    return _Entry(about(update), _short(body), body)


def _together(events: Sequence[WebhookEvent]) -> Iterator[tuple[int, WebhookEvents]]:
    """Yield the events of each chat together, as many as a record holds, with the place of the first event.

    SQS takes the records of a group one after the other, and a webhook may hold thousands of messages of one
    chat. The place is the same when the webhook comes again.
    """
    chats: dict[str, list[tuple[int, WebhookEvent]]] = {}
    for place, received in enumerate(events):
        chats.setdefault(received.group, []).append((place, received))
    for chat in chats.values():
        record, size = chat[:1], len(_body(chat[0][1].event))
        for placed in chat[1:]:
            added = len(_body(placed[1].event))
            if len(record) == MOST_TOGETHER or size + added > MOST_BYTES:
                yield _record(record)
                record, size = [], 0
            record, size = [*record, placed], size + added
        yield _record(record)


def _record(placed: Sequence[tuple[int, WebhookEvent]]) -> tuple[int, WebhookEvents]:
    place, first = placed[0]
    events = tuple(received.event for _, received in placed)
    return place, WebhookEvents(first.channel, first.account, first.webhook_id, events, first.replay)


def _webhook_entry(place: int, received: WebhookEvents) -> _Entry:
    """Build the entry: a person's messages form a group, whose order SQS keeps."""
    # A repeated webhook arrives at another time, and has the same digest.
    digest = received.webhook_id.rpartition(SEPARATOR)[2]
    webhook = f"{received.channel}-{received.account}-{digest}"
    return _Entry(
        _short(received.group), _short(f"{webhook}:{place}:{received.replay or ''}"), _body(received)
    )


def _short(text: str) -> str:
    """Hash the text: SQS allows only 128 characters, and not every character."""
    return hashlib.sha256(text.encode()).hexdigest()


def _body(event: msgspec.Struct) -> str:
    """Encode the event; escape two characters that JSON leaves as they are, but SQS refuses.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    body = msgspec.json.encode(event).decode()
    return body.replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")
