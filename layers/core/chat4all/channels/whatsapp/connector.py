"""WhatsApp by the Cloud API.

Sending: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages
Files: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/document-messages
and the pages beside it; fetching those of people:
https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
Quoting: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/contextual-replies
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from chat4all.channels.shared.answers import can_be_quoted, sent_unread
from chat4all.channels.shared.decoding import Id, MessageId, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.fetching import looked_up
from chat4all.channels.shared.http import HttpAnswer, HttpClient
from chat4all.channels.shared.meta import asked_again_later, post_message, signed, subscription_answer
from chat4all.channels.whatsapp.address import canonical, is_group, is_user_id
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.channels.whatsapp.manifest import CAPABILITIES, GROUP_PREFIX, MANIFEST
from chat4all.channels.whatsapp.webhook import parsed
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.files.file import MediaKind
from chat4all.domain.sending import OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret, Fetching, WebhookAnswer, WebhookRequest

API_VERSION: Final = "v25.0"
"""Served until 29 July 2028: https://developers.facebook.com/docs/graph-api/changelog/versions/"""


class _Text(msgspec.Struct, frozen=True):
    body: str
    preview_url: bool


class _File(msgspec.Struct, frozen=True, omit_defaults=True):
    link: str
    caption: str | None = None
    filename: str | None = None
    """Only a document has a filename."""


class _Context(msgspec.Struct, frozen=True):
    message_id: str


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message to a phone number or a group, in `to`, or to a user id, in `recipient`.

    WhatsApp would take a user id in `to` for a number, accept the message, and never deliver it.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
    https://developers.facebook.com/documentation/business-messaging/whatsapp/groups/groups-messaging
    """

    messaging_product: str
    recipient_type: str
    type: str
    biz_opaque_callback_data: str
    text: _Text | None = None
    image: _File | None = None
    video: _File | None = None
    audio: _File | None = None
    document: _File | None = None
    to: str | None = None
    recipient: str | None = None
    context: _Context | None = None


class _Accepted(msgspec.Struct, frozen=True):
    id: MessageId


class _Answer(msgspec.Struct, frozen=True):
    messages: list[_Accepted]


class _MediaUrl(msgspec.Struct, frozen=True):
    url: Id


class WhatsApp:
    """The connector of our business phone numbers.

    `secret.account_id` is the phone_number_id of the first. The other numbers of the business have the same
    token, and a submission names them by their own phone_number_id.
    """

    capabilities: Capabilities = CAPABILITIES
    webhook_answer: WebhookAnswer | None = None

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/{API_VERSION}"
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        sender = _of_number(secret, submission.account)
        answer = post_message(self._http, self._url, sender, _message(submission), WHATSAPP_FAILURES)
        if isinstance(answer, SendError):
            return answer
        return _sent(answer) or sent_unread(submission.delivery_id)

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Download the file: its id leads to an address that is valid for 5 minutes and needs the token."""
        bearer = {"authorization": f"Bearer {secret.access_token}"}
        answer = self._http.get(f"{self._url}/{quote(file.reference, safe='')}", bearer)
        asked_again_later(answer, WHATSAPP_FAILURES)
        found = looked_up(answer, _MediaUrl)
        return self._downloads(found.url, bearer)

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return signed(request.headers, request.body, secret)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        return subscription_answer(query, secret)

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        return parsed(body, secret.account_id)


def _of_number(secret: ChannelSecret, account: str) -> ChannelSecret:
    """Return the credentials of one of our numbers."""
    return secret if account == MANIFEST.accounts[0] else replace(secret, account_id=account)


def _message(submission: Submission) -> _Message:
    quoted = submission.quoted_provider_message_id
    by_user_id = is_user_id(submission.address)
    message = _Message(
        messaging_product="whatsapp",
        recipient_type="group" if is_group(submission.address) else "individual",
        type="text",
        biz_opaque_callback_data=submission.delivery_id,
        to=None if by_user_id else submission.address.removeprefix(GROUP_PREFIX),
        recipient=submission.address if by_user_id else None,
        context=_Context(quoted) if quoted and can_be_quoted(quoted) else None,
    )
    match submission.content:
        case OutgoingMedia() as media:
            return _with_file(message, media)
        case words:
            return replace(message, text=_Text(words.text, preview_url=False))


def _with_file(message: _Message, media: OutgoingMedia) -> _Message:
    filename = media.filename if media.kind is MediaKind.DOCUMENT else None
    file = _File(media.url, caption=media.text or None, filename=filename)
    match media.kind:
        case MediaKind.IMAGE:
            return replace(message, type="image", image=file)
        case MediaKind.VIDEO:
            return replace(message, type="video", video=file)
        case MediaKind.AUDIO:
            return replace(message, type="audio", audio=file)
        case MediaKind.DOCUMENT:
            return replace(message, type="document", document=file)


def _sent(answer: HttpAnswer) -> Sent | None:
    read = decoded(answer.body, _Answer)
    return Sent(read.messages[0].id) if read and read.messages else None


CONNECTOR: Final = WhatsApp
