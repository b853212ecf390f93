"""WhatsApp by the Cloud API.

Sending: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
Fetching people's files:
https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.decoding import Id, MessageId, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.fetching import looked_up
from chat4all.channels.shared.http import HttpAnswer, HttpClient
from chat4all.channels.shared.meta import asked_again_later, post_message, signed, subscription_answer
from chat4all.channels.whatsapp.address import canonical
from chat4all.channels.whatsapp.failures import TEMPLATE_STATUSES, WHATSAPP_FAILURES
from chat4all.channels.whatsapp.manifest import CAPABILITIES, MANIFEST
from chat4all.channels.whatsapp.outgoing import message_of
from chat4all.channels.whatsapp.proof import proof_of
from chat4all.channels.whatsapp.reading import reading_of
from chat4all.channels.whatsapp.versions import API_VERSION
from chat4all.channels.whatsapp.webhook import parsed
from chat4all.domain.acts import Done, ProviderAct
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.kinds import Template
from chat4all.domain.sending import SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    Fetching,
    Proof,
    WebhookAnswer,
    WebhookRequest,
)


class _Accepted(msgspec.Struct, frozen=True):
    id: MessageId


class _Answer(msgspec.Struct, frozen=True):
    messages: list[_Accepted]


class _MediaUrl(msgspec.Struct, frozen=True):
    url: Id


class WhatsApp:
    """The connector of our business phone numbers.

    `secret.account_id` is the phone_number_id. Other numbers of the business work with the same token: a
    submission names them by their own phone_number_id.
    """

    capabilities: Capabilities = CAPABILITIES

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/{API_VERSION}"
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        message = message_of(submission)
        if isinstance(message, SendError):
            return message
        sender = _of_number(secret, submission.account)
        answer = post_message(self._http, self._url, sender, message, WHATSAPP_FAILURES)
        if isinstance(answer, SendError):
            return _about_template(answer) if isinstance(submission.content, Template) else answer
        return _sent(answer) or sent_unread(submission.delivery_id)

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        return proof_of(self._http, self._url, secret)

    def act(self, act: ProviderAct, secret: ChannelSecret) -> Done | SendError:
        """Mark a message as read, with the sign that we type or without it.

        https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
        """
        reading = reading_of(act)
        if reading is None or isinstance(reading, SendError):
            return reading or Done()
        sender = _of_number(secret, act.account)
        answer = post_message(self._http, self._url, sender, reading, WHATSAPP_FAILURES)
        return answer if isinstance(answer, SendError) else Done()

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Download the file: its id leads to an address that is valid for 5 minutes and needs the token."""
        bearer = {"authorization": f"Bearer {secret.access_token}"}
        answer = self._http.get(f"{self._url}/{quote(file.reference, safe='')}", bearer)
        asked_again_later(answer, WHATSAPP_FAILURES)
        found = looked_up(answer, _MediaUrl)
        return self._downloads(found.url, bearer)

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        """Return None: the provider reads no answer."""
        return None

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return signed(request.headers, request.body, secret)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        return subscription_answer(query, secret)

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        return parsed(body, secret.account_id)


def _about_template(error: SendError) -> SendError:
    """Return the error with what it tells of the template."""
    return replace(error, template_status=TEMPLATE_STATUSES.get(error.code))


def _of_number(secret: ChannelSecret, account: str) -> ChannelSecret:
    """Return the credentials of one of our numbers."""
    return secret if account == MANIFEST.accounts[0] else replace(secret, account_id=account)


def _sent(answer: HttpAnswer) -> Sent | None:
    read = decoded(answer.body, _Answer)
    return Sent(read.messages[0].id) if read and read.messages else None


CONNECTOR: Final = WhatsApp
