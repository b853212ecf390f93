"""G1, G3: no message is lost, whichever process is killed in the middle of its work.

The batch of a dead process comes back after its visibility timeout. A claimed delivery comes back when the
claim
ends, 40 seconds after it began. Therefore all cases start at once, and the tests wait for them together.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import pytest

from chat4all_local.chaos.workers import kill, workers
from chat4all_local.cloud.function_logs import FunctionLogs
from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.outages import batches_lost
from tests.e2e.stage import CHANNELS, Customer, Stage, Talk, message_body, new_id
from tests.e2e.waiting import eventually

COMES_BACK_S = 15
"""The visibility timeout, instead of the template's minute. No batch here takes this long."""
IN_TURN = ("router", "instagram", "inbound")
LOOKS = 30
"""The number of looks for a batch in flight before the process is killed in any case."""
QUEUE_OF = {"router": "chat-events"}


class Stream(NamedTuple):
    """The messages of both sides of a conversation while a function's processes were killed."""

    customer: Customer
    talk: Talk
    said: list[str]
    written: list[str]


class Death(NamedTuple):
    """A message whose process died after the provider had accepted it, before the acceptance was recorded."""

    customer: Customer
    message_id: str


class Stories(NamedTuple):
    streams: dict[str, Stream]
    deaths: dict[str, Death]
    paused: Death


@pytest.fixture(scope="module")
def stories(running_stage: Stage) -> Iterator[Stories]:
    stage = running_stage
    with lost_batches_soon_back(stage):
        paused = refused_account(stage)
        deaths = {channel: die_between_answer_and_record(stage, channel) for channel in CHANNELS}
        streams = {function: stream_through_deaths(stage, function) for function in IN_TURN}
        yield Stories(streams, deaths, paused)
        stage.settle()


@contextmanager
def lost_batches_soon_back(stage: Stage) -> Iterator[None]:
    queues = [QUEUE_OF.get(name, name) for name in (*IN_TURN, "telegram", "whatsapp")]
    before = {queue: stage.visibility_timeout(queue) for queue in queues}
    for queue in queues:
        stage.set_visibility_timeout(queue, COMES_BACK_S)
    yield
    for queue, seconds in before.items():
        stage.set_visibility_timeout(queue, seconds)


def refused_account(stage: Stage) -> Death:
    customer = stage.customer("instagram")
    stage.simulators["instagram"].add_fault(
        FaultKind.ERROR, count=1, for_address=customer.address, status=401, code=190
    )
    message_id = stage.say(stage.talk(customer), "after the new token")
    eventually(lambda: stage.requests(customer))
    return Death(customer, message_id)


def die_between_answer_and_record(stage: Stage, channel: str) -> Death:
    customer = stage.customer(channel)
    stage.simulators[channel].add_fault(FaultKind.SLOW, count=1, for_address=customer.address, seconds=8)
    message_id = stage.say(stage.talk(customer), "is it known?")
    eventually(lambda: stage.accepted(customer))
    assert kill(workers(stage.cloud, channel)) > 0
    return Death(customer, message_id)


def stream_through_deaths(stage: Stage, function: str) -> Stream:
    """Continue a conversation and kill the function's processes, until a batch was lost with a process.

    The conversation is on Instagram, which does not limit the rate of messages to a customer.
    """
    customer = stage.customer("instagram")
    stream = Stream(customer, stage.talk(customer), [], [])
    queue, lost_before = QUEUE_OF.get(function, function), batches_lost(stage.cloud, function)

    def talk_and_kill() -> bool:
        alive, in_flight = workers(stage.cloud, function), stage.in_flight(queue)
        for _ in range(3):
            text = f"{function} {len(stream.said)}"
            stream.said.append(stage.say(stream.talk, text))
            stage.simulators["instagram"].write(customer.address, f"to {text}", wait=False)
            stream.written.append(f"to {text}")
        for _ in range(LOOKS):
            if stage.in_flight(queue) > in_flight:
                break
        kill(alive)
        return batches_lost(stage.cloud, function) > lost_before

    eventually(talk_and_kill)
    return stream


@pytest.mark.parametrize("function", IN_TURN)
def test_nothing_is_lost_or_reordered_when_a_function_is_killed(
    running_stage: Stage, stories: Stories, function: str
) -> None:
    stage, stream = running_stage, stories.streams[function]

    for message_id in stream.said:
        stage.reaches(message_id, "READ")

    texts = list(dict.fromkeys(stage.texts(stream.customer)))
    assert texts == [f"{function} {number}" for number in range(len(stream.said))]
    everything = len(stream.said) + len(stream.written)
    history = eventually(lambda: stage.history(stream.talk), lambda seen: len(seen) >= everything)
    received = [message.content.text for message in history if message.sender_id == stream.customer.user_id]
    assert sorted(received) == sorted(stream.written)


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_a_receipt_that_names_the_delivery_settles_what_a_dead_process_sent(
    running_stage: Stage, stories: Stories, channel: str
) -> None:
    customer, message_id = stories.deaths[channel]

    running_stage.reaches(message_id, "READ")
    running_stage.settle()

    assert running_stage.texts(customer) == ["is it known?"]


def test_what_a_dead_process_sent_is_repeated_once_and_counted_where_no_receipt_comes(
    running_stage: Stage, stories: Stories
) -> None:
    """Telegram does not report on the delivery of a message."""
    customer, message_id = stories.deaths["telegram"]

    progress = running_stage.reaches(message_id, "SENT")
    running_stage.settle()

    assert running_stage.texts(customer) == ["is it known?"] * 2
    assert (progress.retry_count, progress.deliveries[0].attempts) == (1, 2)
    counted = FunctionLogs(running_stage.cloud, ["telegram"])
    assert eventually(lambda: [line for line in counted.new_lines() if '"PossibleRepeats"' in line.text])


def test_a_channel_that_refuses_our_account_waits_and_loses_nothing(
    running_stage: Stage, stories: Stories
) -> None:
    """Code 190 is "Access token has expired": an administrator must act."""
    customer, message_id = stories.paused

    running_stage.reaches(message_id, "READ")

    refused, accepted = running_stage.requests(customer)
    assert (refused.error_code, accepted.text) == (190, "after the new token")


def test_a_killed_api_leaves_the_client_to_repeat_and_nothing_is_doubled(stage: Stage) -> None:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    bodies: list[dict[str, str]] = []

    def post_and_kill() -> bool:
        new = [message_body(talk, f"message {len(bodies) + more}", message_id=new_id()) for more in range(4)]
        bodies.extend(new)
        with ThreadPoolExecutor(len(new)) as clients:
            posted = [clients.submit(stage.api.post_message, body) for body in new]
            while not all(post.done() for post in posted):
                kill(workers(stage.cloud, "api"))
        return any(post.result().status_code != 202 for post in posted)

    eventually(post_and_kill)
    for body in bodies:
        eventually(partial(stage.api.post_message, body), lambda answer: answer.status_code == 202)

    for body in bodies:
        stage.reaches(body["message_id"], "READ")
    stage.settle()
    assert sorted(map(str, stage.texts(customer))) == sorted(body["content"] for body in bodies)
    assert sorted(message.content.text for message in stage.history(talk)) == sorted(
        body["content"] for body in bodies
    )


def test_a_killed_webhooks_function_makes_the_provider_repeat_and_nothing_is_doubled(stage: Stage) -> None:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    instagram = stage.simulators["instagram"]
    written: list[str] = []
    last = instagram.webhooks().last

    def write_and_kill() -> bool:
        for _ in range(4):
            written.append(f"message {len(written)}")
            instagram.write(customer.address, written[-1], wait=False)
        kill(workers(stage.cloud, "webhooks"))
        return any(call.status != 200 for call in instagram.webhooks(last).webhooks)

    eventually(write_and_kill)

    stage.settle()
    assert sorted(message.content.text for message in stage.history(talk)) == sorted(written)
