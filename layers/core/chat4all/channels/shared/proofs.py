"""What a provider says of an account, within limits: it is stored and shown."""

from datetime import UTC, datetime
from typing import Final

from chat4all.domain.clock import iso
from chat4all.domain.names import one_line

_LONGEST: Final = 100


def shown(text: str | None) -> str | None:
    """Return the text as one line, or None if it shows nothing."""
    return one_line(text, _LONGEST)


def moment_of(epoch_s: int) -> str | None:
    """Return a time in epoch seconds as ISO 8601 UTC; None for 0, and for a time that is no date."""
    try:
        return iso(datetime.fromtimestamp(epoch_s, UTC)) if epoch_s > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
