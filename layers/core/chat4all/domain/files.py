"""Files: what may be uploaded, how it is cut into parts, and how far one has come.

::

    POST ─► PENDING ──complete──► SCANNING ──► READY      may be sent and downloaded
              │                      │    └──► INFECTED   quarantined
              ├─ DELETE ► ABORTED    └───────► REJECTED   is not what it was said to be
              └─ never completed ► EXPIRED
"""

import unicodedata
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

import msgspec

from chat4all.domain.errors import Conflict, Detail, FileGone, FileNotReady, FileRefused, Invalid

MOST_BYTES: Final = 2_147_483_648
MOST_PARTS: Final = 1_000
LEAST_PART_BYTES: Final = 8 * 1024 * 1024
"""S3 takes parts from 5 MiB on: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""
LONGEST_NAME: Final = 255
THUMBNAILS_PX: Final = (200, 500)
"""The longer side."""

_MIB: Final = 1024 * 1024
_LONGEST_EXTENSION: Final = 5
"""What comes after the last dot of a name is more of the name where it is longer."""
_SEPARATORS: Final = frozenset("/\\")
_BIDI_MARKS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make `exe.gpj` read `jpg.exe`: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing"""


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"


class FileType(msgspec.Struct, frozen=True):
    """`extensions` are lower-case, the usual one first."""

    content_type: str
    kind: MediaKind
    extensions: tuple[str, ...]


OFFICE: Final = "application/vnd.openxmlformats-officedocument"
FILE_TYPES: Final = {
    one.content_type: one
    for one in (
        FileType("image/jpeg", MediaKind.IMAGE, ("jpg", "jpeg")),
        FileType("image/png", MediaKind.IMAGE, ("png",)),
        FileType("image/gif", MediaKind.IMAGE, ("gif",)),
        FileType("image/webp", MediaKind.IMAGE, ("webp",)),
        FileType("application/pdf", MediaKind.DOCUMENT, ("pdf",)),
        FileType(f"{OFFICE}.wordprocessingml.document", MediaKind.DOCUMENT, ("docx",)),
        FileType(f"{OFFICE}.spreadsheetml.sheet", MediaKind.DOCUMENT, ("xlsx",)),
        FileType(f"{OFFICE}.presentationml.presentation", MediaKind.DOCUMENT, ("pptx",)),
        FileType("text/plain", MediaKind.DOCUMENT, ("txt",)),
        FileType("video/mp4", MediaKind.VIDEO, ("mp4",)),
        FileType("video/quicktime", MediaKind.VIDEO, ("mov",)),
        FileType("video/webm", MediaKind.VIDEO, ("webm",)),
        FileType("audio/mpeg", MediaKind.AUDIO, ("mp3",)),
        FileType("audio/ogg", MediaKind.AUDIO, ("ogg",)),
        FileType("audio/wav", MediaKind.AUDIO, ("wav",)),
        FileType("audio/mp4", MediaKind.AUDIO, ("m4a",)),
    )
}
"""What may be uploaded, by content type."""
BY_EXTENSION: Final = {extension: one for one in FILE_TYPES.values() for extension in one.extensions}


class FileStatus(StrEnum):
    PENDING = "PENDING"
    SCANNING = "SCANNING"
    READY = "READY"
    INFECTED = "INFECTED"
    REJECTED = "REJECTED"
    ABORTED = "ABORTED"
    EXPIRED = "EXPIRED"


class Source(msgspec.Struct, frozen=True):
    """Where a person's file is fetched from: `reference` is the provider's media id, file id or address."""

    channel: str
    account: str
    reference: str


class Attachment(msgspec.Struct, frozen=True):
    """A file as it travels with a message.

    `content_type` is one of FILE_TYPES. `size` is in bytes; None while a person's file is not fetched yet and the
    provider does not tell its size.
    """

    file_id: str
    filename: str
    content_type: str
    size: int | None

    @property
    def kind(self) -> MediaKind:
        return FILE_TYPES[self.content_type].kind


class StoredFile(msgspec.Struct, frozen=True):
    """`owner` is the id of the key that uploaded it; a person's file has none, and a `source`.

    `declared_sha256` is what the uploader said, `sha256` what was found, both in lower-case hex.
    `code` and `reason` say why it was REJECTED or INFECTED, `malware` what the scanner calls it.
    """

    file_id: str
    filename: str
    content_type: str
    size: int
    status: FileStatus
    created_at: str
    expires_at: str
    owner: str | None = None
    conversation_id: str | None = None
    upload_id: str | None = None
    part_size: int = LEAST_PART_BYTES
    declared_sha256: str | None = None
    sha256: str | None = None
    thumbnails: tuple[int, ...] = ()
    """Their longer sides in pixels; one each of THUMBNAILS_PX."""
    code: str | None = None
    reason: str | None = None
    malware: str | None = None
    source: Source | None = None

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size)

    def bytes_of_part(self, number: int) -> int:
        """Of the part with this number, from 1 on."""
        return min(self.part_size, self.size - (number - 1) * self.part_size)

    @property
    def attachment(self) -> Attachment:
        return Attachment(self.file_id, self.filename, self.content_type, self.size)


class FileStored(msgspec.Struct, frozen=True, tag="stored"):
    """On `files.fifo`, group `file_id`: its bytes lie in S3, and are to be inspected."""

    file_id: str


class FileToFetch(msgspec.Struct, frozen=True, tag="fetch"):
    """On `files.fifo`, group `file_id`: a person's file is to be fetched from its provider, then inspected."""

    file_id: str


FileEvent = FileStored | FileToFetch


_NOT_YET: Final = {
    FileStatus.PENDING: "is not uploaded yet",
    FileStatus.SCANNING: "is being inspected",
}
_GONE: Final = {
    FileStatus.ABORTED: "was given up while it was uploaded",
    FileStatus.EXPIRED: "has had its time, or was never uploaded completely",
}


def require_ready(file: StoredFile, field: str = "file_id") -> StoredFile:
    """Return the file; raise Conflict about `field` if the file is not READY."""
    if file.status is FileStatus.READY:
        return file
    refusal, issue = _other_than_ready(file)
    raise refusal(f"The file {issue}.", Detail(field, issue))


def _other_than_ready(file: StoredFile) -> tuple[type[Conflict], str]:
    if file.status in _NOT_YET:
        return FileNotReady, _NOT_YET[file.status]
    if file.status in _GONE:
        return FileGone, _GONE[file.status]
    return FileRefused, f"was refused: {(file.reason or file.status.value).rstrip('.')}"


def part_size(size: int) -> int:
    """Bytes of every part but the last: whole MiB, at most MOST_PARTS of them."""
    least = -(-size // MOST_PARTS)
    return max(LEAST_PART_BYTES, -(-least // _MIB) * _MIB)


def check_new_file(filename: str, size: int, content_type: str) -> FileType:
    """Raises Invalid with everything that is wrong."""
    file_type = FILE_TYPES.get(content_type)
    details = [
        Detail(field, issue)
        for field, issue in (
            ("filename", _name_issue(filename, file_type)),
            ("size", _size_issue(size)),
            ("content_type", None if file_type else f"must be one of {', '.join(FILE_TYPES)}"),
        )
        if issue
    ]
    if details or file_type is None:
        raise Invalid("The file is not valid.", *details)
    return file_type


def fitting_name(filename: str, file_type: FileType) -> str:
    """The name with an extension of the type, in the place of a wrong one."""
    path = PurePosixPath(filename)
    extension = path.suffix.removeprefix(".")
    if extension.lower() in file_type.extensions:
        return filename
    stem = path.stem if extension.isalnum() and len(extension) <= _LONGEST_EXTENSION else filename
    suffix = f".{file_type.extensions[0]}"
    return stem.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def _size_issue(size: int) -> str | None:
    if size < 1:
        return "must be at least 1 byte"
    return f"must be at most {MOST_BYTES} bytes" if size > MOST_BYTES else None


def _name_issue(filename: str, file_type: FileType | None) -> str | None:
    extension = PurePosixPath(filename).suffix.removeprefix(".").lower()
    extensions = file_type.extensions if file_type else (extension,)
    rules = (
        (1 <= len(filename) <= LONGEST_NAME, f"must be 1 to {LONGEST_NAME} characters, not {len(filename)}"),
        (not _SEPARATORS & set(filename), "must be a name without a path"),
        (
            all(unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"} for one in filename),
            "must not contain control characters, line ends or lone surrogates",
        ),
        (
            len(filename.encode(errors="surrogatepass")) <= LONGEST_NAME,
            f"must be at most {LONGEST_NAME} bytes in UTF-8",
        ),
        (not _BIDI_MARKS & set(filename), "must not contain marks that change the direction of writing"),
        (extension in extensions, f"must end in .{' or .'.join(extensions)}, as its content_type says"),
    )
    return next((issue for holds, issue in rules if not holds), None)
