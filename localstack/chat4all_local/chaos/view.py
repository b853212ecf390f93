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


def row(one: Outcome) -> tuple[str, ...]:
    figures = one.figures
    return (
        one.scenario.name,
        str(figures.accepted),
        str(figures.delivered),
        str(figures.failed),
        str(figures.lost),
        str(figures.repeated),
        str(figures.out_of_order),
        _seconds(figures.first_delivery_s),
        _seconds(figures.drained_s),
        f"{one.isolation.ratio:.2f}" if one.isolation else "-",
    )


def table(outcomes: Sequence[Outcome]) -> Table:
    shown = plain_table(HEADINGS[0], numbers=HEADINGS[1:])
    for one in outcomes:
        shown.add_row(*row(one), style="red" if one.wrongs else "yellow" if one.missed else "")
    return shown


def verdict(one: Outcome) -> Text:
    if one.wrongs:
        return Text.assemble(("✗ ", "red"), f"{one.scenario.name}: {'; '.join(one.wrongs)}")
    if one.missed:
        return Text.assemble(("• ", "yellow"), f"{one.scenario.name}: {'; '.join(one.missed)}")
    return Text.assemble(("✓ ", "green"), one.scenario.name)


def write_report(folder: Path, outcomes: Sequence[Outcome], machine: Machine, took_s: float) -> Path:
    """`chaos-report.md` and `chaos/<scenario>.png` in `folder`."""
    (folder / "chaos").mkdir(parents=True, exist_ok=True)
    for one in outcomes:
        _plot(one, folder / "chaos" / f"{one.scenario.name}.png")
    report = folder / "chaos-report.md"
    report.write_text("\n".join(_report(outcomes, machine, took_s)) + "\n")
    return report


def _report(outcomes: Sequence[Outcome], machine: Machine, took_s: float) -> list[str]:
    where = f"{machine.system}, {machine.processors} cores, Python {machine.python}"
    lines = [
        "# What became of every message",
        "",
        f"Written by `chat4all chaos --report` on {machine.measured_at[:10]} ({where}), in {took_s / 60:.0f} minutes.",
        "[chaos.md](chaos.md) says what each scenario does and how to read this.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"|{'---|' * len(HEADINGS)}",
        *(f"| {' | '.join(row(one))} |" for one in outcomes),
    ]
    for one in outcomes:
        lines += ["", f"## {one.scenario.name}", "", *_section(one)]
    return lines


def _section(one: Outcome) -> list[str]:
    codes = ", ".join(f"{count} with {code}" for code, count in sorted(one.account.failures.items()))
    told = [
        one.scenario.sentence,
        f"Strikes: {len(one.timeline.strikes)}, processes killed: {one.kills}, POSTs repeated by clients: {one.repeats_after}.",
    ]
    if codes:
        told.append(f"FAILED: {codes}.")
    told += [f"**Wrong: {wrong}.**" for wrong in one.wrongs]
    told += [f"Missed: {missed}." for missed in one.missed]
    if not one.scenario.judged:
        told.append("Measured, not judged.")
    return [*told, "", f"![{one.scenario.name}](chaos/{one.scenario.name}.png)"]


def _plot(one: Outcome, path: Path) -> None:
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots(), one.timeline)
    figure.suptitle(one.scenario.name, fontsize=10)
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
