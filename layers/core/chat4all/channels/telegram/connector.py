"""Telegram by the Bot API: https://core.telegram.org/bots/api"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from chat4all.channels.shared.answers import not_answered, refused, sent_unread, spelled
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.fetching import looked_up
from chat4all.channels.shared.file_part import FilePart, SourceFailed
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.channels.shared.secrets import same_secret
from chat4all.channels.telegram.acts import request_of
from chat4all.channels.telegram.address import canonical, is_address, message_name
from chat4all.channels.telegram.failures import TELEGRAM_FAILURES
from chat4all.channels.telegram.manifest import CAPABILITIES
from chat4all.channels.telegram.proof import proof_in
from chat4all.channels.telegram.rendering import form_fields, method_of, rendered
from chat4all.channels.telegram.webhook import parsed
from chat4all.domain.acts import Done, Editing, ProviderAct
from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.kinds import Reaction
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    FetchFailed,
    Fetching,
    Proof,
    WebhookAnswer,
    WebhookRequest,
)

MOST_FETCHED_BYTES: Final = 20_000_000
"""https://core.telegram.org/bots/api#getfile"""
_NOT_MODIFIED: Final = "message is not modified"
_UNREADABLE: Final = SendError(Outcome.RETRY, "FILE_UNREADABLE", "The file could not be read from our store.")


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


class _AcceptedAlbum(msgspec.Struct, frozen=True):
    result: tuple[_SentMessage, ...]


class _Refused(msgspec.Struct, frozen=True):
    error_code: int
    parameters: _Parameters = _Parameters()
    description: str = ""


class _Tap(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#callbackquery"""

    id: Id


class _Tapped(msgspec.Struct, frozen=True):
    callback_query: _Tap


class Telegram:
    """The connector of a bot. A shared secret, not a signature, proves its webhooks."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/")
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        match submission.content:
            case OutgoingMedia(transfer=Transfer.UPLOAD) as media:
                try:
                    answer = self._upload(submission, media, secret)
                except SourceFailed:
                    return _UNREADABLE
            case _:
                request = rendered(submission)
                if isinstance(request, SendError):
                    return request
                linked = sum(file.size for file in _files(submission))
                answer = self._http.post_json(
                    self._method(request.method, secret), request.body, linked_bytes=linked
                )
        if isinstance(answer, NetworkFailure):
            return not_answered(TELEGRAM_FAILURES, answer)
        refusal = decoded(answer.body, _Refused)
        if refusal or not 200 <= answer.status < 300:
            error = _send_error(refusal, answer)
            return sent_unread(submission.delivery_id) if _is_gone(submission, error) else error
        return _sent_album(submission, answer) if submission.album else _sent(submission, answer)

    def act(self, act: ProviderAct, secret: ChannelSecret) -> Done | SendError:
        """Carry out the act. An edit that changes nothing is done: its first answer may have been lost.

        Telegram has one code for all refusals of an edit, so that only the description tells this one:
        https://github.com/TelegramBotAPI/errors. If the description changes, the repeated edit is FAILED.
        """
        request = request_of(act)
        if request is None:
            return Done()
        if isinstance(request, SendError):
            return request
        answer = self._http.post_json(self._method(request.method, secret), request.body)
        if isinstance(answer, NetworkFailure):
            return not_answered(TELEGRAM_FAILURES, answer)
        refusal = decoded(answer.body, _Refused)
        if refusal is None and 200 <= answer.status < 300:
            return Done()
        is_same = isinstance(act, Editing) and refusal is not None and _NOT_MODIFIED in refusal.description
        return Done() if is_same else _send_error(refusal, answer)

    def _upload(
        self, submission: Submission, media: OutgoingMedia, secret: ChannelSecret
    ) -> HttpAnswer | NetworkFailure:
        method, field = method_of(media)
        file = FilePart(field, media.filename, media.content_type, media.size, media.url)
        return self._http.post_multipart(self._method(method, secret), form_fields(submission, media), file)

    def _method(self, name: str, secret: ChannelSecret) -> str:
        return f"{self._url}/bot{quote(secret.access_token, safe=':')}/{name}"

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        answer = self._http.get(self._method("getMe", secret))
        if isinstance(answer, NetworkFailure):
            return not_answered(TELEGRAM_FAILURES, answer)
        refusal = decoded(answer.body, _Refused)
        if refusal or not 200 <= answer.status < 300:
            return _send_error(refusal, answer)
        return proof_in(answer)

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

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        """Return the call that ends a tap: until then, the person's app shows the button as busy.

        https://core.telegram.org/bots/api#answercallbackquery
        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        tapped = decoded(body, _Tapped)
        if tapped is None:
            return None
        call = {"method": "answerCallbackQuery", "callback_query_id": tapped.callback_query.id}
        return WebhookAnswer("application/x-www-form-urlencoded", urlencode(call))

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """Return None: a call of the API sets a webhook, and nobody confirms it."""
        return None

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        """Return the events. An update does not name its bot; `verify` has proved that it is for ours."""
        return parsed(body)


def _encoded(body: msgspec.Struct) -> bytes:
    return msgspec.json.encode(body)


def _files(submission: Submission) -> tuple[OutgoingMedia, ...]:
    """Return the files that Telegram fetches before it answers."""
    content = submission.content
    return (content, *submission.album) if isinstance(content, OutgoingMedia) else ()


def _sent(submission: Submission, answer: HttpAnswer) -> Sent:
    accepted = decoded(answer.body, _Accepted)
    if accepted is None:  # so it is for a reaction: Telegram answers `true`
        return sent_unread(submission.delivery_id)
    return Sent(_name(accepted.result, submission))


def _sent_album(submission: Submission, answer: HttpAnswer) -> Sent:
    """Return the ids of an album, which Telegram gives in the order of the files."""
    accepted = decoded(answer.body, _AcceptedAlbum)
    names = tuple(_name(sent, submission) for sent in accepted.result) if accepted is not None else ()
    return Sent(names[0], names) if names else sent_unread(submission.delivery_id)


def _name(sent: _SentMessage, submission: Submission) -> str:
    return message_name(sent.chat.id, sent.message_id, sent.date, submission.account)


def _is_gone(submission: Submission, error: SendError) -> bool:
    """Return whether the reaction to take back is not there: an earlier try did, or its message is gone."""
    is_removal = submission.content == Reaction("", submission.content.text)
    return is_removal and error.outcome is Outcome.PERMANENT and error.code == "400"


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
