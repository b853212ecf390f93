"""Places, contacts, reactions, buttons, lists and carousels, as the Cloud API accepts them.

An unknown field is refused.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/:
`location-messages`, `contacts-messages` (up to 257 contacts), `reaction-messages`,
`interactive-reply-buttons-messages`, `interactive-list-messages` and `interactive-media-carousel-messages`,
whose pictures are not fetched here. That the text of a list has at most
1,024 characters is from https://whatsapp.github.io/WhatsApp-Nodejs-SDK/api-reference/types/InteractiveObject
and from reports of errors; so are the details of 131009. Headers other than texts, and other interactive
messages, are not simulated.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

import msgspec

_MOST_BUTTONS: Final = 3
_MOST_SECTIONS: Final = 10
_MOST_ROWS: Final = 10
_LONGEST_EMOJI: Final = 32
_LEAST_CARDS: Final = 2
_MOST_CARDS: Final = 10
_MOST_LINE_BREAKS: Final = 2


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    latitude: float | str
    longitude: float | str
    name: str | None = None
    address: str | None = None


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    formatted_name: Annotated[str, msgspec.Meta(min_length=1)]
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None
    suffix: str | None = None
    prefix: str | None = None

    @property
    def has_part(self) -> bool:
        return any((self.first_name, self.last_name, self.middle_name, self.suffix, self.prefix))


class Phone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    phone: str | None = None
    type: str | None = None
    wa_id: str | None = None


class Email(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str | None = None
    type: str | None = None


class Organization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    company: str | None = None
    department: str | None = None
    title: str | None = None


class Url(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str | None = None
    type: str | None = None


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    type: str | None = None


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    phones: list[Phone] = []
    emails: list[Email] = []
    org: Organization | None = None
    urls: list[Url] = []
    addresses: list[Address] = []
    birthday: Annotated[str, msgspec.Meta(min_length=10, max_length=10)] | None = None


Contacts = Annotated[list[Contact], msgspec.Meta(min_length=1, max_length=257)]


class Reaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty emoji takes the reaction back."""

    message_id: str
    emoji: str


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["text"]
    text: str


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    title: str


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["reply"]
    reply: Reply


class ReplyButtons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    buttons: list[Button]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    title: str
    description: str | None = None


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: list[Row]
    title: str | None = None


class ListAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    button: str
    sections: list[Section]


class ButtonMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="button"):
    body: Body
    action: ReplyButtons
    header: Header | None = None
    footer: Body | None = None


class ListMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="list"):
    body: Body
    action: ListAction
    header: Header | None = None
    footer: Body | None = None


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    link: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]


class MediaHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["image", "video"]
    image: Media | None = None
    video: Media | None = None


class QuickReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["quick_reply"]
    quick_reply: Reply


class LinkParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    display_text: str
    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]


class CardAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Literal["cta_url"] | None = None
    parameters: LinkParameters | None = None
    buttons: list[QuickReply] = []


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    card_index: int
    type: Literal["cta_url"]
    header: MediaHeader
    action: CardAction
    body: Body | None = None


class Cards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cards: list[Card]


class CarouselMessage(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="carousel"
):
    body: Body
    action: Cards


Interactive = ButtonMessage | ListMessage | CarouselMessage


def invalid_place(place: Location) -> str | None:
    for name, value, most in (("latitude", place.latitude, 90), ("longitude", place.longitude, 180)):
        try:
            degrees = float(value)
        except ValueError:
            return f"Location {name} is not a number"
        if not -most <= degrees <= most:
            return f"Location {name} must be between -{most} and {most}"
    return None


def nameless_contact(contacts: Iterable[Contact]) -> str | None:
    """Return the error of the first contact whose name has no part beside the whole."""
    for number, contact in enumerate(contacts):
        if not contact.name.has_part:
            return f"contacts[{number}].name needs formatted_name and at least one other name"
    return None


def invalid_emoji(reaction: Reaction) -> str | None:
    """Return the error of an emoji that is plainly none: a word, or several of them."""
    emoji = reaction.emoji
    is_keycap = emoji.endswith("\N{COMBINING ENCLOSING KEYCAP}")
    is_text = any(char.isalnum() or char.isspace() for char in emoji) and not is_keycap
    return "Reaction emoji is not valid" if is_text or len(emoji) > _LONGEST_EMOJI else None


def invalid_interactive(message: Interactive) -> str | None:
    return next(_issues(message), None)


def _issues(message: Interactive) -> Iterator[str]:
    yield from _length("Body text", message.body.text, 1024)
    if isinstance(message, CarouselMessage):
        yield from _card_issues(message.action.cards)
        return
    if message.header is not None:
        yield from _length("Header text", message.header.text, 60)
    if message.footer is not None:
        yield from _length("Footer text", message.footer.text, 60)
    if isinstance(message, ButtonMessage):
        yield from _button_issues(message.action.buttons)
    else:
        yield from _length("Button label", message.action.button, 20)
        yield from _section_issues(message.action.sections)


def _card_issues(cards: list[Card]) -> Iterator[str]:
    if not _LEAST_CARDS <= len(cards) <= _MOST_CARDS:
        yield f"Invalid cards count. Min allowed cards: {_LEAST_CARDS}, Max allowed cards: {_MOST_CARDS}"
    if sorted(card.card_index for card in cards) != list(range(len(cards))):
        yield "card_index must count from 0"
    for card in cards:
        shown = {"image": card.header.image, "video": card.header.video}
        if [kind for kind, media in shown.items() if media is not None] != [card.header.type]:
            yield f"Card header must have {card.header.type}"
        text = card.body.text if card.body else ""
        yield from _too_long("Card body text", text, 160)
        if card.body is not None and (not text.strip() or text.count("\n") > _MOST_LINE_BREAKS):
            yield f"Card body text must have up to {_MOST_LINE_BREAKS} line breaks, and a character"
        yield from _action_issues(card.action)
    if len({(card.action.parameters is None, len(card.action.buttons)) for card in cards}) > 1:
        yield "Button types and numbers must match across all cards"
    replies = [button.quick_reply for card in cards for button in card.action.buttons]
    yield from _twice("button id", (reply.id for reply in replies))


def _action_issues(action: CardAction) -> Iterator[str]:
    if (action.parameters is None) == (not action.buttons) or (action.name is None) != (
        action.parameters is None
    ):
        yield "Cards must have either one URL button, or one or more quick-reply buttons"
    if action.parameters is not None:
        yield from _length("Button label", action.parameters.display_text, 20)
    for button in action.buttons:
        yield from _length("Button label", button.quick_reply.title, 20)
        yield from _id_issues("Button", button.quick_reply.id, 256)


def _button_issues(buttons: list[Button]) -> Iterator[str]:
    if not 1 <= len(buttons) <= _MOST_BUTTONS:
        yield f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {_MOST_BUTTONS}"
    for button in buttons:
        yield from _length("Button title", button.reply.title, 20)
        yield from _id_issues("Button", button.reply.id, 256)
    yield from _twice("button title", (button.reply.title for button in buttons))
    yield from _twice("button id", (button.reply.id for button in buttons))


def _section_issues(sections: list[Section]) -> Iterator[str]:
    if not 1 <= len(sections) <= _MOST_SECTIONS:
        yield f"Invalid sections count. Min allowed sections: 1, Max allowed sections: {_MOST_SECTIONS}"
    rows = [row for section in sections for row in section.rows]
    if len(rows) > _MOST_ROWS:
        yield f"Total row count exceed max allowed count: {_MOST_ROWS}"
    for section in sections:
        if not section.rows:
            yield "Section has no rows"
        if len(sections) > 1 and not section.title:
            yield "Section title is required where there is more than one section"
        yield from _too_long("Section title", section.title, 24)
    for row in rows:
        if not row.title:
            yield "Row title is required"
        yield from _too_long("Row title", row.title, 24)
        yield from _too_long("Row description", row.description, 72)
        yield from _id_issues("Row", row.id, 200)
    yield from _twice("row id", (row.id for row in rows))


def _length(what: str, text: str, most: int) -> Iterator[str]:
    if not text.strip() or len(text) > most:
        yield f"{what} length invalid. Min length: 1, Max length: {most}"


def _too_long(what: str, text: str | None, most: int) -> Iterator[str]:
    if len(text or "") > most:
        yield f"{what} is too long. Max length is {most}"


def _id_issues(what: str, text: str, most: int) -> Iterator[str]:
    yield from _length(f"{what} id", text, most)
    if text != text.strip():
        yield f"{what} id cannot have leading or trailing spaces"


def _twice(what: str, texts: Iterable[str]) -> Iterator[str]:
    for text, count in Counter(texts).items():
        if count > 1:
            yield f"Duplicated {what}: {text}"
