"""The attachments of a message on Instagram: a file, a place or buttons, otherwise the words.

Meta names the types `image`, `video`, `audio`, `file`, `share`, `story_mention`, `ig_reel`, `reel`,
`ig_post`, `ig_story`, `ephemeral`, `like_heart`, `sticker`, `location`, `fallback` and `template`, and adds
others:
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages
"""

from typing import Final
from urllib.parse import urlsplit

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, other_fields
from chat4all.domain.content import ProviderFile, ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.files.file import Form
from chat4all.domain.kinds import MOST_CARDS, Button, Buttons, Card, CardButton, Carousel, Location
from chat4all.domain.received import NOTHING, Story

_FILE_TYPES: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/pdf",
    "ig_reel": "video/mp4",
    "reel": "video/mp4",
    "share": "image/jpeg",
    "ig_post": "image/jpeg",
    "ig_story": "image/jpeg",
    "story_mention": "image/jpeg",
    "ephemeral": "image/jpeg",
    "sticker": "image/webp",
    "like_heart": "image/webp",
}
"""The most likely types of attachments with an address, which the webhook does not name."""
_FORMS: Final = {"audio": Form.VOICE, "sticker": Form.STICKER, "like_heart": Form.STICKER}
"""People can send sound as a voice note only."""
_NO_FILES: Final = frozenset({"fallback", "template", "location"})
"""The attachments whose address leads to a web page."""
_PAGES: Final = ("instagram.com", "facebook.com", "fb.com", "fb.me")
"""The hosts of web pages. Files lie on other hosts, such as `lookaside.fbsbx.com`."""
_STORY_TYPE: Final = "image/jpeg"
_WORDS: Final = ("title", "subtitle", "text", "name", "url")
_MOST_WORDS: Final = 30
_HEART: Final = "❤️"


class _Attachment(Struct, frozen=True):
    type: str = "attachment"
    title: Raw = ABSENT
    payload: Raw = ABSENT


class _Address(Struct, frozen=True):
    url: Id


class _Coordinates(Struct, frozen=True):
    lat: float
    long: float


class _Location(Struct, frozen=True):
    coordinates: _Coordinates


class _TemplateButton(Struct, frozen=True):
    """A button that comes back as a postback. A button with an address has no payload."""

    title: Id
    payload: Id


class _Card(Struct, frozen=True):
    buttons: list[_TemplateButton]
    text: str = ""
    title: str = ""
    subtitle: str = ""


class _ElementButton(Struct, frozen=True):
    title: Id
    payload: str | None = None
    url: str | None = None


class _Element(Struct, frozen=True):
    title: Id
    subtitle: str | None = None
    image_url: str | None = None
    buttons: list[_ElementButton] | None = None


class Attachment(Struct, frozen=True):
    """An attachment as it is understood. `is_plain`: the content holds everything that the provider tells."""

    content: ReceivedContent
    story: Story | None = None
    is_plain: bool = False

    @property
    def url(self) -> str | None:
        return self.content.file.reference if isinstance(self.content, ReceivedMedia) else None

    @property
    def form(self) -> Form | None:
        return self.content.file.form if isinstance(self.content, ReceivedMedia) else None


def attachment(part: Raw, text: str = "") -> Attachment:
    """Return the attachment; a malformed attachment is Unsupported.

    Buttons without a text of their own stand below the message's `text`.
    """
    found = decoded(part, _Attachment) or _Attachment()
    address = decoded(found.payload, _Address)
    content = _kind(found, text) or _file(found, address) or Unsupported(found.type, _readable(part))
    if found.type == "story_mention":
        story = Story("mention", url=address.url if address else None)
        return Attachment(content, story, is_plain=_is_whole(part, found, address))
    is_plain = found.type in {"image", "video", "audio", "file"} and _is_whole(part, found, address)
    return Attachment(content, is_plain=is_plain)


def story_picture(url: str, text: str) -> ReceivedMedia:
    """Return the picture of a story that the text answers; the provider ends its address after a day."""
    return ReceivedMedia(ProviderFile(url, _STORY_TYPE), text)


def _kind(found: _Attachment, text: str) -> ReceivedContent | None:
    match found.type:
        case "location":
            return _place(found)
        case "template":
            return _buttons(found, text) or _carousel(found, text)
        case _:
            return None


def _file(found: _Attachment, address: _Address | None) -> ReceivedContent | None:
    if address is not None and found.type not in _NO_FILES and not _is_page(address.url):
        content_type, form = _FILE_TYPES.get(found.type), _FORMS.get(found.type)
        return ReceivedMedia(ProviderFile(address.url, content_type, form=form))
    return Text(_HEART) if found.type == "like_heart" else None


def _place(found: _Attachment) -> Location | None:
    location = decoded(found.payload, _Location)
    if location is None:
        return None
    at = location.coordinates
    return Location(at.lat, at.long, name=decoded(found.title, str) or "")


def _buttons(found: _Attachment, text: str) -> Buttons | None:
    """Return the buttons of a template; None if it has no text, several cards or a button with an address."""
    card = decoded(_card(found.payload), _Card)
    if card is None or not card.buttons:
        return None
    words = "\n".join(part for part in (card.text, card.title, card.subtitle) if part.strip())
    words = words or decoded(found.title, str) or text
    answers = tuple(Button(button.payload, button.title) for button in card.buttons)
    return Buttons(words, answers) if words.strip() else None


def _carousel(found: _Attachment, text: str) -> Carousel | None:
    """Return the cards of a generic template; None if it has none, or if a card has no title."""
    template = _template(found.payload)
    elements = decoded(template.get("elements", ABSENT), list[_Element])
    if not elements or len(elements) > MOST_CARDS:
        return None
    cards = tuple(
        Card(
            element.title,
            element.subtitle or "",
            element.image_url or "",
            tuple(
                CardButton(button.title, "" if button.url else button.payload or "", button.url or "")
                for button in element.buttons or ()
            ),
        )
        for element in elements
    )
    words = decoded(found.title, str) or text or "\n".join(card.title for card in cards)
    return Carousel(words, cards)


def _template(payload: Raw) -> dict[str, Raw]:
    fields = decoded(payload, dict[str, Raw]) or {}
    return decoded(fields.get("generic", ABSENT), dict[str, Raw]) or fields


def _card(payload: Raw) -> Raw:
    """Return the part of a template that has a text and buttons.

    It is the payload of a button template, and the element of a generic template of one card:
    https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/button-template
    https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/generic-template
    """
    cards = decoded(_template(payload).get("elements", ABSENT), list[Raw])
    if cards is None:
        return payload
    return cards[0] if len(cards) == 1 else ABSENT


def _is_whole(part: Raw, found: _Attachment, address: _Address | None) -> bool:
    """Return whether the attachment tells nothing beside its type and the address of its file."""
    understood = {"url"} if address is not None else ()
    return (
        other_fields(part, {"type", "payload"}) == NOTHING
        and other_fields(found.payload, understood) == NOTHING
    )


def _is_page(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host.endswith(tuple(f".{page}" for page in _PAGES)) or host in _PAGES


def _readable(part: Raw) -> str:
    """Return the titles, texts and addresses of an attachment in their order."""
    words: list[str] = []
    left: list[object] = [decoded(part, dict[str, object])]
    while left and len(words) < _MOST_WORDS:
        match left.pop():
            case dict() as fields:
                words += [
                    text for name in _WORDS if isinstance(text := fields.get(name), str) and text.strip()
                ]
                left += [part for part in reversed(fields.values()) if isinstance(part, dict | list)]
            case list() as parts:
                left += reversed(parts)
    return "\n".join(dict.fromkeys(words[:_MOST_WORDS]))
