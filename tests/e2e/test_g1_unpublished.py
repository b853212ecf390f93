"""G1: a message that was stored but not published is published once."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from tests.e2e.api import read, refusal
from tests.e2e.outages import without
from tests.e2e.shapes import Accepted
from tests.e2e.stage import Customer, Stage, Talk, message_body, new_id

LONG_AGO = "2020-01-01T00:00:00.000Z"


def make_due(stage: Stage, message_id: str) -> None:
    """Make the message due, as if the time for publishing it were over.

    Fails unless the message waits for it.
    """
    stage.cloud.aws.dynamodb().update_item(
        TableName=f"{stage.cloud.stack}-messages",
        Key={"message_id": {"S": message_id}, "record": {"S": "MESSAGE"}},
        UpdateExpression="SET due_at = :due",
        ConditionExpression="attribute_exists(due_at)",
        ExpressionAttributeValues={":due": {"S": LONG_AGO}},
    )


class Story(NamedTuple):
    """Three unpublished messages of a conversation, and their `bodies` as they were posted."""

    customer: Customer
    talk: Talk
    bodies: list[dict[str, str]]

    def texts(self) -> list[str]:
        return [body["content"] for body in self.bodies]

    def message_ids(self) -> list[str]:
        return [body["message_id"] for body in self.bodies]


@pytest.fixture(scope="module")
def stories(running_stage: Stage) -> list[Story]:
    """Post the messages of every test while chat-events accepts nothing."""
    new = [new_story(running_stage) for _ in range(3)]
    with without(running_stage.cloud, "api", "CHAT_EVENTS_QUEUE"):
        answers = [running_stage.api.post_message(body) for story in new for body in story.bodies]
    assert [answer.status_code for answer in answers] == [503] * len(answers)
    assert {refusal(answer).error for answer in answers} == {"UNAVAILABLE"}
    assert all("retry-after" in answer.headers for answer in answers)
    return new


def new_story(stage: Stage) -> Story:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    bodies = [message_body(talk, f"unpublished {number}", message_id=new_id()) for number in range(3)]
    return Story(customer, talk, bodies)


@pytest.fixture
def unpublished(stories: list[Story]) -> Story:
    return stories.pop()


def test_relay_publishes_once_and_in_order_what_was_only_stored(stage: Stage, unpublished: Story) -> None:
    assert stage.requests(unpublished.customer) == []
    for message_id in unpublished.message_ids():
        make_due(stage, message_id)

    with ThreadPoolExecutor(2) as side_by_side:
        for run in [side_by_side.submit(stage.relay) for _ in range(2)]:
            run.result()

    for message_id in unpublished.message_ids():
        stage.reaches(message_id, "READ")
    stage.relay()
    stage.settle()
    assert [request.text for request in stage.requests(unpublished.customer)] == unpublished.texts()


def test_a_client_that_repeats_the_request_publishes_it(stage: Stage, unpublished: Story) -> None:
    answers = [stage.api.post_message(body) for body in unpublished.bodies]

    accepted = [read(answer, Accepted, 202).message_id for answer in answers]
    assert accepted == unpublished.message_ids()
    for message_id in accepted:
        stage.reaches(message_id, "READ")
    stage.settle()
    assert [request.text for request in stage.requests(unpublished.customer)] == unpublished.texts()


def test_what_can_not_be_delivered_any_more_ends_failed(stage: Stage, unpublished: Story) -> None:
    conversation = f"/conversations/{unpublished.talk.conversation_id}"
    archived = stage.api.call("PATCH", conversation, {"state": "ARCHIVED"})
    assert archived.status_code == 200, archived.text
    for message_id in unpublished.message_ids():
        make_due(stage, message_id)

    stage.relay()

    for message_id in unpublished.message_ids():
        stage.reaches(message_id, "FAILED")
        failure = stage.api.message(message_id).error
        assert failure is not None
        assert failure.code == "CONVERSATION_ARCHIVED"
    assert stage.requests(unpublished.customer) == []
