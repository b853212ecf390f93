"""Telegram by the Bot API: https://core.telegram.org/bots/api"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from chat4all.channels.shared.answers import not_answered, refused, sent_unread, spelled
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.fetching import looked_up
from chat4all.channels.shared.file_part import FilePart, SourceFailed
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.channels.shared.secrets import same_secret
from chat4all.channels.telegram.address import (
    business_connection,
    canonical,
    direct_number,
    is_address,
    message_name,
    message_number,
    topic_number,
)
from chat4all.channels.telegram.failures import TELEGRAM_FAILURES
from chat4all.channels.telegram.manifest import CAPABILITIES
from chat4all.channels.telegram.webhook import parsed
from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.files.file import MediaKind
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    FetchFailed,
    Fetching,
    WebhookAnswer,
    WebhookRequest,
)

MOST_FETCHED_BYTES: Final = 20_000_000
"""https://core.telegram.org/bots/api#getfile"""
_METHODS: Final = {
    MediaKind.IMAGE: ("sendPhoto", "photo"),
    MediaKind.VIDEO: ("sendVideo", "video"),
    MediaKind.AUDIO: ("sendAudio", "audio"),
    MediaKind.DOCUMENT: ("sendDocument", "document"),
}
"""The method of each kind, and its field for the file: https://core.telegram.org/bots/api#sendphoto"""
_UNREADABLE: Final = SendError(Outcome.RETRY, "FILE_UNREADABLE", "The file could not be read from our store.")


class _Quote(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#replyparameters"""

    message_id: int
    allow_sending_without_reply: bool


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text, without `parse_mode`, unformatted: https://core.telegram.org/bots/api#sendmessage"""

    chat_id: int
    text: str
    business_connection_id: str | None = None
    message_thread_id: int | None = None
    direct_messages_topic_id: int | None = None
    reply_parameters: _Quote | None = None


class _FileMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """`photo`, `video`, `audio` or `document` is the file's address."""

    chat_id: int
    business_connection_id: str | None = None
    message_thread_id: int | None = None
    direct_messages_topic_id: int | None = None
    caption: str | None = None
    photo: str | None = None
    video: str | None = None
    audio: str | None = None
    document: str | None = None
    reply_parameters: _Quote | None = None


class _FileReference(msgspec.Struct, frozen=True):
    file_id: str


class _FilePath(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#file"""

    file_path: Id


class _Found(msgspec.Struct, frozen=True):
    result: _FilePath


class _Chat(msgspec.Struct, frozen=True):
    id: int


class _SentMessage(msgspec.Struct, frozen=True):
    message_id: int
    chat: _Chat
    date: int | None = None


class _Parameters(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#responseparameters"""

    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Accepted(msgspec.Struct, frozen=True):
    result: _SentMessage


class _Refused(msgspec.Struct, frozen=True):
    error_code: int
    parameters: _Parameters = _Parameters()


class Telegram:
    """The connector of a bot. A shared secret, not a signature, proves its webhooks."""

    capabilities: Capabilities = CAPABILITIES
    webhook_answer: WebhookAnswer | None = None

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/")
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        try:
            answer = self._post(submission, secret)
        except SourceFailed:
            return _UNREADABLE
        if isinstance(answer, NetworkFailure):
            return not_answered(TELEGRAM_FAILURES, answer)
        refusal = decoded(answer.body, _Refused)
        if refusal or not 200 <= answer.status < 300:
            return _send_error(refusal, answer)
        accepted = decoded(answer.body, _Accepted)
        if accepted is None:
            return sent_unread(submission.delivery_id)
        sent = accepted.result
        return Sent(message_name(sent.chat.id, sent.message_id, sent.date, submission.account))

    def _post(self, submission: Submission, secret: ChannelSecret) -> HttpAnswer | NetworkFailure:
        match submission.content:
            case OutgoingMedia() as media:
                return self._post_file(submission, media, secret)
            case words:
                message = _encoded(_message(submission, words.text))
                return self._http.post_json(self._method("sendMessage", secret), message)

    def _post_file(
        self, submission: Submission, media: OutgoingMedia, secret: ChannelSecret
    ) -> HttpAnswer | NetworkFailure:
        method, field = _METHODS[media.kind]
        url = self._method(method, secret)
        if media.transfer is Transfer.UPLOAD:
            file = FilePart(field, media.filename, media.content_type, media.size, media.url)
            return self._http.post_multipart(url, _form_fields(submission, media), file)
        return self._http.post_json(url, _encoded(_file_message(submission, media)))

    def _method(self, name: str, secret: ChannelSecret) -> str:
        return f"{self._url}/bot{quote(secret.access_token, safe=':')}/{name}"

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Download the file: its id leads to a path that is valid for an hour."""
        if file.size is not None and file.size > MOST_FETCHED_BYTES:
            raise FetchFailed("TOO_LARGE", "Telegram gives bots no files over 20 MB.", is_final=True)
        question = _encoded(_FileReference(file.reference))
        found = looked_up(self._http.post_json(self._method("getFile", secret), question), _Found)
        token = quote(secret.access_token, safe=":")
        return self._downloads(f"{self._url}/file/bot{token}/{quote(found.result.file_path)}")

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        """Compare the header with the secret_token: https://core.telegram.org/bots/api#setwebhook"""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        return bool(secret.webhook_secret) and same_secret(secret.webhook_secret, given)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """Return None: a call of the API sets a webhook, and nobody confirms it."""
        return None

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        """Return the events. An update does not name its bot; `verify` has proved that it is for ours."""
        return parsed(body)


def _message(submission: Submission, text: str) -> _Message:
    return _Message(
        chat_id=int(submission.address),
        text=text,
        business_connection_id=business_connection(submission.account),
        message_thread_id=topic_number(submission.thread),
        direct_messages_topic_id=direct_number(submission.thread),
        reply_parameters=_quote(submission),
    )


def _file_message(submission: Submission, media: OutgoingMedia) -> _FileMessage:
    message = _FileMessage(
        chat_id=int(submission.address),
        business_connection_id=business_connection(submission.account),
        message_thread_id=topic_number(submission.thread),
        direct_messages_topic_id=direct_number(submission.thread),
        caption=media.text or None,
        reply_parameters=_quote(submission),
    )
    _, field = _METHODS[media.kind]
    return replace(message, **{field: media.url})


def _form_fields(submission: Submission, media: OutgoingMedia) -> dict[str, str]:
    """Encode each field of a form as JSON: https://core.telegram.org/bots/api#making-requests"""
    quoted = _quote(submission)
    fields = {
        "chat_id": submission.address,
        "business_connection_id": business_connection(submission.account) or "",
        "message_thread_id": str(topic_number(submission.thread) or ""),
        "direct_messages_topic_id": str(direct_number(submission.thread) or ""),
        "caption": media.text,
        "reply_parameters": _encoded(quoted).decode() if quoted else "",
    }
    return {name: value for name, value in fields.items() if value}


def _quote(submission: Submission) -> _Quote | None:
    quoted = message_number(submission.quoted_provider_message_id, submission.address)
    # The person may have deleted the quoted message; the answer must reach them all the same.
    return None if quoted is None else _Quote(quoted, allow_sending_without_reply=True)


def _encoded(body: msgspec.Struct) -> bytes:
    return msgspec.json.encode(body)


def _send_error(refusal: _Refused | None, answer: HttpAnswer) -> SendError:
    code = refusal.error_code if refusal else answer.status
    parameters = refusal.parameters if refusal else _Parameters()
    new_address = str(parameters.migrate_to_chat_id)
    if is_address(new_address):
        reason = "The group has moved to a new id."
        return SendError(Outcome.ADDRESS_CHANGED, spelled(code), reason, new_address=new_address)
    error = refused(TELEGRAM_FAILURES, code, answer)
    if error.outcome is Outcome.THROTTLED and parameters.retry_after:
        return msgspec.structs.replace(error, retry_after_s=parameters.retry_after)
    return error


CONNECTOR: Final = Telegram
