"""Files: the types that may be uploaded, the parts of an upload, and the status of a file.

::

    POST ─► PENDING ──complete──► SCANNING ──► READY      may be sent and downloaded
              │                      │    └──► INFECTED   quarantined
              ├─ DELETE ► ABORTED    └───────► REJECTED   differs from its declaration, or is refused
              └─ never completed ► EXPIRED

A person's file becomes DELETED if its author deletes the message, in whichever of PENDING, SCANNING and READY
it is by then.
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
"""S3 accepts parts of 5 MiB and more: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""
LONGEST_NAME: Final = 255
THUMBNAILS_PX: Final = (200, 500)
"""The longer sides of the thumbnails."""

_MIB: Final = 1024 * 1024
_SEPARATORS: Final = frozenset("/\\")
_BIDI_MARKS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""These marks make `exe.gpj` read `jpg.exe`: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing"""


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"


class Form(StrEnum):
    """A way in which an app shows a file, other than as any file of its type."""

    VOICE = "voice"
    """A voice note: sound that the person recorded."""
    STICKER = "sticker"
    VIDEO_NOTE = "video_note"
    """A film that the person recorded, shown as a circle."""


class FileType(msgspec.Struct, frozen=True):
    """A type of file. `extensions` are lower-case, the usual extension first."""

    content_type: str
    kind: MediaKind
    extensions: tuple[str, ...]


OFFICE: Final = "application/vnd.openxmlformats-officedocument"
FILE_TYPES: Final = {
    file_type.content_type: file_type
    for file_type in (
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
"""The types that may be uploaded, by content type."""
BY_EXTENSION: Final = {
    extension: file_type for file_type in FILE_TYPES.values() for extension in file_type.extensions
}


def kind_of(content_type: str) -> MediaKind:
    """Return the kind of a file of any type: a type that is no picture, film or sound is a document."""
    kind = content_type.partition("/")[0]
    return (
        MediaKind(kind) if kind in {MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO} else MediaKind.DOCUMENT
    )


class FileStatus(StrEnum):
    PENDING = "PENDING"
    SCANNING = "SCANNING"
    READY = "READY"
    INFECTED = "INFECTED"
    REJECTED = "REJECTED"
    ABORTED = "ABORTED"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"


class Source(msgspec.Struct, frozen=True):
    """The place of a person's file at the provider: `reference` is its media id, file id or address there."""

    channel: str
    account: str
    reference: str


class Attachment(msgspec.Struct, frozen=True):
    """A file as it travels with a message.

    `content_type` of an uploaded file is a key of FILE_TYPES; a person may send any other type. `size` is in
    bytes; None while a person's file is not fetched yet and the provider gave no size. `width` and `height`
    of a picture are in pixels, and `codec` names the sound in an Ogg file, as the inspection found them.
    `form` is how the message shows the file.
    """

    file_id: str
    filename: str
    content_type: str
    size: int | None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    form: Form | None = None


class StoredFile(msgspec.Struct, frozen=True):
    """A stored file. `owner` is the id of the uploader's API key; a person's file has a `source` instead.

    `declared_sha256` is the uploader's claim, `sha256` the result of the inspection, both in lower-case hex.
    `code` and `reason` explain why the file is REJECTED or INFECTED; `malware` is the scanner's name for the
    malware. `inspection` is the code of the check that a READY file of a person did not pass, though it is no
    malware: UNKNOWN_TYPE, or a RejectCode. `width`, `height` and `codec` are as in Attachment.
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
    """The longer sides of the thumbnails, in pixels: some of THUMBNAILS_PX."""
    code: str | None = None
    reason: str | None = None
    malware: str | None = None
    source: Source | None = None
    inspection: str | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    sent_on: bool = False
    """A message of our side refers to this file of a person."""
    needed_until: str | None = None
    """Until then scheduled messages and batches need the file, also if retention says that it is over."""

    @property
    def part_count(self) -> int:
        return -(-self.size // self.part_size)

    def bytes_of_part(self, number: int) -> int:
        """Return the size of the part with this number; the numbers begin with 1."""
        return min(self.part_size, self.size - (number - 1) * self.part_size)

    @property
    def attachment(self) -> Attachment:
        return Attachment(
            file_id=self.file_id,
            filename=self.filename,
            content_type=self.content_type,
            size=self.size,
            width=self.width,
            height=self.height,
            codec=self.codec,
        )


class FileStored(msgspec.Struct, frozen=True, tag="stored"):
    """On `files.fifo`, group `file_id`: the bytes are in S3, and the `files` function inspects them."""

    file_id: str

    @property
    def ids(self) -> dict[str, str]:
        return {"file_id": self.file_id}


class FileToFetch(msgspec.Struct, frozen=True, tag="fetch"):
    """On `files.fifo`, group `file_id`: the `files` function fetches a person's file and inspects it."""

    file_id: str

    @property
    def ids(self) -> dict[str, str]:
        return {"file_id": self.file_id}


FileEvent = FileStored | FileToFetch


_NOT_YET: Final = {
    FileStatus.PENDING: "is not uploaded yet",
    FileStatus.SCANNING: "is being inspected",
}
_GONE: Final = {
    FileStatus.ABORTED: "was given up while it was uploaded",
    FileStatus.EXPIRED: "has expired, or was never uploaded completely",
    FileStatus.DELETED: "was deleted by the person who sent it",
}


NOT_READY: Final = (FileNotReady, FileRefused, FileGone)
"""The errors about a file that is not READY."""


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
    """Return the size of every part but the last: whole MiB, so that a file has at most MOST_PARTS parts."""
    least = -(-size // MOST_PARTS)
    return max(LEAST_PART_BYTES, -(-least // _MIB) * _MIB)


def check_new_file(filename: str, size: int, content_type: str | None) -> FileType:
    """Return the type of a new file; raise Invalid with every issue of the declaration."""
    file_type = FILE_TYPES.get(content_type or "")
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
            all(unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} for character in filename),
            "must not contain control characters, line ends or lone surrogates",
        ),
        (
            len(filename.encode(errors="surrogatepass")) <= LONGEST_NAME,
            f"must be at most {LONGEST_NAME} bytes in UTF-8",
        ),
        (not _BIDI_MARKS & set(filename), "must not contain marks that change the direction of writing"),
        (extension in extensions, f"must end in .{' or .'.join(extensions)}, as its content_type requires"),
    )
    return next((issue for holds, issue in rules if not holds), None)
