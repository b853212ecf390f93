"""The time of a message or a batch that is sent later."""

from datetime import datetime, timedelta
from typing import Final

from chat4all.domain.clock import parse_iso
from chat4all.domain.errors import Detail, Invalid

MOST_AHEAD: Final = timedelta(days=365)


def check_send_at(send_at: str, now: datetime) -> None:
    """Raise Invalid unless `send_at` (ISO 8601 UTC) lies in the future, at most 365 days ahead."""
    at = parse_iso(send_at)
    if at <= now:
        issue = "must be in the future"
    elif at > now + MOST_AHEAD:
        issue = f"must be at most {MOST_AHEAD.days} days ahead"
    else:
        return
    raise Invalid("send_at is not valid.", Detail("send_at", issue))
