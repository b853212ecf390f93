import math

import pytest

from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.delivered import Verdict, both, recorded, verdict
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation

CONVERSATION = Conversation("c", "agent", "telegram", "42")
FIRST = Posted("m1", CONVERSATION, "first", began_at=1.0, at=2.0, tries=1)
SECOND = Posted("m2", CONVERSATION, "second", began_at=3.0, at=4.0, tries=1)


def sends(*texts: str) -> list[SendRecord]:
    return [
        SendRecord(n, 10.0 + n, "42", text, f"p{n}", None, None, 200, None, authorized=True)
        for n, text in enumerate(texts, start=1)
    ]


def test_messages_delivered_once_and_in_order_have_no_fault() -> None:
    assert verdict([FIRST, SECOND], sends("first", "second")) == Verdict(0, 0, 0)


def test_a_lost_message_is_found() -> None:
    assert verdict([FIRST, SECOND], sends("second")) == Verdict(lost=1, repeated=0, out_of_order=0)


def test_a_repeated_message_is_found() -> None:
    found = verdict([FIRST, SECOND], sends("first", "second", "second"))

    assert found == Verdict(lost=0, repeated=1, out_of_order=0)


def test_an_overtaken_message_is_found() -> None:
    found = verdict([FIRST, SECOND], sends("second", "first"))

    assert found == Verdict(lost=0, repeated=0, out_of_order=1)


def test_overlapping_posts_may_arrive_in_either_order() -> None:
    overlapping = Posted("m2", CONVERSATION, "second", began_at=1.5, at=4.0, tries=1)

    assert verdict([FIRST, overlapping], sends("second", "first")) == Verdict(0, 0, 0)


def test_an_arrival_without_an_acceptance_is_no_fault() -> None:
    assert verdict([FIRST], sends("first", "second")) == Verdict(0, 0, 0)


TIMED_OUT = Posted("m2", CONVERSATION, "second", began_at=3.0, at=math.inf, tries=1)
LATER = Posted("m3", CONVERSATION, "third", began_at=40.0, at=41.0, tries=1)


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        (("first", "third"), Verdict(0, 0, 0)),
        (("first", "second", "third"), Verdict(0, 0, 0)),
        (("first", "third", "second"), Verdict(0, 0, 0)),
        (("first", "second", "third", "second"), Verdict(lost=0, repeated=1, out_of_order=0)),
        (("second", "first", "third"), Verdict(lost=0, repeated=0, out_of_order=1)),
    ],
)
def test_a_message_without_a_202_may_be_missing_but_not_repeated_or_early(
    arrived: tuple[str, ...], expected: Verdict
) -> None:
    assert verdict([FIRST, LATER], sends(*arrived), [TIMED_OUT]) == expected


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (["an agent's text", "first", "third"], Verdict(0, 0, 0)),
        (["first"], Verdict(lost=1, repeated=0, out_of_order=0)),
        (["first", "third", "first"], Verdict(lost=0, repeated=1, out_of_order=0)),
        (["third", "first"], Verdict(lost=0, repeated=0, out_of_order=1)),
        (["first", "second", "third", "second"], Verdict(lost=0, repeated=1, out_of_order=0)),
    ],
)
def test_a_customer_s_message_is_in_the_history_once_and_in_order(
    history: list[str], expected: Verdict
) -> None:
    assert recorded([FIRST, LATER], [TIMED_OUT], {"c": history}) == expected


def test_verdicts_add_up() -> None:
    assert both(Verdict(1, 2, 3), Verdict(4, 5, 6)) == Verdict(5, 7, 9)
