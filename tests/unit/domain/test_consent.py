"""What holds after a signal: late, repeated and confirming signals, and blocks."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.consent import (
    Consent,
    ConsentSource,
    ConsentState,
    Means,
    after,
    consent_of,
    may_send,
    opt_outs_on,
    opted_out,
    refused_at,
    shown,
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
    means: Means = Means.WORD,
    channel: str = "pigeon",
    purpose: Purpose = MARKETING,
) -> Consent:
    at = f"2026-01-31T12:00:{second:02d}.000Z"
    return Consent(channel, purpose, state, at, source, f"{source} {second}", means)


def heard(*signals: Consent) -> Consent | None:
    known = None
    for signal in signals:
        known = after(known, signal) or known
    return known


def known_after(*signals: Consent) -> User:
    """Return a person of whom the signals were heard in this order."""
    consents: tuple[Consent, ...] = ()
    for signal in signals:
        new = after(consent_of(consents, signal), signal)
        consents = with_consents(consents, [new]) if new is not None else consents
    return a_user(*consents)


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


BESIDE = [Means.BLOCK, Means.SETTING]


@pytest.mark.parametrize("means", BESIDE)
def test_a_block_or_a_setting_ends_by_its_own_means_and_is_no_opt_in_then(means: Means) -> None:
    opt_out, end = told(OUT, 1, PROVIDER, means=means), told(IN, 2, PROVIDER, means=means)

    assert shown(known_after(opt_out).consents) == (opt_out,)
    assert shown(known_after(opt_out, end).consents) == ()
    assert may_send(known_after(opt_out, end), "pigeon", MARKETING)


@pytest.mark.parametrize("means", BESIDE)
@pytest.mark.parametrize("word", [told(OUT, 2, KEYWORD), told(IN, 2, CLIENT), told(OUT, 2, CLIENT)])
def test_a_block_or_a_setting_leaves_what_the_person_said_in_any_order(means: Means, word: Consent) -> None:
    beside = [told(OUT, 1, PROVIDER, means=means), told(IN, 3, PROVIDER, means=means)]

    for order in permutations([word, *beside]):
        assert shown(known_after(*order).consents) == (word,)


@pytest.mark.parametrize("means", BESIDE)
def test_a_word_lifts_no_block_and_no_setting(means: Means) -> None:
    user = known_after(told(OUT, 1, PROVIDER, means=means), told(IN, 2, CLIENT))

    assert opted_out(user, "pigeon", MARKETING) == told(OUT, 1, PROVIDER, means=means)
    assert shown(user.consents) == (told(OUT, 1, PROVIDER, means=means),)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Means)), st.sampled_from((IN, OUT)), st.integers(0, 3)),
        min_size=1,
        max_size=4,
        unique_by=lambda signal: (signal[0], signal[2]),
    )
)
def test_each_means_has_its_latest_signal_whatever_the_order(
    signals: list[tuple[Means, ConsentState, int]],
) -> None:
    latest = {means: state for means, state, _ in sorted(signals, key=lambda signal: signal[2])}

    for order in permutations(signals):
        user = known_after(*(told(state, second, means=means) for means, state, second in order))
        assert may_send(user, "pigeon", MARKETING) is (OUT not in latest.values())


def refused(at_s: float, means: Means = Means.BLOCK) -> Consent:
    """Return the opt-out that a refused send proves, at a time of ours."""
    at = refused_at(datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(seconds=at_s))
    return replace(told(OUT, 0, PROVIDER, means=means), at=at, evidence="error 403")


@pytest.mark.parametrize("means", BESIDE)
def test_a_refused_send_does_not_outlast_an_end_in_its_second(means: Means) -> None:
    opt_out, end = told(OUT, 1, PROVIDER, means=means), told(IN, 2, PROVIDER, means=means)

    for order in permutations([opt_out, refused(2.3, means), end]):
        assert may_send(known_after(*order), "pigeon", MARKETING)


def test_another_block_holds_although_the_end_of_the_former_arrives_last() -> None:
    block, end = told(OUT, 1, PROVIDER, means=Means.BLOCK), told(IN, 2, PROVIDER, means=Means.BLOCK)
    again = told(OUT, 3, PROVIDER, means=Means.BLOCK)

    for order in permutations([block, end, again]):
        assert not may_send(known_after(*order), "pigeon", MARKETING)


@given(
    st.lists(st.tuples(st.sampled_from((IN, OUT)), st.integers(1, 5)), max_size=3),
    st.lists(st.integers(1000, 5999).map(lambda ms: ms / 1000), min_size=1, max_size=2),
    st.sampled_from(BESIDE),
)
def test_refused_sends_count_at_their_time_whatever_the_order(
    signals: list[tuple[ConsentState, int]], refusals: list[float], means: Means
) -> None:
    of_provider = [told(state, second, PROVIDER, means=means) for state, second in signals]
    of_ours = [refused(at_s, means) for at_s in refusals]
    ends = [second for state, second in signals if state is IN]
    blocks = [second for state, second in signals if state is OUT]
    later_seconds = [int(at_s) - 1 for at_s in refusals]
    is_over = max(ends, default=0) > max([*blocks, *later_seconds])

    for order in permutations([*of_provider, *of_ours]):
        assert may_send(known_after(*order), "pigeon", MARKETING) is is_over


def test_a_persons_choice_at_the_provider_undoes_a_word() -> None:
    assert heard(told(OUT, 1, KEYWORD), told(IN, 2, PROVIDER)) == told(IN, 2, PROVIDER)


def test_a_consent_takes_the_place_of_the_one_of_its_channel_and_purpose() -> None:
    others = (told(IN, channel="telex"), told(IN, purpose=SERVICE))

    assert with_consents((told(IN), *others), [told(OUT, 2)]) == (*others, told(OUT, 2))
