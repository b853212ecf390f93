"""The parts of a message as its state keeps them, and the status that follows from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.parts import PartStatus, message_status, part_statuses
from chat4all.domain.status import OF_DELIVERIES, Status

NUMBERS = st.integers(0, 9_999)


@st.composite
def parts(draw: st.DrawFn) -> PartStatus:
    part_count = draw(st.integers(1, 400))
    status = draw(st.sampled_from(OF_DELIVERIES))
    return PartStatus(
        recipient=draw(NUMBERS),
        route=draw(st.integers(0, 10)),
        part=draw(st.integers(0, part_count - 1)),
        part_count=part_count,
        status=status,
        replaced=status is Status.FAILED and draw(st.booleans()),
        round=draw(NUMBERS),
    )


def part_of(
    recipient: int,
    status: Status,
    *,
    route: int = 0,
    part: int = 0,
    part_count: int = 1,
    replaced: bool = False,
) -> PartStatus:
    return PartStatus(recipient, route, part, part_count, status, replaced, 0)


@given(parts())
def test_a_part_is_read_as_it_was_written(part: PartStatus) -> None:
    assert part_statuses({part.key: part.value}) == [part]


@given(parts(), parts())
def test_two_parts_share_a_key_only_if_they_are_the_same_part(first: PartStatus, second: PartStatus) -> None:
    def place(part: PartStatus) -> tuple[int, ...]:
        numbered = (part.part, part.part_count) if part.part_count > 1 else (0, 1)
        return (part.recipient, part.route, *numbered)

    assert (first.key == second.key) is (place(first) == place(second))


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no key"):
        part_statuses({"1-2": "S"})


@pytest.mark.parametrize("round_", [0, 9])
def test_a_hundred_recipients_of_one_part_fit_into_a_kilobyte(round_: int) -> None:
    entries = [
        PartStatus(number, 0, 0, 1, Status.DELIVERED, replaced=False, round=round_) for number in range(100)
    ]

    # DynamoDB counts the bytes of each name and value, and 1 for each of the two; a map takes 3.
    assert 3 + sum(len(entry.key) + len(entry.value) + 2 for entry in entries) <= 1_024


@pytest.mark.parametrize(
    ("begun", "recipient_count", "expected"),
    [
        ([], 1, Status.PENDING),
        ([part_of(1, Status.SENT)], 2, Status.PENDING),
        ([part_of(1, Status.READ), part_of(2, Status.SENT)], 2, Status.SENT),
        ([part_of(1, Status.FAILED), part_of(2, Status.DELIVERED)], 2, Status.DELIVERED),
        ([part_of(1, Status.FAILED), part_of(2, Status.FAILED)], 2, Status.FAILED),
        ([part_of(1, Status.SENT, part_count=2)], 1, Status.PENDING),
        (
            [part_of(1, Status.READ, part_count=2), part_of(1, Status.SENT, part=1, part_count=2)],
            1,
            Status.SENT,
        ),
        ([part_of(1, Status.FAILED, part_count=2)], 1, Status.FAILED),
    ],
)
def test_a_message_is_as_far_as_its_slowest_recipient(
    begun: list[PartStatus], recipient_count: int, expected: Status
) -> None:
    assert message_status(begun, recipient_count) is expected


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ([part_of(1, Status.FAILED, replaced=True)], Status.PENDING),
        ([part_of(1, Status.FAILED, replaced=True), part_of(1, Status.SENT, route=1)], Status.SENT),
        ([part_of(1, Status.FAILED, replaced=True), part_of(1, Status.FAILED, route=1)], Status.FAILED),
        ([part_of(1, Status.SENT), part_of(1, Status.PENDING, route=1)], Status.PENDING),
        ([part_of(1, Status.DELIVERED), part_of(1, Status.SENT, route=1)], Status.DELIVERED),
        ([part_of(1, Status.READ), part_of(1, Status.FAILED, route=1)], Status.READ),
        ([part_of(1, Status.DELIVERED), part_of(1, Status.READ, route=1)], Status.READ),
        ([part_of(1, Status.READ), part_of(1, Status.FAILED, route=1, replaced=True)], Status.READ),
        (
            [
                part_of(1, Status.READ, part_count=2),
                part_of(1, Status.FAILED, replaced=True, part=1, part_count=2),
                part_of(1, Status.FAILED, route=1),
            ],
            Status.FAILED,
        ),
        (
            [
                part_of(1, Status.FAILED, replaced=True),
                part_of(1, Status.FAILED, route=1, replaced=True),
            ],
            Status.PENDING,
        ),
        (
            [
                part_of(1, Status.FAILED, replaced=True, part_count=2),
                part_of(1, Status.FAILED, replaced=True, part=1, part_count=2),
                part_of(1, Status.SENT, route=1),
            ],
            Status.SENT,
        ),
    ],
)
def test_a_recipient_counts_on_the_last_route_that_was_begun_unless_an_earlier_one_is_proven(
    begun: list[PartStatus], expected: Status
) -> None:
    assert message_status(begun, 1) is expected
