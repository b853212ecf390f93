"""What a message uses of AWS: the steps that `chat4all cost` keeps, and the calls that functions make."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from chat4all_local.cost.estimate import RECEIPTS, Step, size_for
from chat4all_local.cost.main import kept_use
from chat4all_local.metering.meter import Call, Meter
from chat4all_local.metering.use import REQUESTS_OF_A_BATCH, counted
from chat4all_local.traffic.quiet_desks import make_quiet
from tests.integration.aws import Aws
from tests.integration.template import STACK
from tests.integration.test_functions import an_address, whatsapp_status
from tests.integration.world import World, a_world

Steps = Mapping[tuple[str, str], Sequence[Call]]
"""The calls by function, and by the receipt that the function handled: none, or one of RECEIPTS."""

_READS = ("GetItem", "BatchGetItem", "Query")
_KEPT_SIZES = [size.characters for size in kept_use().sizes]


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    """One of its own: what other tests left waiting would be counted, too."""
    with a_world(aws) as made:
        yield made


@pytest.fixture(scope="module")
def steps_by_size(world: World, aws: Aws) -> Mapping[int, Steps]:
    """The steps of a message of each size."""
    agent = world.create("AGENT")
    customer = world.create("CUSTOMER", ("whatsapp", an_address("whatsapp")))
    conversation = world.converse(agent, customer)
    meter = world.recorder.count_with_meter(aws)
    _observed(world, meter, conversation, agent, "so that everything is warm")

    def observed(characters: int) -> Steps:
        make_quiet(aws.dynamodb, f"{STACK}-conversations", [conversation])
        meter.taken()
        return _observed(world, meter, conversation, agent, "x" * characters)

    return {characters: observed(characters) for characters in _KEPT_SIZES}


def _observed(world: World, meter: Meter, conversation: str, agent: str, text: str) -> Steps:
    """Send a text and each receipt for each of its parts; the functions run after each."""
    steps: dict[tuple[str, str], list[Call]] = {}
    message_id = world.post(conversation, agent, text)
    world.product.pump()
    _sort_into(steps, "", meter.taken())
    parts = world.deliveries.of_message(message_id)
    for receipt in RECEIPTS:
        for part in parts:
            theirs = part.provider_message_id or ""
            world.say("whatsapp", whatsapp_status(receipt, theirs, str(part.delivery_id)))
        world.product.pump()
        _sort_into(steps, receipt, meter.taken())
    return steps


def _sort_into(steps: dict[tuple[str, str], list[Call]], receipt: str, calls: Iterable[Call]) -> None:
    for call in calls:
        steps.setdefault((call.function, receipt), []).append(call)


@pytest.mark.parametrize("characters", _KEPT_SIZES)
def test_the_functions_take_the_steps_that_the_cost_estimate_lists(
    steps_by_size: Mapping[int, Steps], characters: int
) -> None:
    kept = size_for(kept_use(), characters).steps

    assert [(step.function, step.receipt) for step in kept] == list(steps_by_size[characters])


@pytest.mark.parametrize("step", size_for(kept_use(), 200).steps, ids=lambda step: step.name)
def test_a_step_makes_the_calls_that_the_cost_estimate_counts(
    steps_by_size: Mapping[int, Steps], step: Step
) -> None:
    calls = steps_by_size[200][step.function, step.receipt]
    sqs = sum(call.service == "sqs" for call in calls)
    batches = step.use.invocations - step.use.http

    assert _without_reads(counted(calls, STACK)) == _without_reads(step.use.calls)
    assert sum(call.write_units for call in calls) == step.use.write_units
    assert step.use.invocations == 1
    assert sqs + REQUESTS_OF_A_BATCH * batches == step.use.sqs


@pytest.mark.parametrize("characters", _KEPT_SIZES)
def test_a_message_of_each_size_uses_the_units_that_the_cost_estimate_counts(
    steps_by_size: Mapping[int, Steps], characters: int
) -> None:
    for step in size_for(kept_use(), characters).steps:
        calls = steps_by_size[characters][step.function, step.receipt]
        # The parts of a long text come in a batch or in several, and each batch asks for tokens.
        assert sum(call.write_units for call in calls) == pytest.approx(step.use.write_units, rel=0.1), step
        # What is read is kept, for a second or a minute: a slow machine reads it more often than a quick one.
        assert sum(call.read_units for call in calls) <= step.use.read_units + 2, step


def _without_reads(calls: Mapping[str, float]) -> dict[str, float]:
    return {call: count for call, count in calls.items() if call.split()[0] not in _READS}
