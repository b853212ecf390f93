import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all_local.traffic.spread import Spread, enough, paired_ratios, quantile, spread

MEASUREMENTS = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50)


def test_a_spread_is_the_median_between_the_least_and_the_greatest() -> None:
    assert spread([3.0, 1.0, 10.0, 2.0]) == Spread(median=2.5, low=1.0, high=10.0)


def test_nothing_is_said_of_no_measurements() -> None:
    with pytest.raises(ValueError, match="no measurements"):
        spread([])
    with pytest.raises(ValueError, match="no measurements"):
        quantile([], 0.5)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 5.0), (0.95, 10.0), (1.0, 10.0)])
def test_a_quantile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert quantile([float(number) for number in range(10, 0, -1)], share) == value


@given(MEASUREMENTS, st.floats(0, 1))
def test_the_share_of_the_values_does_not_exceed_the_quantile(values: list[float], share: float) -> None:
    found = quantile(values, share)

    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_ratios_are_of_the_same_round() -> None:
    assert paired_ratios([50.0, 10.0], [100.0, 40.0]) == [0.5, 0.25]


def test_a_round_without_its_neighbour_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("rounds", "seconds", "stops"),
    [(0, 0.0, False), (2, 1000.0, False), (3, 61.0, True), (3, 59.0, False), (8, 1.0, True)],
)
def test_a_slow_machine_gets_fewer_rounds_but_not_too_few(
    rounds: int, seconds: float, *, stops: bool
) -> None:
    assert enough(rounds, seconds, fewest=3, most=8, within_s=60.0) is stops
