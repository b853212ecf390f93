"""G1: whatever the provider does, a message is delivered or ends FAILED with a reason."""

from typing import NamedTuple

import pytest

from chat4all_local.simulators.control_api import FaultKind
from tests.channels import sample
from tests.e2e.stage import CHANNELS, LAST_STATUS, Customer, Stage

PASSING = {
    FaultKind.ERROR: 2,
    FaultKind.RESET: 2,
    FaultKind.HANG: 2,
    FaultKind.THROTTLE: 1,  # a throttled send is not an attempt, but waits five seconds
}
"""The number of failing sends to a customer for each kind of fault."""


class Story(NamedTuple):
    customer: Customer
    message_id: str


@pytest.fixture(scope="module")
def passing(running_stage: Stage) -> dict[tuple[str, FaultKind], Story]:
    """Start all stories at once, so that they wait at the same time."""
    stage, stories = running_stage, {}
    for channel in CHANNELS:
        for kind, times in PASSING.items():
            customer = stage.customer(channel)
            stage.simulators[channel].add_fault(kind, count=times, for_address=customer.address, seconds=0.5)
            stories[channel, kind] = Story(customer, stage.say(stage.talk(customer), "in spite of it"))
    return stories


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", PASSING)
def test_a_message_is_delivered_once_the_provider_is_well_again(
    running_stage: Stage, passing: dict[tuple[str, FaultKind], Story], channel: str, kind: FaultKind
) -> None:
    customer, message_id = passing[channel, kind]

    running_stage.reaches(message_id, LAST_STATUS[channel])

    arrived = [request.provider_message_id is not None for request in running_stage.requests(customer)]
    assert arrived == [False] * PASSING[kind] + [True]


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_outage_that_does_not_pass_ends_in_failed_with_the_reason(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    stage.simulators[channel].add_fault(FaultKind.RESET, for_address=customer.address)

    progress = stage.reaches(stage.say(talk, "never"), "FAILED")

    [delivery] = progress.deliveries
    assert delivery.error is not None
    assert (delivery.error.code, delivery.attempts) == ("NETWORK", 3)
    assert delivery.error.message
    assert progress.retry_count == 2
    assert stage.accepted(customer) == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_who_has_blocked_us_makes_it_failed_with_the_providers_code(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel, blocked=True)

    progress = stage.reaches(stage.say(stage.talk(customer), "hello?"), "FAILED")

    [delivery] = progress.deliveries
    assert delivery.error is not None
    assert delivery.error.code == sample(channel).BLOCKED_CODE
    assert delivery.error.message
    assert len(stage.requests(customer)) == 1, "a permanent refusal is not tried again"


def test_a_window_that_is_closed_makes_it_failed(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    stage.simulators["whatsapp"].register(customer.address, customer.name, window_open=False)

    progress = stage.reaches(stage.say(stage.talk(customer), "too late"), "FAILED")

    [delivery] = progress.deliveries
    assert delivery.error is not None
    assert delivery.error.code == "131047"


def test_a_failed_message_does_not_hold_up_the_next(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    stage.simulators["telegram"].add_fault(
        FaultKind.ERROR, count=1, for_address=customer.address, status=400, code=400
    )

    refused, next_one = stage.say(talk, "refused"), stage.say(talk, "next")

    stage.reaches(refused, "FAILED")
    stage.reaches(next_one, "SENT")
    assert stage.texts(customer) == ["next"]


def test_a_group_message_is_delivered_to_those_who_can_be_reached(stage: Stage) -> None:
    blocked = stage.customer("telegram", blocked=True)
    reached = stage.customer("instagram")

    message_id = stage.say(stage.group(blocked, reached), "to whom it reaches")

    progress = stage.reaches(message_id, "READ")
    assert {delivery.channel: delivery.status for delivery in progress.deliveries} == {
        "telegram": "FAILED",
        "instagram": "READ",
    }
