"""The files of the Telegram Bot API: the types it accepts, and how files from customers are fetched.

Sources, under https://core.telegram.org/bots/api:

- `#sending-files`: by address, photos of 5 MB and others of 20 MB, "the target file must have the correct
  MIME type", documents "only work for GIF, PDF and ZIP files"; in a form, photos of 10 MB and others of 50 MB
- `#sendphoto`: width and height at most 10000 together, ratio at most 20
- `#sendvideo` (MPEG4), `#sendaudio` (".MP3 or .M4A")
- `#sendvoice` (Ogg "encoded with OPUS", MP3 or M4A; by address Ogg of 1 MB)
- `#sendsticker` (WEBP by address or in a form, WEBM in a form), of the sizes in
  https://core.telegram.org/stickers
- `#sendvideonote` (MPEG4, in a form only)
- `#getfile`: 20 MB, an address valid for "at least 1 hour"

The descriptions of errors are those of https://github.com/tdlib/telegram-bot-api and of Telegram's own
servers (`IMAGE_PROCESS_FAILED`); no source shows those for voice notes and stickers. A form of more than
50 MB is answered with 413 Request Entity Too Large before it is read.

Telegram may send a video that is not MPEG4, or an audio that is neither MP3 nor M4A, as a document. The
simulator refuses such a file, because the message asked for another kind. A megabyte is 2**20 bytes, as in
the open server.
"""

import base64
import re
import secrets
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerMedia, InboundRequest, JsonObject
from chat4all_local.simulators.multipart import Form
from chat4all_local.simulators.provider import Answer, Call, Download
from chat4all_local.simulators.shared.file_signs import format_of, may_be
from chat4all_local.simulators.shared.media import Content, MediaProblem, MediaRule, OutgoingMedia, Unfetched
from chat4all_local.simulators.shared.media_shelf import MediaShelf, ShelfItem
from chat4all_local.simulators.shared.signing import ascii_json
from chat4all_local.simulators.telegram.parameters import ParameterError

MB: Final = 2**20
MOST_UPLOAD_BYTES: Final = 50 * MB
_MOST_PHOTO_BYTES: Final = 10 * MB
_MOST_DOWNLOAD_BYTES: Final = 20 * MB
_MOST_VOICE_LINK_BYTES: Final = 1 * MB
_MOST_STICKER_BYTES: Final = 512 * 2**10
_MOST_VIDEO_STICKER_BYTES: Final = 256 * 2**10
FILE_KINDS: Final = {
    "sendphoto": "photo",
    "sendvideo": "video",
    "sendaudio": "audio",
    "senddocument": "document",
    "sendvoice": "voice",
    "sendsticker": "sticker",
    "sendvideonote": "video_note",
}
"""The kind of file that each method sends, which is also the name of the method's parameter."""
_BY_LINK: Final = {
    "photo": MediaRule(("image/jpeg", "image/png", "image/webp", "image/gif"), 5 * MB),
    "video": MediaRule(("video/mp4",), 20 * MB),
    "audio": MediaRule(("audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/m4a"), 20 * MB),
    "document": MediaRule(("image/gif", "application/pdf", "application/zip"), 20 * MB),
    "voice": MediaRule(("audio/ogg",), _MOST_VOICE_LINK_BYTES),
    "sticker": MediaRule(("image/webp",), _MOST_STICKER_BYTES),
}
_FORMATS: Final = {
    "photo": frozenset({"jpeg", "png", "webp", "gif"}),
    "video": frozenset({"mp4"}),
    "audio": frozenset({"mp3", "mp4"}),
    "voice": frozenset({"ogg", "mp3", "mp4"}),
    "sticker": frozenset({"webp", "webm"}),
    "video_note": frozenset({"mp4"}),
}
_WRONG_FORMAT: Final = {
    "photo": "IMAGE_PROCESS_FAILED",
    "video": "VIDEO_CONTENT_TYPE_INVALID",
    "audio": "AUDIO_CONTENT_TYPE_INVALID",
    "voice": "VOICE_CONTENT_TYPE_INVALID",
    "sticker": "STICKER_FILE_INVALID",
    "video_note": "VIDEO_CONTENT_TYPE_INVALID",
}
_OPUS: Final = b"OpusHead"
NO_CAPTION: Final = frozenset({"sticker", "video_note"})
"""The kinds of files whose messages have no caption."""
INBOUND: Final = {
    "photo": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "document": "application/pdf",
    "sticker": "image/webp",
    "video_note": "video/mp4",
}
_PREFIXES: Final = {
    "photo": "AgAC",
    "video": "BAAC",
    "audio": "CQAC",
    "voice": "AwAC",
    "document": "BQAC",
    "sticker": "CAAC",
    "video_note": "DQAC",
}
_PLACES: Final = {
    "photo": ("photos", ".jpg"),
    "video": ("videos", ".mp4"),
    "audio": ("music", ".mp3"),
    "voice": ("voice", ".oga"),
    "document": ("documents", ""),
    "sticker": ("stickers", ".webp"),
    "video_note": ("video_notes", ".mp4"),
}
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_FILE_PATH: Final = re.compile(r"/file/bot([^/]+)/(.+)")
_SENT_KEPT: Final = 1_000
_PATHS_KEPT: Final = 10_000
_THUMBNAIL_PX: Final = 90


class _Sent(msgspec.Struct, frozen=True):
    kind: str
    content: Content


class _Path(msgspec.Struct, frozen=True):
    media_id: str
    expiry_ms: int


class TelegramMedia:
    """The files of a bot."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._shelf = MediaShelf(account)
        self._sent = account.store.table("sent files", _Sent, _SENT_KEPT)
        self._paths = account.store.table("paths of files", _Path, _PATHS_KEPT)

    def outgoing(self, kind: str, parameters: dict[str, str], form: Form | None) -> OutgoingMedia:
        """Read the file of a message. Raises ParameterError."""
        files = form.files if form else {}
        value = parameters.get(kind, "")
        part = (
            files.get(value.removeprefix("attach://")) if value.startswith("attach://") else files.get(kind)
        )
        if part is not None:
            return OutgoingMedia(kind, MOST_UPLOAD_BYTES, filename=part.filename, content=part)
        if not value:
            raise ParameterError(f"there is no {kind} in the request")
        if re.match(r"https?://[^\s/]+", value) and kind in _BY_LINK:
            name = value.partition("?")[0].rpartition("/")[2]
            return OutgoingMedia(kind, _BY_LINK[kind].most_bytes, link=value, filename=name or None)
        sent = self._sent.get(value)
        if sent is None:
            raise ParameterError("wrong file identifier/HTTP URL specified")
        if sent.kind != kind:
            raise ParameterError(f"can't use file of type {sent.kind.capitalize()} as {kind.capitalize()}")
        return OutgoingMedia(kind, MOST_UPLOAD_BYTES, filename=sent.content.filename, content=sent.content)

    def sent_fields(self, media: OutgoingMedia, content: Content) -> JsonObject:
        """Keep a sent file, so that its `file_id` can be sent again, and return its Message fields."""
        file_id = _new_file_id(media.kind)
        self._sent.put(file_id, _Sent(media.kind, content))
        about = _About(file_id, content.sha256, content.size, content.content_type, media.filename)
        return _fields(media.kind, about, content.pixels)

    def receive(self, request: InboundRequest, at: float) -> ShelfItem | None:
        """Keep the file that a customer sends. Returns None if the message has no file."""
        if request.kind not in INBOUND:
            return None
        media = request.media or CustomerMedia(INBOUND[request.kind])
        return self._shelf.put(_new_file_id(request.kind), request.sender, media, at)

    def received_fields(self, item: ShelfItem, kind: str) -> JsonObject:
        """Return the Message fields of a file that a customer sent."""
        media = item.media
        about = _About(item.media_id, item.sha256, item.size, media.content_type, media.filename)
        return _fields(kind, about, None)

    def file_of(self, file_id: str) -> ShelfItem:
        """Return the file that a getFile names. Raises ParameterError, also for files that the bot sent."""
        if not file_id:
            raise ParameterError("file_id not specified")
        item = self._shelf.find(file_id)
        if item is None:
            raise ParameterError("wrong file_id or the file is temporarily unavailable")
        if item.size > _MOST_DOWNLOAD_BYTES:
            raise ParameterError("file is too big")
        return item

    def file_fields(self, item: ShelfItem, at: float) -> JsonObject:
        """Give a file an address, and return the File object.

        https://core.telegram.org/bots/api#file
        """
        kind = next(kind for kind, prefix in _PREFIXES.items() if item.media_id.startswith(prefix))
        folder, usual_suffix = _PLACES[kind]
        suffix = _SUFFIX.search(item.media.filename or "")
        path = f"{folder}/file_{secrets.token_hex(6)}{suffix.group() if suffix else usual_suffix}"
        self._paths.put(path, _Path(item.media_id, self._shelf.expiry(at)))
        return {
            "file_id": item.media_id,
            "file_unique_id": _unique_id(item.sha256),
            "file_size": item.size,
            "file_path": path,
        }

    def download(self, call: Call, at: float) -> Download | Answer | None:
        """Answer `GET /file/bot{token}/{file_path}`. Returns None for another path."""
        match = _FILE_PATH.fullmatch(call.path)
        if match is None:
            return None
        if self._account.settings.with_token(match.group(1)) is None:
            return _not_served(401, "Unauthorized")
        path = self._paths.get(match.group(2))
        item = self._shelf.find(path.media_id) if path and at * 1000 < path.expiry_ms else None
        if item is None or call.method != "GET":
            return media_expired()
        return Download(item, "application/octet-stream", asked_before=True)


def media_expired() -> Answer:
    return _not_served(404, "Not Found")


def media_problem(media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
    if isinstance(got, Unfetched):
        return _bad("failed to get HTTP URL content")
    if got.size == 0:
        return _bad("file must be non-empty")
    problem = _linked_problem(media, got) if media.link is not None else _uploaded_problem(media, got)
    if problem is not None or media.kind == "document":
        return problem
    if not _is_format(media.kind, got):
        return _bad(_WRONG_FORMAT[media.kind])
    return (
        _bad("PHOTO_INVALID_DIMENSIONS") if media.kind == "photo" and _is_out_of_shape(got.pixels) else None
    )


def _is_format(kind: str, got: Content) -> bool:
    """Return whether the bytes have a format of the kind; an Ogg file of a voice note holds Opus."""
    found = format_of(got.head)
    return found in _FORMATS[kind] and (found != "ogg" or _OPUS in got.head)


def _linked_problem(media: OutgoingMedia, got: Content) -> MediaProblem | None:
    if got.content_type not in _BY_LINK[media.kind].content_types:
        return _bad("wrong type of the web page content")
    if media.kind == "document" and not may_be(got.content_type, got.head):
        return _bad("wrong file identifier/HTTP URL specified")
    return None


def _uploaded_problem(media: OutgoingMedia, got: Content) -> MediaProblem | None:
    if got.size > MOST_UPLOAD_BYTES:
        return MediaProblem(413, "Request Entity Too Large")
    if media.kind == "photo" and got.size > _MOST_PHOTO_BYTES:
        limit = f"the maximum size is {_MOST_PHOTO_BYTES} bytes"
        return _bad(f"file of size {got.size} bytes is too big for a photo; {limit}")
    if media.kind == "sticker":
        is_video = format_of(got.head) == "webm"
        most = _MOST_VIDEO_STICKER_BYTES if is_video else _MOST_STICKER_BYTES
        return _bad("file is too big") if got.size > most else None
    return None


class _About(msgspec.Struct, frozen=True):
    """The facts that a Message gives about any file."""

    file_id: str
    sha256: str
    size: int
    content_type: str
    filename: str | None

    def ids(self) -> JsonObject:
        return {"file_id": self.file_id, "file_unique_id": _unique_id(self.sha256), "file_size": self.size}


def _fields(kind: str, about: _About, pixels: tuple[int, int] | None) -> JsonObject:
    width, height = pixels or (640, 480)
    if kind == "photo":
        small: JsonObject = {
            "file_id": _new_file_id(kind),
            "file_unique_id": _unique_id(about.sha256, "s"),
            "file_size": min(about.size, 1_200),
            "width": min(width, _THUMBNAIL_PX),
            "height": min(height, _THUMBNAIL_PX),
        }
        return {"photo": [small, {**about.ids(), "width": width, "height": height}]}
    if kind == "video_note":
        return {kind: {**about.ids(), "length": 240, "duration": 3}}
    if kind == "sticker":
        return {kind: {**about.ids(), **_sticker(about.content_type)}}
    fields: JsonObject = {**about.ids(), "mime_type": about.content_type}
    if kind == "video":
        fields |= {"width": width, "height": height}
    if kind in {"video", "audio", "voice"}:
        fields["duration"] = 3
    if about.filename is not None and kind != "voice":
        fields["file_name"] = about.filename
    return {kind: fields}


def _sticker(content_type: str) -> JsonObject:
    """https://core.telegram.org/bots/api#sticker"""
    return {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": content_type == "application/x-tgsticker",
        "is_video": content_type == "video/webm",
        "emoji": "\U0001f642",
    }


def _is_out_of_shape(pixels: tuple[int, int] | None) -> bool:
    width, height = pixels or (1, 1)
    return width + height > 10_000 or max(width, height) > 20 * min(width, height)


def _new_file_id(kind: str) -> str:
    return _PREFIXES[kind] + secrets.token_urlsafe(48)


def _unique_id(sha256: str, suffix: str = "") -> str:
    return "AQAD" + base64.urlsafe_b64encode(bytes.fromhex(sha256)[:9]).decode() + suffix


def _bad(description: str) -> MediaProblem:
    return MediaProblem(400, f"Bad Request: {description}")


def _not_served(code: int, description: str) -> Answer:
    return Answer(code, ascii_json({"ok": False, "error_code": code, "description": description}), code=code)
