"""The texts that are allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Invalid
from chat4all.domain.text import (
    LONGEST_QUOTE,
    MAX_CHARACTERS,
    beginning,
    beginning_in_bytes,
    check_caption,
    check_content,
    check_plain,
    ending,
    is_blank,
    shortened,
)

PRINTABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


@given(st.text(PRINTABLE, min_size=1).filter(lambda text: not is_blank(text)))
def test_a_text_is_taken_as_it_is(content: str) -> None:
    assert check_content("content", content) == content


@pytest.mark.parametrize(
    "content",
    [
        "\u200b",  # telegramdesktop/tdesktop#3145
        "\u2800",
        "\u3164",  # telegramdesktop/tdesktop#24095
        "\u200c\u200d\u2060\ufeff\u00ad\u180e\u200e\u200f",  # hermes-agent#60848
        " \u200b\n\u2800\t",
        "\u115f\u1160\uffa0\u034f",
        "\ufe0f\ufe0f",
        "\U000e0020\U000e007f\U000e0100",
        "\ufffc",
        "\u202e\u2066\u2069",
    ],
    ids=ascii,
)
def test_a_text_that_shows_nothing_is_refused(content: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_content("content", content)

    assert [(detail.field, detail.issue) for detail in refused.value.details] == [
        ("content", "must have a visible character")
    ]
    assert check_caption("content.text", content) == content


@pytest.mark.parametrize(
    "content",
    ["a\u200b", "\u200b.\u200b", "\u0301", "❤\ufe0f", "👨\u200d👩", "⠁", "\u202eabc", "ㅤa", "\u3164ㅎ"],
    ids=ascii,
)
def test_a_text_with_a_visible_character_is_taken_whole(content: str) -> None:
    assert check_content("content", content) == content


@given(st.text("\u200b\u2800\u3164\ufe0f \n\u2060a", max_size=20))
def test_a_text_is_blank_where_nothing_visible_is_in_it(text: str) -> None:
    assert is_blank(text) == ("a" not in text)


def test_the_longest_text_is_taken_whatever_its_bytes() -> None:
    assert check_content("content", "😀" * MAX_CHARACTERS)


@pytest.mark.parametrize(
    ("content", "issue"),
    [
        ("", "must not be empty"),
        (" \n\t\u00a0", "must not be empty"),
        ("x" * (MAX_CHARACTERS + 1), "must be at most 10000 characters, not 10001"),
        ("a\x00b", "must not contain NUL or lone surrogates"),
        ("a\ud800b", "must not contain NUL or lone surrogates"),
        (f"a{chr(0xDFFF)}b", "must not contain NUL or lone surrogates"),
    ],
)
def test_a_text_that_nobody_could_read_is_refused(content: str, issue: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_content("content", content)

    assert [(detail.field, detail.issue) for detail in refused.value.details] == [("content", issue)]


@pytest.mark.parametrize("text", ["", "  ", "x" * 11, "a\x00", "\ud800"])
def test_a_short_text_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_plain("title", text, 10)

    assert refused.value.details[0].field == "title"


def test_a_short_text_of_the_longest_length_is_taken() -> None:
    assert check_plain("title", "é" * 10, 10) == "é" * 10


@pytest.mark.parametrize(
    ("text", "quote"), [("", ""), ("abc", "abc"), ("abcd", "abcd"), ("abcde", "abc…"), ("😀" * 9, "😀😀😀…")]
)
def test_of_a_long_text_only_the_beginning_is_repeated(text: str, quote: str) -> None:
    assert shortened(text, 4) == quote


FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab" + FAMILY + "c", "ab…"),
        ("e\u0301" * 4, "e\u0301e\u0301…"),
        ("🇧🇷" * 4, "🇧🇷🇧🇷…"),
        ("abcde\u0301f", "abcd…"),
        ("abcdef" + FAMILY, "abcde…"),
        ("e" + "\u0301" * 9, "e" + "\u0301" * 4 + "…"),
    ],
)
def test_a_text_is_cut_between_what_a_reader_sees_as_characters(text: str, expected: str) -> None:
    assert shortened(text, 6) == expected


@given(st.text(), st.integers(1, 20))
def test_a_shortened_text_has_its_length_and_begins_as_the_text(text: str, longest: int) -> None:
    cut = shortened(text, longest)

    assert len(cut) <= longest
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@pytest.mark.parametrize(
    ("text", "longest", "begins", "ends"),
    [
        ("abcdef", 4, "abcd", "cdef"),
        ("e\u0301" * 4, 5, "e\u0301" * 2, "e\u0301" * 2),
        ("🇧🇷🇧🇷x", 3, "🇧🇷", "🇧🇷x"),
        ("ab" + FAMILY, 6, "ab", "b" + FAMILY),
        (FAMILY + "cd", 6, FAMILY + "c", "cd"),
        ("👍🏽👍🏽", 3, "👍🏽", "👍🏽"),
        ("क्षि" * 3, 5, "क्षि", "क्षि"),
        ("\u1112\u1161\u11ab" * 3, 4, "\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("1️⃣1️⃣", 5, "1️⃣", "1️⃣"),
        ("a\r\nb", 2, "a", "b"),
        (FAMILY, 3, FAMILY[:3], FAMILY[2:]),
        ("", 0, "", ""),
        ("ab", 0, "", ""),
    ],
)
def test_a_beginning_and_an_end_hold_whole_characters(
    text: str, longest: int, begins: str, ends: str
) -> None:
    assert (beginning(text, longest), ending(text, longest)) == (begins, ends)


@given(st.text(), st.integers(0, 20))
def test_a_beginning_and_an_end_have_their_length(text: str, longest: int) -> None:
    begins, ends = beginning(text, longest), ending(text, longest)

    assert len(begins) <= longest
    assert len(ends) <= longest
    assert text.startswith(begins)
    assert text.endswith(ends)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 30))
def test_a_beginning_fits_into_its_bytes(text: str, most: int) -> None:
    begins = beginning_in_bytes(text, most)

    assert len(begins.encode()) <= most
    assert text.startswith(begins)
    assert begins == text or len(text.encode()) > most


def test_a_quote_is_of_a_few_words() -> None:
    assert shortened("x" * LONGEST_QUOTE) == "x" * LONGEST_QUOTE
    assert len(shortened("x" * 1_000_000)) == LONGEST_QUOTE
