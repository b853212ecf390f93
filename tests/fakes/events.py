"""The queues between the functions, in memory."""

import threading
from collections.abc import Mapping, Sequence

import msgspec

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
from tests.fakes.fifo import FifoQueue
from tests.fakes.kinesis import Stream


class RecordedEvents:
    """A record of all published events. While `broken` is set, publishing fails."""

    def __init__(self) -> None:
        self.submitted: list[MessageSubmitted] = []
        self.numbers: list[str] = []
        """Of the submitted messages."""
        self.accepted: list[MessageAccepted] = []
        self.joining: list[ParticipantJoining] = []
        self.requested: list[DeliveryRequested] = []
        self.signals: list[SignalsRequested] = []
        self.updates: list[StatusUpdate] = []
        self.webhooks: list[WebhookEvent] = []
        self.files: list[FileEvent] = []
        self.broken = False
        self._numbers: dict[str, str] = {}
        self._lock = threading.Lock()

    def message_submitted(self, event: MessageSubmitted) -> str:
        self._check()
        with self._lock:
            known = event.deduplication_id in self._numbers
            number = self._number(event.deduplication_id)
            if not known:
                # Readers look at `submitted` first: its number must be there.
                self.numbers.append(number)
                self.submitted.append(event)
            return number

    def participant_joining(self, event: ParticipantJoining) -> str:
        self._check()
        with self._lock:
            self.joining.append(event)
            return self._number(event.deduplication_id)

    def forget(self) -> None:
        """Five minutes pass: the queue takes a repeat for a new record."""
        self._numbers = {f"{number} {key}": number for key, number in self._numbers.items()}

    def number_of(self, event: MessageSubmitted) -> str:
        (place,) = (place for place, one in enumerate(self.submitted) if one is event)
        return self.numbers[place]

    def _number(self, deduplication: str) -> str:
        return self._numbers.setdefault(deduplication, f"{len(self._numbers) + 1:020d}")

    def signals_requested(self, event: SignalsRequested) -> None:
        self._check()
        self.signals.append(event)

    def message_accepted(self, event: MessageAccepted) -> None:
        self._check()
        self.accepted.append(event)

    def deliveries_requested(self, requested: Sequence[DeliveryRequested]) -> None:
        self._check()
        self.requested.extend(requested)

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        if self.broken:
            return list(updates)
        self.updates.extend(updates)
        return []

    def webhook_events(self, events: Sequence[WebhookEvent]) -> None:
        self._check()
        self.webhooks.extend(events)

    def file_event(self, event: FileEvent) -> None:
        self._check()
        self.files.append(event)

    def _check(self) -> None:
        if self.broken:
            raise Unavailable("The queue did not answer; try again.", retry_after=1)


class QueuedEvents:
    """A publisher to FIFO queues, with the groups and deduplication ids of chat4all.domain.events."""

    def __init__(
        self,
        chat_events: FifoQueue | Stream,
        channels: Mapping[str, FifoQueue],
        status_updates: FifoQueue | Stream,
        inbound: FifoQueue,
        files: list[FileEvent],
    ) -> None:
        self._files = files
        self._chat_events = chat_events
        self._channels = channels
        self._status_updates = status_updates
        self._inbound = inbound

    def message_submitted(self, event: MessageSubmitted) -> str:
        return self._to_conversation(event)

    def participant_joining(self, event: ParticipantJoining) -> str:
        return self._to_conversation(event)

    def message_accepted(self, event: MessageAccepted) -> None:
        self._to_conversation(event)

    def signals_requested(self, event: SignalsRequested) -> None:
        self._to_conversation(event)

    def _to_conversation(self, event: ChatEvent) -> str:
        return self._chat_events.send(event.conversation_id, event.deduplication_id, _body(event))

    def deliveries_requested(self, requested: Sequence[DeliveryRequested]) -> None:
        for request in requested:
            self._channels[request.recipient.channel].send(
                request.group, request.deduplication_id, _body(request)
            )

    def status_updates(self, updates: Sequence[StatusUpdate]) -> list[StatusUpdate]:
        for update in updates:
            about = update.delivery_id or f"{update.channel}:{update.provider_message_id}"
            self._status_updates.send(about, f"{update.status}:{update.at}:{about}"[:128], _body(update))
        return []

    def webhook_events(self, events: Sequence[WebhookEvent]) -> None:
        for index, received in enumerate(events):
            record = WebhookEvents(
                received.channel, received.account, received.webhook_id, (received.event,), received.replay
            )
            self._inbound.send(
                record.group,
                f"{received.webhook_id.rpartition('|')[2]}:{index}:{received.replay or ''}",
                _body(record),
            )

    def file_event(self, event: FileEvent) -> None:
        self._files.append(event)


def _body(event: msgspec.Struct) -> str:
    return msgspec.json.encode(event).decode()
