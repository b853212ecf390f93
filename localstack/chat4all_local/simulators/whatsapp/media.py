"""The files of the WhatsApp Cloud API: the types it accepts, uploads, and files that customers send.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/:

- `business-phone-numbers/media`: supported types and sizes, `POST /{phone_number_id}/media`,
  `GET /{media_id}`, an address "valid for 5 minutes" that needs the token again and gives 404 where the
  download fails, ids that expire after 30 days (uploads) and 7 days (webhooks), 131052 for a customer's
  file of more than 100 MB
- `messages/sticker-messages` (500 KB, or 100 KB if it does not move), with 512 by 512 pixels as in
  https://whatsapp.github.io/WhatsApp-Nodejs-SDK/api-reference/types/StickerMediaObject, and
  `messages/audio-messages` (a voice note is Opus in Ogg)
- `webhooks/reference/messages/{image,video,audio,document}`: `sha256` in base64 there, in hexadecimal by
  `GET`
- `support/error-codes`: 131053 "Unable to upload the media used in the message", also for a link that cannot
  be fetched ("Downloading media from weblink failed with http code 404"); 131052 is about customers' files

A megabyte is 2**20 bytes here. The bytes of images, videos and audios are checked, those of documents are
not. Uploaded files cannot be downloaded, and nothing can be deleted.
"""

import base64
import secrets
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerMedia, InboundRequest, JsonObject
from chat4all_local.simulators.multipart import Form
from chat4all_local.simulators.provider import Answer, Call, Download, Lookup
from chat4all_local.simulators.shared.file_signs import is_opus, may_be
from chat4all_local.simulators.shared.graph import graph_error, missing_object, object_id_of, refuse_token
from chat4all_local.simulators.shared.media import (
    Content,
    FetchEnd,
    MediaProblem,
    MediaRule,
    OutgoingMedia,
    Unfetched,
)
from chat4all_local.simulators.shared.media_shelf import MediaShelf, ShelfItem
from chat4all_local.simulators.shared.signing import meta_json

MEDIA_UPLOAD: Final = 131053
DOWNLOAD_PATH: Final = "/whatsapp_business/attachments/"
KB: Final = 2**10
MB: Final = 2**20
MOST_BYTES: Final = 100 * MB
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
RULES: Final = {
    "image": MediaRule(("image/jpeg", "image/png"), 5 * MB),
    "video": MediaRule(("video/mp4", "video/3gp", "video/3gpp"), 16 * MB),
    "audio": MediaRule(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MB),
    "document": MediaRule(
        (
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}.wordprocessingml.document",
            f"{_OFFICE}.spreadsheetml.sheet",
            f"{_OFFICE}.presentationml.presentation",
        ),
        MOST_BYTES,
    ),
    "sticker": MediaRule(("image/webp",), 500 * KB),
    "voice": MediaRule(("audio/ogg",), 16 * MB),
}
"""By the type of a message; an audio that is a voice note has the rule `voice`."""
_MOST_STATIC_BYTES: Final = 100 * KB
"""Of a sticker that does not move."""
_STICKER_PX: Final = 512
INBOUND: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}
"""The kinds of files that customers send, and the content type of each if none is given."""
_UPLOADS_KEPT: Final = 1_000
_UPLOAD_S: Final = 30 * 24 * 3600
_WEBHOOK_ID_S: Final = 7 * 24 * 3600


class _Upload(msgspec.Struct, frozen=True):
    content: Content
    at: float


class WhatsAppMedia:
    """The files of a business phone number."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._shelf = MediaShelf(account)
        self._uploads = account.store.table("uploads", _Upload, _UPLOADS_KEPT)

    def uploaded(self, media_id: str, at: float) -> Content | None:
        """Return the file of an upload that has not expired."""
        upload = self._uploads.get(media_id)
        return upload.content if upload and at - upload.at < _UPLOAD_S else None

    def upload(self, call: Call, at: float) -> Answer:
        """Answer `POST /{phone_number_id}/media`, after its path and token were checked."""
        if call.too_large:
            return _refused_upload("The file is too large.", status=413)
        if call.form is None:
            return _refused_upload(call.form_problem or "The parameter file is required.")
        if problem := _form_problem(call.form):
            return _refused_upload(problem)
        media_id = _new_media_id()
        self._uploads.put(media_id, _Upload(call.form.files["file"], at))
        return Answer(200, meta_json({"id": media_id}))

    def serve(self, call: Call, at: float) -> Lookup | Download | Answer | None:
        """Answer a request for a customer's file. Returns None for any other request."""
        if call.path == DOWNLOAD_PATH:
            return self._download(call, at)
        media_id = object_id_of(call) if call.method == "GET" else None
        return self._look_up(call, media_id, at) if media_id is not None else None

    def _look_up(self, call: Call, media_id: str, at: float) -> Lookup | Answer:
        """Answer `GET /{media_id}`."""
        if refusal := refuse_token(call, self._account.settings):
            return refusal
        asked_for = dict(parse_qsl(call.query)).get("phone_number_id", self._account.settings.account_id)
        item = self._shelf.find(media_id)
        is_known = item is not None and at - item.received_at < _WEBHOOK_ID_S
        if item is None or not is_known or asked_for != self._account.settings.account_id:
            return missing_object("GET", media_id)
        answer: JsonObject = {
            "messaging_product": "whatsapp",
            "url": self._url(media_id, at),
            "mime_type": item.media.content_type,
            "sha256": item.sha256,
            "file_size": item.size,
            "id": media_id,
        }
        return Lookup(item, Answer(200, meta_json(answer)))

    def _download(self, call: Call, at: float) -> Download | Answer:
        """Answer a request at the address that a lookup gave."""
        if refusal := refuse_token(call, self._account.settings):
            return refusal
        query = dict(parse_qsl(call.query))
        media_id = query.get("mid", "")
        item = self._shelf.find(media_id)
        is_good = self._shelf.is_good(media_id, query.get("ext", ""), query.get("hash", ""), at)
        if item is None or not is_good or call.method != "GET":
            return media_not_found()
        return Download(item, item.media.content_type, asked_before=True)

    def receive(self, request: InboundRequest, at: float) -> ShelfItem | None:
        """Keep the file that a customer sends. Returns None if the message has no file."""
        if request.kind not in INBOUND:
            return None
        media = request.media or CustomerMedia(INBOUND[request.kind])
        return self._shelf.put(_new_media_id(), request.sender, media, at)

    def webhook_object(self, item: ShelfItem, request: InboundRequest, at: float) -> JsonObject:
        """Return the webhook's object of a file."""
        about: JsonObject = {
            "mime_type": item.media.content_type,
            "sha256": base64.b64encode(bytes.fromhex(item.sha256)).decode(),
            "id": item.media_id,
            "url": self._url(item.media_id, at),
        }
        if request.kind in {"audio", "voice"}:
            return {**about, "voice": request.kind == "voice"}
        if request.kind == "sticker":
            return {**about, "animated": False}
        if request.kind == "document":
            about["filename"] = item.media.filename or "document"
        if request.text is not None:
            about["caption"] = request.text
        return about

    def _url(self, media_id: str, at: float) -> str:
        expiry = self._shelf.expiry(at)
        signature = self._shelf.signature(media_id, expiry)
        query = urlencode({"mid": media_id, "ext": expiry, "hash": signature})
        return f"{self._account.base_url}{DOWNLOAD_PATH}?{query}"


def media_not_found() -> Answer:
    return Answer(404, b"Not Found", content_type="text/plain")


def _form_problem(form: Form) -> str | None:
    if form.fields.get("messaging_product") != "whatsapp":
        return "The parameter messaging_product is required."
    declared_type = form.fields.get("type", "").partition(";")[0].strip().lower()
    if not declared_type:
        return "The parameter type is required."
    content = form.files.get("file")
    if content is None:
        return "The parameter file is required."
    kind = _kind_of(content.content_type)
    if kind is None or _kind_of(declared_type) is None:
        known = (content_type for rule in RULES.values() for content_type in rule.content_types)
        types = ", ".join(dict.fromkeys(known))
        return f"Param file must be a file with one of the following types: {types}."
    if not 0 < content.size <= RULES[kind].most_bytes:
        return f"Param file has {content.size} bytes: too few or too many."
    return None


def _refused_upload(problem: str, *, status: int = 400) -> Answer:
    return graph_error(status, 100, f"(#100) {problem}")


def media_problem(media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
    """Return the reason for which a message with this file fails, with the details for its status."""
    name = media.kind.capitalize()
    rule = RULES[media.kind]
    if isinstance(got, Unfetched):
        if got.end is FetchEnd.TOO_LARGE:
            return _failed(
                f"{name} file size too big. Max file size we currently support: {rule.most_bytes} bytes."
            )
        code = "http code " if got.end is FetchEnd.STATUS else ""
        return _failed(f"Downloading media from weblink failed with {code}{got.detail}")
    if got.content_type not in rule.content_types or (
        got.content_type == "audio/ogg" and not is_opus(got.head)
    ):
        types = ", ".join(rule.content_types).replace("audio/ogg", "audio/ogg; codecs=opus")
        return _failed(f"Unsupported {name} mime type {got.content_type}. Please use one of {types}.")
    if media.kind == "sticker" and (problem := _sticker_problem(got)):
        return _failed(problem)
    is_readable = media.kind == "document" or may_be(got.content_type, got.head)
    if got.size == 0 or not is_readable:
        return _failed(f"{name} file could not be processed. Please choose a different file.")
    return None


def _sticker_problem(got: Content) -> str | None:
    if got.size > _MOST_STATIC_BYTES and not _moves(got.head):
        return f"Sticker file size too big. Max file size we currently support: {_MOST_STATIC_BYTES} bytes."
    if got.pixels not in {None, (_STICKER_PX, _STICKER_PX)}:
        return f"Sticker must have {_STICKER_PX} x {_STICKER_PX} pixels."
    return None


def _moves(head: bytes) -> bool:
    """Return whether a WebP is animated: https://developers.google.com/speed/webp/docs/riff_container"""
    return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 0x02)


def _failed(details: str) -> MediaProblem:
    return MediaProblem(MEDIA_UPLOAD, details)


def _kind_of(content_type: str) -> str | None:
    return next((kind for kind, rule in RULES.items() if content_type in rule.content_types), None)


def _new_media_id() -> str:
    return str(10**15 + secrets.randbelow(9 * 10**15))
