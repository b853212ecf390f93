"""G3: a message is sent once, however often it is posted.

A repeat follows only a lost answer, and is counted.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.api import read, refusal
from tests.e2e.shapes import Accepted
from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage, message_body, new_id
from tests.e2e.waiting import eventually

TIMES = 20
AT_ONCE = 10
REPLAY = "idempotent-replay"


def test_a_message_posted_twenty_times_at_once_is_sent_once(stage: Stage) -> None:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    body = message_body(talk, "only once", message_id=new_id())

    with ThreadPoolExecutor(AT_ONCE) as side_by_side:
        answers = list(side_by_side.map(stage.api.post_message, [body] * TIMES))

    stage.reaches(body["message_id"], "READ")
    stage.settle()
    assert len({read(answer, Accepted, 202) for answer in answers}) == 1
    assert sum(answer.headers.get(REPLAY) == "true" for answer in answers) == TIMES - 1
    assert [request.text for request in stage.requests(customer)] == ["only once"]
    assert [message.content.text for message in stage.history(talk)] == ["only once"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_posted_again_later_gets_the_same_answer(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    body = message_body(stage.talk(customer), "again", message_id=new_id())
    first = stage.api.post_message(body)
    stage.reaches(body["message_id"], LAST_STATUS[channel])

    again = stage.api.post_message(body)

    stage.settle()
    assert REPLAY not in first.headers
    assert again.headers[REPLAY] == "true"
    assert (again.status_code, again.content) == (202, first.content)
    assert len(stage.requests(customer)) == 1


def test_another_body_under_the_same_id_is_a_conflict(stage: Stage) -> None:
    customer = stage.customer("instagram")
    body = message_body(stage.talk(customer), "the first", message_id=new_id())
    assert stage.api.post_message(body).status_code == 202

    answers = [
        stage.api.post_message({**body, "content": "the second"}),
        stage.api.post_message({**body, "channel": "instagram"}),
        stage.api.post_message(
            message_body(stage.talk(customer), "the first", message_id=body["message_id"])
        ),
    ]

    assert [(answer.status_code, refusal(answer).error) for answer in answers] == [(409, "CONFLICT")] * 3
    stage.reaches(body["message_id"], "READ")
    stage.settle()
    assert stage.texts(customer) == ["the first"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_lost_answer_repeats_the_message_at_most_once(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    stage.simulators[channel].add_fault(FaultKind.LOSE_ANSWER, count=1, for_address=customer.address)

    message_id = stage.say(talk, "heard?")

    stage.reaches(message_id, LAST_STATUS[channel])
    stage.settle()
    texts = stage.texts(customer)
    assert texts in (["heard?"], ["heard?", "heard?"])
    [delivery] = stage.api.progress(message_id).deliveries
    assert delivery.attempts >= len(texts), "every repeat is an attempt that is counted"


def test_a_status_that_names_the_delivery_settles_it_without_a_repeat(stage: Stage) -> None:
    """WhatsApp returns `biz_opaque_callback_data` in its statuses.

    The provider answers slowly here, so that the lost answer is still awaited when the provider starts to
    refuse.
    """
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    whatsapp = stage.simulators["whatsapp"]
    whatsapp.configure(latency_ms={"min": 2_000, "max": 2_000})
    whatsapp.add_fault(FaultKind.LOSE_ANSWER, count=1, for_address=customer.address)

    message_id = stage.say(talk, "settled by its status")
    eventually(lambda: stage.accepted(customer))
    whatsapp.add_fault(FaultKind.THROTTLE, for_address=customer.address)

    progress = stage.reaches(message_id, "READ")
    stage.settle()
    assert stage.texts(customer) == ["settled by its status"]
    [delivery] = progress.deliveries
    [accepted] = stage.accepted(customer)
    assert delivery.provider_message_id == accepted.provider_message_id
