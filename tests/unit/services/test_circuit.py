"""A circuit breaker shared by many processes: the attempts it allows, and the reads and writes it costs."""

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import DataObject, booleans, data, floats, integers, sampled_from

from chat4all.domain.breaker import FIRST_WAIT_S, OPEN_AFTER_FAILURES, Circuit
from chat4all.domain.errors import Unavailable
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.services.messaging.circuit import (
    KEEP_S,
    AccountCircuit,
    Attempt,
    ChannelCircuits,
    CircuitChanged,
    Wait,
)
from tests.fakes.clock import FakeClock
from tests.fakes.product import CLAIM_TIME, Product
from tests.fakes.small_stores import MemoryBreakers

DOWN = SendError(Outcome.RETRY, "500", "The provider has a problem of its own.")
REFUSED = SendError(Outcome.CHANNEL_PAUSED, "190", "Our token is refused.")
ANSWERED = Sent("theirs")
PEOPLE = ("ana", "ben", "carla", "dora")


def fail(circuit: AccountCircuit, *people: str) -> None:
    for person in people:
        circuit.report(Attempt.FREELY, person, DOWN)


def circuit_of(product: Product) -> Circuit:
    return product.breakers.get("pigeon", "main").breaker.circuit


def test_the_common_path_reads_once_a_second_and_writes_nothing() -> None:
    product = Product()
    circuit = product.circuit()

    for _ in range(100):
        assert circuit.wait_s() == 0
        assert circuit.begin() is Attempt.FREELY
        circuit.report(Attempt.FREELY, "ana", ANSWERED)

    assert (product.breakers.reads, product.breakers.writes) == (1, 0)


def test_failures_of_several_processes_are_one_run() -> None:
    product = Product()

    for person in (*PEOPLE, "ana"):
        fail(product.circuit(), person)

    assert circuit_of(product) is Circuit.OPEN
    assert product.circuit().wait_s() > 0


def test_the_circuit_of_one_account_leaves_the_other_accounts_alone() -> None:
    product = Product()
    circuits = product.circuits()

    circuits.of("main").report(Attempt.FREELY, "ana", REFUSED)

    assert circuits.of("main").wait_s() > 0
    assert circuits.of("second").begin() is Attempt.FREELY
    assert [(change.channel, change.account) for change in product.announced] == [("pigeon", "main")]


def test_operators_are_told_once_that_it_opened_and_once_that_it_closed() -> None:
    product = Product()
    circuit = product.circuit()
    fail(circuit, *PEOPLE, *PEOPLE)
    for _ in range(3):
        product.clock.advance(600)
        attempt = circuit.begin()
        assert attempt is Attempt.AS_PROBE
        circuit.report(attempt, "ana", DOWN)
    product.clock.advance(600)
    circuit.report(Attempt.AS_PROBE, "ana", ANSWERED)

    told = [change.breaker.circuit for change in product.announced]

    assert told == [Circuit.OPEN, Circuit.CLOSED]


def test_of_two_processes_one_gets_the_probe_and_the_other_waits() -> None:
    product = Product()
    fail(product.circuit(), *PEOPLE, "ana")
    first, other = product.circuit(), product.circuit()
    product.clock.advance(FIRST_WAIT_S)
    assert (first.wait_s(), other.wait_s()) == (0, 0)

    assert first.begin() is Attempt.AS_PROBE
    assert isinstance(other.begin(), Wait)


def test_what_was_asked_for_before_it_opened_closes_nothing() -> None:
    product = Product()
    circuit = product.circuit()
    fail(circuit, *PEOPLE, "ana")

    circuit.report(Attempt.FREELY, "ben", ANSWERED)

    assert circuit_of(product) is Circuit.OPEN


def test_a_refusal_of_one_message_is_an_answer() -> None:
    product = Product()
    circuit = product.circuit()
    fail(circuit, *PEOPLE)

    circuit.report(Attempt.FREELY, "ana", SendError(Outcome.PERMANENT, "131026", "No such person."))
    fail(circuit, "ben")

    assert circuit_of(product) is Circuit.CLOSED


def test_a_state_that_cannot_be_kept_fails_no_delivery() -> None:
    class Broken(MemoryBreakers):
        def save(self, channel: str, account: str, breaker: object, version: int) -> bool:
            raise Unavailable("The database did not answer; try again.", retry_after=1)

    announce = list[CircuitChanged]().append
    circuit = ChannelCircuits("pigeon", Broken(), announce, FakeClock(), CLAIM_TIME).of("main")

    fail(circuit, *PEOPLE)

    assert circuit.begin() is Attempt.FREELY


class Processes(RuleBasedStateMachine):
    """Processes with their own caches, a provider with outages, and probes whose process dies."""

    def __init__(self) -> None:
        super().__init__()
        self.product = Product()
        self.processes = [self.product.circuit() for _ in range(4)]
        self.under_way: list[tuple[int, Attempt, float]] = []
        self.provider_up = True
        self.opened_at: float | None = None

    @property
    def now(self) -> float:
        return self.product.clock().timestamp()

    @property
    def circuit(self) -> Circuit:
        return circuit_of(self.product)

    @initialize(up=booleans(), broken=booleans())
    def begins(self, up: bool, broken: bool) -> None:  # noqa: FBT001 - drawn
        self.provider_up = up
        if broken:
            fail(self.processes[0], *PEOPLE, "ana")

    @rule(process=integers(0, 3))
    def begin(self, process: int) -> None:
        long_open = self.circuit is Circuit.OPEN and self._open_for() >= KEEP_S
        if self.processes[process].wait_s() > 0:
            return
        attempt = self.processes[process].begin()
        if isinstance(attempt, Attempt):
            assert not (long_open and attempt is Attempt.FREELY), "attempted while open"
            self.under_way.append((process, attempt, self.now))

    @precondition(lambda self: self.under_way)
    @rule(source=data(), person=sampled_from(PEOPLE))
    def end(self, source: DataObject, person: str) -> None:
        attempted = source.draw(sampled_from(self.under_way))
        self.under_way.remove(attempted)
        process, attempt, began = attempted
        if self.now - began < CLAIM_TIME.total_seconds():
            self.processes[process].report(attempt, person, ANSWERED if self.provider_up else DOWN)

    @precondition(lambda self: self.under_way)
    @rule(source=data())
    def die(self, source: DataObject) -> None:
        attempted = source.draw(sampled_from(self.under_way))
        self.under_way.remove(attempted)
        self.processes[attempted[0]] = self.product.circuit()

    @rule(seconds=floats(0.1, 40))
    def wait(self, seconds: float) -> None:
        self.product.clock.advance(seconds)

    @rule()
    def provider_changes(self) -> None:
        self.provider_up = not self.provider_up

    @invariant()
    def remember_when_it_opened(self) -> None:
        if self.circuit is not Circuit.OPEN:
            self.opened_at = None
        elif self.opened_at is None:
            self.opened_at = self.now

    @invariant()
    def one_probe_at_a_time(self) -> None:
        alive = [
            began
            for _, attempt, began in self.under_way
            if attempt is Attempt.AS_PROBE and self.now - began < CLAIM_TIME.total_seconds()
        ]
        assert len(alive) <= 1

    def teardown(self) -> None:
        """Check that the circuit closes when the provider works again."""
        self.provider_up, self.under_way = True, []
        for _ in range(100):
            if self.circuit is Circuit.CLOSED:
                return
            self.product.clock.advance(30)
            attempt = self.product.circuit().begin()
            if isinstance(attempt, Attempt):
                self.processes[0] = process = self.product.circuit()
                process.report(attempt, "ana", ANSWERED)
        raise AssertionError("it never closed again")

    def _open_for(self) -> float:
        return 0.0 if self.opened_at is None else self.now - self.opened_at


Processes.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestProcesses = Processes.TestCase


def test_five_failures_are_a_run() -> None:
    assert len(PEOPLE) < OPEN_AFTER_FAILURES, "the tests above fail once more than there are people"
