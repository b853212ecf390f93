"""Times as they are kept and shown: ISO 8601 UTC with milliseconds, so that they sort as text."""

from collections.abc import Callable
from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """`2026-01-31T12:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


Clock = Callable[[], datetime]
"""The time now, in UTC."""


NewId = Callable[[], str]
"""A fresh uuid4."""
