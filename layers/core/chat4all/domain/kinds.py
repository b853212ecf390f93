"""The kinds of content that are the same in a request, in a webhook and in a message, apart from the text.

Their fields have the limits of no provider: these are in the channels' manifests. `text` is what people read
on a channel that does not have the kind; wording.py makes it where it is empty.
"""

from typing import Annotated, Final

import msgspec

LONGEST_LABEL: Final = 100
"""Characters of a title of a button, a row or a section."""
LONGEST_ID: Final = 64
"""Bytes of the id of a button or a row, as Telegram takes them: https://core.telegram.org/bots/api#inlinekeyboardbutton"""
MOST_CONTACTS: Final = 10
MOST_MEANS: Final = 20
"""Phones, or e-mail addresses, of a contact."""
MOST_BUTTONS: Final = 13
"""The most that a channel has: https://developers.facebook.com/docs/messenger-platform/instagram/features/quick-replies"""
MOST_ROWS: Final = 50
MOST_LIVE_S: Final = 86_400
MOST_CARDS: Final = 10
"""The most that a channel has: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-media-carousel-messages"""
MOST_CARD_BUTTONS: Final = 3
"""https://developers.facebook.com/documentation/business-messaging/instagram-messaging/generic-template"""


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="location"):
    """A place, in degrees of WGS 84. `live_s` is how long the place moves, in seconds; 0: it is fixed."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: str = ""
    address: str = ""
    live_s: Annotated[int, msgspec.Meta(ge=0)] = 0
    text: str = ""


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The card of a person or a company. Phones and e-mail addresses are as people write them."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    organization: str = ""


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="contacts"):
    """Cards of people."""

    contacts: tuple[Contact, ...]
    text: str = ""


class Reaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="reaction"):
    """A reaction to the message that `reply_to` names. The empty `emoji` takes the reaction back."""

    emoji: str
    text: str = ""


def without_variation(emoji: str) -> str:
    """Return the emoji without the variation selector, which phones add and providers leave out."""
    return emoji.replace("\ufe0f", "")


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button. Its `id` comes back as the payload of the person's answer."""

    id: str
    title: str


class Buttons(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="buttons"):
    """A text with buttons below."""

    text: str
    buttons: tuple[Button, ...]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a list. Its `id` comes back as the payload of the person's answer."""

    id: str
    title: str
    description: str = ""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows under a title; a list of one section needs no title."""

    rows: tuple[Row, ...]
    title: str = ""


class Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="list"):
    """A text with a button that opens a list, from which the person chooses a row."""

    text: str
    button: str
    sections: tuple[Section, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for section in self.sections for row in section.rows)


class CardButton(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button of a card: it opens `url`, or its `id` comes back as the payload of the person's answer."""

    title: str
    id: str = ""
    url: str = ""


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card of a carousel. The provider fetches the picture from `picture_url`."""

    title: str
    text: str = ""
    picture_url: str = ""
    buttons: tuple[CardButton, ...] = ()


class Carousel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="carousel"):
    """A text above cards that the person moves sideways."""

    text: str
    cards: tuple[Card, ...]

    @property
    def buttons(self) -> tuple[CardButton, ...]:
        return tuple(button for card in self.cards for button in card.buttons)


def card_words(card: Card) -> str:
    """Return the title and the text of a card as one text."""
    return "\n".join(part for part in (card.title, card.text) if part.strip())
