"""The result that `chat4all demo --json` prints."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.demo.counting import Counts, total
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.files.result import FileResult, file_results
from chat4all_local.demo.kinds.judging import KindsVerdict, Seen
from chat4all_local.demo.verdict import Verdict
from chat4all_local.traffic.spread import quantile


class ChannelResult(msgspec.Struct, frozen=True):
    """The counts of a channel.

    Without delivery receipts `delivered` counts SENT. Without read receipts `read` is null.
    """

    accepted: int
    delivered: int
    read: int | None
    received: int


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds; null if nothing arrived."""

    p50: float | None
    p95: float | None


class Result(msgspec.Struct, frozen=True):
    """The result. `lost` and `duplicates` count messages and files; `latency_ms` covers the messages."""

    channels: Mapping[str, ChannelResult]
    lost: int
    duplicates: int
    out_of_order: int
    latency_ms: Latency
    files: Mapping[str, FileResult]
    kinds: Mapping[str, Mapping[str, Seen]]


def result(verdict: Verdict, files: FilesVerdict, kinds: KindsVerdict) -> Result:
    everything = [ms for measured in verdict.latencies_ms.values() for ms in measured]
    return Result(
        channels={channel: _channel(counts_of(verdict, channel)) for channel in verdict.channels},
        lost=len(verdict.lost) + len(files.lost),
        duplicates=len(verdict.duplicates) + len(files.duplicates),
        out_of_order=len(verdict.out_of_order),
        latency_ms=latency(everything),
        files=file_results(files),
        kinds={row.name: row.seen for row in kinds.rows},
    )


def counts_of(verdict: Verdict, channel: str) -> Counts:
    """Add up the counts of the channel's conversations."""
    return total(row.counts for row in verdict.rows if row.channel == channel)


def latency(milliseconds: Sequence[float]) -> Latency:
    """Return the percentiles by nearest rank: each is a measured value."""
    if not milliseconds:
        return Latency(None, None)
    return Latency(round(quantile(milliseconds, 0.5), 1), round(quantile(milliseconds, 0.95), 1))


def _channel(counts: Counts) -> ChannelResult:
    return ChannelResult(counts.accepted, counts.delivered, counts.read, counts.received)
