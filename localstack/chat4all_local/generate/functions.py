"""The functions and queues of the stack, also of the channels, in the order in which files list them."""

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
)


def function_names(channels: Sequence[Manifest]) -> tuple[str, ...]:
    return ("api", "webhooks", "inbound", "router", *_names(channels), "status", "files", "relay")


def consumer_names(channels: Sequence[Manifest]) -> tuple[str, ...]:
    """Name the functions of queues that upload no files."""
    return ("inbound", "router", *(each.name for each in channels if not each.uploads), "status")


def oldest_ages_s(channels: Sequence[Manifest]) -> Mapping[str, int]:
    """Map each queue to the seconds that its oldest record may wait.

    A delivery may wait in its queue for 15 minutes, and then waits in a table. An inspection of a file may
    take 16 minutes, and may be repeated.
    """
    ages = {"chat-events": 300, "status-updates": 300, "inbound": 300}
    return {**ages, **dict.fromkeys(_names(channels), 1800), "files": 3600}


def _names(channels: Sequence[Manifest]) -> list[str]:
    return [channel.name for channel in channels]
