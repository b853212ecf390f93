"""The service that carries chat-events and status-updates: the template's parameter EventStream."""

from collections.abc import Mapping
from enum import StrEnum

from chat4all_local.cloud.settings import EVENT_STREAM_SHARDS


class EventStream(StrEnum):
    SQS = "sqs"
    KINESIS = "kinesis"

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return the template's parameters; none for the template's default."""
        if self is EventStream.SQS:
            return {}
        return {"EventStream": self.value, "EventStreamShards": str(EVENT_STREAM_SHARDS)}
