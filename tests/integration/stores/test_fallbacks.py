"""Fallbacks, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.events import MessageAccepted, Recipient, Route
from chat4all.domain.plan import Skipped
from chat4all.domain.waiting import Fallback
from chat4all.services.messaging.ports import Fallbacks
from tests.fakes.people import NOW

LATER = "2026-01-31T13:00:00.000Z"


@pytest.fixture
def event(new_id: Callable[[], str]) -> MessageAccepted:
    to = Recipient(
        new_id(),
        "pigeon",
        "main",
        "1",
        1,
        (Route("telex", "main", "2", step=1), Route("drum", "main", "3", step=2)),
    )
    return MessageAccepted(new_id(), new_id(), Text("hello"), (to,), NOW, "1", 1, delivery_timeout_s=300)


def read(fallbacks: Fallbacks, event: MessageAccepted) -> Fallback:
    found = fallbacks.get(event.message_id, event.recipients[0].user_id)
    assert found is not None
    return found


def test_it_begins_at_the_first_route_once(fallbacks: Fallbacks, event: MessageAccepted) -> None:
    begun = fallbacks.begin(event, NOW)
    assert begun == Fallback(event, 0, NOW, routed=False) == read(fallbacks, event)
    assert begun.recipient.channel == "pigeon"

    stepped = fallbacks.step(begun, LATER)

    assert stepped == Fallback(event, 1, LATER, routed=False) == fallbacks.begin(event, NOW)
    assert stepped.recipient == Recipient(
        event.recipients[0].user_id, "telex", "main", "2", 1, (Route("drum", "main", "3", step=2),), 1, step=1
    )


def test_of_many_one_makes_the_step(fallbacks: Fallbacks, event: MessageAccepted) -> None:
    begun = fallbacks.begin(event, NOW)

    with ThreadPoolExecutor(6) as pool:
        stepped = list(pool.map(lambda _: fallbacks.step(begun, LATER), range(6)))

    assert len([fallback for fallback in stepped if fallback is not None]) == 1
    assert read(fallbacks, event).position == 1


def test_it_is_due_as_the_router_says_and_not_after(fallbacks: Fallbacks, event: MessageAccepted) -> None:
    begun = fallbacks.begin(event, NOW)
    assert begun in fallbacks.due(NOW, 100)

    fallbacks.routed(begun, LATER)
    routed = read(fallbacks, event)
    assert routed == replace(begun, routed=True, due_at=LATER)
    assert routed not in fallbacks.due(NOW, 100)
    fallbacks.routed(begun, NOW)
    assert read(fallbacks, event) == routed

    assert not fallbacks.postpone(begun, None)
    assert fallbacks.postpone(routed, None)
    assert event.message_id not in {fallback.event.message_id for fallback in fallbacks.due("2099", 100)}


def test_whose_turn_was_first_comes_first(
    fallbacks: Fallbacks, event: MessageAccepted, new_id: Callable[[], str]
) -> None:
    events = [replace(event, message_id=new_id(), sequence=f"{number:02}") for number in range(12)]
    for minute, due_event in enumerate(events):
        fallbacks.begin(due_event, f"2001-01-31T12:{minute:02}:00.000Z")

    assert [fallback.event for fallback in fallbacks.due("2002", 3)] == events[:3]


def test_the_last_route_is_not_due(fallbacks: Fallbacks, event: MessageAccepted) -> None:
    fallbacks.routed(fallbacks.begin(event, NOW), None)

    assert read(fallbacks, event).due_at is None
    assert event.message_id not in {fallback.event.message_id for fallback in fallbacks.due("2099", 100)}


def test_a_router_that_comes_late_does_not_touch_the_next_step(
    fallbacks: Fallbacks, event: MessageAccepted
) -> None:
    begun = fallbacks.begin(event, NOW)
    stepped = fallbacks.step(begun, LATER)

    fallbacks.routed(begun, NOW)

    assert read(fallbacks, event) == stepped


def test_a_skipped_route_is_recorded_and_the_next_one_is_taken(
    fallbacks: Fallbacks, event: MessageAccepted
) -> None:
    begun = fallbacks.begin(event, NOW)
    first, second, third = (
        Skipped(step, channel, "NO_IDENTITY", "why")
        for step, channel in enumerate(("pigeon", "telex", "drum"))
    )

    at_telex = fallbacks.skip(begun, first, LATER)
    assert at_telex == Fallback(event, 1, LATER, routed=False, skipped=(first,)) == read(fallbacks, event)
    assert fallbacks.skip(begun, first, LATER) is None
    at_drum = fallbacks.skip(at_telex, second, LATER)
    assert at_drum is not None
    assert at_drum.refusal is None

    last = fallbacks.skip(at_drum, third, LATER)

    assert last == replace(at_drum, skipped=(first, second, third))
    fallbacks.routed(at_drum, None)
    assert fallbacks.skip(at_drum, third, LATER) is None
    assert fallbacks.of_message(event.message_id) == [read(fallbacks, event)]


def test_the_fallbacks_of_a_message_are_those_of_all_recipients(
    fallbacks: Fallbacks, event: MessageAccepted
) -> None:
    (first,) = event.recipients
    second = replace(event, recipients=(replace(first, user_id=f"{first.user_id}-2"),))
    contents = replace(second, contents=(None, Text("by telex")))
    begun = [fallbacks.begin(event, NOW), fallbacks.begin(contents, NOW)]

    assert fallbacks.of_message(event.message_id) == begun
    assert begun[1].event.content_of(1) == Text("by telex")
    assert begun[1].event.content_of(0) == event.content


def test_what_is_unknown_is_none(fallbacks: Fallbacks, new_id: Callable[[], str]) -> None:
    assert fallbacks.get(new_id(), "ana") is None
