"""A scenario whose fault affected no message fails, since it proves nothing."""

from types import SimpleNamespace
from typing import cast

import pytest

from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.chaos.scenario import Act, Run
from chat4all_local.chaos.scenarios import providers, traffic
from chat4all_local.simulators.control_api import Fault, FaultKind, FaultRequest, WebhookRecord
from chat4all_local.traffic.load import Load

LATER = 10.0**10
ANA = "49151"
CHANNEL = "whatsapp"


class Provider:
    """A provider that receives no messages; `receipts` are its calls of our webhook."""

    def __init__(self, *receipts: WebhookRecord) -> None:
        self._receipts = receipts
        self._faults: list[Fault] = []

    def add_fault(self, kind: FaultKind, *, for_address: str | None = None, **_: object) -> None:
        self._faults.append(Fault("f", FaultRequest(kind, for_address=for_address), None))

    def faults(self) -> list[Fault]:
        return list(self._faults)

    def clear_faults(self) -> None:
        self._faults.clear()

    def transcript(self) -> SimpleNamespace:
        return SimpleNamespace(requests=[], last=0)

    def webhooks(self) -> SimpleNamespace:
        return SimpleNamespace(webhooks=self._receipts)


def run_of(provider: Provider) -> Run:
    under_test = SimpleNamespace(simulators={CHANNEL: provider})
    conversation = SimpleNamespace(channel=CHANNEL, address=ANA)
    load = SimpleNamespace(conversations=[conversation], wait_for_share=lambda _: None)
    return Run(cast("CloudUnderTest", under_test), cast("Load", load), [], lambda _: None)


def receipt(number: int, status: int = 200) -> WebhookRecord:
    return WebhookRecord(number, LATER, "read", "wamid.1", 1, status, "")


@pytest.mark.parametrize(
    ("act", "check", "wrong"),
    [
        (providers._flaky(CHANNEL), None, f"no send to {CHANNEL} met a fault"),
        (
            traffic._poison,
            traffic._check_poison,
            f"nothing was sent on {CHANNEL} to the person whose messages fail",
        ),
        (lambda run: run.struck("a storm"), traffic._check_storm, "no receipt was repeated"),
    ],
)
def test_a_fault_that_met_nothing_is_wrong(act: Act, check: Act | None, wrong: str) -> None:
    run = run_of(Provider())
    act(run)
    if check is not None:
        check(run)
    assert run.wrongs == [wrong]


def test_a_receipt_that_was_taken_twice_makes_a_storm_and_one_that_was_refused_first_does_not() -> None:
    for receipts, wrongs in (
        ([receipt(1), receipt(2)], []),
        ([receipt(1, 500), receipt(2)], ["no receipt was repeated"]),
    ):
        run = run_of(Provider(*receipts))
        run.struck("a storm")
        traffic._check_storm(run)
        assert run.wrongs == wrongs
