"""Wire chat-events and status-updates, on SQS FIFO or on Kinesis, as the environment says."""

from typing import TYPE_CHECKING

import msgspec

from chat4all.adapters.queues.kinesis import KinesisEvents, Streams
from chat4all.adapters.queues.sqs import Queues, SqsEvents
from chat4all.bootstrap import runtime
from chat4all.bootstrap.settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def events(settings: StreamSettings, sqs: "SQSClient", queues: Queues) -> SqsEvents:
    """Build the events port; `queues` are the queues beside the two streams."""
    if settings.chat_events_stream or settings.status_updates_stream:
        streams = Streams(settings.chat_events_stream, settings.status_updates_stream)
        return KinesisEvents(runtime.kinesis(), streams, sqs, queues)
    both = msgspec.structs.replace(
        queues, chat_events=settings.chat_events_queue, status_updates=settings.status_updates_queue
    )
    return SqsEvents(sqs, both)
