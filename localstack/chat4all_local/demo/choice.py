"""The choice of the channels that take part in a demo."""

from typing import Final

from chat4all.channels.registry import names
from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.participants import SHOWN

ALL: Final = "all"
FEWEST: Final = 2
"""The group needs at least two customers beside the agent."""


def chosen_channels(wanted: str) -> tuple[str, ...]:
    """Read the value of `--channels`, and return the channels in the order of the registry.

    `wanted` is a list of names separated by commas, `all`, or "" for the channels that a demo shows by
    default. Raises CloudError for an unknown name, or for fewer than FEWEST channels.
    """
    if not wanted:
        return SHOWN
    if wanted == ALL:
        return names()
    named = {name.strip() for name in wanted.split(",")} - {""}
    known = f"choose from {', '.join(names())}, or {ALL}"
    if unknown := sorted(named - set(names())):
        raise CloudError(f"no such channel: {', '.join(unknown)}", known)
    if len(named) < FEWEST:
        raise CloudError("the demo has a group, which needs at least two channels", known)
    return tuple(name for name in names() if name in named)
