"""The choice of the channels that take part in a demo."""

from typing import Final

from chat4all.channels.registry import names
from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.participants import SHOWN

ALL: Final = "all"
FEWEST: Final = 2
"""A group has at least three participants: the agent and two customers."""


def chosen_channels(wanted: str) -> tuple[str, ...]:
    """Read the value of `--channels`, and return the channels in the order of the registry.

    `wanted` is names with commas between them, `all`, or "" for the channels whose manifests show them.
    Raises CloudError for an unknown name, or for fewer than FEWEST channels.
    """
    if not wanted:
        return SHOWN
    if wanted == ALL:
        return names()
    named = {name.strip() for name in wanted.split(",")} - {""}
    known = f"name some of {', '.join(names())}, or {ALL}"
    if unknown := sorted(named - set(names())):
        raise CloudError(f"no such channel: {', '.join(unknown)}", known)
    if len(named) < FEWEST:
        raise CloudError("the demo has a group, which needs two channels at least", known)
    return tuple(name for name in names() if name in named)
