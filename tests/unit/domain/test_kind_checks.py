"""The checks of the plain kinds in a request."""

import pytest

from chat4all.domain.content import Plain
from chat4all.domain.errors import Invalid
from chat4all.domain.kind_checks import checked
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)

CARD = Contact("Ana", ("+4915112345678",))
BUTTON = Button("now", "Now")
ROW = Row("red", "Red")
BLUE = Row("blue", "Blue")
PICTURE = "https://shop.example/red.jpg"
BIG = tuple(CardButton(name, url=PICTURE + "?" + "z" * 1_000) for name in "ab")
LONG = Row("long", "Long", "x" * 101)


def carousel(*cards: Card) -> Carousel:
    return Carousel("Which?", cards)


def pressed(*buttons: CardButton) -> Carousel:
    return carousel(Card("Red", buttons=buttons))


def fields_of(content: Plain) -> list[str]:
    with pytest.raises(Invalid) as refused:
        checked(content)
    return [detail.field.removeprefix("content.") for detail in refused.value.details]


@pytest.mark.parametrize(
    "content",
    [
        Location(90.0, -180.0),
        Location(48.21, 16.37, "Café", "Herrengasse 14", live_s=60),
        Contacts((CARD,)),
        Contacts((Contact("Acme", emails=("a@b.example",)),) * 10),
        Reaction(""),
        Reaction("👍"),
        Reaction("👍🏽"),
        Reaction("❤"),
        Reaction("❤️"),
        Reaction("👨‍👩‍👧‍👦"),
        Reaction("🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        Buttons("When?", (BUTTON,)),
        Buttons("When?", (Button("é" * 32, "Now"),)),
        Choices("Which?", "Choose", (Section((ROW,)),)),
        Choices("Which?", "Choose", (Section((ROW,), "A"), Section((Row("blue", "Red"),), "B"))),
        carousel(Card("Red", "Soft"), Card("Blue", picture_url=PICTURE)),
        carousel(*[Card("Red", buttons=(CardButton("Take", f"{number}"),)) for number in range(10)]),
        pressed(CardButton("Shop", url="http://shop.example:8080/a?b=c#d")),
    ],
)
def test_what_a_channel_could_hold_stays_as_it_is(content: Plain) -> None:
    assert checked(content) is content


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (Location(0, 0, name="x" * 1_001), ["name"]),
        (Location(0, 0, address="a\x00"), ["address"]),
        (Location(0, 0, live_s=59), ["live_s"]),
        (Location(0, 0, live_s=86_401), ["live_s"]),
        (Location(0, 0, text="a\x00"), ["text"]),
        (Contacts(()), ["contacts"]),
        (Contacts((CARD,) * 11), ["contacts"]),
        (Contacts((CARD, Contact(" "))), ["contacts[1].name"]),
        (Contacts((Contact("Ana", ("",)),)), ["contacts[0].phones[0]"]),
        (Contacts((Contact("Ana", emails=("a",) * 21),)), ["contacts[0].emails"]),
        (Contacts((Contact("Ana", organization="x" * 101),)), ["contacts[0].organization"]),
        (Contacts((Contact("Ana", ("1" * 100,) * 20),) * 5, "Call them"), ["contacts"]),
        (Reaction("ok"), ["emoji"]),
        (Reaction("👍👍"), ["emoji"]),
        (Reaction("👍 "), ["emoji"]),
        (Reaction("中"), ["emoji"]),
        (Reaction("\ud83d"), ["emoji"]),
        (Buttons(" ", (BUTTON,)), ["text"]),
        (Buttons("When?", ()), ["buttons"]),
        (Buttons("When?", tuple(Button(f"{n}", f"{n}") for n in range(14))), ["buttons"]),
        (Buttons("When?", (BUTTON, Button("now", "Later"))), ["buttons"]),
        (Buttons("When?", (BUTTON, Button("later", "Now"))), ["buttons"]),
        (Buttons("When?", (Button("", "Now"),)), ["buttons[0].id"]),
        (Buttons("When?", (Button("now ", "Now"),)), ["buttons[0].id"]),
        (Buttons("When?", (Button("é" * 33, "Now"),)), ["buttons[0].id"]),
        (Buttons("When?", (Button("now", "\u2800"),)), ["buttons[0].title"]),
        (Choices("Which?", "", (Section((ROW,)),)), ["button"]),
        (Choices("Which?", "Choose", ()), ["sections"]),
        (Choices("Which?", "Choose", (Section((ROW,), "A"), Section((), "B"))), ["sections[1].rows"]),
        (
            Choices("Which?", "Choose", (Section((ROW,)), Section((Row("b", "B"),), "B"))),
            ["sections[0].title"],
        ),
        (Choices("Which?", "Choose", (Section((ROW,), "A"), Section((ROW,), "B"))), ["sections"]),
        (Choices("Which?", "Choose", (Section((ROW, ROW)),)), ["sections[0].rows"]),
        (
            Choices("Which?", "Choose", (Section((Row("r", "R", "x" * 101),)),)),
            ["sections[0].rows[0].description"],
        ),
        (carousel(), ["cards"]),
        (carousel(*[Card("Red", "Soft")] * 11), ["cards"]),
        (carousel(Card("Red")), ["cards[0]"]),
        (carousel(Card("", "Soft")), ["cards[0].title"]),
        (carousel(Card("Red", "x" * 501)), ["cards[0].text"]),
        (carousel(Card("Red", picture_url="http://shop.example/red.jpg")), ["cards[0].picture_url"]),
        (carousel(Card("Red", picture_url="data:image/png;base64,AAAA")), ["cards[0].picture_url"]),
        (carousel(Card("Red", picture_url=PICTURE + "?" + "x" * 2_000)), ["cards[0].picture_url"]),
        (carousel(*[Card("Red", buttons=(CardButton("Take", "red"),))] * 2), ["cards"]),
        (pressed(*[CardButton(f"{n}", f"{n}") for n in range(4)]), ["cards[0].buttons"]),
        (pressed(CardButton("Take", "a"), CardButton("Take", "b")), ["cards[0].buttons"]),
        (pressed(CardButton("Take")), ["cards[0].buttons[0]"]),
        (pressed(CardButton("Take", "red", PICTURE)), ["cards[0].buttons[0]"]),
        (pressed(CardButton(" ", "red")), ["cards[0].buttons[0].title"]),
        (pressed(CardButton("Take", "é" * 33)), ["cards[0].buttons[0].id"]),
        *(
            (pressed(CardButton("Shop", url=url)), ["cards[0].buttons[0].url"])
            for url in ("shop", "javascript:alert(1)", "https://", "https://a b", "https://[", "https://a:x")
        ),
        (carousel(*[Card("x" * 100, "y" * 500, buttons=BIG)] * 10), ["cards"]),
    ],
)
def test_what_no_channel_could_hold_is_refused_with_its_field(content: Plain, fields: list[str]) -> None:
    assert fields_of(content) == fields
