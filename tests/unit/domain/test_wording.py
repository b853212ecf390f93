"""The text that stands for a content where its kind cannot be shown."""

import pytest

from chat4all.domain.content import Content, Text
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.wording import as_text, worded

MAP = "https://www.google.com/maps/search/?api=1&query="
QUESTION = Buttons("When?", (Button("now", "Now"), Button("later", "Later")))
MENU = Choices(
    "Which?",
    "Choose",
    (
        Section((Row("r", "Red", "like fire"), Row("b", "Blue")), "Colours"),
        Section((Row("n", "None"),), "Other"),
    ),
)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (Location(48.21, 16.37), MAP + "48.210000,16.370000"),
        (Location(-0.0000001, 180.0, "Café"), f"Café\n{MAP}-0.000000,180.000000"),
        (
            Location(48.21, 16.37, "Café", "Herrengasse 14"),
            f"Café, Herrengasse 14\n{MAP}48.210000,16.370000",
        ),
        (Location(48.21, 16.37, text="Here we are"), "Here we are"),
        (
            Contacts((Contact("Ana", ("+49 151 1", "+49 151 2"), ("a@b.example",)),)),
            "Ana: +49 151 1, +49 151 2, a@b.example",
        ),
        (Contacts((Contact("Ana", organization="Acme"), Contact("Ben"))), "Ana (Acme)\nBen"),
        (Contacts((Contact("", ("+49 151 1",)), Contact("", organization="Acme"))), "+49 151 1\n(Acme)"),
        (Reaction("👍"), "👍"),
        (Reaction(""), ""),
        (QUESTION, "When?"),
        (Text("Hello"), "Hello"),
    ],
)
def test_a_content_without_a_text_gets_one_of_its_fields(content: Content, text: str) -> None:
    assert worded(content).text == text
    assert worded(worded(content)) == worded(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (QUESTION, "When?\n\n1. Now\n2. Later"),
        (MENU, "Which?\n\nColours\n1. Red: like fire\n2. Blue\nOther\n3. None"),
        (Text("Hello"), "Hello"),
        (worded(Reaction("👍")), "👍"),
    ],
)
def test_choices_are_numbered_below_their_text(content: Content, text: str) -> None:
    assert as_text(content) == text
