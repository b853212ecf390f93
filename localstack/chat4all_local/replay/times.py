"""The times in options: `2026-11-25T08:00:00Z`, or a time span before now such as `90m`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str, now: datetime) -> datetime:
    """Read a time; without an offset it is UTC. Raises ValueError with a message for the user."""
    try:
        ago = _AGO.fullmatch(text.strip())
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        named = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: use ISO 8601 (2026-11-25T08:00:00Z), or a span before now (30m, 2h, 7d)"
        ) from None
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def span(since: str, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the begin and the end; without `until` the end is now. Raises ValueError."""
    begin, end = moment(since, now), moment(until, now) if until is not None else now
    if begin > now:
        raise ValueError(f"--from {since} is in the future")
    if begin > end:
        raise ValueError(f"--from {since} is after --to {until}")
    return begin, min(end, now)
