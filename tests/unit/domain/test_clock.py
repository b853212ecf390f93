"""Times, written as text and read from it."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.clock import iso, parse_iso

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


def test_a_time_is_shown_in_utc_with_milliseconds() -> None:
    brasilia = timezone(timedelta(hours=-3))

    assert iso(datetime(2026, 1, 31, 9, 0, 0, 123_999, tzinfo=brasilia)) == "2026-01-31T12:00:00.123Z"


@given(MOMENTS)
def test_a_time_comes_back_to_the_millisecond(moment: datetime) -> None:
    back = parse_iso(iso(moment))

    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_times_sort_as_text(first: datetime, other: datetime) -> None:
    if first <= other:
        assert iso(first) <= iso(other)
