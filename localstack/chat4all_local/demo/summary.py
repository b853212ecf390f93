"""The summary that the demo prints at its end."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chat4all.channels.registry import manifest_of
from chat4all.domain.status import Status
from chat4all_local.console.tables import plain_table
from chat4all_local.demo.counting import Counts, total
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.files.table import files_table
from chat4all_local.demo.kinds.judging import KindsVerdict
from chat4all_local.demo.kinds.table import kinds_table
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.result import Latency, counts_of, latency
from chat4all_local.demo.run import Outcome
from chat4all_local.demo.verdict import Verdict
from chat4all_local.traffic.participants import BY_CHANNEL

_SHOWN = 10


def summary(outcome: Outcome, files: FilesVerdict, kinds: KindsVerdict, seconds: float) -> RenderableType:
    """Return the summary of a demo that took `seconds`."""
    verdict = outcome.verdict
    return Group(
        Text(""),
        _table(verdict),
        Text(""),
        files_table(files.rows, verdict.channels),
        Text(""),
        kinds_table(kinds.rows, verdict.channels),
        Text(""),
        _notes(verdict.channels, outcome.observed),
        *_findings(verdict, files, kinds),
        _last_line(verdict, files, kinds, outcome.sent.repeats + files.repeats, seconds),
    )


def _table(verdict: Verdict) -> Table:
    table = plain_table("CHANNEL", numbers=("ACCEPTED", "DELIVERED", "READ", "ANSWERS", "P50", "P95"))
    for channel in verdict.channels:
        counts, times = counts_of(verdict, channel), latency(verdict.latencies_ms[channel])
        table.add_row(BY_CHANNEL[channel].title, *_cells(counts, times))
    everything = [ms for measured in verdict.latencies_ms.values() for ms in measured]
    counts = total(counts_of(verdict, channel) for channel in verdict.channels)
    table.add_row("total", *_cells(counts, latency(everything)), style="bold")
    return table


def _cells(counts: Counts, times: Latency) -> tuple[str, ...]:
    read = "-" if counts.read is None else str(counts.read)
    numbers = (str(counts.accepted), str(counts.delivered), read, str(counts.received))
    return (*numbers, _milliseconds(times.p50), _milliseconds(times.p95))


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def _notes(channels: Sequence[str], observed: Observed) -> Text:
    parts = ", ".join(
        f"{len(observed.provided.get(channel, ()))} by {BY_CHANNEL[channel].title}" for channel in channels
    )
    without_receipts = (
        f"{customer.title} sends no receipts: delivered counts SENT. "
        for customer in map(BY_CHANNEL.__getitem__, channels)
        if customer.final_status is Status.SENT
    )
    return Text(
        f"P50, P95: from POST to the last part's arrival at the provider. Parts accepted: {parts}.\n"
        "A text that is too long is sent in parts."
        f" Longest part: {', '.join(map(_longest_text, channels))}.\n"
        f"{''.join(without_receipts)}\n"
        "Uploaded: time until READY. ✓: exactly the same bytes arrived, once."
        " Of a kind: the app shows it as the channel's capabilities say, and the answer came back.",
        style="dim",
    )


def _longest_text(channel: str) -> str:
    capabilities = manifest_of(channel).capabilities
    unit = capabilities.text_unit.replace("_", " ")
    return f"{capabilities.text_length:,} {unit} on {BY_CHANNEL[channel].title}"


def _findings(verdict: Verdict, files: FilesVerdict, kinds: KindsVerdict) -> list[Text]:
    found_by_kind = {
        "not sent": verdict.unsent,
        "lost": verdict.lost + files.lost,
        "late": verdict.late + files.late,
        "wrong": files.wrong + kinds.faults,
        "duplicated": verdict.duplicates + files.duplicates,
        "out of order": verdict.out_of_order,
        "unexpected": verdict.strange + files.strange,
    }
    return [
        Text.assemble((f"{kind}: ", "bold red"), _listed(found))
        for kind, found in found_by_kind.items()
        if found
    ]


def _listed(found: tuple[str, ...]) -> str:
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(text[:200] for text in found[:_SHOWN]) + more


def _last_line(
    verdict: Verdict, files: FilesVerdict, kinds: KindsVerdict, repeated: int, seconds: float
) -> Text:
    is_good = verdict.is_good and files.is_good and kinds.is_good
    mark = ("✓ ", "bold green") if is_good else ("✗ ", "bold red")
    faults = (
        f"{len(verdict.lost + files.lost)} lost, {len(verdict.duplicates + files.duplicates)} duplicated, "
        f"{len(verdict.out_of_order)} out of order"
    )
    repeats = f"; {repeated} POSTs repeated" if repeated else ""
    return Text.assemble(mark, (faults, "bold"), f", in {seconds:.1f} s{repeats}")
