"""The limits of a provider's event: what a queue, a row and its keys can hold.

An event over a limit would be handed back again and again, and would hold up everything that its person
writes after it. So an event is brought within the limits before it is published.
"""

import hashlib
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from chat4all.domain.content import ProviderFile, ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.events import InboundEdit, InboundEvent, InboundMessage, InboundStatus
from chat4all.domain.text import shortened

MOST_TEXT_BYTES: Final = 100_000
"""The most bytes of a text as JSON, where some characters take six bytes.

A row of 400 KB holds an edited text in its first, its former and its latest version. A person can write
65,536 characters on WhatsApp.
"""
MOST_ID_BYTES: Final = 1_024
"""DynamoDB takes keys of 2,048 bytes, which also hold the channel and the account."""
MOST_REFERENCE_BYTES: Final = 16_384
"""Of a file's address at its provider, which may be signed."""
LONGEST_NAME: Final = 200
"""Characters of a name."""
LONGEST_HANDLE: Final = 100
"""Characters."""
LONGEST_FILENAME: Final = 1_000
"""Characters, counted from the end, where the extension is."""
HASHED: Final = "sha256:"
"""How an id of ours begins that stands in the place of a provider's."""
_NUL: Final = "\x00"
_REPLACEMENT: Final = "\ufffd"

R = TypeVar("R", bound=ReceivedContent)


def within_limits(event: InboundEvent) -> InboundEvent:
    """Return the event with shortened texts and names, and with a hash in the place of an endless id."""
    provider_message_id = _id(event.provider_message_id)
    match event:
        case InboundMessage():
            quoted = event.quoted_provider_message_id
            return replace(
                event,
                provider_message_id=provider_message_id,
                content=_content(event.content),
                display_name=_name(event.display_name, LONGEST_NAME),
                handle=_name(event.handle, LONGEST_HANDLE),
                quoted_provider_message_id=_id(quoted) if quoted else None,
            )
        case InboundEdit():
            return replace(event, provider_message_id=provider_message_id, text=_text(event.text))
        case InboundStatus():
            return replace(event, provider_message_id=provider_message_id)


def hashed(data: bytes) -> str:
    """Return an id that is always the same for the same bytes."""
    return HASHED + hashlib.sha256(data).hexdigest()


def _id(text: str) -> str:
    data = text.encode()
    return text if len(data) <= MOST_ID_BYTES else hashed(data)


def _name(text: str | None, longest: int) -> str | None:
    """Return the name; None for a name that shows nothing."""
    plain = (text or "").replace(_NUL, " ").strip()
    return plain[:longest] or None


def _content(content: ReceivedContent) -> ReceivedContent:
    match content:
        case Text():
            return _with_text(content)
        case ReceivedMedia(file=file, text=text):
            if len(file.reference.encode()) > MOST_REFERENCE_BYTES:
                # The stored webhook has the whole of it.
                raw = msgspec.json.encode({"truncated": shortened(file.reference)}).decode()
                return Unsupported("file", raw, _text(text))
            return _with_text(replace(content, file=_file(file)))
        case Unsupported(provider_kind=kind):
            return _with_text(replace(content, provider_kind=shortened(kind)))


def _with_text(content: R) -> R:
    return replace(content, text=_text(content.text))


def _file(file: ProviderFile) -> ProviderFile:
    filename = file.filename[-LONGEST_FILENAME:] if file.filename else None
    return replace(file, content_type=_name(file.content_type, LONGEST_NAME), filename=filename)


def _text(text: str) -> str:
    """Return the text without NUL, which the API takes from nobody, and cut at the end of a character."""
    plain = text.replace(_NUL, _REPLACEMENT)
    cut, most = plain, MOST_TEXT_BYTES
    while len(msgspec.json.encode(cut)) > MOST_TEXT_BYTES:
        most = most * 3 // 4
        cut = plain.encode()[:most].decode(errors="ignore") + "…"
    return cut
