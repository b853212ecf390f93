"""/v1/files: upload in parts, read the status, download. /v1/links: download without a key."""

import re
from typing import Annotated, Final

import msgspec
from chalice.app import Request

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import (
    ConversationNotFound,
    Detail,
    FileAborted,
    FileComplete,
    FileExpired,
    FileNotFound,
    Invalid,
    LinkNotFound,
    NotYourFile,
    PartsMissing,
    PartsWrong,
    Unavailable,
    UploadGone,
    UserErased,
)
from chat4all.domain.files.file import MOST_PARTS, NOT_READY, StoredFile
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id
from chat4all.entrypoints.http.message_views import ErrorView
from chat4all.entrypoints.http.routes import Returns, owner_of, route
from chat4all.services.files.download_file import DownloadFile, FileDetails
from chat4all.services.files.download_links import VALID_FOR, DownloadLinks
from chat4all.services.files.ports import Files
from chat4all.services.files.upload_file import GivenPart, NewFile, PartToSend, Progress, UploadFile

"""The errors for a file that cannot be sent or downloaded, either yet or at all."""

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_ID: Final = "5d0c8a52-0d2b-4c8e-8a53-3f1f7a9f6c21"
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_NEW: Final = {"filename": "tour.mp4", "size": 2_147_483_648, "content_type": "video/mp4"}
_UPLOAD: Final = {
    "file_id": _ID,
    "status": "PENDING",
    "size": 2_147_483_648,
    "part_size": 8_388_608,
    "part_count": 256,
    "stored": [],
    "parts": [{"part_number": 1, "size": 8_388_608, "url": "https://bucket.s3.us-east-1.amazonaws.com/…"}],
    "next_from": 101,
}
_FILE: Final = {
    "file_id": _ID,
    "filename": "tour.mp4",
    "content_type": "video/mp4",
    "size": 2_147_483_648,
    "status": "READY",
    "error": None,
    "inspection": None,
    "sha256": _DIGEST,
    "thumbnails": {},
    "width": None,
    "height": None,
    "codec": None,
    "conversation_id": None,
    "created_at": "2026-01-31T12:00:00.123Z",
    "expires_at": "2027-01-31T12:00:00.123Z",
}
_SCANNING: Final = {**_FILE, "status": "SCANNING", "sha256": None}
_ABORTED: Final = {**_FILE, "status": "ABORTED", "sha256": None}
_LINK: Final = {
    "url": "https://api.example.com/v1/links/…",
    "expires_at": "2026-02-01T12:00:00.123Z",
    "filename": "tour.mp4",
    "content_type": "video/mp4",
    "size": 2_147_483_648,
    "sha256": _DIGEST,
}


class PostFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/files.

    `content_type` may have parameters, or be another name of an allowed type, such as `image/jpg`. `sha256`
    is in hexadecimal digits.
    """

    filename: str
    size: int
    content_type: str
    sha256: str | None = None
    conversation_id: Id | None = None


class PostComplete(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/files/{file_id}/complete."""

    parts: Annotated[tuple[GivenPart, ...], msgspec.Meta(max_length=MOST_PARTS)] | None = None


class ListParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """The query of a request for the addresses of parts, from part `from` on."""

    start: Annotated[int, msgspec.Meta(ge=1, le=MOST_PARTS)] = 1


class StoredPartView(msgspec.Struct, frozen=True):
    part_number: int
    etag: str
    size: int


class UploadView(msgspec.Struct, frozen=True):
    """An upload: the stored parts, and addresses for missing parts."""

    file_id: str
    status: str
    size: int
    part_size: int
    part_count: int
    stored: tuple[StoredPartView, ...]
    parts: tuple[PartToSend, ...]
    next_from: int | None


class FileView(msgspec.Struct, frozen=True):
    """A file, with its status and the addresses of its thumbnails.

    `filename` of a person's file is the person's own; `content_type` is the true type once the file is READY.
    `inspection` is null, or tells why a READY file of a person can only be downloaded, as an attachment, and
    not be sent on: UNKNOWN_TYPE, if its type may not be uploaded, or the check that it did not pass, such as
    ENCRYPTED, MACROS, POLYGLOT, DOCUMENT_BROKEN, IMAGE_BROKEN or IMAGE_TOO_LARGE. The scanner found no
    malware in it. `width` and `height` of a picture are in pixels; `codec` names the sound in an Ogg file.
    """

    file_id: str
    filename: str
    content_type: str
    size: int
    status: str
    error: ErrorView | None
    inspection: str | None
    sha256: str | None
    thumbnails: dict[str, str]
    width: int | None
    height: int | None
    codec: str | None
    conversation_id: str | None
    created_at: str
    expires_at: str


class LinkView(msgspec.Struct, frozen=True):
    """A link to the bytes of the file, and the time until which it works."""

    url: str
    expires_at: str
    filename: str
    content_type: str
    size: int
    sha256: str | None


class FileViews:
    def __init__(
        self,
        *,
        upload: UploadFile,
        download: DownloadFile,
        files: Files,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._upload = upload
        self._download = download
        self._files = files
        self._addresses = addresses
        self._clock = clock

    @route(
        "PostFile",
        "POST",
        "/v1/files",
        Returns(UploadView, _UPLOAD, 201),
        summary="Begin an upload; the answer has the first addresses to PUT parts to",
        scope="files:write",
        body=PostFile,
        example=_NEW,
        errors=(ConversationNotFound, UserErased),
    )
    def post(self, request: Request, body: PostFile) -> Answer:
        if body.sha256 is not None and not _SHA256.fullmatch(body.sha256):
            raise Invalid("The file is not valid.", Detail("sha256", "must be 64 hex digits"))
        new = NewFile(body.filename, body.size, body.content_type, body.sha256, body.conversation_id)
        return Answer(_upload_view(self._upload.begin(new, owner_of(request))), 201)

    @route(
        "GetFile",
        "GET",
        "/v1/files/{file_id}",
        Returns(FileView, _FILE),
        summary="Read a file's status, with addresses of its thumbnails for an hour",
        scope="files:read",
        errors=(FileNotFound, NotYourFile),
    )
    def get(self, request: Request, file_id: str) -> Answer:
        return Answer(_file_view(self._download.details(file_id, owner_of(request))))

    @route(
        "AbortFile",
        "DELETE",
        "/v1/files/{file_id}",
        Returns(FileView, _ABORTED),
        summary="Abort an upload",
        scope="files:write",
        errors=(FileNotFound, NotYourFile, FileComplete),
    )
    def abort(self, request: Request, file_id: str) -> Answer:
        return Answer(_file_view(FileDetails(self._upload.abort(file_id, owner_of(request)), {})))

    @route(
        "GetFileParts",
        "GET",
        "/v1/files/{file_id}/parts",
        Returns(UploadView, _UPLOAD),
        summary="Read which parts are stored, and get addresses of missing parts",
        scope="files:write",
        query=ListParts,
        errors=(FileNotFound, NotYourFile, FileComplete, FileAborted, FileExpired, UploadGone),
    )
    def parts(self, request: Request, file_id: str, query: ListParts) -> Answer:
        return Answer(_upload_view(self._upload.parts(file_id, owner_of(request), query.start)))

    @route(
        "CompleteFile",
        "POST",
        "/v1/files/{file_id}/complete",
        Returns(FileView, _SCANNING, 202),
        summary="Complete an upload, by every part's ETag or without a body; again, the answer is the same",
        scope="files:write",
        body=PostComplete,
        needs_body=False,
        example={"parts": [{"part_number": 1, "etag": "d41d8cd98f00b204e9800998ecf8427e"}]},
        errors=(FileNotFound, NotYourFile, PartsMissing, PartsWrong, FileAborted, FileExpired, UploadGone),
    )
    def complete(self, request: Request, file_id: str, body: PostComplete) -> Answer:
        file = self._upload.complete(file_id, owner_of(request), body.parts)
        return Answer(_file_view(FileDetails(file, {})), 202)

    @route(
        "DownloadFile",
        "GET",
        "/v1/files/{file_id}/download",
        Returns(LinkView, _LINK),
        summary="Get a link to a READY file, for 24 hours",
        scope="files:read",
        errors=(FileNotFound, NotYourFile, *NOT_READY),
    )
    def download(self, request: Request, file_id: str) -> Answer:
        file = self._download.ready(file_id, owner_of(request))
        url = DownloadLinks(self._files, self._addresses(request), self._clock).link(file_id)
        return Answer(_link_view(file, url, iso(self._clock() + VALID_FOR)))

    @route(
        "FollowLink",
        "GET",
        "/v1/links/{token}",
        Returns(
            None,
            "",
            status=302,
            content_type="text/plain",
            headers={"Location": "The address of the bytes, for some minutes. Range works."},
            meaning="A redirect to the bytes of the file.",
        ),
        summary="Follow a link to the bytes of a READY file; the token in the path is the key",
        errors=(LinkNotFound, *NOT_READY, Unavailable),
    )
    def follow(self, request: Request, token: str) -> Answer:
        """Answer with a redirect, which clients follow with their Range header."""
        headers = {"Location": self._download.follow(token), "Cache-Control": "no-store"}
        return Answer("", 302, headers)


def _upload_view(progress: Progress) -> UploadView:
    file = progress.file
    return UploadView(
        file_id=file.file_id,
        status=file.status.value,
        size=file.size,
        part_size=file.part_size,
        part_count=file.part_count,
        stored=tuple(StoredPartView(part.number, part.etag, part.size) for part in progress.stored),
        parts=progress.parts,
        next_from=progress.next_from,
    )


def _file_view(details: FileDetails) -> FileView:
    file = details.file
    return FileView(
        file_id=file.file_id,
        filename=file.filename,
        content_type=file.content_type,
        size=file.size,
        status=file.status.value,
        error=ErrorView(file.code, file.reason or "") if file.code is not None else None,
        inspection=file.inspection,
        sha256=file.sha256,
        thumbnails=details.thumbnails,
        width=file.width,
        height=file.height,
        codec=file.codec,
        conversation_id=file.conversation_id,
        created_at=file.created_at,
        expires_at=file.expires_at,
    )


def _link_view(file: StoredFile, url: str, expires_at: str) -> LinkView:
    return LinkView(url, expires_at, file.filename, file.content_type, file.size, file.sha256)
