"""The times at which people wrote last, so that tests may write to them at once."""

from datetime import UTC, datetime, timedelta

from chat4all.domain.clock import iso


def just_now() -> str:
    return iso(datetime.now(UTC))


def hours_ago(hours: float) -> str:
    return iso(datetime.now(UTC) - timedelta(hours=hours))
