"""A delivery that waits for long is held, and no delivery overtakes another."""

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chat4all.domain.events import DeliveryRequested
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Later, Settled
from chat4all.services.messaging.hold_delivery import BROUGHT_BACK_AGAIN, LONG_S, MOST_RECEIVES, Held
from chat4all.services.messaging.ports import HOLDING_KNOWN_S
from tests.fakes.product import Product, a_delivery
from tests.fakes.small_stores import NotToBeAsked

DAY_S = 86_400.0


def throttled(seconds: float) -> SendError:
    return SendError(Outcome.THROTTLED, "429", "Slower.", seconds)


def numbered(number: int, user_id: str = "ana") -> DeliveryRequested:
    delivery = a_delivery(f"text {number}", message_id=f"message-{number}", user_id=user_id)
    return msgspec.structs.replace(delivery, sequence=f"{number:020d}")


@pytest.fixture
def product() -> Product:
    return Product()


def hold(product: Product, *numbers: int) -> None:
    """Hold the deliveries: the provider throttles the first for a day, and the others come after it."""
    product.connector.answers = [throttled(DAY_S), throttled(DAY_S)]
    first, *behind = (numbered(number) for number in numbers)
    deliver_or_hold = product.deliver_or_hold()
    assert deliver_or_hold(first, 1) == Later(2 * HOLDING_KNOWN_S)
    assert deliver_or_hold(first, 2) == Held()
    for delivery in behind:
        assert deliver_or_hold(delivery, 1) == Held()
    product.connector.answers = []


def brought_back(product: Product) -> list[DeliveryRequested]:
    product.events.requested.clear()
    product.relay()
    return list(product.events.requested)


@pytest.mark.parametrize(("wait_s", "receives"), [(1.0, 1), (LONG_S, 1), (LONG_S, MOST_RECEIVES - 1)])
def test_a_short_wait_is_spent_in_the_queue(product: Product, wait_s: float, receives: int) -> None:
    product.connector.answers = [throttled(wait_s)]

    assert product.deliver_or_hold()(numbered(1), receives) == Later(wait_s)
    assert not product.held_deliveries.any("pigeon", "main")


@pytest.mark.parametrize(("wait_s", "receives"), [(LONG_S + 1, 1), (1.0, MOST_RECEIVES)])
def test_a_delivery_with_a_long_wait_is_held(product: Product, wait_s: float, receives: int) -> None:
    product.connector.answers = [throttled(wait_s)]

    assert product.deliver_or_hold()(numbered(1), receives) == Later(2 * HOLDING_KNOWN_S)
    assert product.held_deliveries.any("pigeon", "main")


def test_held_deliveries_come_back_in_order_at_their_time(product: Product) -> None:
    hold(product, 1, 2, 3)
    product.clock.advance(DAY_S - 60)
    assert brought_back(product) == []

    product.clock.advance(60)
    again = brought_back(product)
    assert [int(delivery.sequence) for delivery in again] == [1, 2, 3]
    for delivery in again:
        assert isinstance(product.deliver_or_hold()(delivery, 1), Settled)

    assert [submission.content.text for submission in product.connector.accepted] == [
        "text 1",
        "text 2",
        "text 3",
    ]
    assert not product.held_deliveries.any("pigeon", "main")


def test_sqs_does_not_drop_a_delivery_that_is_brought_back(product: Product) -> None:
    hold(product, 1)
    product.clock.advance(DAY_S)
    (first,) = brought_back(product)
    product.clock.advance(BROUGHT_BACK_AGAIN.total_seconds())
    (second,) = brought_back(product)

    names = {delivery.deduplication_id for delivery in (numbered(1), first, second)}
    assert len(names) == 3


def test_a_new_delivery_does_not_overtake_held_deliveries(product: Product) -> None:
    hold(product, 1, 2)
    product.clock.advance(DAY_S)
    first, second = brought_back(product)
    assert product.deliver_or_hold()(numbered(3), 1) == Held()

    for delivery in (first, second):
        product.deliver_or_hold()(delivery, 1)
    product.clock.advance(BROUGHT_BACK_AGAIN.total_seconds())
    for delivery in brought_back(product):
        product.deliver_or_hold()(delivery, 1)

    assert [submission.content.text for submission in product.connector.accepted] == [
        "text 1",
        "text 2",
        "text 3",
    ]


def test_the_holding_queue_of_another_person_holds_nothing_up(product: Product) -> None:
    hold(product, 1, 2)

    assert isinstance(product.deliver_or_hold()(numbered(3, "bo"), 1), Settled)


def test_a_delivery_that_was_settled_meanwhile_is_removed(product: Product) -> None:
    hold(product, 1, 2)
    now = product.clock()
    assert product.deliveries.end(numbered(1), now.timestamp(), "NOT_CONFIRMED", "", "")
    product.clock.advance(DAY_S)

    for delivery in brought_back(product):
        product.deliver_or_hold()(delivery, 1)

    assert [submission.content.text for submission in product.connector.accepted] == ["text 2"]


def test_the_queue_does_not_fill_while_the_first_delivery_waits(product: Product) -> None:
    hold(product, 1, 2, 3)
    product.clock.advance(DAY_S)
    queue: list[DeliveryRequested] = []
    visible_at = 0.0
    for _ in range(600):
        queue += brought_back(product)
        while queue and visible_at <= product.clock.monotonic():
            product.connector.answers = [throttled(600.0)]
            outcome = product.deliver_or_hold()(queue[0], 1)
            if isinstance(outcome, Later):
                visible_at = product.clock.monotonic() + outcome.wait_s
            else:
                queue.pop(0)
        product.clock.advance(60)

    assert len(queue) <= 3


def test_a_delivery_that_is_brought_back_twice_takes_no_tokens(product: Product) -> None:
    hold(product, 1)
    product.clock.advance(DAY_S)
    (first,) = brought_back(product)
    assert isinstance(product.deliver_or_hold()(first, 1), Settled)

    again = product.deliver_or_hold(NotToBeAsked())(msgspec.structs.replace(first, brought_back=1), 1)

    assert isinstance(again, Settled)
    assert (again.update.status, again.update.recorded) == (Status.SENT, True)


def test_an_empty_holding_queue_is_closed(product: Product) -> None:
    hold(product, 1)
    product.clock.advance(DAY_S)
    for delivery in brought_back(product):
        product.deliver_or_hold()(delivery, 1)

    product.clock.advance(BROUGHT_BACK_AGAIN.total_seconds())
    assert brought_back(product) == []
    assert product.held_deliveries.due("2099", 10) == []


class Queue(RuleBasedStateMachine):
    """The queue of a group, a provider that throttles at times, processes that die, and the relay."""

    def __init__(self) -> None:
        super().__init__()
        self.product = Product()
        self.posted = 0
        self.queue: list[DeliveryRequested] = []
        self.visible_at = 0.0

    @rule()
    def post(self) -> None:
        self.posted += 1
        self.queue.append(numbered(self.posted))

    @precondition(lambda self: self.queue and self.visible_at <= self.product.clock.monotonic())
    @rule(
        throttle_s=st.sampled_from([0.0, 0.0, 5.0, DAY_S]),
        receives=st.sampled_from([1, 5, MOST_RECEIVES]),
        dies=st.booleans(),
    )
    def deliver(self, throttle_s: float, receives: int, *, dies: bool) -> None:
        if throttle_s:
            self.product.connector.answers = [throttled(throttle_s)]
        outcome = self.product.deliver_or_hold()(self.queue[0], receives)
        self.product.connector.answers = []
        if dies:
            # The process dies before it deletes the record, so the record comes again.
            return
        if isinstance(outcome, Later):
            self.visible_at = self.product.clock.monotonic() + outcome.wait_s
        else:
            self.queue.pop(0)

    @rule(seconds=st.sampled_from([1.0, 150.0, DAY_S]))
    def time_passes(self, seconds: float) -> None:
        self.product.clock.advance(seconds)

    @rule()
    def relay(self) -> None:
        self.queue += brought_back(self.product)

    @invariant()
    def no_delivery_overtakes_or_is_sent_twice(self) -> None:
        sent = [
            int(submission.content.text.removeprefix("text "))
            for submission in self.product.connector.accepted
        ]
        assert sent == list(range(1, len(sent) + 1))

    def teardown(self) -> None:
        """Check that every delivery arrives in the end."""
        for _ in range(40):
            self.product.clock.advance(DAY_S + 1)
            self.visible_at = 0.0
            self.relay()
            while self.queue and self.visible_at <= self.product.clock.monotonic():
                self.deliver(0.0, 1, dies=False)
        assert len(self.product.connector.accepted) == self.posted
        assert not self.queue
        assert not self.product.held_deliveries.any("pigeon", "main")
        statuses = {state.delivery.status for state in self.product.table.deliveries.values()}
        assert statuses <= {Status.SENT}


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
