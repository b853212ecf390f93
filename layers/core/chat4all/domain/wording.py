"""The text of a content that is no text: what a person reads where the kind cannot be shown."""

from collections.abc import Iterator
from itertools import count
from typing import TypeVar

from msgspec.structs import replace

from chat4all.domain.content import Album, Content, ReceivedContent
from chat4all.domain.kinds import (
    Buttons,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    card_words,
)

C = TypeVar("C", bound=Content | ReceivedContent)

_MAP: str = "https://www.google.com/maps/search/?api=1&query="
"""https://developers.google.com/maps/documentation/urls/get-started#search-action"""


def worded(content: C) -> C:
    """Return `content` with a text made of its fields, if it has fields and no text."""
    if content.text.strip():
        return content
    match content:
        case Location() as place:
            return replace(content, text=_of_place(place))
        case Contacts(contacts=contacts):
            return replace(content, text="\n".join(map(_of_contact, contacts)))
        case Reaction(emoji=emoji):
            return replace(content, text=emoji)
        case Album() as album:
            return replace(content, text=album.captions)
        case _:
            return content


def as_text(content: Content) -> str:
    """Return the text that stands for `content`: choices are numbered below it."""
    match content:
        case Buttons(text=text, buttons=buttons):
            titles = (f"{number}. {button.title}" for number, button in enumerate(buttons, start=1))
            return "\n".join((text, "", *titles))
        case Choices() as choices:
            return "\n".join((choices.text, "", *_menu(choices)))
        case Carousel() as carousel:
            return "\n\n".join((carousel.text, *_cards(carousel)))
        case _:
            return content.text


def _menu(choices: Choices) -> Iterator[str]:
    """Yield the numbered rows, below the titles of their sections where there are several."""
    number = count(1)
    for section in choices.sections:
        if len(choices.sections) > 1:
            yield section.title
        for row in section.rows:
            description = f": {row.description}" if row.description else ""
            yield f"{next(number)}. {row.title}{description}"


def _cards(carousel: Carousel) -> Iterator[str]:
    """Yield each card as a paragraph. The buttons that can be answered are numbered across all cards."""
    number = count(1)
    for card in carousel.cards:
        buttons = (
            f"{button.title}: {button.url}" if button.url else f"{next(number)}. {button.title}"
            for button in card.buttons
        )
        yield "\n".join((card_words(card), *buttons))


def _of_place(place: Location) -> str:
    """Return the name and the address of the place, if it has them, and its point on a map."""
    point = f"{place.latitude:.6f},{place.longitude:.6f}"
    words = ", ".join(part for part in (place.name, place.address) if part.strip())
    return "\n".join(part for part in (words, _MAP + point) if part)


def _of_contact(contact: Contact) -> str:
    organization = f"({contact.organization})" if contact.organization.strip() else ""
    name = " ".join(part for part in (contact.name, organization) if part)
    means = ", ".join((*contact.phones, *contact.emails))
    return ": ".join(part for part in (name, means) if part)
