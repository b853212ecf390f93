"""G5, G1: no sends go to a failing channel, no message is lost, and operators see the failure."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import Customer, Stage
from tests.e2e.waiting import eventually

CHANNEL = "instagram"


@pytest.fixture
def told(stage: Stage) -> Iterator["Told"]:
    told = Told(stage)
    yield told
    told.close()


class Told:
    """The product's events on EventBridge, received in a queue by a rule that an operator could make."""

    def __init__(self, stage: Stage) -> None:
        self._sqs, self._events = stage.cloud.aws.sqs(), stage.cloud.aws.events()
        self._queue = self._sqs.create_queue(QueueName="operators")["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self._events.put_rule(Name="operators", EventPattern=json.dumps({"source": ["chat4all"]}))
        self._events.put_targets(
            Rule="operators", Targets=[{"Id": "queue", "Arn": asked["Attributes"]["QueueArn"]}]
        )
        self._heard: list[tuple[str, Any]] = []

    def heard(self) -> list[tuple[str, Any]]:
        found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        for message in found.get("Messages", ()):
            event = json.loads(message["Body"])
            self._heard.append((event["detail-type"], event["detail"]))
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._heard

    def close(self) -> None:
        self._events.remove_targets(Rule="operators", Ids=["queue"])
        self._events.delete_rule(Name="operators")
        self._sqs.delete_queue(QueueUrl=self._queue)


def state(stage: Stage) -> Any:  # noqa: ANN401 - JSON
    channels = stage.api.call("GET", "/channels").json()["channels"]
    (account,) = next(channel["accounts"] for channel in channels if channel["channel"] == CHANNEL)
    return account["circuit"]


def test_a_channel_that_is_down_is_left_alone_and_loses_nothing(stage: Stage, told: Told) -> None:
    simulator = stage.simulators[CHANNEL]
    customers: list[Customer] = [stage.customer(CHANNEL) for _ in range(6)]
    talks = [stage.talk(customer) for customer in customers]
    simulator.add_fault(FaultKind.ERROR, status=500, code=2)

    said = [(talk, [stage.say(talk, f"{number}") for number in range(3)]) for talk in talks]
    opened = eventually(lambda: state(stage), lambda seen: seen["state"] != "CLOSED")
    health = stage.api.call("GET", "/health")
    simulator.clear_faults()

    for _, message_ids in said:
        for message_id in message_ids:
            stage.reaches(message_id, "READ")
    assert [stage.texts(customer) for customer in customers] == [["0", "1", "2"]] * len(customers)
    assert (opened["code"], opened["retry_at"] > opened["since"]) == ("2", True)
    assert health.status_code == 200
    assert health.json()["channels"][CHANNEL] in {"OPEN", "HALF_OPEN"}
    assert state(stage)["state"] == "CLOSED"
    heard = eventually(told.heard, lambda events: len(events) >= 2)
    assert [(kind, detail["stack"], detail["channel"], detail["account"]) for kind, detail in heard] == [
        ("Channel circuit opened", stage.cloud.stack, CHANNEL, "main"),
        ("Channel circuit closed", stage.cloud.stack, CHANNEL, "main"),
    ]
