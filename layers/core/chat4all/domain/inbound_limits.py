"""The limits of a provider's event: what a queue, a row and its keys can hold.

An event over a limit would be handed back again and again, and would hold up everything that its person
writes after it. So an event is brought within the limits before it is published.
"""

import hashlib
import re
from typing import Final, TypeVar

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.bounded_json import bounded_json
from chat4all.domain.content import (
    Notice,
    Plain,
    ProviderFile,
    ReceivedAlbum,
    ReceivedContent,
    ReceivedMedia,
    Text,
    Unsupported,
    kind_of,
)
from chat4all.domain.events import (
    AccountReported,
    InboundConsent,
    InboundDeletion,
    InboundEvent,
    InboundMessage,
    InboundMove,
    InboundStatus,
    TemplateChanged,
)
from chat4all.domain.kinds import (
    MOST_CONTACTS,
    MOST_MEANS,
    Buttons,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Template,
)
from chat4all.domain.names import one_line
from chat4all.domain.nul import without_nul
from chat4all.domain.received import MOST_CONTEXT_BYTES, Author, bounded_context
from chat4all.domain.templates import TemplateNews
from chat4all.domain.text import beginning_in_bytes, ending, shortened
from chat4all.domain.wording import as_text, worded

MOST_TEXT_BYTES: Final = 100_000
"""The most bytes of a text as JSON, where some characters take six bytes.

A row of 400 KB holds an edited text in its first, its former and its latest version. A person can write
65,536 characters on WhatsApp.
"""
MOST_ID_BYTES: Final = 1_024
"""DynamoDB takes keys of 2,048 bytes, which also hold the channel and the account."""
MOST_REFERENCE_BYTES: Final = 16_384
"""Of a file's address at its provider, which may be signed."""
MOST_ALBUM_REFERENCE_BYTES: Final = 8_192
"""Of the address of each file of an album, which go through a queue together."""
MOST_FIELDS_BYTES: Final = 200_000
"""Of the fields that became neither content nor context, with the message's text twice beside them."""
LEAST_FIELDS_BYTES: Final = 10_000
MOST_DELETION_BYTES: Final = 2_000
"""Of the fields of a deletion, which stand beside the fields of its message."""
MOST_ALIASES: Final = 5
LONGEST_NAME: Final = 200
"""Characters of a name."""
LONGEST_HANDLE: Final = 100
"""Characters."""
LONGEST_FILENAME: Final = 1_000
"""Characters, counted from the end, where the extension is."""
HASHED: Final = "sha256:"
"""How an id of ours begins that stands in the place of a provider's."""
MOST_KIND_BYTES: Final = MOST_TEXT_BYTES + 20_000
"""Of a content that is no file, as JSON."""
_MOST_LIVE_S: Final = 2**31
"""Telegram: a place that moves for ever. https://core.telegram.org/bots/api#location"""
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}+")

R = TypeVar("R", bound=ReceivedContent)


def within_limits(event: InboundEvent) -> InboundEvent:
    """Return the event with shortened texts without NUL, and with a hash in the place of an endless id."""
    return without_nul(_limited(event))


def _limited(event: InboundEvent) -> InboundEvent:
    provider_message_id = _id(event.provider_message_id)
    account = _name_of_account(event.account)
    match event:
        case InboundMessage():
            quoted = event.quoted_provider_message_id
            content = _content(event.content)
            return replace(
                event,
                provider_message_id=provider_message_id,
                account=account,
                thread=_id(event.thread) if event.thread else None,
                aliases=event.aliases[:MOST_ALIASES],
                content=content,
                display_name=one_line(event.display_name, LONGEST_NAME),
                handle=one_line(event.handle, LONGEST_HANDLE),
                author=_author(event.author),
                quoted_provider_message_id=_id(quoted) if quoted else None,
                context=bounded_context(event.context, MOST_CONTEXT_BYTES),
                provider_fields=_fields(event.provider_fields, content),
                album=replace(event.album, name=_id(event.album.name)) if event.album else None,
            )
        case InboundMove():
            return replace(event, account=account)
        case InboundConsent():
            return replace(event, account=account, aliases=event.aliases[:MOST_ALIASES])
        case TemplateChanged() | AccountReported():
            return _limited_news(event)
        case InboundDeletion():
            return replace(
                event,
                provider_message_id=provider_message_id,
                account=account,
                provider_fields=bounded_json(event.provider_fields, MOST_DELETION_BYTES),
            )
        case InboundStatus():
            return replace(event, provider_message_id=provider_message_id, account=account)


def hashed(data: bytes) -> str:
    """Return an id that is always the same for the same bytes."""
    return HASHED + hashlib.sha256(data).hexdigest()


def _id(text: str) -> str:
    data = text.encode()
    return text if len(data) <= MOST_ID_BYTES else hashed(data)


def _name_of_account(account: str | None) -> str | None:
    """Return the id of an account of ours; a hash for an id that could not be a part of a key."""
    return account if account is None or _ACCOUNT.fullmatch(account) else hashed(account.encode())


def _news(news: TemplateNews) -> TemplateNews:
    texts: dict[str, str | None] = msgspec.structs.asdict(news)
    return TemplateNews(**{field: text and shortened(text) for field, text in texts.items()})


def _limited_news(event: TemplateChanged | AccountReported) -> InboundEvent:
    if isinstance(event, TemplateChanged):
        return replace(event, name=_id(event.name), language=_id(event.language), news=_news(event.news))
    report = event.report
    reason = report.reason and shortened(report.reason)
    return replace(event, report=replace(report, event=shortened(report.event), reason=reason))


def _author(author: Author | None) -> Author | None:
    if author is None:
        return None
    return replace(
        author,
        address=_id(author.address) if author.address else None,
        display_name=one_line(author.display_name, LONGEST_NAME),
        handle=one_line(author.handle, LONGEST_HANDLE),
    )


def _fields(fields: Raw, content: ReceivedContent) -> Raw:
    """Return the fields within the bytes that the message's text leaves.

    A message in a group goes through a queue with its text twice: as the person wrote it, and as the others
    read it.
    """
    left = MOST_FIELDS_BYTES - 2 * len(msgspec.json.encode(content.text))
    return bounded_json(fields, max(left, LEAST_FIELDS_BYTES))


def _content(content: ReceivedContent) -> ReceivedContent:
    match content:
        case ReceivedMedia(file=file, text=text):
            if len(file.reference.encode()) > MOST_REFERENCE_BYTES:
                lines = (text, _file(file).filename)
                return Unsupported("file", _text("\n".join(line for line in lines if line)))
            return _with_text(replace(content, file=_file(file)))
        case ReceivedAlbum():
            return _album(content)
        case Unsupported(provider_kind=kind):
            return _with_text(replace(content, provider_kind=shortened(kind)))
        case Notice(event=event):
            return _with_text(replace(content, event=shortened(event)))
        case plain:
            return _within_kind(_shortened(plain))


def _album(album: ReceivedAlbum) -> ReceivedContent:
    """Return the album; of a file whose address is too long, the name stands in the text."""
    kept = tuple(file for file in album.files if len(file.reference.encode()) <= MOST_ALBUM_REFERENCE_BYTES)
    names = (file.filename for file in map(_file, album.files) if file not in map(_file, kept))
    text = _text("\n".join(line for line in (album.text, *names) if line))
    files = tuple(map(_file, kept))
    return ReceivedAlbum(files, text) if files else Unsupported("files", text)


def _shortened(content: Plain) -> Plain:
    """Return the content with fields that a row can hold, and with a text for people."""
    match content:
        case Location(name=name, address=address, live_s=live_s):
            live_s = min(max(live_s, 0), _MOST_LIVE_S)
            return worded(replace(content, name=_text(name), address=_text(address), live_s=live_s))
        case Contacts(contacts=contacts, text=text):
            return worded(Contacts(tuple(map(_contact, contacts[:MOST_CONTACTS])), text))
        case Reaction(emoji=emoji, text=text):
            return worded(Reaction(shortened(emoji), text))
        case Text() | Buttons() | Choices() | Template() | Carousel():
            return content


def _within_kind(content: Plain) -> ReceivedContent:
    """Return the content with a short text; as Unsupported if it is too long, or no content of its kind.

    A place outside of the globe, for example, could not be read again from the queue.
    """
    kept = _with_text(content)
    data = msgspec.json.encode(kept)
    try:
        is_kept = len(data) <= MOST_KIND_BYTES and msgspec.json.decode(data, type=type(kept)) == kept
    except msgspec.ValidationError:
        is_kept = False
    return kept if is_kept else Unsupported(kind_of(kept), _text(as_text(kept)))


def _contact(contact: Contact) -> Contact:
    return Contact(
        name=shortened(contact.name),
        phones=tuple(map(shortened, contact.phones[:MOST_MEANS])),
        emails=tuple(map(shortened, contact.emails[:MOST_MEANS])),
        organization=shortened(contact.organization),
    )


def _with_text(content: R) -> R:
    return replace(content, text=_text(content.text))


def _file(file: ProviderFile) -> ProviderFile:
    filename = ending(file.filename, LONGEST_FILENAME) if file.filename else None
    return replace(
        file,
        content_type=one_line(file.content_type, LONGEST_NAME),
        filename=filename,
        unique_id=_id(file.unique_id) if file.unique_id else None,
    )


def _text(text: str) -> str:
    """Return the text within its bytes, cut between two characters of a reader."""
    cut, most = text, MOST_TEXT_BYTES
    while len(msgspec.json.encode(cut)) > MOST_TEXT_BYTES:
        most = most * 3 // 4
        cut = beginning_in_bytes(text, most) + "…"
    return cut
