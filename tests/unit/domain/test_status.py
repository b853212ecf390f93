"""Status only moves forward (G4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.status import OF_DELIVERIES, Status, may_become, of_message, of_parts, predecessors

ORDER = [Status.PENDING, Status.SENT, Status.FAILED, Status.DELIVERED, Status.READ]
STATUSES = st.sampled_from(OF_DELIVERIES)


def rank(status: Status) -> int:
    """Return the rank of a status: only proof of receipt is above a failure."""
    return ORDER.index(status)


def follow(start: Status, arriving: list[Status]) -> list[Status]:
    """Return the statuses that a record has in turn while the given statuses arrive."""
    taken = [start]
    for status in arriving:
        if may_become(taken[-1], status):
            taken.append(status)
    return taken


@given(st.lists(STATUSES))
def test_whatever_arrives_in_whatever_order_only_moves_forward(arriving: list[Status]) -> None:
    taken = follow(Status.PENDING, arriving)

    assert [rank(status) for status in taken] == sorted({rank(status) for status in taken})


@given(st.permutations([Status.SENT, Status.DELIVERED, Status.READ] * 2))
def test_the_furthest_receipt_wins_in_any_order(arriving: list[Status]) -> None:
    assert follow(Status.PENDING, arriving)[-1] is Status.READ


@given(arriving=st.lists(STATUSES))
def test_what_was_read_stays_read(arriving: list[Status]) -> None:
    assert follow(Status.READ, arriving) == [Status.READ]


@given(arriving=st.lists(st.sampled_from([Status.PENDING, Status.SENT, Status.FAILED])))
def test_a_failure_stays_without_proof_of_receipt(arriving: list[Status]) -> None:
    assert follow(Status.FAILED, arriving) == [Status.FAILED]


@given(st.permutations([Status.SENT, Status.FAILED, Status.DELIVERED]))
def test_proof_of_receipt_beats_a_failure_in_any_order(arriving: list[Status]) -> None:
    assert follow(Status.PENDING, arriving)[-1] is Status.DELIVERED


@pytest.mark.parametrize(
    ("current", "possible"),
    [(Status.PENDING, True), (Status.SENT, True), (Status.DELIVERED, False), (Status.READ, False)],
)
def test_only_what_was_not_delivered_can_fail(current: Status, possible: bool) -> None:  # noqa: FBT001 - a column
    assert may_become(current, Status.FAILED) is possible


@given(STATUSES, STATUSES)
def test_predecessors_are_those_from_which_it_is_a_step_forward(current: Status, new: Status) -> None:
    assert (current in predecessors(new)) is may_become(current, new)


@given(st.lists(STATUSES, min_size=1), st.data())
@pytest.mark.parametrize("summary", [of_parts, of_message])
def test_a_summary_never_goes_back_when_one_goes_forward(
    summary: object, statuses: list[Status], data: st.DataObject
) -> None:
    assert callable(summary)
    before = summary(statuses)
    place = data.draw(st.integers(0, len(statuses) - 1))
    nexts = [new for new in Status if may_become(statuses[place], new)]
    if not nexts or statuses[place] is Status.FAILED:
        # Proof of one after its failure does not prove the others, which then count again.
        return
    statuses[place] = data.draw(st.sampled_from(nexts))

    after = summary(statuses)

    assert after is before or may_become(before, after)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], Status.PENDING),
        ([Status.SENT, Status.PENDING], Status.PENDING),
        ([Status.READ, Status.DELIVERED], Status.DELIVERED),
        ([Status.READ, Status.FAILED], Status.FAILED),
    ],
)
def test_a_text_in_parts_is_as_far_as_its_slowest_part(parts: list[Status], expected: Status) -> None:
    assert of_parts(parts) is expected


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ([], Status.PENDING),
        ([Status.SENT, Status.PENDING], Status.PENDING),
        ([Status.PENDING, Status.FAILED], Status.PENDING),
        ([Status.READ, Status.FAILED, Status.SENT], Status.SENT),
        ([Status.FAILED, Status.FAILED], Status.FAILED),
    ],
)
def test_a_message_is_as_far_as_its_slowest_recipient_that_did_not_fail(
    deliveries: list[Status], expected: Status
) -> None:
    assert of_message(deliveries) is expected
