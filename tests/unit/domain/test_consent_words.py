"""The words by which people opt out and in: whole messages only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.consent_words import LANGUAGES, Words, says_start, says_stop

EVERY_STOP = sorted(
    {word.strip() for each in LANGUAGES.values() for word in each.stop.split(",") if word.strip()}
)
OF_CARRIERS = sorted(
    {word.strip() for each in LANGUAGES.values() for word in each.stop_of_carriers.split(",") if word.strip()}
)


@pytest.mark.parametrize("word", EVERY_STOP)
@pytest.mark.parametrize("words", Words)
def test_a_clear_word_counts_on_every_channel(word: str, words: Words) -> None:
    assert says_stop(word, words)
    assert says_stop(word.upper(), words)
    assert not says_start(word, words)


@pytest.mark.parametrize("word", OF_CARRIERS)
def test_a_word_that_may_be_an_answer_counts_for_carriers_only(word: str) -> None:
    assert says_stop(word, Words.ALL)
    assert not says_stop(word, Words.CLEAR)


@pytest.mark.parametrize(
    "text",
    [
        "STOP", "Stop.", " stop \n", "STOP!!!", "\u201cSTOP\u201d", "*STOP*", "~stop~", "(stop)",
        "stop\u200b",
        "\uff33\uff34\uff2f\uff30", "\u00a1PARAR!", "ARR\u00caT", "Arre\u0302t", "STOP  ALL", "stop\u00a0all",
        "\u0421\u0422\u041e\u041f", "STOP\u2757", "STOP\u203c\ufe0f", "/stop", "'Sair'",
    ],
)  # fmt: skip
def test_case_accents_and_what_stands_around_do_not_matter(text: str) -> None:
    assert says_stop(text, Words.CLEAR)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "...", "please stop", "stop please", "don't stop", "Stop. Thank you",
        "stop, o Z\u00e9 n\u00e3o vem",
        "We have got to STOP this bill", "STOP 12345", "bus stop", "stopp\u00e9", "#stop", "@stop", "S T O P",
        "S.T.O.P", "Quero cancelar", "no me doy de baja", "unstop", "Cancel", "End", "YES", "Quit", "Alto",
        "voltar", "stop \U0001f602", "/stop@bot", "non-stop", "stop stop",
    ],
)  # fmt: skip
def test_a_word_inside_other_words_is_no_opt_out(text: str) -> None:
    assert not says_stop(text, Words.CLEAR)


@given(st.sampled_from(EVERY_STOP), st.text("abcdefghij", min_size=1, max_size=8), st.booleans())
def test_a_sentence_with_the_word_is_no_opt_out(word: str, other: str, comes_first: bool) -> None:  # noqa: FBT001
    text = f"{word} {other}" if comes_first else f"{other} {word}"

    assert not says_stop(text, Words.ALL)
    assert not says_start(text, Words.ALL)


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert not (says_stop(text, Words.ALL) and says_start(text, Words.ALL))


@given(st.sampled_from(EVERY_STOP), st.text(" .,!?*_\u00bf\u00a1\t\n", max_size=5))
def test_what_stands_around_a_word_does_not_matter(word: str, around: str) -> None:
    assert says_stop(around + word + around[::-1], Words.CLEAR)


def test_start_opts_in_and_yes_for_carriers_only() -> None:
    assert says_start("Start!", Words.CLEAR)
    assert says_start("UNSTOP", Words.CLEAR)
    assert says_start("yes", Words.ALL)
    assert not says_start("yes", Words.CLEAR)
    assert not says_start("/start", Words.ALL)


def test_a_long_message_is_no_word_and_costs_nothing() -> None:
    assert not says_stop("stop" + " " * 100_000, Words.ALL)
