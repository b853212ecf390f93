"""The true type of a file that a person sent. A file of an unknown type is kept: unknown is not dangerous.

A person's file is refused only for what the scanner says of it. Every other check leaves a note: the file is
READY, can be downloaded as an attachment, and cannot be sent on.

| the bytes | the type |
|---|---|
| have the signature of a type | that type, whatever was declared |
| are an archive or an OLE file | by their directory; else the declared type, if it may be in such a file |
| are a text in any encoding | the declared type, if it is a kind of text; else by its beginning |
| have no signature | the declared type, unless its files have a signature; else UNKNOWN |
"""

from typing import Final

import msgspec

from chat4all.domain.files.file import FILE_TYPES
from chat4all.domain.files.inspection import UNKNOWN_TYPE, Found, ReadRange, Refusal, RejectCode, Sample
from chat4all.domain.files.known_types import UNKNOWN, is_textual
from chat4all.domain.files.office import OFFICE_TYPES, OLE_TYPES, ole_document
from chat4all.domain.files.plain_text import text_type
from chat4all.domain.files.signatures import (
    OTHER_TYPES,
    ZIP_MARK,
    is_ole,
    other_type_by_head,
    types_by_head,
)
from chat4all.domain.files.sniffing import TEXT, judge, within
from chat4all.domain.files.zips import END_MARK

ZIP: Final = "application/zip"
OLE: Final = "application/x-ole-storage"
_RECOGNIZED: Final = (frozenset(FILE_TYPES) | OTHER_TYPES | OLE_TYPES | {ZIP, OLE, UNKNOWN}) - {TEXT}
"""The types whose files have a signature: bytes without the signature are of another type."""
_ABOUT_TYPES: Final = frozenset((RejectCode.TYPE_MISMATCH, RejectCode.TYPE_NOT_ALLOWED, RejectCode.NOT_TEXT))


class Received(msgspec.Struct, frozen=True):
    """The type of a person's file; `inspection` is the code of the check that it did not pass, if any."""

    content_type: str
    inspection: str | None = None


def received(declared: str, found: Found, read: ReadRange) -> Received:
    """Return the type of a person's file, which was declared as any type."""
    judged = judge(declared, found, read, lambda _head: None)
    if judged == TEXT and declared != TEXT and is_textual(declared):
        return Received(declared, UNKNOWN_TYPE)
    if judged == TEXT and (kind := text_type(found.head)) != TEXT:
        return Received(kind, UNKNOWN_TYPE)
    if not isinstance(judged, Refusal):
        return Received(judged)
    content_type = _type(declared, found, read, judged)
    is_about_type = judged.code in _ABOUT_TYPES
    is_about_type |= judged.code == RejectCode.POLYGLOT and content_type not in FILE_TYPES
    return Received(content_type, UNKNOWN_TYPE if is_about_type else judged.code)


def _type(declared: str, found: Found, read: ReadRange, judged: Refusal) -> str:
    head = found.head
    documents = frozenset[str]() if judged.code in _ABOUT_TYPES else frozenset(OFFICE_TYPES.values())
    if head.startswith((ZIP_MARK, END_MARK)):
        return _container(declared, ZIP, documents)
    if is_ole(head):
        sample = Sample(head, found.tail, found.size, within(found.size, read))
        return ole_document(sample) or _container(declared, OLE, OLE_TYPES | documents)
    types = types_by_head(head)
    if types:
        return declared if declared in types else types[0]
    other = other_type_by_head(head)
    if other is not None:
        return other
    if found.is_text or found.is_legacy_text:
        return declared if is_textual(declared) and declared != TEXT else text_type(head)
    return UNKNOWN if declared in _RECOGNIZED or is_textual(declared) else declared


def _container(declared: str, container: str, contents: frozenset[str]) -> str:
    """Return `declared` if files of this type may have the form of the container, else the container."""
    may_be = declared in contents or not (declared in _RECOGNIZED or is_textual(declared))
    return declared if may_be else container
