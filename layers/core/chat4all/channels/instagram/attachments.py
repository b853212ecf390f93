"""The attachments of a message on Instagram: a file where there is one, otherwise its words.

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
from chat4all.domain.content import ProviderFile, ReceivedContent, ReceivedMedia, Unsupported
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
}
"""The most likely types of attachments with an address, which the webhook does not name."""
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
    payload: Raw = ABSENT


class _Address(Struct, frozen=True):
    url: Id


class _Coordinates(Struct, frozen=True):
    lat: float
    long: float


class _Location(Struct, frozen=True):
    coordinates: _Coordinates


class Attachment(Struct, frozen=True):
    """An attachment as it is understood. `is_plain`: the content holds everything that the provider tells."""

    content: ReceivedContent
    story: Story | None = None
    is_plain: bool = False

    @property
    def url(self) -> str | None:
        return self.content.file.reference if isinstance(self.content, ReceivedMedia) else None


def attachment(part: Raw) -> Attachment:
    """Return the attachment; a malformed attachment is Unsupported."""
    found = decoded(part, _Attachment) or _Attachment()
    address = decoded(found.payload, _Address)
    if found.type == "story_mention":
        story = Story("mention", url=address.url if address else None)
        return Attachment(_content(found, address), story, is_plain=_is_whole(part, found, address))
    is_plain = found.type in {"image", "video", "audio", "file"} and _is_whole(part, found, address)
    return Attachment(_content(found, address), is_plain=is_plain)


def story_picture(url: str, text: str) -> ReceivedMedia:
    """Return the picture of a story that the text answers; the provider ends its address after a day."""
    return ReceivedMedia(ProviderFile(url, _STORY_TYPE), text)


def _content(found: _Attachment, address: _Address | None) -> ReceivedContent:
    if address is not None and found.type not in _NO_FILES and not _is_page(address.url):
        return ReceivedMedia(ProviderFile(address.url, _FILE_TYPES.get(found.type)))
    return Unsupported(found.type, _readable(found))


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


def _readable(found: _Attachment) -> str:
    if found.type == "like_heart":
        return _HEART
    location = decoded(found.payload, _Location)
    if location is not None:
        return f"{location.coordinates.lat}, {location.coordinates.long}"
    return "\n".join(_words(decoded(found.payload, dict[str, object])))


def _words(payload: dict[str, object] | None) -> list[str]:
    """Return the titles, texts and addresses of a payload in their order."""
    words: list[str] = []
    left: list[object] = [payload]
    while left and len(words) < _MOST_WORDS:
        match left.pop():
            case dict() as fields:
                words += [
                    text for name in _WORDS if isinstance(text := fields.get(name), str) and text.strip()
                ]
                left += [part for part in reversed(fields.values()) if isinstance(part, dict | list)]
            case list() as parts:
                left += reversed(parts)
    return words[:_MOST_WORDS]
