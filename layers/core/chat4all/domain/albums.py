"""Albums whose files come as messages of their own: in any order, repeated, edited and deleted one by one.

::

    comes                           the message becomes
    ─────                           ───────────────────
    the first item                  a message with an album of one file
    another item                    the album with the file at its place
    an edit of an item              the album with the item's new words or file; the former stands in `edits`
    the deletion of an item         the album without the file
    the deletion of the last item   deleted

Nothing waits until an album is complete: no provider says how many items it has. Each item keeps its own
versions, by the rules of `domain.versions`. The message was sent when the item was that came first.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.bounded_json import bounded_json
from chat4all.domain.content import Album, AlbumFile, Content, Deleted, Media, reworded
from chat4all.domain.message import AlbumItem, Message
from chat4all.domain.received import bounded_context
from chat4all.domain.text import beginning_in_bytes
from chat4all.domain.versions import within_limit
from chat4all.domain.wording import worded

MOST_ITEMS: Final = 10
"""https://core.telegram.org/bots/api#sendmediagroup: 2 to 10 items"""
MOST_ITEM_BYTES: Final = 9_000
"""Of the content of an item, as JSON. A row of 400 KB holds a caption three times: in the item, at its file,
and in the text of the album. Telegram's captions have at most 4,096 characters.
"""
_MOST_CONTEXT_BYTES: Final = 1_500
_MOST_FIELDS_BYTES: Final = 3_000
"""Of the provider's fields of an item, as JSON."""
_MOST_EDITS_BYTES: Final = 40_000


def fits(content: Content) -> bool:
    """Return whether a content can be an item of an album; another content stands as a message of its own."""
    return isinstance(content, Media) and len(msgspec.json.encode(content)) <= MOST_ITEM_BYTES


def album_of(items: tuple[AlbumItem, ...]) -> Content:
    """Return the content of a message with these items; Deleted if nothing of them is left."""
    if all(isinstance(item.content, Deleted) for item in items):
        return Deleted()
    shown = [item.content for item in sorted(items, key=lambda item: (item.number, item.name))]
    files = tuple(AlbumFile(content.file, content.text) for content in shown if isinstance(content, Media))
    return worded(Album(files))


def item_of(message: Message, name: str | None) -> Message | None:
    """Return the item as a message of its own, with its versions; None if the message has no such item."""
    found = next((item for item in message.items if item.name == name), None)
    if found is None:
        return None
    return replace(
        message,
        content=found.content,
        received=found.received,
        edits=tuple(edit for edit in message.edits if edit.item == name),
        deleted_at=found.deleted_at,
        items=(),
    )


def with_new_item(message: Message, item: AlbumItem) -> Message | None:
    """Return the message with a further item; None if the item must stand as a message of its own.

    A message that is deleted as a whole, or that is no album, takes no item.
    """
    is_open = bool(message.items) and message.deleted_at is None and len(message.items) < MOST_ITEMS
    return _with_items(message, (*message.items, bounded(item))) if is_open else None


def with_item(message: Message, name: str, version: Message) -> Message:
    """Return the message with a version of an item, which `item_of` gave as a message of its own."""
    received = version.received
    if received is None:
        return message
    items = tuple(
        bounded(AlbumItem(name, item.number, version.content, received, version.deleted_at))
        if item.name == name
        else item
        for item in message.items
    )
    others = (edit for edit in message.edits if edit.item != name)
    own = (replace(edit, item=name) for edit in version.edits)
    edits = sorted((*others, *own), key=lambda edit: edit.at)
    bounded_edits = within_limit(edits, _MOST_EDITS_BYTES) if edits else ()
    late = message.late or (version.late and message.items[0].name == name)
    return _with_items(replace(message, edits=bounded_edits, late=late), items)


def as_accepted(message: Message) -> Message:
    """Return an album as the message that was accepted: with the item that came first, and its versions.

    A notice told the others of each further item. Any other message is returned as it is.
    """
    first = item_of(message, message.items[0].name) if message.items else None
    if first is None:
        return message
    edits = tuple(replace(edit, content=_alone(edit.content)) for edit in first.edits)
    return replace(first, content=_alone(first.content), edits=edits)


def bounded(item: AlbumItem) -> AlbumItem:
    """Return the item within the bytes that a row has for it."""
    content, received, most = item.content, item.received, MOST_ITEM_BYTES
    while len(msgspec.json.encode(content)) > MOST_ITEM_BYTES:
        most = most * 3 // 4
        content = reworded(content, f"{beginning_in_bytes(item.content.text, most)}…")
    return replace(
        item,
        content=content,
        received=replace(
            received,
            context=bounded_context(received.context, _MOST_CONTEXT_BYTES),
            provider_fields=bounded_json(received.provider_fields, _MOST_FIELDS_BYTES),
        ),
    )


def _alone(content: Content) -> Content:
    if not isinstance(content, Media):
        return content
    return Album((AlbumFile(content.file, content.text),), content.text)


def _with_items(message: Message, items: tuple[AlbumItem, ...]) -> Message:
    deleted = [item.deleted_at for item in items if item.deleted_at is not None]
    return replace(
        message,
        content=album_of(items),
        received=items[0].received,
        items=items,
        deleted_at=max(deleted) if len(deleted) == len(items) else None,
    )
