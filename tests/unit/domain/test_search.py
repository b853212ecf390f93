"""Queries, and how texts answer them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Invalid
from chat4all.domain.search import (
    Document,
    SearchKind,
    as_address,
    entry_of,
    excerpt,
    hint,
    matches,
    terms_of,
)
from chat4all.domain.words import readable
from tests.unit.domain.test_words import TEXTS


def answers(text: str, query: str) -> bool:
    return bool(matches(readable(text), terms_of(query)))


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Order 4711 is on its way", "order way", True),
        ("Order 4711 is on its way", "order away", False),
        ("Bestellung", "bestell", True),
        ("Bestellung kam", "bestell kam", False),
        ("kam Bestellung", "kam bestell", True),
        ("be on time", "be", True),
        ("best", "be", False),
        ("vitamin C", "vitamin c", True),
        ("vitamin D", "vitamin c", False),
        ("+55 11 98765-4321", "98765-4321", True),
        ("5511987654321", "987654321", True),
        ("5511987654321", "4321", True),
        ("5511987654321", "321", False),
        ("price 321", "321", True),
        ("東京都庁", "京都", True),
        ("東京 京都人", "東京都", False),
        ("小猫很可爱", "猫", True),
        ("可爱的小猫", "猫 爱", True),
        ("今天下午三点", "下午三点", True),
        ("ราคาเท่าไหร่ครับ", "เท่าไหร่", True),
        ("مَرْحَبًا", "مرحبا", True),
    ],
)
def test_a_text_answers_a_query_if_it_has_each_word(text: str, query: str, *, expected: bool) -> None:
    assert answers(text, query) is expected


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("+55 (11) 98765-4321", "5511987654321"),
        ("98765.4321", "987654321"),
        ("Maria 98765-4321", "Maria 98765-4321"),
        ("12-3", "12-3"),
        ("0170 1234567", "1701234567"),
        ("0049 170 1234567", "491701234567"),
        ("+49 (0)170 1234567", "1701234567"),
        ("+39 (0)6 1234567", "61234567"),
        ("06 1234567", "61234567"),
        ("\u202a+49\u00a0170\u20111234567\u202c", "491701234567"),
        ("(0)", "(0)"),
        ("0000000000", "0000000000"),
        ("+", "+"),
    ],
)
def test_a_phone_number_is_found_however_it_is_written(query: str, address: str) -> None:
    assert as_address(query) == address


@pytest.mark.parametrize(
    "query", ["0170 1234567", "0049 170 1234567", "+49 (0)170 1234567", "0170/1234567", "+491701234567"]
)
def test_a_number_as_it_is_dialled_in_its_country_finds_the_person(query: str) -> None:
    assert answers("Ana\n+491701234567", as_address(query))


@pytest.mark.parametrize(
    "query", ["", "   ", "a", "👍", "c d", "\u200f", "#", " ".join(map(str, range(100, 111)))]
)
def test_a_query_without_words_or_with_too_many_is_refused(query: str) -> None:
    with pytest.raises(Invalid) as refused:
        terms_of(query)

    assert refused.value.details[0].field == "q"


@given(TEXTS)
def test_a_text_that_answers_is_found_by_the_words_of_the_query(text: str) -> None:
    """An index has the words of the text: an answer that it does not find would be missed."""
    try:
        terms = terms_of(text)
    except Invalid:
        return
    document = Document(SearchKind.MESSAGE, "m", "2026-01-31T12:00:00.000Z", text)

    assert matches(readable(text), terms)
    assert all(
        any(known.startswith(word) if term.is_beginning else known == word for known in document.words)
        for term in terms
        for word in term.words
    )


@given(TEXTS, TEXTS)
def test_matches_are_shown_where_they_are(before: str, after: str) -> None:
    text = readable(f"{before * 5} Größe {after * 20}")
    spans = matches(text, terms_of("grosse"))
    shown = excerpt(text, spans)

    units = shown.text.encode("utf-16-le", "surrogatepass")
    start, end = shown.matches[0]
    found = units[2 * start : 2 * end].decode("utf-16-le")
    assert matches(found, terms_of("grosse"))
    assert all(0 <= start < end <= len(units) // 2 for start, end in shown.matches)


def test_an_excerpt_is_cut_around_the_first_match() -> None:
    text = "😀" * 100 + " word " + "x" * 400
    shown = excerpt(text, matches(text, terms_of("word")))

    assert shown.text.startswith("…")
    assert shown.text.endswith("…")
    assert len(shown.text) == 242
    assert shown.matches == ((120, 124),)


@given(st.text(min_size=1).filter(lambda text: "\n" not in text), TEXTS, TEXTS)
def test_an_entry_is_read_as_it_was_written(item: str, conversation: str, user: str) -> None:
    document = Document(SearchKind.NOTE, item, "2026-01-31T12:00:00.000Z", "", conversation, user)

    entry = entry_of(document.entry)

    assert (entry.at, entry.item_id) == (document.at, item)
    assert (entry.conversation_hint, entry.user_hint) == (hint(conversation), hint(user))
