"""The files of Instagram messaging: the types it accepts, and the addresses of files that customers send.

Sources:

-
  https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/attachment-upload:
  types and sizes
- https://developers.facebook.com/docs/messenger-platform/error-codes: 100 with 2018008 "Failed to fetch the
  file from the url", 2018047 "the provided media type does not match type of file provided in the URL",
  2018109 "Attachment size exceeds allowable limit"

A megabyte is 2**20 bytes here. The addresses need no token, carry a signature, and expire: Meta's CDN then
answers 403.
"""

import secrets
from typing import Final
from urllib.parse import parse_qsl, urlencode

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerMedia, InboundRequest
from chat4all_local.simulators.provider import Answer, Call, Download
from chat4all_local.simulators.shared.file_signs import may_be
from chat4all_local.simulators.shared.media import (
    Content,
    FetchEnd,
    MediaProblem,
    MediaRule,
    OutgoingMedia,
    Unfetched,
)
from chat4all_local.simulators.shared.media_shelf import MediaShelf, ShelfItem

CDN_PATH: Final = "/ig_messaging_cdn/"
MB: Final = 2**20
_INVALID: Final = 100
RULES: Final = {
    "image": MediaRule(("image/png", "image/jpeg", "image/gif"), 8 * MB),
    "audio": MediaRule(
        ("audio/aac", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/wav", "audio/x-wav"), 25 * MB
    ),
    "video": MediaRule(
        ("video/mp4", "video/ogg", "video/x-msvideo", "video/avi", "video/quicktime", "video/webm"), 25 * MB
    ),
    "file": MediaRule(("application/pdf",), 25 * MB),
}
INBOUND: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/pdf",
    "voice": "audio/mp4",
    "sticker": "image/webp",
}
"""The kinds of files that customers send, and the content type of each if none is given."""


class InstagramMedia:
    """The files that customers send to a professional account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._shelf = MediaShelf(account)

    def receive(self, request: InboundRequest, at: float) -> list[ShelfItem]:
        """Keep the files that a customer sends."""
        if request.kind not in INBOUND:
            return []
        media = request.media or CustomerMedia(INBOUND[request.kind])
        return [
            self._shelf.put(str(secrets.randbelow(10**16)), request.sender, file, at)
            for file in (media, *request.more_media)
        ]

    def url(self, media_id: str, at: float) -> str:
        expiry = self._shelf.expiry(at)
        query = urlencode(
            {"asset_id": media_id, "oe": expiry, "signature": self._shelf.signature(media_id, expiry)}
        )
        return f"{self._account.base_url}{CDN_PATH}?{query}"

    def download(self, call: Call, at: float) -> Download | Answer:
        query = dict(parse_qsl(call.query))
        media_id = query.get("asset_id", "")
        if call.method != "GET":
            return media_missing()
        if not self._shelf.is_good(media_id, query.get("oe", ""), query.get("signature", ""), at):
            return media_expired()
        item = self._shelf.find(media_id)
        if item is None:
            return media_missing()
        return Download(item, item.media.content_type, asked_before=False)


def media_missing() -> Answer:
    return Answer(404, b"Content not found", content_type="text/plain")


def media_expired() -> Answer:
    return Answer(403, b"URL signature expired", content_type="text/plain")


def media_problem(media: OutgoingMedia, got: Content | Unfetched) -> MediaProblem | None:
    if isinstance(got, Unfetched):
        if got.end is FetchEnd.TOO_LARGE:
            return MediaProblem(_INVALID, "(#100) Attachment size exceeds allowable limit", 2018109)
        return MediaProblem(_INVALID, "(#100) Failed to fetch the file from the url", 2018008)
    is_right = got.content_type in RULES[media.kind].content_types and may_be(got.content_type, got.head)
    return None if is_right else MediaProblem(_INVALID, "(#100) Upload attachment failure.", 2018047)
