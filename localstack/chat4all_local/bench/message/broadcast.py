"""The receives of a broadcast: how often the channel's function got each delivery from its queue."""

from collections.abc import Iterable
from typing import Final

import msgspec

from chat4all_local.bench.pipeline.sides import ProductSide
from chat4all_local.cloud.function_logs import FunctionLogs, LogLine
from chat4all_local.cloud.running import Cloud
from chat4all_local.traffic.target import new_line

CHANNEL: Final = "telegram"
"""Its provider takes 30 messages a second, fewer than the API accepts: most deliveries must wait."""


class _Metrics(msgspec.Struct, frozen=True):
    """A metric of the functions in a log line, in CloudWatch's embedded format."""

    records: list[float] = msgspec.field(name="Records", default=[])


_METRICS: Final = msgspec.json.Decoder(_Metrics)


class Broadcast:
    """Posts one text into conversations with one customer each."""

    def __init__(self, cloud: Cloud, most_conversations: int) -> None:
        self._product = ProductSide(cloud, {CHANNEL: most_conversations})
        self._logs = FunctionLogs(cloud, [CHANNEL])

    def receives_per_delivery(self, conversations: int) -> float:
        """Post into so many conversations, and wait until each delivery is at the provider."""
        self._logs.new_lines()
        lines = [new_line(conversation) for conversation in self._product.conversations[:conversations]]
        posts = self._product.target.post_all(lines)
        self._product.arrivals(posts)
        self._product.settle()
        return receives(self._logs.new_lines()) / conversations

    def close(self) -> None:
        self._product.close()


def receives(lines: Iterable[LogLine]) -> float:
    """Add up the records of every batch that the function reports in its metrics."""
    return sum(sum(_METRICS.decode(line.text).records) for line in lines if line.text.startswith("{"))
