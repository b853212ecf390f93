import pytest

from chat4all_local.bench.coldstart.figures import Pair, Start, aims, cold_start_figures


def pair(cpu_s: float, bare_cpu_s: float) -> Pair:
    return Pair(Start(wall_s=2 * cpu_s, cpu_s=cpu_s), Start(wall_s=bare_cpu_s, cpu_s=bare_cpu_s))


def test_a_function_is_compared_with_the_bare_start_right_after_it() -> None:
    figures = cold_start_figures({"api": [pair(0.3, 0.3), pair(0.6, 0.3), pair(0.9, 0.9)]})

    api = figures.functions["api"]
    assert figures.rounds == 3
    assert api.cpu_ratio.median == pytest.approx(1.0)
    assert api.cpu_ratio.high == pytest.approx(2.0)
    assert api.wall_ratio.median == pytest.approx(2.0)
    assert (api.cpu_s, api.bare_cpu_s) == (0.6, 0.3)


def test_every_function_has_its_aim() -> None:
    figures = cold_start_figures({"api": [pair(0.2, 0.2)], "status": [pair(0.3, 0.2)]})

    assert [aim.met for aim in aims(figures)] == [True, False]
