"""Instagram messaging.

Sending: https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message
`metadata` comes back in the echo of the message:
https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all.channels.instagram.address import canonical, is_address
from chat4all.channels.instagram.failures import INSTAGRAM_FAILURES
from chat4all.channels.instagram.manifest import CAPABILITIES
from chat4all.channels.instagram.webhook import parsed
from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.decoding import MessageId, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.http import HttpAnswer, HttpClient
from chat4all.channels.shared.meta import post_message, signed, subscription_answer
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.files.file import MediaKind
from chat4all.domain.sending import OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret, Fetching, WebhookAnswer, WebhookRequest

API_VERSION: Final = "v25.0"
"""Served until 29 July 2028: https://developers.facebook.com/docs/graph-api/changelog/versions/"""


class _Recipient(msgspec.Struct, frozen=True):
    id: str


class _Payload(msgspec.Struct, frozen=True):
    url: str


class _Attachment(msgspec.Struct, frozen=True):
    type: str
    payload: _Payload


class _Content(msgspec.Struct, frozen=True, omit_defaults=True):
    metadata: str
    text: str | None = None
    attachment: _Attachment | None = None


class _Message(msgspec.Struct, frozen=True):
    recipient: _Recipient
    message: _Content


class _Answer(msgspec.Struct, frozen=True):
    message_id: MessageId


class Instagram:
    """The connector of a professional account; `secret.account_id` is its Instagram user id."""

    capabilities: Capabilities = CAPABILITIES
    webhook_answer: WebhookAnswer | None = None

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/{API_VERSION}"
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        """Send the text or the file. The API documents no field for a quote, and a file has no caption."""
        message = _Message(_Recipient(submission.address), _content(submission))
        account = _account(submission, secret)
        answer = post_message(self._http, self._url, account, message, INSTAGRAM_FAILURES)
        if isinstance(answer, SendError):
            return answer
        return _sent(answer) or sent_unread(submission.delivery_id)

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Download the file; its `reference` is a signed address, which needs no token."""
        return self._downloads(file.reference)

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return signed(request.headers, request.body, secret)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        return subscription_answer(query, secret)

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        return parsed(body, secret.account_id)


def _account(submission: Submission, secret: ChannelSecret) -> ChannelSecret:
    """Return the credentials with the account that the message leaves from.

    A webhook may name another account of ours than the account of the secret; its id is digits, which no
    account of the manifest is.
    """
    if not is_address(submission.account):
        return secret
    return msgspec.structs.replace(secret, account_id=submission.account)


def _content(submission: Submission) -> _Content:
    match submission.content:
        case OutgoingMedia(kind=kind, url=url):
            attachment = "file" if kind is MediaKind.DOCUMENT else kind.value
            return _Content(submission.delivery_id, attachment=_Attachment(attachment, _Payload(url)))
        case words:
            return _Content(submission.delivery_id, text=words.text)


def _sent(answer: HttpAnswer) -> Sent | None:
    read = decoded(answer.body, _Answer)
    return Sent(read.message_id) if read else None


CONNECTOR: Final = Instagram
