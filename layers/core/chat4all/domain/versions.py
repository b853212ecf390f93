"""The versions of a person's message: its first version, its edits and its deletion, in any order of arrival.

::

    stored so far            comes                 becomes
    ─────────────            ─────                 ───────
    nothing                  an edit               a message, known by its edit
    known by its edit        the first version     the first version stands before the edit
    UNSUPPORTED              any later content     that content: a placeholder is filled
    a place                  another place         that place, without an edit: the place moved
    any content              an edit               the new content; the former stands in `edits`
    deleted                  anything              stays deleted

A version that changes nothing is no edit: providers report one for a reaction or the preview of a link, too.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.content import Content, Deleted, Unsupported
from chat4all.domain.kinds import Location
from chat4all.domain.message import Edit, Message
from chat4all.domain.received import NOTHING, Received

MOST_EDITS_BYTES: Final = 100_000
"""The size of the edits as JSON. A row of DynamoDB holds 400 KB, and a person may edit a long text often."""


class Version(msgspec.Struct, frozen=True):
    """A version of a message as its provider reports it; `edited_at` is None for the first version."""

    content: Content
    received: Received
    edited_at: str | None


def with_version(message: Message, version: Version) -> Message | None:
    """Return the message with another version; None if the version changes nothing."""
    if message.deleted_at is not None or message.received is None:
        return None
    if version.edited_at is None:
        return _with_first(message, message.received, version)
    return _with_edit(message, message.received, version, version.edited_at)


def deleted(message: Message, at: str, *, keep_words: bool) -> Message | None:
    """Return the message as deleted by its author at `at`; None if it is deleted already.

    Unless `keep_words`, its words and files are removed, from its edits and the provider's fields, too.
    """
    if message.deleted_at is not None:
        return None
    if keep_words or message.received is None:
        return replace(message, deleted_at=at)
    received = replace(message.received, context=None, provider_fields=NOTHING)
    return replace(message, deleted_at=at, content=Deleted(), edits=(), received=received)


def _with_first(message: Message, received: Received, first: Version) -> Message | None:
    """Put the first version before the edit by which the message is known, or fill a placeholder."""
    if received.known_by_edit_at is not None:
        before = replace(received, known_by_edit_at=None, provider_fields=first.received.provider_fields)
        if first.content == message.content or _is_move(first.content, message.content):
            return replace(message, received=before)
        edit = Edit(first.content, received.known_by_edit_at)
        return replace(message, edits=_within_limit((edit, *message.edits)), received=before)
    if isinstance(message.content, Unsupported) and not isinstance(first.content, Unsupported):
        return replace(message, content=first.content, received=first.received)
    return None


def _with_edit(message: Message, known: Received, version: Version, at: str) -> Message | None:
    if known.latest_at is not None and at < known.latest_at:
        return None
    received = replace(version.received, known_by_edit_at=known.known_by_edit_at, latest_at=at)
    if isinstance(message.content, Unsupported) or _is_move(message.content, version.content):
        # What stood there before is no version of words.
        return _changed(message, version.content, received)
    if not _is_latest(message.edits, message.content, version.content, at):
        return None
    edits = _within_limit((*message.edits, Edit(message.content, at)))
    return replace(message, content=version.content, edits=edits, received=received)


def _is_move(before: Content, after: Content) -> bool:
    return isinstance(before, Location) and isinstance(after, Location)


def _changed(message: Message, content: Content, received: Received) -> Message | None:
    known = message.received
    same_fields = known is not None and known.provider_fields == received.provider_fields
    return (
        None
        if same_fields and content == message.content
        else replace(message, content=content, received=received)
    )


def _is_latest(edits: Sequence[Edit], content: Content, changed: Content, at: str) -> bool:
    """Return whether the change to `changed` at `at` is a change, and later than the `edits`.

    Providers give the time to the second. Of several changes in one second the last to arrive counts, unless
    the message already had this content in that second.
    """
    if changed == content or any(edit.at > at for edit in edits):
        return False
    results = [*(edit.content for edit in edits[1:]), content]
    return (at, changed) not in {(edit.at, result) for edit, result in zip(edits, results, strict=False)}


def _within_limit(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the edits cut to MOST_EDITS_BYTES.

    The first edit, which holds the message as it was sent, stays. Of the others the latest stay, as many as
    fit.
    """
    first, *later = edits
    left = MOST_EDITS_BYTES - len(msgspec.json.encode(first))
    kept: list[Edit] = []
    for later_edit in reversed(later):
        left -= len(msgspec.json.encode(later_edit))
        if kept and left < 0:
            break
        kept.append(later_edit)
    return (first, *reversed(kept))
