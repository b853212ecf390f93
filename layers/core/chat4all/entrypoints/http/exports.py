"""/v1/users/{user_id}/exports and /v1/exports: everything about a person, as zips."""

import msgspec
from chalice.app import Request

from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.clock import Clock
from chat4all.domain.conversation import Conversation
from chat4all.domain.errors import ExportNotFound, UserNotFound
from chat4all.domain.exports import Export, ExportCounts, ExportState
from chat4all.domain.note import Note
from chat4all.domain.person import User
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.conversations import conversation_view
from chat4all.entrypoints.http.message_views import MessageView, ProgressView, message_view, progress_view
from chat4all.entrypoints.http.routes import Returns, route
from chat4all.entrypoints.http.users import user_view
from chat4all.services.files.download_links import DownloadLinks
from chat4all.services.files.ports import Files
from chat4all.services.messaging.read_messages import MessageProgress
from chat4all.services.privacy.manage_exports import ManageExports

_EXPORT = {
    "export_id": "7d5f0e0a-1c8a-4a44-9b3e-6a1c2d3e4f05",
    "user_id": "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02",
    "state": "READY",
    "created_at": "2026-01-31T12:00:00.123Z",
    "finished_at": "2026-01-31T12:03:10.456Z",
    "expires_at": "2026-02-07T12:00:00.123Z",
    "counts": {
        "conversations": 3,
        "messages": 812,
        "notes": 2,
        "audit_entries": 5,
        "files": 40,
        "files_missing": 1,
    },
    "zips": [
        {"url": "https://api.example.com/v1/links/3q2-7w", "size": 73400320},
    ],
}
_RUNNING = {**_EXPORT, "state": "RUNNING", "finished_at": None, "expires_at": None, "zips": []}


class ZipView(msgspec.Struct, frozen=True):
    """A zip of an export. Anybody can download it at `url` for 24 hours; `size` is in bytes."""

    url: str
    size: int


class ExportView(msgspec.Struct, frozen=True):
    """An export. The zips are shown once it is READY; each read makes links anew, until `expires_at`.

    `counts` are those of the zips that are written. `files_missing` are files whose bytes are gone.
    """

    export_id: str
    user_id: str
    state: ExportState
    created_at: str
    finished_at: str | None
    expires_at: str | None
    counts: ExportCounts
    zips: tuple[ZipView, ...]


class ExportedMessage(msgspec.Struct, frozen=True):
    """A message in a zip, with the progress of its deliveries."""

    message: MessageView
    progress: ProgressView


class ExportViews:
    def __init__(
        self, manage: ManageExports, files: Files, addresses: Addresses, clock: Clock, trail: AuditTrail
    ) -> None:
        self._manage = manage
        self._files = files
        self._addresses = addresses
        self._clock = clock
        self._trail = trail

    @route(
        "PostExport",
        "POST",
        "/v1/users/{user_id}/exports",
        Returns(ExportView, _RUNNING, 202),
        summary="Export everything about a person as zips; a running export is returned as it is",
        scope="privacy",
        errors=(UserNotFound,),
    )
    def post(self, request: Request, user_id: str) -> Answer:
        self._trail(request, AuditAction.USER_EXPORT, f"user:{user_id}")
        return Answer(self._view(request, self._manage.begin(user_id)), 202)

    @route(
        "GetExport",
        "GET",
        "/v1/exports/{export_id}",
        Returns(ExportView, _EXPORT),
        summary="Read how far an export is, and get links to its zips",
        scope="privacy",
        errors=(ExportNotFound,),
    )
    def get(self, request: Request, export_id: str) -> Answer:
        return Answer(self._view(request, self._manage.get(export_id)))

    def _view(self, request: Request, export: Export) -> ExportView:
        links = DownloadLinks(self._files, self._addresses(request), self._clock)
        state = self._manage.state(export)
        shown = export.zips if state is ExportState.READY else ()
        return ExportView(
            export_id=export.export_id,
            user_id=export.user_id,
            state=state,
            created_at=export.created_at,
            finished_at=export.finished_at,
            expires_at=export.expires_at,
            counts=export.counts,
            zips=tuple(ZipView(links.link(stored.file_id), stored.size) for stored in shown),
        )


class ApiShapes:
    """The shapes of the answers of this API, for the zips."""

    def user(self, user: User) -> msgspec.Struct:
        return user_view(user)

    def conversation(self, conversation: Conversation) -> msgspec.Struct:
        return conversation_view(conversation)

    def message(self, progress: MessageProgress) -> msgspec.Struct:
        return ExportedMessage(message_view(progress.message), progress_view(progress))

    def note(self, note: Note) -> msgspec.Struct:
        return note

    def audit_entry(self, entry: AuditEntry) -> msgspec.Struct:
        return entry
