"""The times that a user passes to `chat4all replay`."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chat4all_local.replay.times import moment, span

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-25T08:00:00Z", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25T08:00:00", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("2026-11-25T08:00:00+02:00", datetime(2026, 11, 25, 8, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        (" 7d ", NOW - timedelta(days=7)),
    ],
)
def test_a_time_is_iso_8601_or_how_long_ago(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2 h", "-2h", "2w", "h", "1.5h", "25/11/2026", "999999d", "9" * 40]
)
def test_anything_else_is_named_with_what_would_do(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: use ISO 8601"):
        moment(text, NOW)


def test_a_span_ends_now_unless_it_says_otherwise() -> None:
    assert span("2h", None, NOW) == (NOW - timedelta(hours=2), NOW)
    assert span("2h", "1h", NOW) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert span("2h", "2027-01-01", NOW)[1] == NOW


@pytest.mark.parametrize(
    ("since", "until", "wrong"),
    [
        ("2027-01-01", None, "is in the future"),
        ("1h", "2h", "--from 1h is after --to 2h"),
        ("1h", "?", "no time"),
    ],
)
def test_a_span_that_holds_nothing_is_refused(since: str, until: str | None, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        span(since, until, NOW)
