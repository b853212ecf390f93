"""A text that names one of the numbered choices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.content import Text
from chat4all.domain.kinds import Button, Buttons, Card, CardButton, Carousel, Choices, Row, Section
from chat4all.domain.numbered_answers import Option, begins_with_number, chosen, could_be_title, options_of

OPTIONS = (Option("now", "Now"), Option("later", "Later today"), Option("never", "Never"))


@pytest.mark.parametrize(
    ("text", "option_id"),
    [
        ("2", "later"),
        (" 2. ", "later"),
        ("2)", "later"),
        ("(2)", "later"),
        ("#2", "later"),
        ("2️⃣", "later"),
        ("02", "later"),
        ("٢", "later"),
        ("\uff12", "later"),
        ("२", "later"),
        ("2) Later today", "later"),
        ("2. later  TODAY", "later"),
        ("2: Later today", "later"),
        ("2 - Later today", "later"),
        ("later today", "later"),
        ("Never\n", "never"),
        ("0", None),
        ("4", None),
        ("2 pizzas", None),
        ("2 Never", None),
        ("2nd", None),
        ("2nd floor", None),
        ("1.5", None),
        ("1-2", None),
        ("12:30", None),
        ("1, 2", None),
        ("+4915112345678", None),
        ("²", None),
        ("two", None),
        ("Later", None),
        ("", None),
        ("#", None),
        ("9" * 5_000, None),
    ],
)
def test_a_choice_is_named_by_its_number_or_its_title(text: str, option_id: str | None) -> None:
    option = chosen(text, OPTIONS)

    assert (option.option_id if option else None) == option_id


def test_a_title_that_is_a_number_counts_before_the_number_of_a_choice() -> None:
    assert chosen("2", (Option("a", "2"), Option("b", "5"))) == Option("a", "2")


def test_a_title_of_two_choices_names_neither() -> None:
    assert chosen("Yes", (Option("a", "Yes"), Option("b", "yes"))) is None


def test_the_rows_of_a_list_have_one_count_over_its_sections() -> None:
    sections = (Section((Row("a", "A"),), "one"), Section((Row("b", "B"), Row("c", "C")), "two"))

    assert options_of(Choices("Which?", "Open", sections)) == (
        Option("a", "A"),
        Option("b", "B"),
        Option("c", "C"),
    )
    assert options_of(Buttons("?", (Button("a", "A"),))) == (Option("a", "A"),)
    cards = (Card("one", buttons=(CardButton("A", "a"), CardButton("Web", url="https://a.example"))),)
    last = Card("two", buttons=(CardButton("B", "b"),))
    assert options_of(Carousel("?", (*cards, last))) == (Option("a", "A"), Option("b", "B"))
    assert options_of(Text("1. A")) == ()


@given(st.text())
def test_what_names_a_choice_could_be_an_answer(text: str) -> None:
    if chosen(text, OPTIONS) is not None:
        assert begins_with_number(text) or could_be_title(text)
