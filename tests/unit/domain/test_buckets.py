"""Token buckets, in virtual time."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.buckets import latest_full_at, take
from chat4all.domain.channel import LimitScope, RateLimit

LIMITS = st.builds(
    RateLimit,
    scope=st.just(LimitScope.ACCOUNT),
    interval_s=st.sampled_from([1 / 300, 1 / 80, 0.1, 1.0, 6.0]),
    burst=st.integers(1, 50),
)
STEPS = st.lists(st.tuples(st.floats(0, 20), st.integers(1, 5)), max_size=60)
BEGINNING = 1_770_000_000.0
ROUNDING = 1e-5
"""The summed rounding errors of epoch seconds in a float."""


def taken_by(limit: RateLimit, steps: list[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    """Ask for tokens after each pause; yield the time and the number of the tokens that were allowed."""
    full_at, now = 0.0, BEGINNING
    for pause, tokens in steps:
        now += pause * limit.interval_s
        decision = take(limit, full_at, now, tokens)
        full_at = decision.full_at
        if decision.allowed:
            yield now, tokens


@given(LIMITS, STEPS)
def test_no_window_holds_more_than_the_burst_and_the_refill(
    limit: RateLimit, steps: list[tuple[float, int]]
) -> None:
    taken = list(taken_by(limit, steps))

    for index, (start, _) in enumerate(taken):
        spent = 0
        for end, tokens in taken[index:]:
            spent += tokens
            assert spent <= limit.burst + (end - start + ROUNDING) / limit.interval_s


@given(LIMITS, STEPS)
def test_after_the_named_wait_the_tokens_are_there(limit: RateLimit, steps: list[tuple[float, int]]) -> None:
    full_at, now = 0.0, BEGINNING
    for pause, asked in steps:
        tokens = min(asked, limit.burst)
        now += pause * limit.interval_s
        decision = take(limit, full_at, now, tokens)
        if not decision.allowed:
            now += decision.wait_s + ROUNDING
            decision = take(limit, decision.full_at, now, tokens)
        assert decision.allowed
        full_at = decision.full_at


@given(LIMITS, STEPS)
def test_a_refusal_changes_nothing(limit: RateLimit, steps: list[tuple[float, int]]) -> None:
    full_at, now = 0.0, BEGINNING
    for pause, tokens in steps:
        now += pause * limit.interval_s
        decision = take(limit, full_at, now, tokens)
        if not decision.allowed:
            assert decision.full_at == full_at
            assert decision.wait_s > 0
        full_at = decision.full_at


@given(LIMITS, st.floats(-100, 100), st.integers(1, 50))
def test_the_latest_number_is_where_taking_is_just_allowed(
    limit: RateLimit, offset: float, tokens: int
) -> None:
    edge = latest_full_at(limit, BEGINNING, tokens)
    full_at = edge + offset

    allowed = take(limit, full_at, BEGINNING, tokens).allowed

    if tokens > limit.burst:
        assert not allowed
    elif abs(offset) > ROUNDING:
        assert allowed is (offset < 0)
