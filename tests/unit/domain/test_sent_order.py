"""The order of a history by the time when each message was sent."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.message import Message
from chat4all.domain.received import Received
from chat4all.domain.sent_order import is_late, latest_sent_first, numbers_left, sent_place
from chat4all.domain.status import Status

BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_message(number: int, accepted_s: float, sent_s: float | None = None) -> Message:
    """Return a message that was accepted and sent so many seconds after the beginning."""
    received = Received(iso(after(sent_s)), "webhook") if sent_s is not None else None
    sequence, accepted_at = f"{number:020d}", iso(after(accepted_s))
    return Message(
        f"m{number}",
        "c",
        sequence,
        "ana",
        Text("hello"),
        Status.DELIVERED,
        (),
        accepted_at,
        "f",
        received=received,
    )


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("accepted_s", "sent_s", "numbered_by_s", "expected"),
    [
        (100, None, 100, False),
        (100, None, 111, True),
        (100, 90, 100, False),
        (100, 90, 100.001, True),
        (100, 110, 105, False),
        (100, 111, 105, True),
        (100, 95, 104, False),
        (100, -1e9, 100, True),
    ],
)
def test_a_message_is_late_unless_it_was_sent_within_seconds_of_its_number(
    accepted_s: float, sent_s: float | None, numbered_by_s: float, *, expected: bool
) -> None:
    assert is_late(a_message(1, accepted_s, sent_s), after(numbered_by_s)) is expected


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Draw messages by number; the number is given between the acceptance and the storing of the message."""
    seconds = st.sampled_from([0.0, 0.001, 1.0, 5.0, 9.0, 10.0, 11.0, 40.0])
    sent_before = st.none() | st.sampled_from([-11.0, -10.0, -1.0, 0.0, 1.0, 9.0, 10.0, 11.0, 60.0, 1e6])
    messages: list[Message] = []
    numbered_s = 0.0
    for number in range(draw(st.integers(1, 14))):
        numbered_s += draw(seconds)
        accepted_s, age_s = numbered_s - draw(seconds), draw(sent_before)
        message = a_message(number, accepted_s, None if age_s is None else accepted_s - age_s)
        messages.append(replace(message, late=is_late(message, after(numbered_s + draw(seconds)))))
    return messages


def read(messages: Sequence[Message], under: str | None = None) -> Iterator[Message]:
    by_number = sorted(messages, key=lambda message: message.sequence, reverse=True)
    punctual = [m for m in by_number if not m.late and (under is None or m.sequence < under)]
    late = sorted((message for message in messages if message.late), key=sent_place, reverse=True)
    return latest_sent_first(punctual, late)


@given(conversations())
def test_the_merger_is_the_sorted_list(messages: list[Message]) -> None:
    assert list(read(messages)) == sorted(messages, key=sent_place, reverse=True)


@given(conversations(), st.integers(1, 14))
def test_no_punctual_message_that_follows_a_page_has_a_higher_number_than_the_limit(
    messages: list[Message], size: int
) -> None:
    under = None
    ordered = sorted(messages, key=sent_place, reverse=True)
    for start in range(0, len(ordered), size):
        under = numbers_left(ordered[start : start + size], under)
        following = [message for message in ordered[start + size :] if not message.late]
        assert all(under is None or message.sequence < under for message in following)


def test_a_long_history_is_read_only_as_far_as_a_page_needs() -> None:
    messages = [a_message(number, 20.0 * number) for number in range(100)]
    read_so_far: list[Message] = []

    def counted() -> Iterator[Message]:
        for message in reversed(messages):
            read_so_far.append(message)
            yield message

    merged = latest_sent_first(counted(), ())
    shown = [next(merged) for _ in range(10)]

    assert shown == messages[:-11:-1]
    assert len(read_so_far) == 12
    assert numbers_left(shown, None) == messages[-8].sequence
