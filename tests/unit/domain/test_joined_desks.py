"""The desk of the conversation that goes on after a merge: nobody who waits is forgotten."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.desk import MOST_LABELS, Control, Desk, DeskStatus, Priority
from chat4all.domain.merging import desk_of_both

TIMES = st.integers(0, 59).map(lambda minute: f"2026-01-31T12:{minute:02d}:00.000Z")
DESKS = st.builds(
    Desk,
    status=st.sampled_from(DeskStatus),
    snoozed_until=st.none() | TIMES,
    assignee=st.none() | st.sampled_from(["agent", "other"]),
    team=st.none() | st.sampled_from(["sales", "billing"]),
    labels=st.lists(st.integers(0, 40).map(str), unique=True, max_size=MOST_LABELS).map(tuple),
    priority=st.sampled_from(Priority),
    controlled_by=st.sampled_from(Control),
    active_at=st.just("") | TIMES,
    waiting_since=st.none() | TIMES,
    version=st.integers(0, 9),
)


@given(DESKS, DESKS)
def test_a_person_who_waits_in_either_waits_since_they_began(desk: Desk, joined: Desk) -> None:
    after = desk_of_both(desk, joined)

    waits = {desk.waiting_since, joined.waiting_since} - {None}
    assert after.waiting_since == (min(waits, key=str) if waits else None)
    assert after.active_at == max(desk.active_at, joined.active_at)


@given(DESKS, DESKS)
def test_who_waited_in_the_joined_conversation_has_the_turn(desk: Desk, joined: Desk) -> None:
    after = desk_of_both(desk, joined)

    if joined.waiting_since is not None:
        assert after.status is DeskStatus.OPEN
        assert after.version > desk.version or desk.status is DeskStatus.OPEN
        assert after.snoozed_until is None or desk.status is DeskStatus.OPEN
    else:
        assert (after.status, after.snoozed_until) == (desk.status, desk.snoozed_until)


@given(DESKS, DESKS)
def test_what_the_desk_does_not_say_comes_from_the_joined_one(desk: Desk, joined: Desk) -> None:
    after = desk_of_both(desk, joined)

    assert after.assignee == (desk.assignee or joined.assignee)
    assert after.team == (desk.team or joined.team)
    assert after.labels[: len(desk.labels)] == desk.labels
    both = {*desk.labels, *joined.labels}
    assert set(after.labels) <= both
    assert len(after.labels) == len(set(after.labels)) == min(len(both), MOST_LABELS)
    urgency = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT]
    assert after.priority is max(desk.priority, joined.priority, key=urgency.index)


@given(DESKS, DESKS)
def test_nobody_whom_a_human_has_is_given_to_a_bot(desk: Desk, joined: Desk) -> None:
    is_bots = desk.controlled_by is joined.controlled_by is Control.BOT

    assert (desk_of_both(desk, joined).controlled_by is Control.BOT) == is_bots


@given(DESKS, DESKS)
def test_a_change_raises_the_version_once(desk: Desk, joined: Desk) -> None:
    after = desk_of_both(desk, joined)

    is_same = replace(desk, waiting_since=after.waiting_since, active_at=after.active_at) == after
    assert after.version == desk.version + (not is_same)


@given(
    DESKS, st.lists(DESKS, max_size=4).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some)))
)
def test_in_any_order_of_the_joined_ones_the_same_person_waits_at_the_same_place(
    desk: Desk, orders: tuple[list[Desk], list[Desk]]
) -> None:
    one, other = (reduce(desk_of_both, order, desk) for order in orders)

    for name in ("status", "snoozed_until", "priority", "controlled_by", "active_at", "waiting_since"):
        assert getattr(one, name) == getattr(other, name)
