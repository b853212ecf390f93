"""The types of files that people send beside those that may be uploaded, and the other names of types.

Browsers, phones and providers have several names for the same type: `image/jpg`, `audio/x-m4a`,
`text/plain; charset=utf-8`. The aliases are those of freedesktop.org's shared-mime-info and a few that people
reported: https://gitlab.freedesktop.org/xdg/shared-mime-info
"""

import re
from pathlib import PurePosixPath
from typing import Final

from chat4all.domain.files.file import BY_EXTENSION, FILE_TYPES, LONGEST_NAME, FileType, MediaKind, kind_of
from chat4all.domain.text import beginning_in_bytes

UNKNOWN: Final = "application/octet-stream"
_LONGEST_EXTENSION: Final = 5
"""A longer text after the last dot of a name is part of the name, not an extension."""
_LONGEST_TYPE: Final = 127
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*+/[a-z0-9][a-z0-9!#$&^_.+-]*+")
"""https://www.rfc-editor.org/rfc/rfc6838#section-4.2"""

_ALIASES: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/jfif": "image/jpeg",
    "image/x-png": "image/png",
    "application/x-pdf": "application/pdf",
    "application/acrobat": "application/pdf",
    "application/nappdf": "application/pdf",
    "image/pdf": "application/pdf",
    "plain/text": "text/plain",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/x-mpeg": "audio/mpeg",
    "audio/x-mpg": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/x-mp4": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-pn-wav": "audio/wav",
    "audio/x-ogg": "audio/ogg",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "application/x-ogg": "audio/ogg",
    "video/x-m4v": "video/mp4",
    "video/3gp": "video/3gpp",
    "audio/x-aac": "audio/aac",
    "audio/aacp": "audio/aac",
    "audio/x-hx-aac-adts": "audio/aac",
    "audio/x-amr": "audio/amr",
    "audio/x-flac": "audio/flac",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
    "application/vnd.ms-word": "application/msword",
    "application/x-msword": "application/msword",
    "application/doc": "application/msword",
    "application/msexcel": "application/vnd.ms-excel",
    "application/x-msexcel": "application/vnd.ms-excel",
    "application/excel": "application/vnd.ms-excel",
    "application/powerpoint": "application/vnd.ms-powerpoint",
    "application/mspowerpoint": "application/vnd.ms-powerpoint",
    "application/x-mspowerpoint": "application/vnd.ms-powerpoint",
    "application/x-zip": "application/zip",
    "application/x-zip-compressed": "application/zip",
    "application/x-rar": "application/vnd.rar",
    "application/x-rar-compressed": "application/vnd.rar",
    "application/x-gzip": "application/gzip",
    "text/json": "application/json",
    "text/xml": "application/xml",
    "text/rtf": "application/rtf",
    "text/comma-separated-values": "text/csv",
    "text/x-comma-separated-values": "text/csv",
    "text/x-csv": "text/csv",
    "application/csv": "text/csv",
    "text/x-vcard": "text/vcard",
    "application/javascript": "text/javascript",
    "application/x-javascript": "text/javascript",
    "binary/octet-stream": UNKNOWN,
    "application/binary": UNKNOWN,
    "application/x-download": UNKNOWN,
    "application/force-download": UNKNOWN,
}

_RECEIVED: Final = {
    file_type.content_type: file_type
    for file_type in (
        FileType("image/heic", MediaKind.IMAGE, ("heic",)),
        FileType("image/heif", MediaKind.IMAGE, ("heif",)),
        FileType("image/avif", MediaKind.IMAGE, ("avif",)),
        FileType("image/tiff", MediaKind.IMAGE, ("tiff", "tif")),
        FileType("image/bmp", MediaKind.IMAGE, ("bmp",)),
        FileType("video/3gpp", MediaKind.VIDEO, ("3gp",)),
        FileType("video/x-msvideo", MediaKind.VIDEO, ("avi",)),
        FileType("video/x-matroska", MediaKind.VIDEO, ("mkv",)),
        FileType("audio/aac", MediaKind.AUDIO, ("aac",)),
        FileType("audio/amr", MediaKind.AUDIO, ("amr",)),
        FileType("audio/amr-wb", MediaKind.AUDIO, ("awb",)),
        FileType("audio/flac", MediaKind.AUDIO, ("flac",)),
        FileType("application/msword", MediaKind.DOCUMENT, ("doc",)),
        FileType("application/vnd.ms-excel", MediaKind.DOCUMENT, ("xls",)),
        FileType("application/vnd.ms-powerpoint", MediaKind.DOCUMENT, ("ppt",)),
        FileType("application/vnd.ms-outlook", MediaKind.DOCUMENT, ("msg",)),
        FileType("application/rtf", MediaKind.DOCUMENT, ("rtf",)),
        FileType("application/vnd.oasis.opendocument.text", MediaKind.DOCUMENT, ("odt",)),
        FileType("application/vnd.oasis.opendocument.spreadsheet", MediaKind.DOCUMENT, ("ods",)),
        FileType("application/epub+zip", MediaKind.DOCUMENT, ("epub",)),
        FileType("application/zip", MediaKind.DOCUMENT, ("zip",)),
        FileType("application/vnd.rar", MediaKind.DOCUMENT, ("rar",)),
        FileType("application/x-7z-compressed", MediaKind.DOCUMENT, ("7z",)),
        FileType("application/gzip", MediaKind.DOCUMENT, ("gz",)),
        FileType("application/json", MediaKind.DOCUMENT, ("json",)),
        FileType("text/csv", MediaKind.DOCUMENT, ("csv",)),
        FileType("text/vcard", MediaKind.DOCUMENT, ("vcf",)),
        FileType("text/calendar", MediaKind.DOCUMENT, ("ics",)),
    )
}
"""Types that nothing runs or renders as a page: they keep their type when they are downloaded."""

_ACTIVE: Final = {
    file_type.content_type: file_type
    for file_type in (
        FileType("text/html", MediaKind.DOCUMENT, ("html", "htm")),
        FileType("image/svg+xml", MediaKind.IMAGE, ("svg",)),
        FileType("application/xml", MediaKind.DOCUMENT, ("xml",)),
        FileType("text/javascript", MediaKind.DOCUMENT, ("js", "mjs")),
        FileType("application/xhtml+xml", MediaKind.DOCUMENT, ("xhtml",)),
    )
}
"""Types that browsers run or render: they are downloaded as UNKNOWN, whatever the disposition says."""

_KNOWN: Final = {**_RECEIVED, **_ACTIVE, **FILE_TYPES}
_BY_EXTENSION: Final = {
    **{extension: known for known in _KNOWN.values() for extension in known.extensions},
    **BY_EXTENSION,
    "jfif": FILE_TYPES["image/jpeg"],
    "m4v": FILE_TYPES["video/mp4"],
    "oga": FILE_TYPES["audio/ogg"],
    "opus": FILE_TYPES["audio/ogg"],
}
_TEXTS: Final = frozenset(("json", "xml", "yaml", "x-yaml", "sql", "x-sh", "x-ndjson", "toml", "x-pem-file"))
"""The texts among the subtypes of `application`; a suffix as in `ld+json` counts, too."""


def canonical_type(declared: str) -> str | None:
    """Return the usual name of a declared type, without its parameters; None if it is no type at all."""
    bare = declared.partition(";")[0].strip().lower()
    if len(bare) > _LONGEST_TYPE or not _TYPE.fullmatch(bare):
        return None
    return _ALIASES.get(bare, bare)


def type_by_name(filename: str) -> str:
    """Return the type that the extension of the name stands for, or UNKNOWN."""
    known = _BY_EXTENSION.get(PurePosixPath(filename).suffix.removeprefix(".").lower())
    return known.content_type if known else UNKNOWN


def is_textual(content_type: str) -> bool:
    """Return whether files of the type are texts, so that only their sender can tell them apart."""
    kind, _, subtype = content_type.partition("/")
    return kind == "text" or subtype.rpartition("+")[2] in _TEXTS


def served_type(content_type: str) -> str:
    """Return the type with which the bytes are downloaded: never a type that a browser runs or renders."""
    return content_type if content_type in FILE_TYPES or content_type in _RECEIVED else UNKNOWN


def made_up_name(content_type: str) -> str:
    """Return a name for a file that came without a name, such as `image.jpg`."""
    return str(kind_of(content_type)) + _suffix(content_type)


def with_extension(filename: str, content_type: str) -> str:
    """Return the name, with an extension of the type if it has no extension; a name keeps its own."""
    extension = PurePosixPath(filename).suffix.removeprefix(".")
    suffix = _suffix(content_type)
    if (extension.isalnum() and len(extension) <= _LONGEST_EXTENSION) or not suffix:
        return filename
    return beginning_in_bytes(filename, LONGEST_NAME - len(suffix)) + suffix


def _suffix(content_type: str) -> str:
    known = _KNOWN.get(content_type)
    return f".{known.extensions[0]}" if known else ""
