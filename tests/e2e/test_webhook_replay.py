"""G7: stored webhooks can be read again without doubling a message."""

from typing import Any

import pytest

from tests.e2e.outages import without
from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually

CHANNEL = "instagram"


def replay(stage: Stage, **body: Any) -> Any:  # noqa: ANN401 - JSON
    answer = stage.api.call("POST", "/webhooks/replay", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def replay_everything(stage: Stage) -> int:
    replayed, cursor = 0, dict[str, str]()
    while True:
        page = replay(stage, channel=CHANNEL, **cursor)
        replayed += page["replayed"]
        if page["next_cursor"] is None:
            return int(replayed)
        cursor = {"cursor": page["next_cursor"]}


def test_a_replay_of_everything_changes_nothing(stage: Stage) -> None:
    customer = stage.customer(CHANNEL)
    talk = stage.talk(customer)
    stage.simulators[CHANNEL].write(customer.address, "hello")
    message_id = stage.say(talk, "good day")
    stage.reaches(message_id, "READ")
    stage.settle()
    before = stage.history(talk), stage.api.progress(message_id)

    assert replay_everything(stage) >= 2
    stage.settle()

    assert (stage.history(talk), stage.api.progress(message_id)) == before
    assert stage.texts(customer) == ["good day"]


def test_what_was_stored_and_lost_on_its_way_is_there_after_the_replay(stage: Stage) -> None:
    customer = stage.customer(CHANNEL)
    talk = stage.talk(customer)
    simulator = stage.simulators[CHANNEL]
    simulator.configure(webhook_retries={"attempts": 1})
    with without(stage.cloud, "webhooks", "INBOUND_QUEUE"):
        written = simulator.write(customer.address, "do you hear me?")
    assert written.webhook_statuses == [503]
    assert stage.history(talk) == []

    replay_everything(stage)

    history = eventually(lambda: stage.history(talk))
    assert [message.content.text for message in history] == ["do you hear me?"]


@pytest.mark.parametrize(
    "body", [{"channel": "carrier"}, {"from": "yesterday"}, {"limit": 0}, {"cursor": "x"}]
)
def test_a_replay_that_cannot_be_meant_is_refused(stage: Stage, body: dict[str, Any]) -> None:
    answer = stage.api.call("POST", "/webhooks/replay", body)

    assert (answer.status_code, answer.json()["error"]) == (400, "VALIDATION_ERROR")
