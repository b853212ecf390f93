"""`chat4all bench`: runs benchmarks on a local cloud, shows their tables and keeps their results."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from rich.console import Console, Group
from rich.text import Text

from chat4all_local.bench.aims import Aim
from chat4all_local.bench.catalogue import BENCHMARKS, LOAD
from chat4all_local.bench.load.measure import Plan, load
from chat4all_local.bench.report import Benchmark, Report
from chat4all_local.bench.results import Result, result, write
from chat4all_local.cloud.backends.ministack import BEHIND_PROXIES
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.machine import this_machine
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.cloud.start import started
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.console.terminal import err, out, print_json


def run(names: Sequence[str], *, plan: Plan, json_output: bool) -> int:
    """Run the benchmarks `names`, or every quiet benchmark, and return 0 whatever the figures are.

    `plan` is for the benchmark `load`. Raises CloudError.
    """
    chosen = choose(names)
    if LOAD in chosen:
        chosen[LOAD] = partial(load, plan=plan)
    elif plan != Plan():
        raise CloudError(
            "--rps, --seconds and --mix are for the benchmark load", "run: chat4all bench load --rps 15"
        )
    measured: dict[str, Result] = {}
    with stopped_by_signals(), ExitStack() as stack:
        with ProgressDisplay(err) as progress:
            cloud = stack.enter_context(started(progress=progress, backend=BEHIND_PROXIES))
        for name, benchmark in chosen.items():
            measured[name] = _measure(name, benchmark, cloud, out)
    if json_output:
        print_json(measured)
    return 0


def choose(names: Sequence[str]) -> dict[str, Benchmark]:
    """Choose benchmarks by name, in the order of the catalogue: by default all but `load`.

    Raises CloudError for an unknown name.
    """
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        raise CloudError(f"no such benchmark: {', '.join(unknown)}", f"there are: {', '.join(BENCHMARKS)}")
    wanted = names or [name for name in BENCHMARKS if name != LOAD]
    return {name: benchmark for name, benchmark in BENCHMARKS.items() if name in wanted}


def _measure(name: str, benchmark: Benchmark, cloud: Cloud, console: Console) -> Result:
    machine = this_machine()
    with ProgressDisplay(err) as progress, progress.narrated(f"Measure {name}") as tell:
        report = benchmark(cloud, tell)
    measured = result(report, machine)
    files = write(name, measured, report)
    console.print(shown(report), Text("  ".join(str(file) for file in files), style="dim"), soft_wrap=True)
    return measured


def shown(report: Report) -> Group:
    notes = [Text(f"  {note}", style="dim") for note in report.notes]
    aims = [_aim(aim) for aim in report.aims]
    return Group("", Text(report.title, style="bold"), report.table, *notes, *aims)


def _aim(aim: Aim) -> Text:
    unit = f" {aim.unit}" if aim.unit else ""
    mark = ("✓ met    ", "green") if aim.met else ("✗ not met", "yellow")
    return Text.assemble(mark, f"  {aim.name}: {aim.value:.2f}{unit}  (aim: {aim.bound} {aim.limit:g}{unit})")
