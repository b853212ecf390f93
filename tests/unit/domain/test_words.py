"""A word is found however a text writes it; no text breaks the division into words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.words import LONGEST_WORD, MOST_WORDS, readable, runs_of, words_of

MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2069\u00ad\ufeff\u200c\u200d\u0640\ufe0f"
"""Signs that nobody sees: directions, hyphenation, joiners, the stretching of Arabic words."""
TEXTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(
            "áçãõéÀÇ ßẞäöüıİIi øŁđ مرحبًا٤٧ हिन्दी๑ สวัสดีครับ 東京都カタﾊﾟ 한국어 👩‍👩‍👧🇧🇷1️⃣ \u200b-.,'#" + MARKS
        ),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Ação: não há pão", "acao NAO pao"),
        ("STRASSE", "straße"),
        ("Straße", "strasse"),
        ("Grüße aus KÖLN", "gruße koln"),
        ("İSTANBUL'da ISPARTA", "istanbul ısparta isparta"),
        ("مَرْحَبًا بالعالم", "مرحبا بالعالم"),
        ("مـــرحبا", "مرحبا"),
        ("أهلاً إلى", "اهلا الى"),
        ("رقم ٤٧١١", "4711"),
        ("हिन्दी में", "हिन्दी"),
        ("\u200fשלום\u200e world", "שלום"),
        ("soft\u00adhyphen", "softhyphen"),
        ("ﬁne Ｆｕｌｌ", "fine full"),
        ("œuvre smørrebrød Łódź", "oeuvre smorrebrod lodz"),
        ("नमस्ते👋🏽दुनिया", "दुनिया"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσεύς"),
    ],
)
def test_a_word_is_found_however_it_is_written(text: str, query: str) -> None:
    assert words_of(query) <= words_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京都", {"東京", "京都", "都"}),
        ("猫", {"猫"}),
        ("สวัสดี", {"สว", "วั", "ัส", "สด", "ดี", "ี"}),
        ("한국어", {"한국", "국어", "어"}),
        ("iPhone15を買う", {"iphone15", "を買", "買う", "う"}),
        ("tel. 5511987654321", {"tel", "4321", "87654321"}),
        ("de 47 a 12345", {"de", "47", "2345"}),
        ("👍 ❤️ 🇧🇷", set()),
        ("👍ok👍", {"ok"}),
        ("", set()),
        ("a b c", set()),
    ],
)
def test_the_words_of_a_text(text: str, expected: set[str]) -> None:
    assert words_of(text) == expected


@given(TEXTS)
def test_no_text_breaks_the_words_and_each_place_is_in_the_text(text: str) -> None:
    shown = readable(text)

    for run in runs_of(shown):
        assert run.letters
        assert list(run.places) == sorted(run.places)
        assert len(run.letters) == len(run.places)
        assert 0 <= run.places[0] <= run.places[-1] < len(shown)


@given(TEXTS)
def test_composition_case_and_unseen_signs_change_no_word(text: str) -> None:
    expected = [run.letters for run in runs_of(readable(text))]

    decomposed = unicodedata.normalize("NFD", text)
    assert [run.letters for run in runs_of(readable(decomposed))] == expected
    assert [run.letters for run in runs_of(readable(text.casefold()))] == expected or "ŉ" in text


@given(TEXTS)
def test_the_words_of_words_are_the_words(text: str) -> None:
    runs = [run.letters for run in runs_of(readable(text))]

    assert [run.letters for run in runs_of(" ".join(runs))] == runs


@given(st.lists(TEXTS, max_size=400))
def test_words_are_few_and_short(texts: list[str]) -> None:
    found = words_of(" ".join(texts))

    assert len(found) <= MOST_WORDS
    assert all(0 < len(word) <= LONGEST_WORD for word in found)


def test_a_long_word_is_found_by_its_first_letters() -> None:
    assert words_of("x" * 1_000) == {"x" * LONGEST_WORD}
