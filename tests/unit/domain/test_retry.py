"""The time to wait before the next attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.retry import backoff_s


@pytest.mark.parametrize(("failures", "expected"), [(0, 1.0), (1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0)])
def test_the_wait_doubles_up_to_the_longest(failures: int, expected: float) -> None:
    assert backoff_s(failures, 1.0) == expected


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_the_wait_is_spread_over_its_upper_half(failures: int, jitter: float) -> None:
    longest = backoff_s(failures, 1.0)

    assert longest / 2 <= backoff_s(failures, jitter) <= longest
