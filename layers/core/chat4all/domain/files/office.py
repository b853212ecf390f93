"""Office files: the type of a document, and the reasons to refuse it.

`[Content_Types].xml` names the type of a document's main part, and so of the document; Word reads the type
there, too. The file is searched and not parsed, so that nothing in it can expand.
"""

from typing import Final
from zipfile import ZipInfo

from chat4all.domain.files.file import OFFICE
from chat4all.domain.files.inspection import Refusal, RejectCode, Sample
from chat4all.domain.files.zips import ZipBroken, opened, unpack

OLE_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

OFFICE_TYPES: Final = {
    b"wordprocessingml.document.main+xml": f"{OFFICE}.wordprocessingml.document",
    b"spreadsheetml.sheet.main+xml": f"{OFFICE}.spreadsheetml.sheet",
    b"presentationml.presentation.main+xml": f"{OFFICE}.presentationml.presentation",
}
_CONTENT_TYPES: Final = "[content_types].xml"
_ENCRYPTED_PART: Final = 0x1
_MOST_CONTENT_TYPES_BYTES: Final = 1024 * 1024
_MACROS: Final = (
    b"macroenabled",
    b"ms-office.vbaproject",
    b"ms-excel.macrosheet",
    b"ms-excel.intlmacrosheet",
)
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_DIRECTORY_BYTES: Final = 64 * 1024
_OLE_STREAMS: Final = tuple(
    (stream.encode("utf-16-le"), content_type)
    for stream, content_type in (
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("Book\0", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("__properties_version1.0", "application/vnd.ms-outlook"),
    )
)
OLE_TYPES: Final = frozenset(content_type for _, content_type in _OLE_STREAMS)

_BROKEN: Final = Refusal(RejectCode.DOCUMENT_BROKEN, "The document is damaged: its parts cannot be read.")
_ENCRYPTED: Final = Refusal(
    RejectCode.ENCRYPTED,
    "The document is protected by a password, so that it cannot be scanned for malware.",
)
_HAS_MACROS: Final = Refusal(RejectCode.MACROS, "The document contains macros.")
_AMBIGUOUS: Final = Refusal(RejectCode.POLYGLOT, "It is several kinds of document at once.")


def zip_type(sample: Sample) -> str | Refusal | None:
    """Return the content type of a zip file; None if it is not a document."""
    try:
        archive = opened(sample)
        parts = archive.infolist()
        listing = [part for part in parts if part.filename.lower() == _CONTENT_TYPES]
        if any(part.flag_bits & _ENCRYPTED_PART for part in parts):
            return _ENCRYPTED
        if not listing:
            return None
        if len(listing) > 1:
            return _AMBIGUOUS
        listed = unpack(archive, listing[0], _MOST_CONTENT_TYPES_BYTES).lower()
    except ZipBroken:
        return _BROKEN
    return _document(parts, listed)


def ole_type(sample: Sample) -> Refusal | None:
    """Refuse an OLE file that holds an encrypted document; return None for any other OLE file.

    An office file with a password is an OLE file around the encrypted document.

    https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
    """
    return _ENCRYPTED if _ENCRYPTED_STREAM in _ole_directory(sample) else None


def ole_document(sample: Sample) -> str | None:
    """Return the type of an old office file, by the names of its streams; None if it has none of them."""
    directory = _ole_directory(sample)
    return next((content_type for stream, content_type in _OLE_STREAMS if stream in directory), None)


def _ole_directory(sample: Sample) -> bytes:
    sector_bytes = 1 << min(int.from_bytes(sample.head[30:32], "little"), 12)
    first = int.from_bytes(sample.head[48:52], "little")
    return sample.read((first + 1) * sector_bytes, _DIRECTORY_BYTES)


def _document(parts: list[ZipInfo], listed: bytes) -> str | Refusal | None:
    if any(macro in listed for macro in _MACROS) or any(_is_macro(part) for part in parts):
        return _HAS_MACROS
    kinds = [content_type for main, content_type in OFFICE_TYPES.items() if main in listed]
    if len(kinds) > 1:
        return _AMBIGUOUS
    return kinds[0] if kinds else None


def _is_macro(part: ZipInfo) -> bool:
    return part.filename.lower().replace("\\", "/").rpartition("/")[2] == "vbaproject.bin"
