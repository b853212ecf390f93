"""The versions of a person's message: its first version, its edits and its deletion, in any order of arrival.

::

    stored so far            comes                 becomes
    ─────────────            ─────                 ───────
    nothing                  an edit               a message, known by its edit
    known by its edit        the first version     the first version stands before the edit
    an empty UNSUPPORTED     any later content     that content: a placeholder is filled
    a place                  another place         that place, without an edit: the place moved; a name, an
                                                   address and fields that only the former had stay
    any other content        an edit               the new content; the former stands in `edits`
    any other content        an edit of before     the same; the edit stands in its place in `edits`
    deleted                  anything              stays deleted

A message was sent when its first version was; as long as only an edit is known, the edit's time stands there.
A version that changes nothing is no edit: providers report one for a reaction or the preview of a link, too.
The message takes its further fields. An edit names only the new words: what the message refers to stays.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from chat4all.domain.bounded_json import bounded_json
from chat4all.domain.content import Content, Deleted, Unsupported, attachments_of
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Location
from chat4all.domain.message import Edit, Message
from chat4all.domain.received import MOST_CONTEXT_BYTES, NOTHING, Context, Received, bounded_context
from chat4all.domain.wording import worded

MOST_EDITS_BYTES: Final = 100_000
"""The size of the edits as JSON. A row of DynamoDB holds 400 KB, and a person may edit a long text often."""
MOST_FORMER_BYTES: Final = 10_000
"""The size of the context of an edit, and of its provider's fields, as JSON."""
MOST_EDITED_FIELDS_BYTES: Final = 20_000
"""The size of the provider's fields of an edited message, as JSON."""


class Version(msgspec.Struct, frozen=True):
    """A version of a message as its provider reports it; `edited_at` is None for the first version."""

    content: Content
    received: Received
    edited_at: str | None


class Deletion(msgspec.Struct, frozen=True):
    """The deletion of a message by its author, as its provider reports it."""

    at: str
    provider_fields: Raw = NOTHING


def with_version(message: Message, version: Version) -> Message | None:
    """Return the message with another version; None if the version changes nothing."""
    if message.deleted_at is not None or message.received is None:
        return None
    if version.edited_at is None:
        return _with_first(message, message.received, version)
    return _with_edit(message, message.received, version, version.edited_at)


def files_of(message: Message) -> tuple[Attachment, ...]:
    """Return the files of all versions of the message."""
    contents = (message.content, *(edit.content for edit in message.edits))
    return tuple(file for content in contents for file in attachments_of(content))


def deleted(message: Message, deletion: Deletion, *, keep_words: bool) -> Message | None:
    """Return the message as deleted by its author; None if it is deleted already.

    Unless `keep_words`, its words and files are removed, from its edits and the provider's fields, too. The
    fields of the deletion stand among the message's as `deletion`.
    """
    at = deletion.at
    if message.deleted_at is not None:
        return None
    if message.received is None:
        return replace(message, deleted_at=at)
    if keep_words:
        fields = _with_fields_of(message.received.provider_fields, deletion)
        return replace(message, deleted_at=at, received=replace(message.received, provider_fields=fields))
    received = replace(message.received, context=None, provider_fields=_with_fields_of(NOTHING, deletion))
    return replace(message, deleted_at=at, content=Deleted(), edits=(), received=received)


def _with_fields_of(fields: Raw, deletion: Deletion) -> Raw:
    if deletion.provider_fields == NOTHING:
        return fields
    known = msgspec.json.decode(fields)
    others = known if isinstance(known, dict) else {} if known is None else {"message": known}
    return Raw(msgspec.json.encode({**others, "deletion": deletion.provider_fields}))


def _with_first(message: Message, received: Received, first: Version) -> Message | None:
    """Put the first version before the edit by which the message is known, or fill a placeholder."""
    if received.known_by_edit_at is not None:
        sent = first.received
        before = replace(
            received,
            sent_at=sent.sent_at,
            known_by_edit_at=None,
            context=_lasting(sent.context, received.context),
        )
        if first.content == message.content or _is_move(first.content, message.content):
            return _moved(message, _with_fields(sent, before))
        edit = _stood(first.content, sent, received.known_by_edit_at)
        return replace(_moved(message, _shortened(before)), edits=within_limit((edit, *message.edits)))
    if isinstance(message.content, Unsupported) and not isinstance(first.content, Unsupported):
        return replace(_moved(message, first.received), content=first.content)
    return None


def _moved(message: Message, received: Received) -> Message:
    """Return the message with `received`; it is late if that has another time than was known so far."""
    is_elsewhere = message.received is not None and message.received.sent_at != received.sent_at
    return replace(message, received=received, late=message.late or is_elsewhere)


def _with_edit(message: Message, known: Received, version: Version, at: str) -> Message | None:
    is_former = known.latest_at is not None and at < known.latest_at
    received = replace(
        version.received,
        sent_at=known.sent_at,
        known_by_edit_at=known.known_by_edit_at,
        latest_at=at,
        context=_lasting(known.context, version.received.context),
    )
    if isinstance(message.content, Location) and isinstance(version.content, Location):
        return _with_place(message, known, version.content, received, is_former=is_former)
    if _is_empty(message, known):
        latest_at = known.latest_at if is_former else at
        return _changed(message, version.content, replace(received, latest_at=latest_at))
    if is_former or any(edit.at > at for edit in message.edits):
        return _with_former(message, known, version, at)
    if version.content == message.content:
        fields = _with_fields(known, version.received)
        return None if fields == known else replace(message, received=fields)
    if (at, version.content) in _standing(message, known):
        return None
    edits = within_limit((*message.edits, _stood(message.content, known, at)))
    return replace(message, content=version.content, edits=edits, received=_shortened(received))


def _is_empty(message: Message, known: Received) -> bool:
    """Return whether the content is a placeholder of which nothing stays."""
    former = message.content
    return isinstance(former, Unsupported) and not former.text and known.provider_fields == NOTHING


def _with_place(
    message: Message, known: Received, place: Location, received: Received, *, is_former: bool
) -> Message | None:
    """Return the message with the later of its place and another; what only one of them tells stays."""
    before = message.content
    if not isinstance(before, Location):
        return None
    if is_former:
        fields = _with_fields(received, known).provider_fields
        return _changed(message, _named(before, place), _shortened(replace(known, provider_fields=fields)))
    fields = _with_fields(known, received).provider_fields
    return _changed(message, _named(place, before), _shortened(replace(received, provider_fields=fields)))


def _named(place: Location, other: Location) -> Location:
    """Return the place with the name and the address of the other where it has none."""
    named = replace(place, name=place.name or other.name, address=place.address or other.address)
    return place if named == place else worded(replace(named, text=""))


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


def _with_former(message: Message, known: Received, version: Version, at: str) -> Message | None:
    """Put an edit that comes after a later edit in its place among the edits."""
    standing = _standing(message, known)
    if any(content == version.content and since in {None, at} for since, content in standing):
        return None
    since = [*(begin or "" for begin, _ in standing[:-1]), known.latest_at or at]
    place = bisect_right(since, at)
    if place == len(since):
        return None
    edit = _stood(version.content, version.received, since[place])
    before = [replace(former, at=at) for former in message.edits[:place][-1:]]
    edits = (*message.edits[: max(place - 1, 0)], *before, edit, *message.edits[place:])
    is_first_known = place == 0 and known.known_by_edit_at is not None
    received = replace(known, known_by_edit_at=at) if is_first_known else known
    return replace(message, edits=within_limit(edits), received=_shortened(received))


def _standing(message: Message, known: Received) -> list[tuple[str | None, Content]]:
    """Return the contents in their order, each with the time since which it stood; None for the first one."""
    since = (known.known_by_edit_at, *(edit.at for edit in message.edits))
    contents = (*(edit.content for edit in message.edits), message.content)
    return list(zip(since, contents, strict=True))


def _stood(content: Content, received: Received, until: str) -> Edit:
    """Return the content as it stood until a time, with what belongs to it."""
    return Edit(
        content,
        until,
        bounded_context(received.context, MOST_FORMER_BYTES),
        bounded_json(received.provider_fields, MOST_FORMER_BYTES),
    )


def _lasting(former: Context | None, now: Context | None) -> Context | None:
    """Return what an edited message refers to. Links and a choice by its number belong to the words."""
    if former is None:
        return now
    latest = now or Context()
    lasting = Context(
        forward=latest.forward or former.forward,
        referral=latest.referral or former.referral,
        story=latest.story or former.story,
        product=latest.product or former.product,
        payload=latest.payload or (former.payload if former.title is None else None),
        quote=latest.quote or former.quote,
        links=latest.links,
        title=latest.title,
    )
    return None if lasting == Context() else lasting


def _with_fields(received: Received, later: Received) -> Received:
    """Return what was received together with the provider's fields that came later.

    Of a field that is an object, the fields are put together, too.
    """
    former, fields = _object(received.provider_fields), _object(later.provider_fields)
    fields = {**former, **{name: _together(former.get(name), part) for name, part in fields.items()}}
    return replace(received, provider_fields=Raw(msgspec.json.encode(fields)) if fields else NOTHING)


def _object(fields: Raw) -> dict[str, Raw]:
    """Return the fields of an object; other JSON as the only field."""
    try:
        return msgspec.json.decode(fields, type=dict[str, Raw])
    except msgspec.ValidationError:
        return {} if fields == NOTHING else {"fields": fields}


def _together(former: Raw | None, later: Raw) -> Raw:
    if former is None or not (bytes(former).startswith(b"{") and bytes(later).startswith(b"{")):
        return later
    return Raw(msgspec.json.encode(_object(former) | _object(later)))


def _shortened(received: Received) -> Received:
    """Return the same within the bytes that the edits leave in a row."""
    return replace(
        received,
        context=bounded_context(received.context, MOST_CONTEXT_BYTES),
        provider_fields=bounded_json(received.provider_fields, MOST_EDITED_FIELDS_BYTES),
    )


def within_limit(edits: Sequence[Edit], most_bytes: int = MOST_EDITS_BYTES) -> tuple[Edit, ...]:
    """Return the edits cut to `most_bytes`.

    The first edit, which holds the message as it was sent, stays. Of the others the latest stay, as many as
    fit.
    """
    first, *later = edits
    left = most_bytes - len(msgspec.json.encode(first))
    kept: list[Edit] = []
    for later_edit in reversed(later):
        left -= len(msgspec.json.encode(later_edit))
        if kept and left < 0:
            break
        kept.append(later_edit)
    return (first, *reversed(kept))
