"""When a channel's circuit opens, and when it closes again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.breaker import (
    FIRST_WAIT_REFUSED_S,
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    OPEN_AFTER_FAILURES,
    OPEN_AFTER_RECIPIENTS,
    PROBE_LOOK_S,
    Breaker,
    Circuit,
    answered,
    failed,
    probing,
    refused,
    wait_s,
    worst,
)

NOW = 1_770_000_000.0
PROBE_S = 35.0


def after_failures(*recipients: str) -> Breaker:
    breaker = Breaker()
    for recipient in recipients:
        breaker = failed(breaker, recipient, "500", "The provider has a problem.", NOW)
    return breaker


def opened() -> Breaker:
    return after_failures("ana", "ben", "carla", "ana", "ben")


@pytest.mark.parametrize(
    ("recipients", "circuit"),
    [
        (("ana",) * 50, Circuit.CLOSED),
        (("ana", "ben") * 25, Circuit.CLOSED),
        (("ana", "ben", "carla", "ana"), Circuit.CLOSED),
        (("ana", "ben", "carla", "ana", "ben"), Circuit.OPEN),
        (("ana", "ana", "ana", "ben", "carla"), Circuit.OPEN),
    ],
)
def test_it_opens_on_a_run_of_failures_of_several_people(
    recipients: tuple[str, ...], circuit: Circuit
) -> None:
    assert after_failures(*recipients).circuit is circuit


def test_an_answer_ends_the_run() -> None:
    four = after_failures("ana", "ben", "carla", "dora")

    again = failed(answered(NOW), "ana", "500", "", NOW)

    assert four.failures == OPEN_AFTER_FAILURES - 1
    assert (again.circuit, again.failures) == (Circuit.CLOSED, 1)


def test_a_refused_account_opens_it_at_once() -> None:
    paused = refused(Breaker(), "190", "The token has expired.", NOW)

    assert (paused.circuit, paused.code) == (Circuit.OPEN, "190")
    assert wait_s(paused, NOW) == FIRST_WAIT_REFUSED_S


def test_nothing_is_attempted_until_its_time_is_over() -> None:
    assert wait_s(opened(), NOW + FIRST_WAIT_S - 1) == pytest.approx(1)
    assert wait_s(opened(), NOW + FIRST_WAIT_S) == 0


def test_while_one_probes_the_others_look_again_soon() -> None:
    half_open = probing(opened(), NOW, PROBE_S)

    assert wait_s(half_open, NOW) == PROBE_LOOK_S
    assert wait_s(half_open, NOW + PROBE_S) == 0


def test_a_probe_that_fails_opens_it_for_longer_each_time_up_to_a_limit() -> None:
    breaker, waits = opened(), []
    for _ in range(12):
        waits.append(breaker.retry_at - NOW)
        breaker = failed(probing(breaker, NOW, PROBE_S), "ana", "500", "", NOW)

    assert waits[:4] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S, 8 * FIRST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S


def test_it_says_since_when_and_why() -> None:
    breaker = failed(
        probing(replace(opened(), since=NOW - 60), NOW, PROBE_S), "ana", "NETWORK", "No answer.", NOW
    )

    assert (breaker.since, breaker.code, breaker.reason) == (NOW - 60, "NETWORK", "No answer.")


@given(st.lists(st.sampled_from(["ana", "ben", "carla", "dora", "-"]), max_size=60))
def test_it_never_opens_for_fewer_failures_or_people_than_said(story: list[str]) -> None:
    """In the drawn list, `-` is an answer of the provider, and a name is a failure for this recipient."""
    breaker, run = Breaker(), list[str]()
    for recipient in story:
        if breaker.circuit is Circuit.OPEN:
            break
        run = [] if recipient == "-" else [*run, recipient]
        breaker = answered(NOW) if recipient == "-" else failed(breaker, recipient, "500", "", NOW)

    broken = len(run) >= OPEN_AFTER_FAILURES and len(set(run)) >= OPEN_AFTER_RECIPIENTS
    assert (breaker.circuit is Circuit.OPEN) == broken


@pytest.mark.parametrize(
    ("circuits", "expected"),
    [
        ((), Circuit.CLOSED),
        ((Circuit.CLOSED, Circuit.CLOSED), Circuit.CLOSED),
        ((Circuit.CLOSED, Circuit.HALF_OPEN), Circuit.HALF_OPEN),
        ((Circuit.OPEN, Circuit.HALF_OPEN, Circuit.CLOSED), Circuit.OPEN),
    ],
)
def test_the_circuit_of_a_channel_is_that_of_the_account_that_is_worst_off(
    circuits: tuple[Circuit, ...], expected: Circuit
) -> None:
    assert worst(circuits) is expected
