"""The text of a content that is no text: what a person reads where the kind cannot be shown."""

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from chat4all.domain.content import Content, ReceivedContent
from chat4all.domain.kinds import Buttons, Choices, Contact, Contacts, Location, Reaction

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
        case _:
            return content


def as_text(content: Content) -> str:
    """Return the text that stands for `content`: choices are numbered below it."""
    match content:
        case Buttons(text=text, buttons=buttons):
            return "\n".join((text, "", *_numbered(button.title for button in buttons)))
        case Choices(text=text, rows=rows):
            return "\n".join((text, "", *_numbered(_row(row.title, row.description) for row in rows)))
        case _:
            return content.text


def _numbered(titles: Iterable[str]) -> Iterable[str]:
    return (f"{number}. {title}" for number, title in enumerate(titles, start=1))


def _row(title: str, description: str) -> str:
    return f"{title}: {description}" if description else title


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
