import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all_local.simulators.instagram.provider import Instagram
from chat4all_local.simulators.rates import RateCounter, RateLimit
from chat4all_local.simulators.telegram.provider import Telegram
from chat4all_local.simulators.whatsapp.provider import WhatsApp

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("limits", "to_one", "to_all"),
    [
        (WhatsApp.rate_limits, (45, 131056, 6.0), (80, 130429)),
        (Telegram.rate_limits, (5, 429, 1.0), (30, 429)),
    ],
)
def test_a_burst_to_one_person_and_a_burst_to_all_are_limited(
    limits: tuple[RateLimit, ...], to_one: tuple[int, int, float], to_all: tuple[int, int]
) -> None:
    burst, code, interval_s = to_one
    counter = RateCounter(limits)
    assert all(counter.take("a", NOW) is None for _ in range(burst))
    exceeded = counter.take("a", NOW)
    assert exceeded is not None
    assert (exceeded.limit.code, exceeded.wait_s) == (code, interval_s)
    assert counter.take("b", NOW) is None

    everyone = RateCounter(limits)
    assert all(everyone.take(str(person), NOW) is None for person in range(to_all[0]))
    exceeded = everyone.take("one more", NOW)
    assert exceeded is not None
    assert exceeded.limit.code == to_all[1]


def test_instagram_limits_only_the_account() -> None:
    counter = RateCounter(Instagram.rate_limits)

    assert all(counter.take("a", NOW) is None for _ in range(300))

    exceeded = counter.take("b", NOW)
    assert exceeded is not None
    assert exceeded.limit.code == 613


def test_after_the_wait_one_message_is_allowed_and_no_second_one() -> None:
    counter = RateCounter(WhatsApp.rate_limits)
    for _ in range(45):
        counter.take("a", NOW)

    assert counter.take("a", NOW + 5.9) is not None
    assert counter.take("a", NOW + 6.0) is None
    assert counter.take("a", NOW + 6.0) is not None


def test_a_refused_message_counts_for_no_limit() -> None:
    account = RateLimit(per_person=False, burst=2, interval_s=60, code=1)
    person = RateLimit(per_person=True, burst=1, interval_s=60, code=2)
    counter = RateCounter((account, person))
    assert counter.take("a", NOW) is None

    assert counter.take("a", NOW) is not None

    assert counter.take("b", NOW) is None


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_no_span_of_time_has_more_than_the_burst_and_what_it_refills(gaps: list[float]) -> None:
    limit = RateLimit(per_person=True, burst=3, interval_s=1.0, code=1)
    counter = RateCounter((limit,))
    now, taken = NOW, []
    for gap in gaps:
        now += gap
        if counter.take("a", now) is None:
            taken.append(now)

    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= limit.burst + (taken[last] - start) / limit.interval_s + 1e-6
