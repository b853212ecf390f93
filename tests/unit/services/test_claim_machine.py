"""A delivery handled by many processes: claims and retries, compared with a model in virtual time."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from chat4all.domain.events import StatusUpdate
from chat4all.domain.retry import MAX_FAILURES
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Delivering, Later, Settled
from tests.fakes.fate import Blow, Died, Struck, fated
from tests.fakes.product import AGENT, ANA, CLAIM_TIME, MESSAGE_ID, Product

ANSWERS = {
    "accepted": None,
    "transient": SendError(Outcome.RETRY, "500", "Broken."),
    "throttled": SendError(Outcome.THROTTLED, "429", "Slower.", 7.0),
    "permanent": SendError(Outcome.PERMANENT, "131026", "Never."),
}
DEATHS = [
    ("deliveries.claim", Blow.DIES_BEFORE),
    ("deliveries.claim", Blow.DIES_AFTER),
    ("connector.send", Blow.DIES_BEFORE),
    ("connector.send", Blow.DIES_AFTER),
    ("deliveries.record_sent", Blow.DIES_BEFORE),
    ("deliveries.record_sent", Blow.DIES_AFTER),
    ("deliveries.release", Blow.DIES_BEFORE),
]


class Claims(RuleBasedStateMachine):
    """The model: the time until which the claim is held, the counted failures, and the possible repeats."""

    def __init__(self) -> None:
        super().__init__()
        self.product = Product()
        self.product.settle(AGENT, ANA)
        self.product.say()
        self.product.route_submitted()
        (self.requested,) = self.product.events.requested
        self.struck = Struck()
        self.held_until = 0.0
        self.failures = 0
        self.rounds = 1

    @property
    def now(self) -> float:
        return self.product.clock().timestamp()

    @property
    def status(self) -> Status:
        found = self.product.deliveries.get(self.requested.delivery_id)
        return found.status if found is not None else Status.PENDING

    @rule(answer=st.sampled_from(["transient", "throttled"]), times=st.integers(1, MAX_FAILURES))
    def the_provider_is_out_of_order(self, answer: str, times: int) -> None:
        for _ in range(times):
            self.deliver(answer, None)

    @rule(answer=st.sampled_from(sorted(ANSWERS)), death=st.none() | st.sampled_from(DEATHS))
    def deliver(self, answer: str, death: tuple[str, Blow] | None) -> None:
        product, before = self.product, len(self.product.connector.asked)
        known = ANSWERS[answer]
        product.connector.answers = [] if known is None else [known]
        was, held, claim = self.status, self.held_until >= self.now, self._claim()
        outcome = self._process(death)
        product.connector.answers = []
        asked = len(product.connector.asked) - before
        if was is not Status.PENDING:
            assert asked == 0, "what is done was sent again"
            assert outcome is None or (isinstance(outcome, Settled) and outcome.update.status is self.status)
        elif held:
            assert asked == 0, "two processes had it at once"
            assert outcome is None or isinstance(outcome, Later)
        else:
            assert asked <= 1
            if outcome is None and self._claim() not in {None, claim}:
                self.held_until = self.now + CLAIM_TIME.total_seconds()
            if outcome is not None and asked:
                self._follow(answer, outcome)

    def _claim(self) -> str | None:
        state = self.product.table.deliveries.get(replace(self.requested.delivery_id, round=0))
        return state.claim_id if state is not None else None

    def _process(self, death: tuple[str, Blow] | None) -> Delivering | None:
        product = self.product
        honest = product.deliveries, product.connector

        def fate() -> "At":
            return At(death)

        product.deliveries = fated(honest[0], "deliveries", fate, self.struck)
        product.connector = fated(honest[1], "connector", fate, self.struck)
        try:
            return product.deliver()(self.requested)
        except Died:
            return None
        finally:
            product.deliveries, product.connector = honest

    def _follow(self, answer: str, outcome: Delivering) -> None:
        if answer == "transient":
            self.failures += 1
            expected = Status.FAILED if self.failures == MAX_FAILURES else Status.PENDING
            assert self.status is expected
        if answer == "throttled":
            assert outcome == Later(7.0)
        if answer == "permanent":
            assert self.status is Status.FAILED
        if answer == "accepted":
            assert self.status is Status.SENT

    @rule(seconds=st.sampled_from([1.0, 10.0, 36.0]))
    def time_passes(self, seconds: float) -> None:
        self.product.clock.advance(seconds)

    @precondition(lambda self: self.product.connector.accepted)
    @rule(status=st.sampled_from([Status.SENT, Status.DELIVERED, Status.READ]))
    def receipt(self, status: Status) -> None:
        named = str(self.requested.delivery_id)
        told = StatusUpdate("pigeon", "main", status, "2026-01-31T12:00:01.000Z", "theirs", named)
        self.product.record(told)

    @precondition(lambda self: self.product.message().status is Status.FAILED)
    @rule()
    def redrive(self) -> None:
        self.product.redrive.message(MESSAGE_ID)
        self.product.events.requested.clear()
        self.product.route_all()
        (self.requested,) = self.product.events.requested
        self.failures, self.held_until, self.rounds = 0, 0.0, self.rounds + 1

    @precondition(lambda self: self.status is not Status.PENDING)
    @rule()
    def status_function(self) -> None:
        outcome = self.product.deliver()(self.requested)
        assert isinstance(outcome, Settled)
        self.product.record(outcome.update)
        assert self.product.message().status is self.status

    @invariant()
    def at_most_one_repeat_for_each_death_in_between(self) -> None:
        accepted = len(self.product.connector.accepted)
        assert accepted <= self.rounds + self.struck.possible_repeats


class At:
    """A fate with a fault at each call of the given name."""

    def __init__(self, death: tuple[str, Blow] | None) -> None:
        self._death = death

    def __call__(self, call: str) -> Blow:
        return self._death[1] if self._death is not None and self._death[0] == call else Blow.NOTHING


TestClaims = Claims.TestCase
TestClaims.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
