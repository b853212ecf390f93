"""The window in which a provider lets us write to a person, counted from the person's last message.

The provider stays the judge: a message that leaves within the window may reach the provider after its end.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.content import Content, kind_of
from chat4all.domain.kinds import Reaction
from chat4all.domain.person import Identity

Tag = Literal["HUMAN_AGENT"]
"""The label of an answer that a person gives by hand, which a provider takes for longer."""
HUMAN_AGENT: Final = "HUMAN_AGENT"


class Window(msgspec.Struct, frozen=True):
    """Whether we may write to a person at an address, through an account of ours.

    `closes_at` is the time at which the window closes or has closed; None: there is no window, or the person
    has never written. Both times are lower bounds, at most an hour behind, if they follow from the recorded
    time alone. `tag` and `kinds` are what the provider still takes while the window is closed.
    """

    channel: str
    account: str
    address: str
    is_open: bool
    closes_at: str | None
    wrote_at: str | None
    tag: Tag | None = None
    kinds: tuple[str, ...] = ()

    def takes(self, content: Content, tag: Tag | None) -> bool:
        """Return whether the provider takes the content; a reaction cannot carry a tag."""
        is_tagged = tag is not None and tag == self.tag and not isinstance(content, Reaction)
        return self.is_open or is_tagged or kind_of(content) in self.kinds


def window_of(identity: Identity, capabilities: Capabilities, now: datetime) -> Window:
    """Return the window of an identity. At its end, to the millisecond, it is closed.

    A channel without windows is always open, and so is a group: nobody writes as the group.
    """
    wrote_at = identity.wrote_at
    hours = capabilities.window_h
    if hours is None or capabilities.is_group(identity.address):
        return Window(*identity.place, is_open=True, closes_at=None, wrote_at=wrote_at)
    if _is_within(wrote_at, hours, now):
        return Window(*identity.place, is_open=True, closes_at=_end(wrote_at, hours), wrote_at=wrote_at)
    return Window(
        *identity.place,
        is_open=False,
        closes_at=_end(wrote_at, hours),
        wrote_at=wrote_at,
        tag=HUMAN_AGENT if _is_within(wrote_at, capabilities.human_agent_h, now) else None,
        kinds=capabilities.kinds_outside_window,
    )


def unrecorded_since(identity: Identity, capabilities: Capabilities) -> str | None:
    """Return the time after which the person may have written an unrecorded message, ISO 8601 UTC.

    None if nothing depends on such a message: there is no window, or the person has never written.
    """
    is_windowed = capabilities.window_h is not None and not capabilities.is_group(identity.address)
    return identity.wrote_at if is_windowed else None


def closed_issue(user_id: str, window: Window) -> str:
    """Return why the person cannot be written to, and what the provider still takes, for a client to read."""
    if window.closes_at is None:
        why = f"user {user_id} has never written on {window.channel}"
    else:
        why = f"the window of user {user_id} on {window.channel} closed at {window.closes_at}"
    ways = [f"send a {kind}" for kind in window.kinds]
    if window.tag is not None:
        ways.append(f"answer by hand with the tag {window.tag}")
    return f"{why}; {', or '.join(ways) or 'wait until they write'}"


def _is_within(wrote_at: str | None, hours: int | None, now: datetime) -> bool:
    return wrote_at is not None and hours is not None and now - parse_iso(wrote_at) < timedelta(hours=hours)


def _end(wrote_at: str | None, hours: int) -> str | None:
    return iso(parse_iso(wrote_at) + timedelta(hours=hours)) if wrote_at is not None else None
