"""The ledger finds messages that are missing, doubled or out of order."""

import math
from collections.abc import Sequence

import pytest

from chat4all_local.chaos.account import Account, Fate, account
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.ledger import arrivals
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation

ANA = Conversation("with-ana", "agent", "whatsapp", "1")
BEN = Conversation("with-ben", "agent", "telegram", "2")
POSTED = [
    Posted(text, conversation, text, float(number), float(number), 1)
    for number, (conversation, text) in enumerate(
        [(ANA, "a1"), (BEN, "b1"), (ANA, "a2"), (ANA, "a3"), (BEN, "b2")]
    )
]
SENT = Fate("SENT")


def sends(*texts: str) -> list[SendRecord]:
    address = {"a": "1", "b": "2"}
    return [
        SendRecord(
            number,
            float(number),
            address[text[0]],
            text,
            f"id-{number}",
            None,
            None,
            200,
            None,
            authorized=True,
        )
        for number, text in enumerate(texts)
    ]


def told(texts: Sequence[str], fates: dict[str, Fate] | None = None) -> Account:
    every = {message.message_id: SENT for message in POSTED}
    return account(POSTED, arrivals(POSTED, sends(*texts)), {**every, **(fates or {})})


def test_all_is_well_when_everything_is_there_once_and_in_order() -> None:
    found = told(["a1", "b1", "a2", "b2", "a3"])

    assert (found.accepted, found.delivered) == (5, 5)
    assert (found.failed, found.lost, found.repeated, found.out_of_order) == (0, 0, 0, 0)


@pytest.mark.parametrize("status", ["PENDING", "FAILED"])
def test_what_is_nowhere_is_lost_unless_it_failed_with_a_reason(status: str) -> None:
    found = told(["a1", "b1", "a2", "b2"], {"a3": Fate(status)})

    assert (found.delivered, found.failed, found.lost, found.lost_texts) == (4, 0, 1, ["a3"])


def test_what_failed_with_a_reason_is_counted_by_it() -> None:
    found = told(["a1", "b1", "a2", "b2"], {"a3": Fate("FAILED", "131026")})

    assert (found.failed, found.lost, found.failures) == (1, 0, {"131026": 1})


def test_what_the_provider_took_on_and_could_not_deliver_has_failed() -> None:
    found = told(["a1", "b1", "a2", "b2", "a3"], {"a3": Fate("FAILED", "131026")})

    assert (found.delivered, found.failed, found.lost) == (4, 1, 0)


def test_what_the_api_knows_nothing_of_is_lost_though_it_was_delivered() -> None:
    assert told(["a1", "b1", "a2", "b2", "a3"], {"a1": Fate("PENDING")}).lost == 1


def test_a_copy_is_a_repeat_wherever_it_comes() -> None:
    assert told(["a1", "a1", "b1", "a2", "b2", "a3", "b1"]).repeated == 2


def test_the_order_is_that_of_each_conversation() -> None:
    assert told(["b1", "b2", "a1", "a2", "a3"]).out_of_order == 0
    assert told(["b2", "b1", "a1", "a3", "a2"]).out_of_order == 2


def test_a_late_copy_is_no_disorder() -> None:
    assert told(["a1", "a2", "a3", "a1", "b1", "b2"]).out_of_order == 0


def test_an_uncertain_message_may_be_missing_and_may_neither_come_twice_nor_too_early() -> None:
    uncertain = [Posted("a4", ANA, "a4", 10.0, math.inf, 1)]
    every = {message.message_id: SENT for message in POSTED}

    def found(*texts: str) -> Account:
        return account(POSTED, arrivals([*POSTED, *uncertain], sends(*texts)), every, uncertain)

    well = ["a1", "b1", "a2", "b2", "a3"]
    assert (found(*well).accepted, found(*well).lost) == (5, 0)
    assert (found(*well, "a4").repeated, found(*well, "a4").out_of_order) == (0, 0)
    assert found(*well, "a4", "a4").repeated == 1
    assert found("a4", *well).out_of_order == 3


def test_the_same_words_to_another_are_not_the_message() -> None:
    other = SendRecord(9, 9.0, "3", "a3", "id", None, None, 200, None, authorized=True)

    found = account(POSTED, arrivals(POSTED, [*sends("a1", "b1", "a2", "b2"), other]), {"a3": SENT})

    assert (found.delivered, found.repeated) == (4, 0)
