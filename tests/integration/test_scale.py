"""The traffic of the scale model writes what the functions write: no index can be forgotten there."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.domain.clock import iso, parse_iso
from tests.integration.aws import Aws
from tests.integration.template import environment, functions
from tests.integration.test_functions import an_address, whatsapp_status
from tests.integration.world import World, a_world
from tests.unit.scale.ledger import Ledger, by_place
from tests.unit.scale.traffic import Mix, Traffic, a_ledger

PLAIN = Mix(groups=0, fallbacks=0, inbound=0, opening=0, recorded=0, failing=0, people=1)


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    """A world of its own, whose tables and queues hold nothing of other tests."""
    with a_world(aws) as made:
        yield made


@pytest.mark.parametrize("recorded", [0.0, 1.0])
def test_a_message_of_the_model_writes_where_the_functions_write(world: World, recorded: float) -> None:
    agent = world.create("AGENT")
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", an_address("whatsapp"))))
    _send_with_receipts(world, conversation, agent)
    if recorded:
        _make_quiet(world, conversation)
    warm = len(world.recorder.calls)
    _send_with_receipts(world, conversation, agent)

    ledger = Ledger(world.product.template)
    for number, call in enumerate(world.recorder.calls):
        if number == warm:
            ledger.written.clear()
        if call.service == "dynamodb":
            ledger.call(call.operation, call.parameters)

    assert by_place(_model(PLAIN._replace(recorded=recorded)).written) == by_place(ledger.written)


def _make_quiet(world: World, conversation_id: str) -> None:
    """Let the latest activity that the desk knows be over a minute ago."""
    table = environment(functions(world.product.template)["router"])["CONVERSATIONS_TABLE"]
    conversation = DynamoConversations(table).get(conversation_id)
    assert conversation is not None
    earlier = iso(parse_iso(conversation.active_at) - timedelta(minutes=5))
    assert DynamoDesks(table).save(conversation, replace(conversation.desk, active_at=earlier))


def _send_with_receipts(world: World, conversation: str, agent: str) -> None:
    message_id = world.post(conversation, agent, "x" * 200)
    world.product.pump()
    (delivery,) = world.deliveries.of_message(message_id)
    for status in ("sent", "delivered", "read"):
        world.say("whatsapp", whatsapp_status(status, delivery.provider_message_id or ""))
        world.product.pump()


def _model(mix: Mix) -> Ledger:
    """Return the units of one message, when the functions are warm."""
    with a_ledger() as ledger:
        traffic = Traffic(ledger, mix, rate=10_000)
        traffic.send(1)
        ledger.written = Counter()
        traffic.send(1)
    return ledger
