"""Consume chat-events or status-updates, which are an SQS queue or a Kinesis stream."""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chat4all.adapters.queues.stream_failures import Failures
from chat4all.entrypoints.invocation import fields_of
from chat4all.entrypoints.queues.batches import Batch, Event, HandBack, Received
from chat4all.entrypoints.queues.stream_batches import StreamBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

E = TypeVar("E", bound=Event)


class StreamConsumer(Generic[E]):
    """A consumer of Lambda's events, of a queue or of a stream."""

    def __init__(
        self,
        kind: type[E] | UnionType,
        handle: Callable[[E, Received], HandBack | None],
        sqs: "SQSClient",
        *,
        queue_url: str,
        dead_letter_queue_url: str,
    ) -> None:
        self._of_queue = Batch(kind, handle, sqs, queue_url)
        self._of_stream = StreamBatch(kind, handle, Failures(sqs, dead_letter_queue_url))

    def __call__(self, event: Mapping[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        if _is_of_stream(event["Records"][0]):
            return self._of_stream(event, still_in_time)
        return self._of_queue(event, still_in_time)


def _is_of_stream(record: object) -> bool:
    return fields_of(record).get("eventSource") == "aws:kinesis"
