"""A batch of a queue: its failing message is retried and given up, and its other messages pass."""

from typing import Any

from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually

UNREADABLE = "no JSON at all"


def given_up(stage: Stage) -> list[dict[str, Any]]:
    """Run the relay, and return the API's list of dead letters."""
    stage.relay()
    answer = stage.api.call("GET", "/dead-letters", query={"limit": "100"})
    assert answer.status_code == 200, answer.text
    return [letter for letter in answer.json()["dead_letters"] if letter["kind"] == "RECORD"]


def test_what_cannot_be_read_ends_as_a_dead_letter_while_its_neighbours_pass(stage: Stage) -> None:
    customers = [stage.customer("telegram") for _ in range(4)]
    talks = [stage.talk(customer) for customer in customers]
    before = given_up(stage)

    with stage.giving_up_after("inbound", receives=2):
        for customer in customers:
            stage.put("inbound", UNREADABLE)
            stage.simulators["telegram"].write(customer.address, "beside it", wait=False)
        found = eventually(lambda: given_up(stage), lambda seen: len(seen) >= len(before) + len(customers))

    assert {letter["source"] for letter in found} == {"inbound"}
    histories = eventually(lambda: [stage.history(talk) for talk in talks], all)
    assert [[message.content.text for message in history] for history in histories] == [["beside it"]] * len(
        talks
    )
    assert stage.count("inbound") == 0
