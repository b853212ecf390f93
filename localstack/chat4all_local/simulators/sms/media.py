"""Twilio's files: the types that a message may carry, and how files from customers are fetched.

Sources:

- https://www.twilio.com/docs/messaging/guides/accepted-mime-types: 5 MB for all files and the text together;
  the `Content-Type` must match the file
- https://www.twilio.com/docs/messaging/api/media-resource: a GET of
  `/2010-04-01/Accounts/{sid}/Messages/{sid}/Media/{sid}` redirects to the address of the bytes

A megabyte is 2**20 bytes here. Twilio accepts a message with an unsuitable file; the message fails later.
"""

import secrets
from typing import Final
from urllib.parse import parse_qsl, urlencode

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerMedia, InboundRequest
from chat4all_local.simulators.provider import Answer, Call, Download, Lookup
from chat4all_local.simulators.shared.file_signs import may_be
from chat4all_local.simulators.shared.media import Content, FetchEnd, MediaProblem, Unfetched
from chat4all_local.simulators.shared.media_shelf import MediaShelf, ShelfItem
from chat4all_local.simulators.sms.errors import (
    INVALID_CONTENT_TYPE,
    MEDIA_TOO_LARGE,
    NOT_FOUND,
    RETRIEVAL_FAILED,
    error_answer,
)

MOST_BYTES: Final = 5 * 2**20
INBOUND: Final = {
    "image": "image/jpeg",
    "video": "video/3gpp",
    "audio": "audio/amr",
    "document": "application/pdf",
}
"""The kinds of files that customers send, and the content type of each if none is given."""
_TAKEN: Final = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "video/mp4",
        "video/3gpp",
        "audio/mpeg",
        "audio/ogg",
        "audio/amr",
    }
    | {"audio/mp4", "application/pdf"}
)
_BYTES_PATH: Final = "/media-bytes/"


class TwilioMedia:
    """The files that customers send to an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._shelf = MediaShelf(account)

    def receive(self, request: InboundRequest, at: float) -> list[ShelfItem]:
        """Keep the files that a customer sends, at most ten."""
        if request.kind not in INBOUND:
            return []
        media = request.media or CustomerMedia(INBOUND[request.kind])
        return [
            self._shelf.put(f"ME{secrets.token_hex(16)}", request.sender, file, at)
            for file in (media, *request.more_media)
        ]

    def url(self, item: ShelfItem, message_sid: str) -> str:
        """Return the address of a file, as the webhook gives it."""
        settings = self._account.settings
        path = f"/2010-04-01/Accounts/{settings.account_id}/Messages/{message_sid}/Media/{item.media_id}"
        return self._account.base_url + path

    def serve(self, call: Call, at: float) -> Lookup | Download | Answer | None:
        """Answer an authenticated request for a customer's file. Returns None for any other request."""
        of_messages, _, media_sid = call.path.partition("/Media/")
        account_sid = self._account.settings.account_id
        if call.method != "GET" or not of_messages.startswith(
            f"/2010-04-01/Accounts/{account_sid}/Messages/"
        ):
            return None
        item = self._shelf.find(media_sid)
        if item is None:
            return media_missing()
        expiry = self._shelf.expiry(at)
        query = urlencode(
            {
                "sid": item.media_id,
                "expires": expiry,
                "signature": self._shelf.signature(item.media_id, expiry),
            }
        )
        return Lookup(item, Answer(307, b"", location=f"{self._account.base_url}{_BYTES_PATH}?{query}"))

    def download(self, call: Call, at: float) -> Download | Answer | None:
        """Answer a request at the address that a lookup redirects to, which needs no credentials."""
        if call.path != _BYTES_PATH:
            return None
        query = dict(parse_qsl(call.query))
        item = self._shelf.find(query.get("sid", ""))
        is_good = self._shelf.is_good(
            query.get("sid", ""), query.get("expires", ""), query.get("signature", ""), at
        )
        if item is None or not is_good or call.method != "GET":
            return media_expired()
        return Download(item, item.media.content_type, asked_before=True)


def media_missing() -> Answer:
    return error_answer(404, NOT_FOUND, "The requested resource was not found")


def media_expired() -> Answer:
    return Answer(403, b"AccessDenied", content_type="text/plain")


def media_problem(got: Content | Unfetched) -> MediaProblem | None:
    """Return the reason for which a message with this file fails."""
    if isinstance(got, Unfetched):
        if got.end is FetchEnd.TOO_LARGE:
            return MediaProblem(MEDIA_TOO_LARGE, "Media exceeds messaging provider size limit")
        return MediaProblem(RETRIEVAL_FAILED, f"HTTP retrieval failure: {got.detail}")
    if got.content_type not in _TAKEN or not may_be(got.content_type, got.head):
        return MediaProblem(INVALID_CONTENT_TYPE, f"Invalid Content-Type: {got.content_type}")
    return None
