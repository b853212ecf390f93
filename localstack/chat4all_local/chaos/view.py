"""The outcomes as a table in the terminal, and as a report with plots."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.table import Table
from rich.text import Text

from chat4all_local.chaos.outcome import Outcome
from chat4all_local.chaos.timeline import Timeline
from chat4all_local.cloud.machine import Machine
from chat4all_local.console.tables import plain_table

HEADINGS: Final = (
    "scenario",
    "accepted",
    "delivered",
    "FAILED",
    "lost",
    "repeated",
    "disorder",
    "next s",
    "drained s",
    "others' p95",
)
_ACCEPTED, _DELIVERED, _BACKLOG, _FAULT = "#9aa5b1", "#2f6fde", "#e67e22", "#c0392b"


def row(outcome: Outcome) -> tuple[str, ...]:
    figures = outcome.figures
    return (
        outcome.scenario.name,
        str(figures.accepted),
        str(figures.delivered),
        str(figures.failed),
        str(figures.lost),
        str(figures.repeated),
        str(figures.out_of_order),
        _seconds(figures.first_delivery_s),
        _seconds(figures.drained_s),
        f"{outcome.isolation.ratio:.2f}" if outcome.isolation else "-",
    )


def table(outcomes: Sequence[Outcome]) -> Table:
    shown = plain_table(HEADINGS[0], numbers=HEADINGS[1:])
    for outcome in outcomes:
        shown.add_row(*row(outcome), style="red" if outcome.wrongs else "yellow" if outcome.missed else "")
    return shown


def verdict(outcome: Outcome) -> Text:
    if outcome.wrongs:
        return Text.assemble(("✗ ", "red"), f"{outcome.scenario.name}: {'; '.join(outcome.wrongs)}")
    if outcome.missed:
        return Text.assemble(("• ", "yellow"), f"{outcome.scenario.name}: {'; '.join(outcome.missed)}")
    return Text.assemble(("✓ ", "green"), outcome.scenario.name)


def write_report(folder: Path, outcomes: Sequence[Outcome], machine: Machine, took_s: float) -> Path:
    """Write `chaos-report.md` and `chaos/<scenario>.png` into `folder`, and return the report's path."""
    (folder / "chaos").mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        _plot(outcome, folder / "chaos" / f"{outcome.scenario.name}.png")
    report = folder / "chaos-report.md"
    report.write_text("\n".join(_report(outcomes, machine, took_s)) + "\n")
    return report


def _report(outcomes: Sequence[Outcome], machine: Machine, took_s: float) -> list[str]:
    where = f"{machine.system}, {machine.processors} cores, Python {machine.python}"
    lines = [
        "# What became of every message",
        "",
        (
            f"Written by `chat4all chaos --report` on {machine.measured_at[:10]} ({where}),"
            f" in {took_s / 60:.0f} minutes."
        ),
        "[chaos.md](chaos.md) says what each scenario does and how to read this.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"|{'---|' * len(HEADINGS)}",
        *(f"| {' | '.join(row(outcome))} |" for outcome in outcomes),
    ]
    for outcome in outcomes:
        lines += ["", f"## {outcome.scenario.name}", "", *_section(outcome)]
    return lines


def _section(outcome: Outcome) -> list[str]:
    codes = ", ".join(f"{count} with {code}" for code, count in sorted(outcome.account.failures.items()))
    strikes, repeats = len(outcome.timeline.strikes), outcome.repeats_after
    paragraphs = [
        outcome.scenario.sentence,
        f"Strikes: {strikes}, processes killed: {outcome.kills}, POSTs repeated by clients: {repeats}.",
    ]
    paragraphs += outcome.notes
    if codes:
        paragraphs.append(f"FAILED: {codes}.")
    paragraphs += [f"**Wrong: {wrong}.**" for wrong in outcome.wrongs]
    paragraphs += [f"Missed: {missed}." for missed in outcome.missed]
    return [*paragraphs, "", f"![{outcome.scenario.name}](chaos/{outcome.scenario.name}.png)"]


def _plot(outcome: Outcome, path: Path) -> None:
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots(), outcome.timeline)
    figure.suptitle(outcome.scenario.name, fontsize=10)
    figure.savefig(path, dpi=80)


def draw(axes: Axes, timeline: Timeline) -> None:
    accepted = [at - timeline.began for at in timeline.accepted]
    delivered = [at - timeline.began for at in timeline.delivered]
    changes = sorted([(at, 1) for at in accepted] + [(at, -1) for at in delivered])
    waiting, backlog = 0, []
    for _, change in changes:
        waiting += change
        backlog.append(waiting)
    axes.step(accepted, range(1, len(accepted) + 1), where="post", color=_ACCEPTED, label="accepted")
    axes.step(delivered, range(1, len(delivered) + 1), where="post", color=_DELIVERED, label="delivered")
    axes.step([at for at, _ in changes], backlog, where="post", color=_BACKLOG, label="backlog")
    for strike in timeline.strikes:
        at = strike.at - timeline.began
        if strike.until is None:
            axes.axvline(at, color=_FAULT, linestyle=":")
        else:
            axes.axvspan(at, strike.until - timeline.began, color=_FAULT, alpha=0.12)
    axes.set_xlabel("seconds")
    axes.set_ylabel("messages")
    axes.legend(loc="upper left", fontsize=8, frameon=False)


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f}"
