"""A batch of a queue: what fails in it is tried again and given up, what is beside it passes."""

from typing import Any

from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually

UNREADABLE = "no JSON at all"


def given_up(stage: Stage) -> list[dict[str, Any]]:
    """What the queues gave up, as the API lists it; the relay brings it there."""
    stage.relay()
    answer = stage.api.call("GET", "/dead-letters", query={"limit": "100"})
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["dead_letters"] if one["kind"] == "RECORD"]


def test_what_cannot_be_read_ends_as_a_dead_letter_while_its_neighbours_pass(stage: Stage) -> None:
    customers = [stage.customer("telegram") for _ in range(4)]
    talks = [stage.talk(customer) for customer in customers]
    before = given_up(stage)

    with stage.giving_up_after("inbound", receives=2):
        for customer in customers:
            stage.put("inbound", UNREADABLE)
            stage.simulators["telegram"].write(customer.address, "beside it", wait=False)
        found = eventually(lambda: given_up(stage), lambda seen: len(seen) >= len(before) + len(customers))

    assert {one["source"] for one in found} == {"inbound"}
    histories = eventually(lambda: [stage.history(talk) for talk in talks], all)
    assert [[message.content.text for message in history] for history in histories] == [["beside it"]] * len(
        talks
    )
    assert stage.count("inbound") == 0
