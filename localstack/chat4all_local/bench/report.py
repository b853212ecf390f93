"""The report of a benchmark: its figures as numbers, as a table and as a plot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from matplotlib.figure import Figure
from rich.console import RenderableType

from chat4all_local.bench.aims import Aim
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import Tell


@dataclass(frozen=True)
class Report:
    """The report of a benchmark. `notes` describe the method; `draw` puts the plot on an empty figure."""

    title: str
    figures: msgspec.Struct
    aims: tuple[Aim, ...]
    notes: tuple[str, ...]
    table: RenderableType
    draw: Callable[[Figure], None]


Benchmark = Callable[[Cloud, Tell], Report]
Benchmarks = Mapping[str, Benchmark]
