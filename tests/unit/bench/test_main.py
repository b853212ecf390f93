"""The choice, display and storage of benchmarks, with made-up reports."""

from pathlib import Path

import msgspec
import pytest
from matplotlib.figure import Figure
from rich.console import Console
from rich.text import Text

from chat4all_local.bench.aims import at_least
from chat4all_local.bench.catalogue import BENCHMARKS
from chat4all_local.bench.load.measure import Plan
from chat4all_local.bench.main import choose, run, shown
from chat4all_local.bench.report import Report
from chat4all_local.bench.results import result, write
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.machine import this_machine
from chat4all_local.traffic.spread import Spread


def draw(figure: Figure) -> None:
    figure.subplots().plot([1, 2], [3, 4])


REPORT = Report(
    title="Something measured",
    figures=Spread(1.0, 0.5, 2.0),
    aims=(at_least("acceptance", 0.5, 0.7), at_least("arrival", 0.6, 0.5)),
    notes=("Measured with [care].",),
    table=Text("the table"),
    draw=draw,
)


def test_no_name_chooses_every_benchmark_but_the_load() -> None:
    assert (
        [*choose([]), "load"]
        == list(BENCHMARKS)
        == [
            "coldstart",
            "overhead",
            "upload",
            "resume",
            "message",
            "history",
            "pipeline",
            "backends",
            "load",
        ]
    )


def test_names_choose_each_once_in_the_catalogue_s_order() -> None:
    assert list(choose(["pipeline", "coldstart", "pipeline"])) == ["coldstart", "pipeline"]


def test_the_load_runs_by_name() -> None:
    assert list(choose(["load", "coldstart"])) == ["coldstart", "load"]


def test_the_options_of_the_load_are_refused_for_other_benchmarks() -> None:
    with pytest.raises(CloudError, match="--rps, --seconds and --mix are for the benchmark load"):
        run(["coldstart"], plan=Plan(rates=(3.0,)), json_output=True)


def test_an_unknown_name_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(CloudError, match="no such benchmark: speed") as refused:
        choose(["pipeline", "speed"])

    assert "coldstart, overhead, upload, resume, message, history, pipeline" in refused.value.advice


def test_aims_are_shown_beside_their_figures_met_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=200).print(shown(REPORT))

    text = capsys.readouterr().out
    assert "the table" in text
    assert "Measured with [care]." in text
    assert "not met  acceptance: 0.50  (aim: at least 0.7)" in text
    assert "met      arrival: 0.60  (aim: at least 0.5)" in text


def test_results_are_a_json_file_and_a_picture(tmp_path: Path) -> None:
    measured = result(REPORT, this_machine())

    numbers, plot = write("pipeline", measured, REPORT, tmp_path / "results")

    kept = msgspec.json.decode(numbers.read_bytes())
    assert kept["figures"] == {"median": 1.0, "low": 0.5, "high": 2.0}
    assert [aim["met"] for aim in kept["aims"]] == [False, True]
    assert kept["machine"]["processors"] >= 1
    assert plot.read_bytes().startswith(b"\x89PNG")
