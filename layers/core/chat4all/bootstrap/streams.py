"""Wire chat-events and status-updates, on SQS FIFO or on Kinesis, as the environment says."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from chat4all.adapters.kinesis import KinesisEvents, Streams
from chat4all.adapters.sqs import Queues, SqsEvents
from chat4all.adapters.stream_failures import Failures
from chat4all.bootstrap import runtime
from chat4all.bootstrap.settings import StreamSettings
from chat4all.entrypoints.queues.batches import Batch, Event, HandBack, Received
from chat4all.entrypoints.queues.stream_batches import StreamBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

E = TypeVar("E", bound=Event)


def events(settings: StreamSettings, sqs: "SQSClient", queues: Queues) -> SqsEvents:
    """Build the events port; `queues` are the queues beside the two streams."""
    if settings.chat_events_stream or settings.status_updates_stream:
        streams = Streams(settings.chat_events_stream, settings.status_updates_stream)
        return KinesisEvents(runtime.kinesis(), streams, sqs, queues)
    both = msgspec.structs.replace(
        queues, chat_events=settings.chat_events_queue, status_updates=settings.status_updates_queue
    )
    return SqsEvents(sqs, both)


class StreamConsumer(Generic[E]):
    """A consumer of Lambda's events, of a queue or of a stream."""

    def __init__(
        self,
        kind: type[E],
        handle: Callable[[E, Received], HandBack | None],
        sqs: "SQSClient",
        *,
        queue_url: str,
        dead_letter_queue_url: str,
    ) -> None:
        self._of_queue = Batch(kind, handle, sqs, queue_url)
        self._of_stream = StreamBatch(kind, handle, Failures(sqs, dead_letter_queue_url))

    def __call__(self, event: Mapping[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        if event["Records"][0]["eventSource"] == "aws:kinesis":
            return self._of_stream(event, still_in_time)
        return self._of_queue(event, still_in_time)
