"""The use of AWS by a message, compared with the figures of the cost estimate."""

from collections.abc import Iterator

import pytest

from chat4all_local.cost.main import kept_use
from tests.integration.aws import Aws
from tests.integration.test_functions import an_address, whatsapp_status
from tests.integration.units import Units
from tests.integration.world import World, a_world


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    """Make a world for this file alone, since work that other tests left would be counted, too."""
    with a_world(aws) as made:
        yield made


def test_a_message_uses_what_the_cost_estimate_says(world: World) -> None:
    """Send a text to each measured channel, with the receipts that it sends, and compare the mean."""
    agent = world.create("AGENT")
    kept, units = kept_use(), Units(world.product.template)
    conversations = {
        channel: world.converse(agent, world.create("CUSTOMER", (channel, an_address(channel))))
        for channel in kept.channels
    }
    for conversation in conversations.values():
        world.post(conversation, agent, "so that everything is warm")
    world.product.pump()
    before = len(world.recorder.calls)

    for conversation in conversations.values():
        message_id = world.post(conversation, agent, "x" * 200)
        world.product.pump()
        (delivery,) = world.deliveries.of_message(message_id)
        if delivery.channel == "whatsapp":
            for status in ("delivered", "read"):
                world.say("whatsapp", whatsapp_status(status, delivery.provider_message_id or ""))
                world.product.pump()

    calls = world.recorder.calls[before:]
    sends = [call for call in calls if call.service == "sqs" and call.operation.startswith("Send")]
    assert len(sends) / len(kept.channels) == pytest.approx(kept.sqs_sends, rel=0.1)
    # Reads are cached for a second or a minute, so a slow machine reads more often than a fast one.
    assert units.read(calls) / len(kept.channels) <= 4 * kept.dynamodb_read_units
    assert units.written(calls) / len(kept.channels) == pytest.approx(kept.dynamodb_write_units, rel=0.1)
