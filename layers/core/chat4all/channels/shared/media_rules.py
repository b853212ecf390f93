"""Rules for files, as a channel's manifest states them."""

from typing import Final

from chat4all.domain.channel import MediaRule, Transfer
from chat4all.domain.files.file import MediaKind

MB: Final = 1_000_000
"""No provider says whether its megabyte has 1,048,576 bytes; the smaller size is safe."""
CAPTION: Final = 1024
PICTURES: Final = ("image/jpeg", "image/png")


def by_link(
    kind: MediaKind, content_types: tuple[str, ...], megabytes: int, caption_length: int = 0
) -> MediaRule:
    """Build the rule for files that the provider fetches from an address."""
    return MediaRule(kind, content_types, megabytes * MB, Transfer.LINK, caption_length)
