"""The content of a person's message on WhatsApp, and the fields of the message that the content holds.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
and the pages below it, one for each type.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, fields_of_type, objects, other_fields
from chat4all.channels.whatsapp import kinds
from chat4all.channels.whatsapp.understood import Understood
from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.files.file import Form
from chat4all.domain.received import NOTHING

_FILES: Final = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
_REPLIES: Final = frozenset({"button_reply", "list_reply", "nfm_reply"})
_SENT_BY_US: Final = frozenset({"button", "list"})
_TEXTS: Final = dict.fromkeys(("id", "url", "sha256", "mime_type", "filename", "caption"), str)
"""The fields of a file. Its bytes are fetched by the `id`, and not from the `url`, which ends soon."""
_WEBP: Final = "image/webp"
"""The type of every sticker: webhooks/reference/messages/sticker."""


class _Text(Struct, frozen=True):
    body: str


class _File(Struct, frozen=True):
    id: Id
    mime_type: Raw = ABSENT
    filename: Raw = ABSENT
    caption: Raw = ABSENT
    voice: Raw = ABSENT


class _Caption(Struct, frozen=True):
    caption: str = ""


class _Button(Struct, frozen=True):
    text: str
    payload: str | None = None


class _Reply(Struct, frozen=True):
    title: str
    id: str | None = None


class _FlowReply(Struct, frozen=True):
    body: str = ""
    name: str = ""
    response_json: str | None = None


class _Interactive(Struct, frozen=True):
    type: Raw = ABSENT
    button_reply: Raw = ABSENT
    list_reply: Raw = ABSENT
    nfm_reply: Raw = ABSENT


class _Emoji(Struct, frozen=True):
    emoji: str = ""


class _Location(Struct, frozen=True):
    latitude: float | str
    longitude: float | str
    name: Raw = ABSENT
    address: Raw = ABSENT


class _Order(Struct, frozen=True):
    product_items: Raw = ABSENT
    text: Raw = ABSENT


class _ErrorData(Struct, frozen=True):
    details: str


class _Error(Struct, frozen=True):
    title: str = ""
    error_data: Raw = ABSENT


def understood(kind: str, part: Raw, errors: Raw) -> Understood:
    """Return the content of a message of type `kind`, whose own part is `part`.

    A message of another type, or with a part of another form, becomes Unsupported, with words that people can
    read where the part has any.
    """
    read = _READERS.get(kind)
    content = read(kind, part) if read else None
    if content is not None:
        return content
    describe = _DESCRIPTIONS.get(kind)
    text = describe(part) if describe else ""
    return Understood(Unsupported(kind, text or _of_errors(errors)))


def new_words(kind: str, part: Raw) -> Understood | None:
    """Return the new words of an edited message: its text, or the caption of its file, which may be empty.

    WhatsApp repeats the fields of the file, which is still the same: only its caption can be edited.
    """
    if kind == "text":
        return _of_text(kind, part)
    caption = decoded(part, _Caption) if kind in _FILES else None
    if caption is None:
        return None
    return Understood(Text(caption.caption), fields=_texts_of_file(part))


def _of_text(_kind: str, part: Raw) -> Understood | None:
    text = decoded(part, _Text)
    is_visible = text is not None and bool(text.body.strip())
    return Understood(Text(text.body), fields=frozenset({"body"})) if text and is_visible else None


def _of_file(kind: str, part: Raw) -> Understood | None:
    file = decoded(part, _File)
    if file is None:
        return None
    content_type = decoded(file.mime_type, str) or (_WEBP if kind == "sticker" else None)
    form = _form(kind, file)
    stored = ProviderFile(file.id, content_type, decoded(file.filename, str), form=form)
    caption = decoded(file.caption, str) or ""
    is_read = decoded(file.voice, bool) is (form is Form.VOICE)
    fields = _texts_of_file(part) | (frozenset({"voice"}) if is_read else frozenset())
    return Understood(ReceivedMedia(stored, caption), fields=fields)


def _texts_of_file(part: Raw) -> frozenset[str]:
    """Return the fields of a file that are texts: a field of another type is not understood."""
    return frozenset(fields_of_type(part, _TEXTS))


def _form(kind: str, file: _File) -> Form | None:
    """Return the form of a file. An audio says whether it is a voice note; there once was a type for them."""
    if kind == "sticker":
        return Form.STICKER
    is_voice = kind == "voice" or (kind == "audio" and decoded(file.voice, bool) is True)
    return Form.VOICE if is_voice else None


def _of_button(_kind: str, part: Raw) -> Understood | None:
    button = decoded(part, _Button)
    return _tapped(button.text, button.payload, {"text", "payload"}) if button else None


def _of_interactive(_kind: str, part: Raw) -> Understood | None:
    interactive = decoded(part, _Interactive) or _Interactive()
    kind = decoded(interactive.type, str) or ""
    if kind in _SENT_BY_US:
        return kinds.choices(kind, part)
    replied = getattr(interactive, kind) if kind in _REPLIES else ABSENT
    if kind == "nfm_reply":
        flow = decoded(replied, _FlowReply)
        return _tapped(flow.body or flow.name, flow.response_json, {"type"}) if flow else None
    reply = decoded(replied, _Reply)
    is_whole = other_fields(replied, {"id", "title"}) == NOTHING
    return _tapped(reply.title, reply.id, {"type", kind} if is_whole else {"type"}) if reply else None


def _tapped(words: str, payload: str | None, fields: set[str]) -> Understood | None:
    return Understood(Text(words), payload or None, frozenset(fields)) if words.strip() else None


def _of_reaction(part: Raw) -> str:
    reaction = decoded(part, _Emoji)
    return reaction.emoji if reaction else ""


def _of_location(part: Raw) -> str:
    location = decoded(part, _Location)
    if location is None:
        return ""
    names = (decoded(location.name, str), decoded(location.address, str))
    place = ", ".join(name for name in names if name)
    point = f"{location.latitude}, {location.longitude}"
    return f"{point} ({place})" if place else point


def _of_order(part: Raw) -> str:
    order = decoded(part, _Order)
    if order is None:
        return ""
    count = len(decoded(order.product_items, list[Raw]) or [])
    items = f"{count} item" if count == 1 else f"{count} items"
    text = decoded(order.text, str)
    return f"{items}: {text}" if text else items


def _of_errors(errors: Raw) -> str:
    """Return the provider's words for a message that it does not give."""
    error = next((error for error, _ in objects(errors, _Error)), None)
    if error is None:
        return ""
    data = decoded(error.error_data, _ErrorData)
    return data.details if data else error.title


_READERS: Final[Mapping[str, Callable[[str, Raw], Understood | None]]] = {
    "text": _of_text,
    "button": _of_button,
    "interactive": _of_interactive,
    "location": kinds.place,
    "contacts": kinds.contacts,
    "reaction": kinds.reaction,
    "system": kinds.notice,
    **dict.fromkeys(_FILES, _of_file),
}
_DESCRIPTIONS: Final[Mapping[str, Callable[[Raw], str]]] = {
    "reaction": _of_reaction,
    "location": _of_location,
    "order": _of_order,
}
