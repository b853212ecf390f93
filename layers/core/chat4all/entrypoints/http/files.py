"""/v1/files: upload in parts, follow, download. /v1/links: whoever has one downloads with it."""

import re
from typing import Annotated, Final

import msgspec
from chalice.app import Request

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.files import MOST_PARTS, StoredFile
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.bodies import Id, body_of, query_of
from chat4all.entrypoints.http.routes import Route, owner_of
from chat4all.entrypoints.http.views import ErrorView
from chat4all.services.files.download_file import DownloadFile, FileDetails
from chat4all.services.files.download_links import VALID_FOR, DownloadLinks
from chat4all.services.files.ports import Files
from chat4all.services.files.upload_file import GivenPart, NewFile, PartToSend, Progress, UploadFile

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class PostFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/files."""

    filename: str
    size: int
    content_type: str
    sha256: str | None = None
    conversation_id: Id | None = None


class PostComplete(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/files/{file_id}/complete."""

    parts: Annotated[tuple[GivenPart, ...], msgspec.Meta(max_length=MOST_PARTS)] | None = None


class StoredPartView(msgspec.Struct, frozen=True):
    part_number: int
    etag: str
    size: int


class UploadView(msgspec.Struct, frozen=True):
    file_id: str
    status: str
    size: int
    part_size: int
    part_count: int
    stored: tuple[StoredPartView, ...]
    parts: tuple[PartToSend, ...]
    next_from: int | None


class FileView(msgspec.Struct, frozen=True):
    file_id: str
    filename: str
    content_type: str
    size: int
    status: str
    error: ErrorView | None
    sha256: str | None
    thumbnails: dict[str, str]
    conversation_id: str | None
    created_at: str
    expires_at: str


class LinkView(msgspec.Struct, frozen=True):
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

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v1/files", "files:write", self.post),
            Route("GET", "/v1/files/{file_id}", "files:read", self.get),
            Route("DELETE", "/v1/files/{file_id}", "files:write", self.abort),
            Route("GET", "/v1/files/{file_id}/parts", "files:write", self.parts),
            Route("POST", "/v1/files/{file_id}/complete", "files:write", self.complete),
            Route("GET", "/v1/files/{file_id}/download", "files:read", self.download),
            Route("GET", "/v1/links/{token}", None, self.follow),
        ]

    def post(self, request: Request) -> Answer:
        body = body_of(request, PostFile)
        if body.sha256 is not None and not _SHA256.fullmatch(body.sha256):
            raise Invalid("The file is not valid.", Detail("sha256", "must be 64 lower-case hex digits"))
        new = NewFile(body.filename, body.size, body.content_type, body.sha256, body.conversation_id)
        return Answer(_upload_view(self._upload.begin(new, owner_of(request))), 201)

    def get(self, request: Request, file_id: str) -> Answer:
        return Answer(_file_view(self._download.details(file_id, owner_of(request))))

    def abort(self, request: Request, file_id: str) -> Answer:
        return Answer(_file_view(FileDetails(self._upload.abort(file_id, owner_of(request)), {})))

    def parts(self, request: Request, file_id: str) -> Answer:
        return Answer(_upload_view(self._upload.parts(file_id, owner_of(request), _from(request))))

    def complete(self, request: Request, file_id: str) -> Answer:
        body = body_of(request, PostComplete) if request.raw_body else PostComplete()
        file = self._upload.complete(file_id, owner_of(request), body.parts)
        return Answer(_file_view(FileDetails(file, {})), 202)

    def download(self, request: Request, file_id: str) -> Answer:
        file = self._download.ready(file_id, owner_of(request))
        url = DownloadLinks(self._files, self._addresses(request), self._clock).link(file_id)
        return Answer(_link_view(file, url, iso(self._clock() + VALID_FOR)))

    def follow(self, request: Request, token: str) -> Answer:
        """A redirect, which clients follow with their Range header."""
        headers = {"Location": self._download.follow(token), "Cache-Control": "no-store"}
        return Answer("", 302, headers)


def _from(request: Request) -> int:
    text = query_of(request, "from") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_PARTS):
        raise Invalid("from is not valid.", Detail("from", f"must be 1 to {MOST_PARTS}"))
    return int(text)


def _upload_view(progress: Progress) -> UploadView:
    file = progress.file
    return UploadView(
        file_id=file.file_id,
        status=file.status.value,
        size=file.size,
        part_size=file.part_size,
        part_count=file.part_count,
        stored=tuple(StoredPartView(one.number, one.etag, one.size) for one in progress.stored),
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
        sha256=file.sha256,
        thumbnails=details.thumbnails,
        conversation_id=file.conversation_id,
        created_at=file.created_at,
        expires_at=file.expires_at,
    )


def _link_view(file: StoredFile, url: str, expires_at: str) -> LinkView:
    return LinkView(url, expires_at, file.filename, file.content_type, file.size, file.sha256)
