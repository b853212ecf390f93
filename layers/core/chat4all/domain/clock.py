"""Times in the form that the store and the API use: ISO 8601 UTC with milliseconds, which sorts as text."""

from collections.abc import Callable
from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Format `moment` as `2026-01-31T12:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


Clock = Callable[[], datetime]
"""A function that returns the time now, in UTC."""


NewId = Callable[[], str]
"""A function that returns a new uuid4."""
