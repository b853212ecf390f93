"""The carrier of chat-events and status-updates: the template's EventStream."""

from collections.abc import Mapping
from enum import StrEnum

from chat4all_local.cloud.settings import EVENT_STREAM_SHARDS


class EventStream(StrEnum):
    SQS = "sqs"
    KINESIS = "kinesis"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The template's; none where its default will do."""
        if self is EventStream.SQS:
            return {}
        return {"EventStream": self.value, "EventStreamShards": str(EVENT_STREAM_SHARDS)}
