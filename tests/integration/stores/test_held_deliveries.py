"""Held deliveries, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.domain.content import Text
from chat4all.domain.events import DeliveryRequested, Recipient
from chat4all.domain.waiting import HoldingQueue
from chat4all.services.messaging.ports import HOLDING_KNOWN_S, HeldDeliveries
from tests.fakes.people import NOW
from tests.integration.aws import Aws

LATER = "2026-01-31T13:00:00.000Z"


@pytest.fixture
def requested(channel: str, new_id: Callable[[], str]) -> DeliveryRequested:
    to = Recipient(new_id(), channel, "main", "ana", 1)
    return DeliveryRequested(new_id(), new_id(), to, Text("hello"), 0, 1, 1, NOW, "005")


def queues_of(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested, now: str = "2099"
) -> list[HoldingQueue]:
    return [queue for queue in held_deliveries.due(now, 100) if queue.group == requested.group]


def test_a_channel_has_no_held_deliveries_at_first(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested, channel: str
) -> None:
    assert not held_deliveries.any(channel, "main")
    assert held_deliveries.head(channel, "main", requested.group) is None
    held_deliveries.remove(requested)
    assert not held_deliveries.any(channel, "main")


def test_a_delivery_that_is_added_twice_is_held_once(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested, channel: str
) -> None:
    for _ in range(2):
        held_deliveries.hold(requested, NOW, first=True)

    assert held_deliveries.any(channel, "main")
    assert held_deliveries.head(channel, "main", requested.group) == requested.place
    (holding_queue,) = queues_of(held_deliveries, requested)
    assert held_deliveries.first_held(holding_queue, 10) == [requested]

    held_deliveries.remove(requested)
    held_deliveries.remove(requested)
    assert held_deliveries.head(channel, "main", requested.group) is None
    held_deliveries.hold(requested, NOW, first=True)
    assert held_deliveries.any(channel, "main")


def test_held_deliveries_are_in_the_order_of_the_conversation(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested
) -> None:
    all_ = [
        replace(requested, sequence=sequence, part=part)
        for sequence in ("100", "007", "009")
        for part in (10, 2, 0)
    ]
    for delivery in all_:
        held_deliveries.hold(delivery, NOW, first=False)

    (holding_queue,) = queues_of(held_deliveries, requested)
    found = held_deliveries.first_held(holding_queue, 100)
    assert [(delivery.sequence, delivery.part) for delivery in found] == [
        (sequence, part) for sequence in ("007", "009", "100") for part in (0, 2, 10)
    ]
    assert held_deliveries.first_held(holding_queue, 2) == found[:2]
    assert held_deliveries.head(holding_queue.channel, "main", holding_queue.group) == found[0].place


def test_the_holding_queue_of_one_account_leaves_the_other_accounts_alone(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested, channel: str
) -> None:
    second = replace(requested, recipient=replace(requested.recipient, account="second"))
    held_deliveries.hold(requested, NOW, first=True)
    assert not held_deliveries.any(channel, "second")

    held_deliveries.hold(second, LATER, first=True)
    held_deliveries.remove(requested)

    assert held_deliveries.head(channel, "main", requested.group) is None
    assert held_deliveries.head(channel, "second", requested.group) == second.place
    by_account = {queue.account: queue for queue in queues_of(held_deliveries, requested)}
    assert {account: queue.due_at for account, queue in by_account.items()} == {"main": NOW, "second": LATER}
    assert held_deliveries.first_held(by_account["second"], 10) == [second]
    assert held_deliveries.first_held(by_account["main"], 10) == []


def test_the_first_delivery_decides_when_the_queue_is_due(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested
) -> None:
    held_deliveries.hold(requested, LATER, first=True)
    held_deliveries.hold(replace(requested, sequence="006"), NOW, first=False)
    assert queues_of(held_deliveries, requested, NOW) == []
    (holding_queue,) = queues_of(held_deliveries, requested, LATER)
    assert holding_queue.due_at == LATER

    held_deliveries.hold(requested, NOW, first=True)

    assert len(queues_of(held_deliveries, requested, NOW)) == 1


def test_the_queue_that_is_due_first_comes_first(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested, new_id: Callable[[], str]
) -> None:
    groups = [replace(requested, conversation_id=new_id()) for _ in range(12)]
    for minute, delivery in enumerate(groups):
        held_deliveries.hold(delivery, f"2001-01-31T12:{minute:02}:00.000Z", first=True)

    assert [queue.group for queue in held_deliveries.due("2002", 3)] == [
        delivery.group for delivery in groups[:3]
    ]


def test_a_queue_is_postponed_by_one_process_only(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested
) -> None:
    held_deliveries.hold(requested, NOW, first=True)
    (holding_queue,) = queues_of(held_deliveries, requested)

    assert held_deliveries.postpone(holding_queue, LATER)
    assert not held_deliveries.postpone(holding_queue, LATER)
    assert queues_of(held_deliveries, requested, NOW) == []


def test_a_queue_with_an_added_delivery_is_not_closed(
    held_deliveries: HeldDeliveries, requested: DeliveryRequested
) -> None:
    held_deliveries.hold(requested, NOW, first=True)
    (holding_queue,) = queues_of(held_deliveries, requested)
    held_deliveries.remove(requested)
    held_deliveries.hold(replace(requested, sequence="006"), NOW, first=False)

    held_deliveries.close(holding_queue)
    (now,) = queues_of(held_deliveries, requested)
    held_deliveries.remove(replace(requested, sequence="006"))
    held_deliveries.close(now)

    assert queues_of(held_deliveries, requested) == []


def test_a_queue_of_another_process_is_known_after_a_moment(
    aws: Aws, requested: DeliveryRequested, channel: str
) -> None:
    time = [0.0]
    tables = aws.output("Data.MessagesTable"), aws.output("Data.LimitsTable")
    ours, theirs = (
        DynamoHeldDeliveries(*tables, lambda: time[0]),
        DynamoHeldDeliveries(*tables, lambda: time[0]),
    )
    assert not ours.any(channel, "main")

    theirs.hold(requested, NOW, first=True)

    assert theirs.any(channel, "main")
    assert not ours.any(channel, "main")
    time[0] = HOLDING_KNOWN_S
    assert ours.any(channel, "main")
