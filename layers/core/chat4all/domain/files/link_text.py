"""The text that stands for a file on a channel that does not take the file itself."""

from typing import Final

from chat4all.domain.files.file import Attachment
from chat4all.domain.text import shortened

LONGEST_NAME_SHOWN: Final = 100
"""Characters. With the link, the text stays under the shortest limit of a channel, 1,000 bytes."""


def link_text(file: Attachment, link: str) -> str:
    """Return the file's name, its size, and the link, without words: the person's language is unknown."""
    return f"📎 {shortened(file.filename, LONGEST_NAME_SHOWN)} ({human_size(file.size or 0)})\n{link}"


def name_text(file: Attachment) -> str:
    """Return the file's name, for a person's file that cannot be passed on."""
    return f"📎 {shortened(file.filename, LONGEST_NAME_SHOWN)} (not available)"


def human_size(size: int) -> str:
    """Format `size` bytes as 1 B, 12 KB, 4.2 MB or 1.9 GB, in powers of 1,000."""
    if size < 1000:
        return f"{size} B"
    if size < 999_500:
        return f"{size / 1000:.0f} KB"
    if size < 999_950_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{size / 1_000_000_000:.1f} GB"
