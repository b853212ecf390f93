"""Telegram by the Bot API: https://core.telegram.org/bots/api"""

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from chat4all.adapters.channels.answers import not_answered, refused, sent_unread
from chat4all.adapters.channels.capabilities import TELEGRAM
from chat4all.adapters.channels.decoding import decoded
from chat4all.adapters.channels.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.adapters.channels.secrets import same_secret
from chat4all.adapters.channels.telegram_failures import TELEGRAM_FAILURES
from chat4all.adapters.channels.telegram_ids import canonical, message_name, message_number
from chat4all.adapters.channels.telegram_webhook import inbound_events
from chat4all.domain.channel import Capabilities
from chat4all.domain.events import InboundEvent
from chat4all.domain.sending import Outcome, SendError, Sent, Submission
from chat4all.services.connector import ChannelSecret


class _Quote(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#replyparameters"""

    message_id: int
    allow_sending_without_reply: bool


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """https://core.telegram.org/bots/api#sendmessage: without `parse_mode`, the text is sent as it is."""

    chat_id: int
    text: str
    reply_parameters: _Quote | None = None


class _Chat(msgspec.Struct, frozen=True):
    id: int


class _SentMessage(msgspec.Struct, frozen=True):
    message_id: int
    chat: _Chat


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
    """One bot. Its webhook is authenticated by a shared secret, not by a signature."""

    capabilities: Capabilities = TELEGRAM

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/")

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        answer = self._http.post_json(
            f"{self._url}/bot{quote(secret.access_token, safe=':')}/sendMessage",
            msgspec.json.encode(_message(submission)),
        )
        if isinstance(answer, NetworkFailure):
            return not_answered(TELEGRAM_FAILURES, answer)
        refusal = decoded(answer.body, _Refused)
        if refusal or not 200 <= answer.status < 300:
            return _send_error(refusal, answer)
        accepted = decoded(answer.body, _Accepted)
        if accepted is None:
            return sent_unread(submission.delivery_id)
        return Sent(message_name(accepted.result.chat.id, accepted.result.message_id))

    def verify(self, headers: Mapping[str, str], body: bytes, secret: ChannelSecret) -> bool:
        """https://core.telegram.org/bots/api#setwebhook: the secret_token comes back in a header."""
        given = headers.get("x-telegram-bot-api-secret-token", "")
        return bool(secret.webhook_secret) and same_secret(secret.webhook_secret, given)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """None: a webhook is set by a call of the API, and not confirmed."""
        return None

    def parse_webhook(self, body: bytes, secret: ChannelSecret) -> list[InboundEvent]:
        """Updates do not name the bot: that they are for ours, `verify` has proved."""
        return inbound_events(body)


def _message(submission: Submission) -> _Message:
    quoted = message_number(submission.quoted_provider_message_id, submission.address)
    return _Message(
        chat_id=int(submission.address),
        text=submission.text,
        # The person may have deleted what is quoted; the answer shall reach them all the same.
        reply_parameters=None if quoted is None else _Quote(quoted, allow_sending_without_reply=True),
    )


def _send_error(refusal: _Refused | None, answer: HttpAnswer) -> SendError:
    code = refusal.error_code if refusal else answer.status
    parameters = refusal.parameters if refusal else _Parameters()
    if parameters.migrate_to_chat_id:
        return SendError(
            Outcome.ADDRESS_CHANGED,
            str(code),
            "The group has moved to a new id.",
            new_address=str(parameters.migrate_to_chat_id),
        )
    error = refused(TELEGRAM_FAILURES, code, answer)
    if error.outcome is Outcome.THROTTLED and parameters.retry_after:
        return msgspec.structs.replace(error, retry_after_s=parameters.retry_after)
    return error
