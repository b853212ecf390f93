"""Statuses of a group's message in parts, compared with a model: in any order, repeated, early, redriven."""

from itertools import pairwise
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chat4all.domain.conversation import ConversationType
from chat4all.domain.events import DeliveryRequested, StatusUpdate
from chat4all.domain.status import Status
from chat4all.domain.waiting import ParkedStatus
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.record_status import PARKED_AGAIN, Recorded
from tests.fakes.people import customer
from tests.fakes.product import AGENT, MESSAGE_ID, Product

PEOPLE: Final = [customer(name, "pigeon") for name in ("ana", "bo", "cy")]
PARTS: Final = 2
RANKS: Final = ["PENDING", "SENT", "DELIVERED", "READ"]
RECEIPTS: Final = [Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED]
Key = tuple[str, int]


def moved(before: str, told: str) -> str:
    """Return a delivery's next status, without the product's own table."""
    proof = {"DELIVERED", "READ"}
    if before == "FAILED":
        return told if told in proof else before
    if told == "FAILED":
        return before if before in proof else told
    return max(before, told, key=RANKS.index)


class Statuses(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.product = Product()
        self.product.settle(AGENT, *PEOPLE, kind=ConversationType.GROUP)
        self.product.say("x" * 30)
        self.product.route_submitted()
        self.requested = {
            (request.recipient.user_id, request.part): request for request in self.product.events.requested
        }
        assert len(self.requested) == len(PEOPLE) * PARTS
        self.model: dict[Key, str] = {}
        self.message = "PENDING"
        self.round = 0

    @rule(person=st.sampled_from(["ana", "bo", "cy"]))
    def send_next_part(self, person: str) -> None:
        waiting = [part for part in range(PARTS) if self.model.get((person, part), "PENDING") == "PENDING"]
        if not waiting:
            return
        key = (person, waiting[0])
        outcome = self.product.deliver()(self.requested[key])
        assert isinstance(outcome, Settled)
        failed_before = waiting[0] > 0 and self.model[person, waiting[0] - 1] == "FAILED"
        self.model[key] = "FAILED" if failed_before else "SENT"
        self._derive()
        assert self.product.record(outcome.update) is Recorded.DONE

    @rule()
    def send_every_part(self) -> None:
        for person, _ in self.requested:
            self.send_next_part(person)

    @rule(
        person=st.sampled_from(["ana", "bo", "cy"]),
        part=st.integers(0, PARTS - 1),
        status=st.sampled_from(RECEIPTS),
        times=st.integers(1, 2),
    )
    def receipt(self, person: str, part: int, status: Status, times: int) -> None:
        told = self._told(self.requested[person, part], status)
        known = (person, part) in self.model
        for _ in range(times):
            assert self.product.record(told) is (Recorded.DONE if known else Recorded.UNKNOWN)
        if known:
            self.model[person, part] = moved(self.model[person, part], status.value)
            self._derive()

    @rule(person=st.sampled_from(["ana", "bo", "cy"]), part=st.integers(0, PARTS - 1))
    def a_receipt_that_is_parked_is_recorded_once_its_send_is(self, person: str, part: int) -> None:
        told = self._told(self.requested[person, part], Status.READ)
        self.product.record.park(told)
        self.product.clock.advance(PARKED_AGAIN.total_seconds())
        for parked in self.product.deliveries.parked("2099", 100):
            self._retry(parked)

    @rule()
    def the_provider_refuses_everybody(self) -> None:
        for person, part in self.requested:
            self.send_next_part(person)
            if (person, part) in self.model:
                self.receipt(person, part, Status.FAILED, 1)

    @precondition(lambda self: not self.model)
    @rule()
    def the_provider_refuses_every_first_part_before_the_second_is_sent(self) -> None:
        for person, part in self.requested:
            if part == 0:
                self.send_next_part(person)
                self.receipt(person, part, Status.FAILED, 1)

    @precondition(lambda self: self.product.message().status is Status.FAILED)
    @rule()
    def redrive(self) -> None:
        self.product.redrive.message(MESSAGE_ID)
        self.product.events.requested.clear()
        self.product.route_all()
        self.round += 1
        for request in self.product.events.requested:
            self.requested[request.recipient.user_id, request.part] = request
        self.model = {key: "PENDING" if was == "FAILED" else was for key, was in self.model.items()}
        self.message = "PENDING"

    @precondition(lambda self: self.round > 0)
    @rule(person=st.sampled_from(["ana", "bo", "cy"]), part=st.integers(0, PARTS - 1))
    def a_failure_of_an_earlier_round_is_no_news(self, person: str, part: int) -> None:
        delivery = self.product.deliveries.get(self.requested[person, part].delivery_id)
        if delivery is not None and delivery.round > 0:
            named = f"{MESSAGE_ID}|{person}|pigeon|{part}"
            self.product.record(
                StatusUpdate("pigeon", "main", Status.FAILED, "2026-01-31T12:00:01.000Z", None, named)
            )

    def _retry(self, parked: ParkedStatus) -> None:
        named = parked.update.delivery_id
        assert named is not None
        _, person, _, part, *_ = named.split("|")
        key = (person, int(part))
        if self.product.record.retry_parked(parked) is Recorded.DONE:
            self.model[key] = moved(self.model[key], parked.update.status.value)
            self._derive()
        else:
            assert key not in self.model

    def _told(self, requested: DeliveryRequested, status: Status) -> StatusUpdate:
        named = str(requested.delivery_id)
        return StatusUpdate("pigeon", "main", status, "2026-01-31T12:00:01.000Z", None, named, "1", "why")

    @invariant()
    def each_delivery_is_where_the_model_is(self) -> None:
        found = {
            (part.recipient_id, part.part): part.status.value
            for part in self.product.deliveries.of_message(MESSAGE_ID)
        }
        assert found == self.model

    def _derive(self) -> None:
        """Move the message of the model: forward only, unless proof of receipt ends its failure."""
        now = self._slowest_reader()
        if self.message == "FAILED" or now == "FAILED":
            self.message = now
        else:
            self.message = max(self.message, now, key=RANKS.index)

    def _slowest_reader(self) -> str:
        people = {}
        for person in ("ana", "bo", "cy"):
            parts = [self.model.get((person, part)) for part in range(PARTS)]
            if all(part is None for part in parts):
                people[person] = "NOT BEGUN"
            elif "FAILED" in parts:
                people[person] = "FAILED"
            else:
                people[person] = min((part or "PENDING" for part in parts), key=RANKS.index)
        if "NOT BEGUN" in people.values():
            return "PENDING"
        reached = [status for status in people.values() if status != "FAILED"]
        return min(reached, key=RANKS.index) if reached else "FAILED"

    @invariant()
    def the_message_is_as_far_as_its_slowest_reader(self) -> None:
        assert self.product.message().status.value == self.message

    @invariant()
    def histories_only_move_forward(self) -> None:
        line = [change.status.value for change in self.product.message().status_history]
        for before, after in pairwise(line):
            redriven_or_proven = before == "FAILED" and after in {"PENDING", "SENT"}
            assert redriven_or_proven or moved(before, after) == after != before


TestStatuses = Statuses.TestCase
TestStatuses.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
