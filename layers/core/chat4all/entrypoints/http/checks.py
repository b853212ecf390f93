"""Checks that several bodies share."""

from typing import Final

from chat4all.domain.errors import Detail, Invalid

MOST_METADATA_BYTES: Final = 4_096


def check_channel(field: str, channel: str | None, known: frozenset[str]) -> None:
    """Raise Invalid if the channel does not exist."""
    if channel is not None and channel not in known:
        raise Invalid(
            "There is no such channel.", Detail(field, f"must be one of {', '.join(sorted(known))}")
        )


def check_metadata(metadata: dict[str, str]) -> None:
    """Raise Invalid if the metadata is too large."""
    size = sum(len(key.encode()) + len(text.encode()) for key, text in metadata.items())
    if size > MOST_METADATA_BYTES:
        raise Invalid(
            "metadata is too large.", Detail("metadata", f"must be at most {MOST_METADATA_BYTES} bytes")
        )
