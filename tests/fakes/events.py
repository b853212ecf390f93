"""The queues between the functions, in memory."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all.domain.errors import Unavailable
from chat4all.domain.events import (
    DeliveryRequested,
    InboundStatus,
    MessageAccepted,
    StatusUpdate,
    WebhookEvent,
)
from chat4all.domain.files.file import FileEvent
from tests.fakes.fifo import FifoQueue
from tests.fakes.kinesis import Stream


class RecordedEvents:
    """A record of all published events. While `broken` is set, publishing fails."""

    def __init__(self) -> None:
        self.accepted: list[MessageAccepted] = []
        self.requested: list[DeliveryRequested] = []
        self.updates: list[StatusUpdate] = []
        self.webhooks: list[WebhookEvent] = []
        self.files: list[FileEvent] = []
        self.broken = False

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

    def message_accepted(self, event: MessageAccepted) -> None:
        self._chat_events.send(event.conversation_id, event.deduplication_id, _body(event))

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
            event = received.event
            about = event.provider_message_id if isinstance(event, InboundStatus) else event.address
            self._inbound.send(
                f"{received.channel}:{received.account}:{about}",
                f"{received.webhook_id}:{index}",
                _body(received),
            )

    def file_event(self, event: FileEvent) -> None:
        self._files.append(event)


def _body(event: msgspec.Struct) -> str:
    return msgspec.json.encode(event).decode()
