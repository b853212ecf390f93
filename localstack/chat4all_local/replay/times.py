"""The times that a user names: `2026-11-25T08:00:00Z`, or how long ago, as `90m`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str, now: datetime) -> datetime:
    """Raises ValueError with a sentence for the user. A time without an offset is UTC."""
    try:
        ago = _AGO.fullmatch(text.strip())
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        named = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: give ISO 8601 as 2026-11-25T08:00:00Z, or how long ago as 30m, 2h, 7d"
        ) from None
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def span(since: str, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when; without `until`, to now. Raises ValueError."""
    begin, end = moment(since, now), moment(until, now) if until is not None else now
    if begin > now:
        raise ValueError(f"--from {since} is in the future")
    if begin > end:
        raise ValueError(f"--from {since} is after --to {until}")
    return begin, min(end, now)
