"""What `chat4all demo --json` prints."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.demo.counting import Counts, total
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.files.result import FileResult, file_results
from chat4all_local.demo.verdict import Verdict
from chat4all_local.traffic.participants import SHOWN
from chat4all_local.traffic.spread import quantile


class ChannelResult(msgspec.Struct, frozen=True):
    """Telegram has no receipts: its `delivered` counts SENT, its `read` is null."""

    accepted: int
    delivered: int
    read: int | None
    received: int


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds; null where nothing arrived."""

    p50: float | None
    p95: float | None


class Result(msgspec.Struct, frozen=True):
    """`lost` and `duplicates` count messages and files; `latency_ms` is of the messages."""

    channels: Mapping[str, ChannelResult]
    lost: int
    duplicates: int
    out_of_order: int
    latency_ms: Latency
    files: Mapping[str, FileResult]


def result(verdict: Verdict, files: FilesVerdict) -> Result:
    everything = [ms for some in verdict.latencies_ms.values() for ms in some]
    return Result(
        channels={channel: _channel(counts_of(verdict, channel)) for channel in SHOWN},
        lost=len(verdict.lost) + len(files.lost),
        duplicates=len(verdict.duplicates) + len(files.duplicates),
        out_of_order=len(verdict.out_of_order),
        latency_ms=latency(everything),
        files=file_results(files),
    )


def counts_of(verdict: Verdict, channel: str) -> Counts:
    """Over the channel's conversations."""
    return total(row.counts for row in verdict.rows if row.channel == channel)


def latency(milliseconds: Sequence[float]) -> Latency:
    """By the nearest rank: the smallest value that so many of all do not exceed."""
    if not milliseconds:
        return Latency(None, None)
    return Latency(round(quantile(milliseconds, 0.5), 1), round(quantile(milliseconds, 0.95), 1))


def _channel(counts: Counts) -> ChannelResult:
    return ChannelResult(counts.accepted, counts.delivered, counts.read, counts.received)
