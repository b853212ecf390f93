"""Lines of deliveries that wait for long, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.lines import DynamoLines
from chat4all.domain.content import Text
from chat4all.domain.events import DeliveryRequested, Recipient
from chat4all.domain.waiting import Line
from chat4all.services.messaging.ports import LINES_KNOWN_S, Lines
from tests.fakes.people import NOW
from tests.integration.aws import Aws

LATER = "2026-01-31T13:00:00.000Z"


@pytest.fixture
def requested(channel: str, new_id: Callable[[], str]) -> DeliveryRequested:
    to = Recipient(new_id(), channel, "main", "ana")
    return DeliveryRequested(new_id(), new_id(), to, Text("hello"), 0, 1, 1, NOW, 5)


def mine(lines: Lines, requested: DeliveryRequested, now: str = "2099") -> list[Line]:
    return [one for one in lines.due(now, 100) if one.group == requested.group]


def test_nobody_is_in_line_at_first(lines: Lines, requested: DeliveryRequested, channel: str) -> None:
    assert not lines.any(channel)
    assert lines.head(channel, requested.group) is None
    lines.leave(requested)
    assert not lines.any(channel)


def test_who_joins_twice_is_there_once(lines: Lines, requested: DeliveryRequested, channel: str) -> None:
    for _ in range(2):
        lines.join(requested, NOW, first=True)

    assert lines.any(channel)
    assert lines.head(channel, requested.group) == requested.place
    (line,) = mine(lines, requested)
    assert lines.waiting(line, 10) == [requested]

    lines.leave(requested)
    lines.leave(requested)
    assert lines.head(channel, requested.group) is None
    lines.join(requested, NOW, first=True)
    assert lines.any(channel)


def test_they_stand_in_the_order_of_the_conversation(lines: Lines, requested: DeliveryRequested) -> None:
    all_ = [
        replace(requested, sequence=sequence, part=part) for sequence in (100, 7, 9) for part in (10, 2, 0)
    ]
    for one in all_:
        lines.join(one, NOW, first=False)

    (line,) = mine(lines, requested)
    found = lines.waiting(line, 100)
    assert [(one.sequence, one.part) for one in found] == [
        (sequence, part) for sequence in (7, 9, 100) for part in (0, 2, 10)
    ]
    assert lines.waiting(line, 2) == found[:2]
    assert lines.head(line.channel, line.group) == found[0].place


def test_the_first_says_when_the_line_is_due(lines: Lines, requested: DeliveryRequested) -> None:
    lines.join(requested, LATER, first=True)
    lines.join(replace(requested, sequence=6), NOW, first=False)
    assert mine(lines, requested, NOW) == []
    (line,) = mine(lines, requested, LATER)
    assert line.due_at == LATER

    lines.join(requested, NOW, first=True)

    assert len(mine(lines, requested, NOW)) == 1


def test_whose_turn_was_first_comes_first(
    lines: Lines, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    groups = [replace(requested, conversation_id=new_id()) for _ in range(12)]
    for minute, one in enumerate(groups):
        lines.join(one, f"2001-01-31T12:{minute:02}:00.000Z", first=True)

    assert [one.group for one in lines.due("2002", 3)] == [one.group for one in groups[:3]]


def test_a_line_is_postponed_by_one(lines: Lines, requested: DeliveryRequested) -> None:
    lines.join(requested, NOW, first=True)
    (line,) = mine(lines, requested)

    assert lines.postpone(line, LATER)
    assert not lines.postpone(line, LATER)
    assert mine(lines, requested, NOW) == []


def test_a_line_that_somebody_joined_is_not_closed(lines: Lines, requested: DeliveryRequested) -> None:
    lines.join(requested, NOW, first=True)
    (line,) = mine(lines, requested)
    lines.leave(requested)
    lines.join(replace(requested, sequence=6), NOW, first=False)

    lines.close(line)
    (now,) = mine(lines, requested)
    lines.leave(replace(requested, sequence=6))
    lines.close(now)

    assert mine(lines, requested) == []


def test_a_line_made_by_another_process_is_known_after_a_moment(
    aws: Aws, requested: DeliveryRequested, channel: str
) -> None:
    time = [0.0]
    tables = aws.output("Data.MessagesTable"), aws.output("Data.LimitsTable")
    ours, theirs = DynamoLines(*tables, lambda: time[0]), DynamoLines(*tables, lambda: time[0])
    assert not ours.any(channel)

    theirs.join(requested, NOW, first=True)

    assert theirs.any(channel)
    assert not ours.any(channel)
    time[0] = LINES_KNOWN_S
    assert ours.any(channel)
