"""Token buckets shared by many processes, in virtual time, compared with a log of the granted tokens."""

import uuid

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from msgspec.structs import replace

from chat4all.adapters.dynamodb.limits import LEASE_S, DynamoLimiter
from chat4all.domain.channel import LimitScope, RateLimit
from tests.fakes.connector import PIGEON
from tests.integration.aws import Aws

PROCESSES = 3


class Bucket(RuleBasedStateMachine):
    def __init__(self, table: str, limit: RateLimit) -> None:
        super().__init__()
        self.table = table
        self.limit = limit
        self.account = str(uuid.uuid4())
        self.now = 1_770_000_000.0
        self.granted: list[float] = []
        self.processes = [self.new_process() for _ in range(PROCESSES)]

    def new_process(self) -> DynamoLimiter:
        return DynamoLimiter(
            self.table, {"pigeon": replace(PIGEON, rate_limits=(self.limit,), group_prefix="-")}
        )

    @rule(number=st.integers(0, PROCESSES - 1), times=st.integers(1, 6))
    def some_are_asked_for(self, number: int, times: int) -> None:
        for _ in range(times):
            if self.ask(number) == 0:
                self.grant()

    @rule(pause_s=st.sampled_from([0.5, 7.0]))
    def all_ask_before_and_after_a_pause(self, pause_s: float) -> None:
        for times in (1, 6):
            for number in range(PROCESSES):
                self.some_are_asked_for(number, times)
            self.now += pause_s

    @rule(number=st.integers(0, PROCESSES - 1))
    def who_waits_as_long_as_told_gets_a_token(self, number: int) -> None:
        wait_s = self.ask(number)
        if wait_s > 0:
            self.now += wait_s + 1e-6
            assert self.ask(number) == 0
        self.grant()

    @rule(seconds=st.sampled_from([0.01, 0.5, 0.99, 3.0, 7.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(number=st.integers(0, PROCESSES - 1))
    def a_process_dies(self, number: int) -> None:
        """Replace a process; the tokens that it had leased are lost."""
        self.processes[number] = self.new_process()

    def ask(self, number: int) -> float:
        return self.processes[number].wait_s("pigeon", self.account, "-100", self.now)

    def grant(self) -> None:
        """Log a granted token. No window that ends with it may hold more tokens than the provider allows."""
        self.granted.append(self.now)
        # A leased token may be spent up to LEASE_S after it was counted.
        slack_s = LEASE_S if self.limit.lease > 1 else 0.0
        for first, began in enumerate(self.granted):
            window_s = self.now - began + slack_s
            allowed = self.limit.burst + window_s / self.limit.interval_s + 1e-3
            assert len(self.granted) - first <= allowed


@pytest.mark.parametrize(
    "limit",
    [
        RateLimit(LimitScope.RECIPIENT, interval_s=6.0, burst=1),
        RateLimit(LimitScope.GROUP, interval_s=4.0, burst=5),
        RateLimit(LimitScope.ACCOUNT, interval_s=0.5, burst=8, lease=4),
    ],
    ids=lambda limit: limit.scope.value,
)
def test_no_window_holds_more_than_the_provider_allows(aws: Aws, limit: RateLimit) -> None:
    table = aws.output("Data.LimitsTable")

    class OfThisLimit(Bucket):
        def __init__(self) -> None:
            super().__init__(table, limit)

    run_state_machine_as_test(
        OfThisLimit,
        settings=settings(max_examples=8, stateful_step_count=30, deadline=None),
    )
