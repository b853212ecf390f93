"""The places, contacts, reactions, buttons, lists and notices in WhatsApp's webhooks.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/location
and the pages beside it: contacts, reaction, interactive, system. A part of another form is not understood.
"""

from collections.abc import Iterator

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, fields_of_type, objects
from chat4all.channels.whatsapp.understood import Understood
from chat4all.domain.content import Notice
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


class _Place(Struct, frozen=True):
    latitude: Raw = ABSENT
    longitude: Raw = ABSENT
    name: Raw = ABSENT
    address: Raw = ABSENT


class _Card(Struct, frozen=True):
    name: Raw = ABSENT
    phones: Raw = ABSENT
    emails: Raw = ABSENT
    org: Raw = ABSENT


class _Phone(Struct, frozen=True):
    """A phone, whose digits may stand in a number."""

    phone: str | int | None = None
    wa_id: str | int | None = None

    @property
    def number(self) -> str | None:
        """Return the number as the card has it, else the WhatsApp id, which is a number without its `+`."""
        return str(self.phone) if self.phone else f"+{self.wa_id}" if self.wa_id else None


class _Email(Struct, frozen=True):
    email: str


class _Organization(Struct, frozen=True):
    company: str


class _Reaction(Struct, frozen=True):
    """A reaction without an emoji is taken back."""

    message_id: Id
    emoji: str | None = None


class _System(Struct, frozen=True):
    type: Raw = ABSENT
    body: Raw = ABSENT


class _Body(Struct, frozen=True):
    text: str


class _Action(Struct, frozen=True):
    button: str = ""
    buttons: Raw = ABSENT
    sections: Raw = ABSENT


class _Sent(Struct, frozen=True):
    """Buttons or a list that our side sent."""

    body: _Body
    action: _Action


class _Reply(Struct, frozen=True):
    id: str
    title: str


class _ReplyButton(Struct, frozen=True):
    reply: _Reply


class _Section(Struct, frozen=True):
    rows: Raw
    title: str = ""


class _Row(Struct, frozen=True):
    id: str
    title: str
    description: str = ""


def place(_kind: str, part: Raw) -> Understood | None:
    read = decoded(part, _Place) or _Place()
    latitude, longitude = _degrees(read.latitude, 90), _degrees(read.longitude, 180)
    if latitude is None or longitude is None:
        return None
    name, address = decoded(read.name, str), decoded(read.address, str)
    held = {"latitude", "longitude", *fields_of_type(part, {"name": str, "address": str})}
    return Understood(Location(latitude, longitude, name or "", address or ""), fields=frozenset(held))


def contacts(_kind: str, part: Raw) -> Understood | None:
    """Return the cards. They have more fields than a Contact, so that none counts as held."""
    cards = tuple(contact for card, _ in objects(part, _Card) if (contact := _contact(card)) != Contact(""))
    return Understood(Contacts(cards)) if cards else None


def reaction(_kind: str, part: Raw) -> Understood | None:
    read = decoded(part, _Reaction)
    if read is None:
        return None
    return Understood(Reaction(read.emoji or ""), fields=frozenset({"message_id", "emoji"}))


def notice(kind: str, part: Raw) -> Understood | None:
    read = decoded(part, _System) or _System()
    event, text = decoded(read.type, str), decoded(read.body, str)
    if event is None and text is None:
        return None
    held = fields_of_type(part, {"type": str, "body": str})
    return Understood(Notice(event or kind, text or ""), fields=frozenset(held))


def choices(kind: str, part: Raw) -> Understood | None:
    """Return the buttons or the list that our side sent; `kind` is the type of the interactive message."""
    sent = decoded(part, _Sent)
    if sent is None:
        return None
    text, action = sent.body.text, sent.action
    if kind == "button":
        buttons = tuple(
            Button(button.reply.id, button.reply.title) for button, _ in objects(action.buttons, _ReplyButton)
        )
        return Understood(Buttons(text, buttons), fields=frozenset({"type"})) if buttons else None
    sections = tuple(_sections(action.sections))
    listed = Choices(text, action.button, sections)
    return Understood(listed, fields=frozenset({"type"})) if sections else None


def _degrees(part: Raw, most: int) -> float | None:
    """Return a number of degrees, which may stand in a text; None for a number that is not on the globe."""
    number = decoded(part, float)
    if number is None:
        number = decoded((decoded(part, str) or "").encode(), float)
    return number if number is not None and -most <= number <= most else None


def _contact(card: _Card) -> Contact:
    """Return the contact of a card: without a name it has the name of the company."""
    organization = decoded(card.org, _Organization)
    company = organization.company if organization else ""
    name = _name(card.name)
    return Contact(
        name=name or company,
        phones=tuple(number for phone, _ in objects(card.phones, _Phone) if (number := phone.number)),
        emails=tuple(email.email for email, _ in objects(card.emails, _Email) if email.email),
        organization=company if name else "",
    )


def _name(part: Raw) -> str:
    names = decoded(part, dict[str, Raw]) or {}
    formatted, *parts = (
        decoded(names.get(field, ABSENT), str) or ""
        for field in ("formatted_name", "first_name", "middle_name", "last_name")
    )
    return formatted or " ".join(name for name in parts if name)


def _sections(part: Raw) -> Iterator[Section]:
    for section, _ in objects(part, _Section):
        rows = tuple(Row(row.id, row.title, row.description) for row, _ in objects(section.rows, _Row))
        if rows:
            yield Section(rows, section.title)
