"""What holds after a signal: late, repeated and confirming signals, and blocks."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.consent import (
    Consent,
    ConsentSource,
    ConsentState,
    after,
    may_send,
    opt_outs_on,
    opted_out,
    with_consents,
)
from chat4all.domain.person import User
from chat4all.domain.purpose import Purpose
from tests.fakes.people import customer

IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT
KEYWORD, PROVIDER, CLIENT = ConsentSource.KEYWORD, ConsentSource.PROVIDER, ConsentSource.CLIENT
MARKETING, SERVICE = Purpose.MARKETING, Purpose.SERVICE


def told(
    state: ConsentState,
    second: int = 1,
    source: ConsentSource = KEYWORD,
    *,
    blocked: bool = False,
    channel: str = "pigeon",
    purpose: Purpose = MARKETING,
) -> Consent:
    at = f"2026-01-31T12:00:{second:02d}.000Z"
    return Consent(channel, purpose, state, at, source, f"{source} {second}", blocked)


def heard(*signals: Consent) -> Consent | None:
    known = None
    for signal in signals:
        known = after(known, signal) or known
    return known


def a_user(*consents: Consent) -> User:
    return replace(customer("ana", "pigeon"), consents=consents)


def test_who_said_nothing_may_be_written_to() -> None:
    assert may_send(a_user(), "pigeon", MARKETING)
    assert may_send(a_user(told(IN)), "pigeon", MARKETING)


def test_an_opt_out_of_marketing_leaves_service_and_the_other_channels() -> None:
    user = a_user(told(OUT))

    assert opted_out(user, "pigeon", MARKETING) == told(OUT)
    assert may_send(user, "pigeon", SERVICE)
    assert may_send(user, "telex", MARKETING)


def test_an_opt_out_of_service_is_one_of_everything() -> None:
    user = a_user(told(OUT, purpose=SERVICE), told(IN, purpose=MARKETING))

    assert not may_send(user, "pigeon", SERVICE)
    assert not may_send(user, "pigeon", MARKETING)
    assert opt_outs_on(user, "pigeon") == (told(OUT, purpose=SERVICE),)


@given(st.lists(st.tuples(st.sampled_from((IN, OUT)), st.integers(0, 5)), min_size=1, max_size=5))
def test_the_order_of_arrival_and_repeats_do_not_matter(signals: list[tuple[ConsentState, int]]) -> None:
    of_latest = {state for state, second in signals if second == max(second for _, second in signals)}
    expected = OUT if OUT in of_latest else IN

    for order in permutations(signals):
        known = heard(*(told(state, second) for state, second in (*order, *order[:2])))
        assert known is not None
        assert known.state is expected


def test_a_late_signal_of_the_other_state_stays_without_effect() -> None:
    known = heard(told(OUT, 1), told(OUT, 5), told(IN, 3))

    assert known == told(OUT, 5)


def test_the_same_signal_again_changes_nothing() -> None:
    assert after(told(OUT), told(OUT)) is None


def test_a_block_ends_with_the_block() -> None:
    known = heard(told(OUT, 1, PROVIDER, blocked=True), told(IN, 2, PROVIDER, blocked=True))

    assert known == told(IN, 2, PROVIDER)


@pytest.mark.parametrize("source", [KEYWORD, CLIENT])
def test_the_end_of_a_block_does_not_undo_a_word(source: ConsentSource) -> None:
    stop, block = told(OUT, 1, source), told(OUT, 2, PROVIDER, blocked=True)
    end = told(IN, 3, PROVIDER, blocked=True)

    assert heard(stop, block, end) == stop


@pytest.mark.parametrize("source", [KEYWORD, CLIENT])
def test_a_word_during_a_block_outlasts_the_block(source: ConsentSource) -> None:
    block, stop = told(OUT, 1, PROVIDER, blocked=True), told(OUT, 2, source)

    assert heard(block, stop, told(IN, 3, PROVIDER, blocked=True)) == stop


def test_a_refused_send_does_not_outlast_the_end_of_the_block() -> None:
    block, end = told(OUT, 1, PROVIDER, blocked=True), told(IN, 2, PROVIDER, blocked=True)
    refused = replace(block, at="2026-01-31T12:00:02.300Z", evidence="error 403")

    assert heard(block, refused, end) == told(IN, 2, PROVIDER)


def test_the_end_of_a_block_that_nobody_knows_is_no_opt_in() -> None:
    assert after(None, told(IN, 1, PROVIDER, blocked=True)) is None
    assert after(told(OUT, 2, PROVIDER, blocked=True), told(IN, 1, PROVIDER, blocked=True)) is None


def test_a_persons_choice_at_the_provider_undoes_a_word() -> None:
    assert heard(told(OUT, 1, KEYWORD), told(IN, 2, PROVIDER)) == told(IN, 2, PROVIDER)


def test_a_consent_takes_the_place_of_the_one_of_its_channel_and_purpose() -> None:
    others = (told(IN, channel="telex"), told(IN, purpose=SERVICE))

    assert with_consents((told(IN), *others), [told(OUT, 2)]) == (*others, told(OUT, 2))
