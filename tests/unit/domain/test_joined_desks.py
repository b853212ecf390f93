"""The desk of the conversation that goes on after a merge: nobody who waits is forgotten."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.desk import Control, Desk, DeskStatus, Priority
from chat4all.domain.merging import desk_of_both

TIMES = st.integers(0, 59).map(lambda minute: f"2026-01-31T12:{minute:02d}:00.000Z")
DESKS = st.builds(
    Desk,
    status=st.sampled_from(DeskStatus),
    snoozed_until=st.none() | TIMES,
    assignee=st.none() | st.just("agent"),
    labels=st.just(()) | st.just(("vip",)),
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
        assert (after.status, after.version > desk.version) == (
            DeskStatus.OPEN,
            desk.status is not DeskStatus.OPEN,
        )
        assert after.snoozed_until is None or desk.status is DeskStatus.OPEN
    else:
        assert (after.status, after.snoozed_until, after.version) == (
            desk.status,
            desk.snoozed_until,
            desk.version,
        )


@given(DESKS, DESKS)
def test_everything_else_stays_as_it_is(desk: Desk, joined: Desk) -> None:
    after = desk_of_both(desk, joined)

    for name in ("assignee", "team", "labels", "priority", "controlled_by", "is_idle"):
        assert getattr(after, name) == getattr(desk, name)


@given(
    DESKS, st.lists(DESKS, max_size=4).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some)))
)
def test_several_conversations_may_join_in_any_order(
    desk: Desk, orders: tuple[list[Desk], list[Desk]]
) -> None:
    one, other = (reduce(desk_of_both, order, desk) for order in orders)

    assert one == other
