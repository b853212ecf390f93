"""The figures of the benchmark `message`, from made-up measurements."""

import msgspec
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from chat4all_local.bench.message.broadcast import receives
from chat4all_local.bench.message.figures import (
    BroadcastFigures,
    Figures,
    aims,
    group_figures,
    message_figures,
)
from chat4all_local.bench.message.measure import BROADCASTS, GROUPS
from chat4all_local.bench.message.view import draw, table
from chat4all_local.cloud.function_logs import LogLine
from chat4all_local.metering.use import Use

PROCESSES = {"ministack": 0.03, "api": 0.01}
SMALL = Use(write_units=10, read_units=2)


def figures(*, large: Use = SMALL, large_ms: float = 20.0, many: float = 1.0) -> Figures:
    return Figures(
        message=message_figures(Use(6, 4, 12, 21, 5.5), 19.999, 40.04),
        group={"3": group_figures(SMALL, 20.0), "100": group_figures(large, large_ms)},
        broadcast={"10": BroadcastFigures(1.0), "1000": BroadcastFigures(many)},
    )


def missed(of: Figures) -> list[str]:
    return [aim.name for aim in aims(of) if not aim.met]


def test_the_json_has_the_keys_that_programs_read() -> None:
    written = msgspec.json.decode(msgspec.json.encode(figures()))

    assert written == {
        "message": {
            "wcu": 21,
            "rru": 5.5,
            "sqs": 12,
            "invocations": 6,
            "http": 4,
            "usd_per_million": 20.0,
            "cpu_ms": 40.0,
        },
        "group": {
            size: {"wcu_per_delivery": 10, "rru_per_delivery": 2, "cpu_ms_per_delivery": 20.0}
            for size in ("3", "100")
        },
        "broadcast": {"10": {"receives_per_delivery": 1.0}, "1000": {"receives_per_delivery": 1.0}},
    }


def test_the_sizes_are_those_of_the_aims() -> None:
    assert list(GROUPS) == [3, 10, 30, 100]
    assert BROADCASTS == (10, 100, 1_000)


def test_figures_at_their_limits_meet_every_aim() -> None:
    assert missed(figures(large=Use(write_units=13, read_units=2.6), large_ms=26.0, many=1.5)) == []


@pytest.mark.parametrize(
    ("beyond", "name"),
    [
        (figures(large=Use(write_units=13.1, read_units=2)), "write units of a delivery"),
        (figures(large=Use(write_units=10, read_units=2.7)), "read units of a delivery"),
        (figures(large_ms=26.1), "processor time of a delivery"),
        (figures(many=1.6), "receives of a delivery"),
    ],
)
def test_a_figure_that_grows_with_its_number_misses_its_aim(beyond: Figures, name: str) -> None:
    (found,) = missed(beyond)

    assert found.startswith(name)


def test_receives_are_the_records_that_the_function_reports_in_its_metrics() -> None:
    lines = [
        LogLine(1, "telegram", '{"_aws": {}, "Records": [10.0], "HandedBack": [9.0]}'),
        LogLine(2, "telegram", '{"level": "INFO", "message": "something else"}'),
        LogLine(3, "telegram", "REPORT RequestId: a"),
        LogLine(4, "telegram", '{"_aws": {}, "Records": [2.0]}'),
    ]

    assert receives(lines) == 12


def test_the_table_shows_the_processor_time_by_process() -> None:
    console = Console(width=120)

    with console.capture() as shown:
        console.print(table(figures(), PROCESSES))

    lines = [" ".join(line.split()) for line in shown.get().splitlines()]
    assert "ministack 30.0" in lines
    assert "together 40.0" in lines
    assert "100 10.00 2.00 20.0" in lines


def test_the_plot_draws_made_up_figures() -> None:
    figure = Figure()

    draw(figure, figures(), PROCESSES)

    assert len(figure.axes) == 3
