"""The attributes of a conversation at the desk, and what changes them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.desk import (
    ACTIVITY_KNOWN,
    Desk,
    DeskChanges,
    DeskQuery,
    DeskStatus,
    Priority,
    Writer,
    after_message,
    at_hand,
    changed,
    woken,
    writer_of,
)
from chat4all.domain.errors import Invalid
from chat4all.domain.person import UserType
from tests.fakes.clock import BEGINNING as START

NOW = iso(START)
SOON = iso(START + timedelta(seconds=59))
LATER = iso(START + timedelta(hours=1))


def test_a_request_changes_what_it_names() -> None:
    before = Desk(assignee="ana", labels=("a",), version=3)

    after = changed(before, DeskChanges(team="billing", priority=Priority.URGENT, assignee=None), START)

    assert after == Desk(team="billing", priority=Priority.URGENT, labels=("a",), version=4)


def test_a_request_that_changes_nothing_costs_no_version() -> None:
    before = Desk(assignee="ana", version=3)

    assert changed(before, DeskChanges(assignee="ana", status=DeskStatus.OPEN), START) == before


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        (Desk(), DeskChanges(status=DeskStatus.SNOOZED, snoozed_until=NOW)),
        (Desk(), DeskChanges(status=DeskStatus.SNOOZED, snoozed_until="2001-01-01T00:00:00.000Z")),
        (Desk(), DeskChanges(status=DeskStatus.SNOOZED, snoozed_until=iso(START + timedelta(days=367)))),
        (Desk(), DeskChanges(status=DeskStatus.OPEN, snoozed_until=LATER)),
        (Desk(), DeskChanges(snoozed_until=LATER)),
    ],
)
def test_a_snooze_has_a_future_and_its_status(before: Desk, changes: DeskChanges) -> None:
    with pytest.raises(Invalid) as refused:
        changed(before, changes, START)

    assert [detail.field for detail in refused.value.details] == ["snoozed_until"]


def test_another_status_ends_the_snooze() -> None:
    asleep = changed(Desk(), DeskChanges(status=DeskStatus.SNOOZED, snoozed_until=LATER), START)
    pending = changed(asleep, DeskChanges(status=DeskStatus.PENDING), START)

    assert asleep == Desk(status=DeskStatus.SNOOZED, snoozed_until=LATER, version=1)
    assert pending == Desk(status=DeskStatus.PENDING, version=2)


def test_a_label_on_a_conversation_whose_snooze_has_just_ended_is_taken() -> None:
    asleep = Desk(status=DeskStatus.SNOOZED, snoozed_until=NOW, version=1)

    after = changed(asleep, DeskChanges(labels=("late",)), START + timedelta(minutes=1))

    assert after == replace(asleep, labels=("late",), version=2)


def test_a_snooze_without_an_end_lasts_until_the_next_message() -> None:
    asleep = changed(Desk(), DeskChanges(status=DeskStatus.SNOOZED), START)

    assert woken(asleep, START + timedelta(days=400)) is asleep
    assert after_message(asleep, Writer.PERSON, NOW, NOW).status is DeskStatus.OPEN


@pytest.mark.parametrize("status", DeskStatus)
def test_a_persons_message_reopens_and_waits(status: DeskStatus) -> None:
    before = Desk(status=status, snoozed_until=LATER if status is DeskStatus.SNOOZED else None)

    after = after_message(before, Writer.PERSON, SOON, NOW)

    assert (after.status, after.snoozed_until, after.waiting_since) == (DeskStatus.OPEN, None, SOON)
    assert after.version == (0 if status is DeskStatus.OPEN else 1)


@pytest.mark.parametrize("status", DeskStatus)
def test_our_message_changes_no_status_and_ends_the_wait(status: DeskStatus) -> None:
    before = Desk(status=status, waiting_since=NOW)

    assert after_message(before, Writer.HUMAN, SOON, NOW) == Desk(status=status)
    assert after_message(before, Writer.CAMPAIGN, SOON, NOW) == before


def test_the_person_waits_since_the_first_message_without_an_answer() -> None:
    first = after_message(Desk(), Writer.PERSON, NOW, NOW)

    assert after_message(first, Writer.PERSON, LATER, NOW).waiting_since == NOW


def test_a_resolved_conversation_waits_for_nobody() -> None:
    waiting = Desk(waiting_since=NOW)

    assert changed(waiting, DeskChanges(status=DeskStatus.RESOLVED), START).waiting_since is None


@given(st.lists(st.tuples(st.sampled_from(Writer), st.integers(0, 400))))
def test_activity_is_at_most_a_minute_behind_and_never_goes_back(messages: list[tuple[Writer, int]]) -> None:
    desk, latest = Desk(), START
    for writer, seconds in messages:
        at = START + timedelta(seconds=seconds)
        latest = max(latest, at)
        known = desk.active_at or NOW

        desk = after_message(desk, writer, iso(at), known)

        assert known <= (desk.active_at or NOW) <= iso(latest)
        assert parse_iso(desk.active_at or NOW) >= latest - ACTIVITY_KNOWN


def test_a_woken_conversation_is_active() -> None:
    asleep = Desk(status=DeskStatus.SNOOZED, snoozed_until=NOW, active_at="2001-01-01T00:00:00.000Z")

    awake = woken(asleep, START)

    assert awake == Desk(active_at=NOW, version=1)
    assert woken(awake, START) is awake
    assert woken(replace(asleep, snoozed_until=LATER), START).status is DeskStatus.SNOOZED


def test_a_conversation_that_comes_back_is_active_and_not_idle() -> None:
    idle = Desk(active_at="2001-01-01T00:00:00.000Z", is_idle=True)

    assert at_hand(idle, is_active=True, now=START) == Desk(active_at=NOW)
    assert at_hand(idle, is_active=False, now=START) == replace(idle, is_idle=False, is_put_away=True)


def test_who_writes() -> None:
    assert writer_of(UserType.CUSTOMER, is_to_many=False) is Writer.PERSON
    assert writer_of(UserType.AGENT, is_to_many=False) is Writer.HUMAN
    assert writer_of(UserType.AGENT, is_to_many=True) is Writer.CAMPAIGN


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        (DeskQuery(), True),
        (DeskQuery(status=DeskStatus.OPEN, assignee="ana", is_assigned=True, label="b"), True),
        (DeskQuery(is_assigned=False), False),
        (DeskQuery(label="c"), False),
        (DeskQuery(label="B"), False),
        (DeskQuery(team="sales"), False),
        (DeskQuery(priority=Priority.HIGH), False),
    ],
)
def test_filters_combine(query: DeskQuery, is_found: bool) -> None:  # noqa: FBT001 - a case
    assert query.matches(Desk(assignee="ana", labels=("a", "b"))) is is_found
