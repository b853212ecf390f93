"""Tables and plots of measurements: each can be made, and shows its figures."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console

from chat4all_local.bench.backends import view as backends
from chat4all_local.bench.backends.figures import BackendsFigures, Visit, backend_figures
from chat4all_local.bench.coldstart import view as coldstart
from chat4all_local.bench.coldstart.figures import Pair, Start, cold_start_figures
from chat4all_local.bench.overhead import view as overhead
from chat4all_local.bench.overhead.figures import Block, BlockTime, ProbeResult, overhead_figures
from chat4all_local.bench.pipeline import view as pipeline
from chat4all_local.bench.pipeline.figures import aims
from chat4all_local.bench.pipeline.measure import figures_of
from chat4all_local.bench.pipeline.memory import Sample, Use
from chat4all_local.bench.pipeline.rounds import SideRounds
from chat4all_local.bench.pipeline.view import Course
from tests.unit.bench.conftest import MakeRound


@pytest.fixture
def figure() -> Figure:
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def titles(figure: Figure) -> list[str]:
    figure.canvas.draw()
    return [axes.get_title() for axes in figure.axes]


def test_the_pipeline_is_shown_with_rates_latencies_and_memory(
    make_round: MakeRound, figure: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [
        Sample(0.0, {"ministack": Use(1, 100_000_000)}),
        Sample(0.5, {"ministack": Use(1, 100_000_000), "chat4all-api": Use(8, 300_000_000)}),
    ]
    course = Course(
        bare=SideRounds(
            alone=[make_round([0.04, 0.05], [0.2, 0.2])] * 3,
            alongside=[make_round([0.1, 0.1], [0.2, 0.2])] * 3,
        ),
        product=SideRounds(
            alone=[make_round([0.05, 0.0555], [0.3, 0.4])] * 3,
            alongside=[make_round([0.1, 0.2], [0.2, 0.25])] * 3,
        ),
        samples=samples,
    )

    figures = figures_of(course)
    Console(width=120).print(pipeline.table(figures))
    pipeline.draw(figure, course)

    text = capsys.readouterr().out
    assert "accepted /s, drain paused     40.0     36.0   0.90" in text
    assert "accepted /s, drain alongside  20.0     10.0   0.50" in text
    assert "at provider /s                10.0      8.0   0.80" in text
    assert "chat4all-api" in text
    assert [(aim.name, aim.met) for aim in aims(figures)][:3] == [
        ("acceptance, drain paused, product / bare", True),
        ("acceptance, drain alongside, product / bare", False),
        ("POST to provider, product / bare", True),
    ]
    assert titles(figure)[:3] == [
        "accepted per second, drain paused",
        "accepted per second, drain alongside",
        "at the provider per second",
    ]


def test_cold_starts_are_shown_function_by_function(
    figure: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = {
        "api": [Pair(Start(0.4, 0.3), Start(0.4, 0.2))] * 2,
        "relay": [Pair(Start(0.2, 0.2), Start(0.2, 0.2))],
    }

    Console(width=120).print(coldstart.table(cold_start_figures(pairs)))
    coldstart.draw(figure, pairs)

    text = capsys.readouterr().out
    assert "api          300   200   1.50" in text
    assert "relay        200   200   1.00" in text
    assert len(titles(figure)) == 3


def test_overhead_is_shown_with_the_calls_by_operation(
    figure: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ProbeResult(
        blocks=[Block(BlockTime(0.02, 0.01), BlockTime(0.04, 0.03))] * 2,
        calls={"bare": {"PutItem": 20}, "product": {"PutItem": 20, "UpdateItem": 40}},
    )

    Console(width=120).print(overhead.table(overhead_figures(result, 10)))
    overhead.draw(figure, result, 10)

    text = capsys.readouterr().out
    assert "processor ms     1.00     3.00   3.00" in text
    assert "UpdateItem     0.00     2.00" in text
    assert len(titles(figure)) == 2


def test_the_backends_stand_side_by_side_with_their_ratio(
    figure: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = Visit(4.0, 300.0, 600.0, 40.0, [100.0, 200.0], 150.0)
    slow = Visit(8.0, 450.0, 900.0, 10.0, [400.0, 800.0], 75.0)
    figures = BackendsFigures(
        rounds=1,
        messages=2,
        upload_mb=200.0,
        backends={"ministack": backend_figures([quick]), "localstack": backend_figures([slow])},
    )

    Console(width=120).print(backends.table(figures))
    backends.draw(figure, figures)

    text = capsys.readouterr().out
    assert "MINISTACK  LOCALSTACK  RATIO" in text
    assert "start-up, s                     4.0         8.0   2.00" in text
    assert "POSTs accepted /s              40.0        10.0   0.25" in text
    assert "POST to provider, p95 ms        200         800   4.00" in text
    assert "upload, MB/s" in titles(figure)
