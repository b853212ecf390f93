"""The checks of the plain kinds in a request: each issue with its field, of what no channel could hold."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from chat4all.domain.content import Album, Media, Plain, Text
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.kinds import (
    LONGEST_ID,
    LONGEST_LABEL,
    MOST_BUTTONS,
    MOST_CARD_BUTTONS,
    MOST_CARDS,
    MOST_CONTACTS,
    MOST_LIVE_S,
    MOST_MEANS,
    MOST_ROWS,
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
    Template,
)
from chat4all.domain.template_values import template_issues
from chat4all.domain.text import MAX_CHARACTERS, check_caption, check_content, is_blank, unprintable
from chat4all.domain.wording import as_text, worded

C = TypeVar("C", bound=Plain | Media | Album)

LONGEST_PLACE: Final = 1_000
"""Characters of the name or the address of a place."""
LONGEST_CARD: Final = 500
"""Characters of the text of a card."""
LONGEST_URL: Final = 2_000
"""Characters of an address that a card shows or opens."""
_URL: Final = re.compile(r"(?P<scheme>https?)://[^\s/?#@:\[\]]++(?::\d{1,5}+)?+(?:[/?#]\S*+)?+")
_LEAST_LIVE_S: Final = 60
"""Telegram moves a place for 60 seconds or more: https://core.telegram.org/bots/api#sendlocation"""


def checked(content: C, field: str = "content") -> C:
    """Return the content in `field` of a request; raise Invalid with every issue of its fields."""
    if isinstance(content, Text):
        check_content(f"{field}.text", content.text)
        return content
    if isinstance(content, Media):
        check_caption(f"{field}.text", content.text)
        return content
    if isinstance(content, Album):
        _check_album(content, field)
        return content
    found = template_issues(content) if isinstance(content, Template) else _issues(content)
    issues = [Detail(f"{field}.{name}", issue) for name, issue in found]
    if issues:
        raise Invalid("The message's content is not valid.", *issues)
    if isinstance(content, Buttons | Choices | Carousel):
        check_content(f"{field}.text", content.text)
    else:
        check_caption(f"{field}.text", content.text)
    return content


def _check_album(album: Album, field: str) -> None:
    for index, part in enumerate(album.files):
        check_caption(f"{field}.files[{index}].text", part.text)
    check_caption(f"{field}.files", album.captions)
    check_caption(f"{field}.text", album.text)
    if album.captions and album.text.strip() and album.text != album.captions:
        issue = "must be empty where a file has a text; give the text to one of the files"
        raise Invalid("The message's content is not valid.", Detail(f"{field}.text", issue))


def _issues(
    content: Location | Contacts | Reaction | Buttons | Choices | Carousel,
) -> Iterator[tuple[str, str]]:
    match content:
        case Location() as place:
            yield from _place(place)
        case Contacts(contacts=contacts) as cards:
            yield from _count("contacts", contacts, MOST_CONTACTS)
            for index, contact in enumerate(contacts):
                yield from _contact(f"contacts[{index}]", contact)
            yield from _words(cards, "contacts")
        case Reaction(emoji=emoji):
            if emoji and not _is_emoji(emoji):
                yield "emoji", "must be one emoji, or empty to take the reaction back"
        case Buttons(buttons=buttons):
            yield from _count("buttons", buttons, MOST_BUTTONS)
            yield from _answers("buttons", buttons)
            yield from _twice("buttons", [button.title for button in buttons], "a title")
        case Choices() as choices:
            yield from _choices(choices)
        case Carousel(cards=cards) as carousel:
            yield from _count("cards", cards, MOST_CARDS)
            for index, card in enumerate(cards):
                yield from _card(f"cards[{index}]", card)
            yield from _twice("cards", [button.id for button in carousel.buttons if button.id], "an id")
            yield from _words(carousel, "cards")


def _place(place: Location) -> Iterator[tuple[str, str]]:
    yield from _plain("name", place.name, LONGEST_PLACE)
    yield from _plain("address", place.address, LONGEST_PLACE)
    if place.live_s and not _LEAST_LIVE_S <= place.live_s <= MOST_LIVE_S:
        yield "live_s", f"must be 0, or {_LEAST_LIVE_S} to {MOST_LIVE_S} seconds"


def _choices(choices: Choices) -> Iterator[tuple[str, str]]:
    yield from _label("button", choices.button)
    yield from _count("sections", choices.rows, MOST_ROWS, " rows")
    if len(choices.sections) > 1:
        yield from _twice("sections", [row.id for row in choices.rows], "an id")
    for number, section in enumerate(choices.sections):
        field = f"sections[{number}]"
        yield from _plain(f"{field}.title", section.title, LONGEST_LABEL)
        if len(choices.sections) > 1 and is_blank(section.title):
            yield f"{field}.title", "must not be empty where there are several sections"
        if not section.rows:
            yield f"{field}.rows", "must not be empty"
        yield from _answers(f"{field}.rows", section.rows)
        for index, row in enumerate(section.rows):
            yield from _plain(f"{field}.rows[{index}].description", row.description, LONGEST_LABEL)


def _card(field: str, card: Card) -> Iterator[tuple[str, str]]:
    yield from _label(f"{field}.title", card.title)
    yield from _plain(f"{field}.text", card.text, LONGEST_CARD)
    if not (card.picture_url or card.text.strip() or card.buttons):
        yield field, "must have a text, a picture or a button"
    if card.picture_url:
        yield from _url(f"{field}.picture_url", card.picture_url, ("https",))
    if len(card.buttons) > MOST_CARD_BUTTONS:
        yield f"{field}.buttons", f"must be at most {MOST_CARD_BUTTONS}, not {len(card.buttons)}"
    yield from _twice(f"{field}.buttons", [button.title for button in card.buttons], "a title")
    for index, button in enumerate(card.buttons):
        yield from _card_button(f"{field}.buttons[{index}]", button)


def _card_button(field: str, button: CardButton) -> Iterator[tuple[str, str]]:
    yield from _label(f"{field}.title", button.title)
    if bool(button.id) == bool(button.url):
        yield field, "must have either an id or a url"
    elif button.id:
        yield from _id(f"{field}.id", button.id)
    else:
        yield from _url(f"{field}.url", button.url, ("https", "http"))


def _url(field: str, url: str, schemes: Sequence[str]) -> Iterator[tuple[str, str]]:
    found = _URL.fullmatch(url)
    if found is None or found["scheme"] not in schemes or len(url) > LONGEST_URL or not url.isprintable():
        yield field, f"must be an address of {' or '.join(schemes)} with at most {LONGEST_URL} characters"


def _answers(field: str, answers: Sequence[Button | Row]) -> Iterator[tuple[str, str]]:
    yield from _twice(field, [answer.id for answer in answers], "an id")
    for index, answer in enumerate(answers):
        yield from _id(f"{field}[{index}].id", answer.id)
        yield from _label(f"{field}[{index}].title", answer.title)


def _id(field: str, text: str) -> Iterator[tuple[str, str]]:
    if not text or unprintable(text) or len(text.encode()) > LONGEST_ID:
        yield field, f"must be 1 to {LONGEST_ID} bytes without NUL"
    elif text != text.strip():  # WhatsApp refuses the whole message
        yield field, "must have no space at either end"


def _contact(field: str, contact: Contact) -> Iterator[tuple[str, str]]:
    yield from _label(f"{field}.name", contact.name)
    yield from _plain(f"{field}.organization", contact.organization, LONGEST_LABEL)
    for name, means in (("phones", contact.phones), ("emails", contact.emails)):
        if len(means) > MOST_MEANS:
            yield f"{field}.{name}", f"must be at most {MOST_MEANS}"
        for index, text in enumerate(means):
            yield from _label(f"{field}.{name}[{index}]", text)


def _words(content: Contacts | Carousel, field: str) -> Iterator[tuple[str, str]]:
    """Check the content as a text, which is what a row and a queue hold beside it."""
    text = as_text(content) if isinstance(content, Carousel) else worded(Contacts(content.contacts)).text
    if len(text) > MAX_CHARACTERS:
        yield field, f"must be at most {MAX_CHARACTERS} characters together, not {len(text)}"


def _count(field: str, items: Sequence[object], most: int, what: str = "") -> Iterator[tuple[str, str]]:
    if not 1 <= len(items) <= most:
        yield field, f"must be 1 to {most}{what}, not {len(items)}"


def _label(field: str, text: str) -> Iterator[tuple[str, str]]:
    if is_blank(text):
        yield field, "must have a visible character"
    else:
        yield from _plain(field, text, LONGEST_LABEL)


def _plain(field: str, text: str, longest: int) -> Iterator[tuple[str, str]]:
    if unprintable(text):
        yield field, "must not contain NUL or lone surrogates"
    elif len(text) > min(longest, MAX_CHARACTERS):
        yield field, f"must be at most {longest} characters, not {len(text)}"


def _twice(field: str, texts: Sequence[str], what: str) -> Iterator[tuple[str, str]]:
    if len(set(texts)) < len(texts):
        yield field, f"must not have {what} twice"


def _is_emoji(text: str) -> bool:
    from emoji import is_emoji  # noqa: PLC0415  # only a reaction needs it

    return is_emoji(text)
