"""The type of a file by its bytes, and the refusal of files of two formats.

A file of two formats shows one format to a scanner, and the other to the program that opens it. Inspection
refuses:

| file | reason |
|---|---|
| no document, but a zip directory at the end | zip readers search from the end: a picture may be a program |
| no PDF, but `%PDF-1.` in the first 1,024 bytes | PDF readers search there: ISO 32000-1, annex H, note 13 |
| a text that begins as a script, a page, SVG, RTF or PostScript | other programs run or render it |

Inspection accepts the photos of phones, which carry a film, a depth map or the maker's data behind the
picture.
"""

import re
from collections.abc import Callable
from typing import Final

from chat4all.domain.files.file import FILE_TYPES
from chat4all.domain.files.inspection import Found, ReadRange, Refusal, RejectCode, Sample
from chat4all.domain.files.office import OFFICE_TYPES, ole_type, zip_type
from chat4all.domain.files.plain_text import is_program
from chat4all.domain.files.signatures import ZIP_MARK, is_ole, other_type_by_head, types_by_head
from chat4all.domain.files.zips import ends_as_zip

PDF: Final = "application/pdf"
TEXT: Final = "text/plain"
NameFormat = Callable[[bytes], str | None]
"""A function that names the format of a file of an unknown type, for people: `Windows executable (.exe)`."""

_PDF_HEADER: Final = re.compile(rb"%PDF-\d\.")
_PDF_READERS_LOOK: Final = 1_024
_NO_TEXT: Final = Refusal(
    RejectCode.NOT_TEXT,
    "The file is not plain text. Save it in UTF-8, or in UTF-16 with a byte order mark,"
    " and without control characters.",
)


def judge(declared: str, found: Found, read: ReadRange, name: NameFormat) -> str | Refusal:
    """Return the content type of the file: `declared` if the bytes fit it, else the type that they fit.

    Both types are in FILE_TYPES; a file of any other type is refused.
    """
    sample = Sample(found.head, found.tail, found.size, within(found.size, read))
    types = _types(sample, is_text=found.is_text)
    if isinstance(types, Refusal):
        return types
    if not types:
        if declared == TEXT:
            return _NO_TEXT
        return _none_of_ours(declared, name(found.head))
    kind = declared if declared in types else types[0]
    return _second_format(kind, sample) or kind


def likely_type(declared: str, head: bytes) -> str:
    """Return the likely type of a file by its first bytes; `declared` if the bytes fit no known type."""
    if head.startswith(ZIP_MARK):
        return declared
    types = types_by_head(head)
    if types:
        return declared if declared in types else types[0]
    return other_type_by_head(head) or declared


def mismatch(declared: str, is_really: str) -> Refusal:
    return Refusal(RejectCode.TYPE_MISMATCH, f"It was declared as {declared}, but it is {is_really}.")


def within(size: int, read: ReadRange) -> ReadRange:
    """Limit `read` to the bytes of the file.

    A file may name a range beyond its end, and S3 answers such a range with an error.
    """

    def bounded(start: int, length: int) -> bytes:
        length = min(length, size - start)
        return read(start, length) if length > 0 else b""

    return bounded


def _types(sample: Sample, *, is_text: bool) -> tuple[str, ...] | Refusal:
    if sample.head.startswith(ZIP_MARK):
        document = zip_type(sample)
        if document is None or isinstance(document, Refusal):
            return document or ()
        return (document,)
    if is_ole(sample.head):
        return ole_type(sample) or ()
    types = types_by_head(sample.head)
    return (TEXT,) if is_text and not types else types


def _second_format(kind: str, sample: Sample) -> Refusal | None:
    if kind != PDF and _PDF_HEADER.search(sample.head[:_PDF_READERS_LOOK]):
        return Refusal(RejectCode.POLYGLOT, f"It is {kind}, and a PDF as well.")
    if kind not in OFFICE_TYPES.values() and ends_as_zip(sample):
        return Refusal(RejectCode.POLYGLOT, f"It is {kind}, and a zip archive as well.")
    if kind == TEXT and is_program(sample.head):
        return Refusal(RejectCode.POLYGLOT, "It is a text that begins as a script or a page.")
    return None


def _none_of_ours(declared: str, looks_like: str | None) -> Refusal:
    seems = f"it looks like: {looks_like}" if looks_like else "its bytes have no known format"
    if declared in FILE_TYPES:
        return Refusal(RejectCode.TYPE_MISMATCH, f"It was declared as {declared}, but {seems}.")
    return Refusal(RejectCode.TYPE_NOT_ALLOWED, f"Files of this type are not accepted; {seems}.")
