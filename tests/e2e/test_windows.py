"""Whom the providers let us write to: refused at POST, opened by what the customer writes."""

import time

import pytest

from tests.e2e.api import refusal
from tests.e2e.stage import LAST_STATUS, Customer, Stage, Talk, message_body
from tests.e2e.waiting import eventually
from tests.fakes.windows import hours_ago

DAY_S = 24 * 3600


def who_wrote(stage: Stage, channel: str, hours: float) -> Customer:
    """Make a customer who wrote so many hours ago, as the API and the provider know."""
    address = stage.new_address(channel)
    identity = {"channel": channel, "address": address, "wrote_at": hours_ago(hours)}
    user = stage.api.create_user("CUSTOMER", "Ana", [identity])
    stage.simulators[channel].open_windows([address], time.time() - hours * 3600)
    return Customer(user.user_id, "Ana", channel, address)


def refused(stage: Stage, talk: Talk, **more: str) -> str:
    """Return the code with which a message is refused."""
    answer = stage.api.post_message(message_body(talk, "hello", **more))
    assert answer.status_code == 422, answer.text
    return refusal(answer).error


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_a_closed_window_is_refused_until_the_customer_writes(stage: Stage, channel: str) -> None:
    customer = who_wrote(stage, channel, 30)
    talk = stage.talk(customer)
    assert refused(stage, talk) == "WINDOW_CLOSED"

    stage.simulators[channel].write(customer.address, "Hello again")
    eventually(lambda: stage.history(talk), lambda seen: len(seen) == 1)
    stage.reaches(stage.say(talk, "welcome back"), LAST_STATUS[channel])

    assert stage.texts(customer) == ["welcome back"]


def test_a_person_answers_on_instagram_for_a_week_with_the_tag(stage: Stage) -> None:
    customer = who_wrote(stage, "instagram", 30)
    talk = stage.talk(customer)

    assert refused(stage, talk) == "WINDOW_CLOSED"
    stage.reaches(stage.say(talk, "sorry for the wait", tag="HUMAN_AGENT"), LAST_STATUS["instagram"])

    assert stage.texts(customer) == ["sorry for the wait"]


def test_after_a_week_the_tag_is_refused_too(stage: Stage) -> None:
    talk = stage.talk(who_wrote(stage, "instagram", 8 * 24))

    assert refused(stage, talk, tag="HUMAN_AGENT") == "WINDOW_CLOSED"


def test_whatsapp_has_no_tag(stage: Stage) -> None:
    talk = stage.talk(who_wrote(stage, "whatsapp", 1))

    assert refused(stage, talk, tag="HUMAN_AGENT") == "TAG_NOT_POSSIBLE"


def test_the_provider_is_the_judge_in_the_end(stage: Stage) -> None:
    """The provider knows of an earlier last message than we do."""
    customer = who_wrote(stage, "whatsapp", 1)
    stage.simulators["whatsapp"].open_windows([customer.address], time.time() - 2 * DAY_S)

    progress = stage.reaches(stage.say(stage.talk(customer), "too late"), "FAILED")

    assert [delivery.error.code for delivery in progress.deliveries if delivery.error] == ["131047"]


def test_the_windows_of_a_conversation_are_told(stage: Stage) -> None:
    open_, closed = who_wrote(stage, "instagram", 1), who_wrote(stage, "whatsapp", 30)
    group = stage.group(open_, closed)

    answer = stage.api.call("GET", f"/conversations/{group.conversation_id}/window")

    assert answer.status_code == 200, answer.text
    windows = {member["user_id"]: member["windows"] for member in answer.json()["participants"]}
    assert windows[group.agent_id] == []
    assert [window["is_open"] for window in windows[open_.user_id]] == [True]
    assert [(window["is_open"], window["kinds"]) for window in windows[closed.user_id]] == [
        (False, ["template"])
    ]
