"""The functions, queues and tables of the stack, in the order in which the files list them."""

from collections.abc import Mapping, Sequence
from typing import Final

from chat4all.channels.shared.manifest import Manifest

TABLES: Final = (
    "messages",
    "conversations",
    "directory",
    "api-keys",
    "webhooks",
    "limits",
    "files",
    "audit",
    "search",
)


def function_names(channels: Sequence[Manifest]) -> tuple[str, ...]:
    first = ("api", "webhooks", "inbound", "router")
    return (*first, *_names(channels), "status", "files", "batches", "search", "privacy", "relay")


def consumer_names(channels: Sequence[Manifest]) -> tuple[str, ...]:
    """Return the names of the queue functions that upload no files."""
    without_uploads = (channel.name for channel in channels if not channel.uploads)
    return ("inbound", "router", *without_uploads, "status", "batches", "search")


def oldest_ages_s(channels: Sequence[Manifest]) -> Mapping[str, int]:
    """Return the seconds that the oldest record of each queue may wait.

    A delivery may wait in its queue for 15 minutes; then it moves to a table. The inspection of a file may
    take 16 minutes, and may be repeated. Work on what is stored of a person comes again every few minutes.
    """
    ages = {"chat-events": 300, "status-updates": 300, "inbound": 300}
    return {**ages, **dict.fromkeys(_names(channels), 1800), "files": 3600, "batches": 3600, "privacy": 3600}


def _names(channels: Sequence[Manifest]) -> list[str]:
    return [channel.name for channel in channels]
