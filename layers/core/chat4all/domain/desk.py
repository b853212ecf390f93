"""What a desk needs to know of a conversation: whose turn it is, who works on it, and for how long it waits.

These attributes belong to the desk. They do not raise the version of the conversation, which says who may
write and who reads.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.person import UserType

MOST_LABELS: Final = 20
LONGEST_SNOOZE: Final = timedelta(days=366)
ACTIVITY_KNOWN: Final = timedelta(minutes=1)
"""A message raises the recorded activity if that is so much older: a lively conversation costs no writes."""


class DeskStatus(StrEnum):
    OPEN = "OPEN"
    PENDING = "PENDING"
    RESOLVED = "RESOLVED"
    SNOOZED = "SNOOZED"


class Priority(StrEnum):
    URGENT = "URGENT"
    HIGH = "HIGH"
    NORMAL = "NORMAL"
    LOW = "LOW"


class Control(StrEnum):
    """Who answers in the conversation."""

    HUMAN = "human"
    BOT = "bot"


class Writer(StrEnum):
    """Who wrote a message, as far as the desk is concerned."""

    PERSON = "PERSON"
    HUMAN = "HUMAN"
    BOT = "BOT"
    CAMPAIGN = "CAMPAIGN"
    """Our side wrote to many, which answers nobody."""


def writer_of(sender: UserType | None, *, is_to_many: bool) -> Writer:
    """Return who wrote a message of a user of this type; None is a user who is not known."""
    if sender is UserType.CUSTOMER:
        return Writer.PERSON
    if is_to_many:
        return Writer.CAMPAIGN
    return Writer.BOT if sender is UserType.BOT else Writer.HUMAN


class Desk(msgspec.Struct, frozen=True, omit_defaults=True):
    """The attributes of a conversation at the desk; times are ISO 8601 UTC.

    `version` counts the changes of the attributes by requests, and the changes of `status`.
    """

    status: DeskStatus = DeskStatus.OPEN
    snoozed_until: str | None = None
    """The end of the snooze; None in a SNOOZED conversation: the person's next message ends it."""
    assignee: str | None = None
    team: str | None = None
    labels: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    controlled_by: Control = Control.HUMAN
    active_at: str = ""
    """When the latest message was accepted, or the conversation came back; up to `ACTIVITY_KNOWN` behind.

    Empty: there was no message yet.
    """
    waiting_since: str | None = None
    """When the person wrote the first message that nobody has answered."""
    version: int = 0
    is_idle: bool = False
    """The conversation was archived because nobody wrote in it; the person's next message reactivates it."""
    is_put_away: bool = False
    """The conversation was archived by hand; a person's message that was accepted before reactivates it."""


class DeskChanges(msgspec.Struct, frozen=True, omit_defaults=True):
    """The attributes that a request changes."""

    status: DeskStatus | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: str | msgspec.UnsetType | None = msgspec.UNSET
    assignee: str | msgspec.UnsetType | None = msgspec.UNSET
    team: str | msgspec.UnsetType | None = msgspec.UNSET
    labels: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    controlled_by: Control | msgspec.UnsetType = msgspec.UNSET


def changed(desk: Desk, changes: DeskChanges, now: datetime) -> Desk:
    """Return the desk with the changes, and the next version if anything changed.

    A person whom a bot hands over waits for a human from then on.

    Raises:
        Invalid: a snooze ends in the past, in more than a year, or without the status SNOOZED.
    """
    given = {
        name: value
        for name in changes.__struct_fields__
        if (value := getattr(changes, name)) is not msgspec.UNSET
    }
    if given.get("status", DeskStatus.SNOOZED) is not DeskStatus.SNOOZED:
        given.setdefault("snoozed_until", None)
    after = replace(desk, **given)
    _check_snooze(after, given.get("snoozed_until"), now)
    if (desk.controlled_by, after.controlled_by) == (Control.BOT, Control.HUMAN):
        after = replace(after, waiting_since=after.waiting_since or iso(now))
    if after.status is DeskStatus.RESOLVED:
        after = replace(after, waiting_since=None)
    return after if after == desk else replace(after, version=desk.version + 1)


def after_message(desk: Desk, writer: Writer | None, at: str, since: str) -> Desk:
    """Return the desk after a message that was accepted at `at`.

    `since` is the last activity that is known, or the begin of the conversation. A person's message reopens
    the conversation. An answer ends the person's wait. With None for its writer, the message neither asks nor
    answers.
    """
    after = desk
    if writer is Writer.PERSON:
        after = replace(after, waiting_since=after.waiting_since or at)
        if after.status is not DeskStatus.OPEN:
            after = replace(after, status=DeskStatus.OPEN, snoozed_until=None, version=after.version + 1)
    elif writer in {Writer.HUMAN, Writer.BOT}:
        after = replace(after, waiting_since=None)
    is_old = parse_iso(at) - parse_iso(since) > ACTIVITY_KNOWN
    return replace(after, active_at=at) if is_old else after


def woken(desk: Desk, now: datetime) -> Desk:
    """Return the desk after the end of its snooze; the same desk if it sleeps longer, or does not sleep.

    The conversation counts as active then, so that it is seen at the top, and is not idle at once.
    """
    until = desk.snoozed_until
    if desk.status is not DeskStatus.SNOOZED or until is None or until > iso(now):
        return desk
    awake = replace(desk, status=DeskStatus.OPEN, snoozed_until=None, version=desk.version + 1)
    return replace(awake, active_at=max(iso(now), desk.active_at))


def at_hand(desk: Desk, *, is_active: bool, now: datetime) -> Desk:
    """Return the desk of a conversation that is archived by hand, or reactivated at `now`.

    A reactivated conversation counts as active, so that it is not archived for its idle time at once.
    """
    desk = replace(desk, is_idle=False, is_put_away=not is_active)
    return replace(desk, active_at=max(iso(now), desk.active_at)) if is_active else desk


def _check_snooze(after: Desk, until: str | None, now: datetime) -> None:
    """Raise Invalid if the request's end of a snooze is not possible; a known end may be over."""
    if until is None:
        return
    if after.status is not DeskStatus.SNOOZED:
        raise _wrong("needs the status SNOOZED")
    if until <= iso(now):
        raise _wrong("must be in the future")
    if until > iso(now + LONGEST_SNOOZE):
        raise _wrong(f"must be at most {LONGEST_SNOOZE.days} days ahead")


def _wrong(issue: str) -> Invalid:
    return Invalid("snoozed_until is not valid.", Detail("snoozed_until", issue))


class DeskQuery(msgspec.Struct, frozen=True):
    """What a list of conversations asks for; None: any."""

    status: DeskStatus | None = None
    assignee: str | None = None
    is_assigned: bool | None = None
    team: str | None = None
    label: str | None = None
    priority: Priority | None = None
    controlled_by: Control | None = None

    def matches(self, desk: Desk) -> bool:
        return (
            self.status in {None, desk.status}
            and self.assignee in {None, desk.assignee}
            and self.is_assigned in {None, desk.assignee is not None}
            and self.team in {None, desk.team}
            and (self.label is None or self.label in desk.labels)
            and self.priority in {None, desk.priority}
            and self.controlled_by in {None, desk.controlled_by}
        )
