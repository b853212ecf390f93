"""G1: where `api` fails between the queue and the table, a message is delivered once or not accepted."""

from typing import NamedTuple

import pytest

from tests.e2e.api import read, refusal
from tests.e2e.outages import holding, without
from tests.e2e.shapes import Accepted
from tests.e2e.stage import Customer, Stage, Talk, message_body, new_id


class Story(NamedTuple):
    """Three messages of a conversation, with their `bodies` as they were posted."""

    customer: Customer
    talk: Talk
    bodies: list[dict[str, str]]

    def texts(self) -> list[str]:
        return [body["content"] for body in self.bodies]

    def message_ids(self) -> list[str]:
        return [body["message_id"] for body in self.bodies]


@pytest.fixture
def story(stage: Stage) -> Story:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    bodies = [message_body(talk, f"between {number}", message_id=new_id()) for number in range(3)]
    return Story(customer, talk, bodies)


def post_in_vain(stage: Stage, story: Story, variable: str) -> None:
    """Post the messages while the queue or table that `variable` names does not exist for `api`."""
    with without(stage.cloud, "api", variable):
        answers = [stage.api.post_message(body) for body in story.bodies]
    assert [answer.status_code for answer in answers] == [503] * len(answers)
    assert {refusal(answer).error for answer in answers} == {"UNAVAILABLE"}
    assert all("retry-after" in answer.headers for answer in answers)


def test_a_message_that_the_queue_did_not_take_is_unknown_until_it_is_posted_again(
    stage: Stage, story: Story
) -> None:
    post_in_vain(stage, story, "CHAT_EVENTS_QUEUE")
    for message_id in story.message_ids():
        assert stage.api.call("GET", f"/messages/{message_id}").status_code == 404
    assert stage.requests(story.customer) == []

    answers = [stage.api.post_message(body) for body in story.bodies]

    assert [read(answer, Accepted, 202).message_id for answer in answers] == story.message_ids()
    for message_id in story.message_ids():
        stage.reaches(message_id, "READ")
    stage.settle()
    assert [request.text for request in stage.requests(story.customer)] == story.texts()


def test_a_message_that_is_queued_but_not_stored_is_stored_and_delivered_without_its_client(
    stage: Stage, story: Story
) -> None:
    post_in_vain(stage, story, "MESSAGES_TABLE")

    for message_id in story.message_ids():
        stage.reaches(message_id, "READ")
    repeated = [stage.api.post_message(body) for body in story.bodies]

    assert [read(answer, Accepted, 202).message_id for answer in repeated] == story.message_ids()
    assert {answer.headers["idempotent-replay"] for answer in repeated} == {"true"}
    stage.settle()
    assert [request.text for request in stage.requests(story.customer)] == story.texts()


def test_a_message_whose_conversation_is_archived_while_it_waits_ends_failed(
    stage: Stage, story: Story
) -> None:
    with holding(stage.cloud, "router"):
        for body in story.bodies:
            read(stage.api.post_message(body), Accepted, 202)
        conversation = f"/conversations/{story.talk.conversation_id}"
        archived = stage.api.call("PATCH", conversation, {"state": "ARCHIVED"})
        assert archived.status_code == 200, archived.text

    for message_id in story.message_ids():
        stage.reaches(message_id, "FAILED")
        failure = stage.api.message(message_id).error
        assert failure is not None
        assert failure.code == "CONVERSATION_ARCHIVED"
    assert stage.requests(story.customer) == []
