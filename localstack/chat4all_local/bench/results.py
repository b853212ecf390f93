"""The results folder, with a JSON file and a plot from the last run of each benchmark."""

from pathlib import Path
from typing import Final

import msgspec
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chat4all_local.bench.aims import Aim
from chat4all_local.bench.report import Report
from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.machine import Machine

RESULTS: Final = ROOT / "results"


class Result(msgspec.Struct, frozen=True):
    """The content of `<name>.json`."""

    title: str
    machine: Machine
    aims: tuple[Aim, ...]
    notes: tuple[str, ...]
    figures: msgspec.Struct


def result(report: Report, machine: Machine) -> Result:
    return Result(report.title, machine, report.aims, report.notes, report.figures)


def write(name: str, measured: Result, report: Report, folder: Path = RESULTS) -> tuple[Path, Path]:
    """Write `<name>.json` and `<name>.png`, and return their paths."""
    folder.mkdir(exist_ok=True)
    numbers, plot = folder / f"{name}.json", folder / f"{name}.png"
    numbers.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    report.draw(figure)
    figure.suptitle(f"{report.title}\n{_where(measured.machine)}", fontsize=11)
    figure.savefig(plot, dpi=110)
    return numbers, plot


def _where(machine: Machine) -> str:
    return f"{machine.processors} cores, Python {machine.python}, {machine.measured_at[:10]}"
