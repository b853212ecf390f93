import pytest

from chat4all_local.bench.aims import Bound, at_least, at_most


@pytest.mark.parametrize(("value", "met"), [(0.69, False), (0.7, True), (0.71, True)])
def test_a_lower_limit_is_met_from_the_limit_on(value: float, *, met: bool) -> None:
    aim = at_least("acceptance", value, 0.7)

    assert (aim.bound, aim.met) == (Bound.AT_LEAST, met)


@pytest.mark.parametrize(("value", "met"), [(899.0, True), (900.0, True), (901.0, False)])
def test_an_upper_limit_is_met_up_to_the_limit(value: float, *, met: bool) -> None:
    aim = at_most("memory", value, 900, "MB")

    assert (aim.bound, aim.met) == (Bound.AT_MOST, met)
