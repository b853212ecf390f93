"""SMS and MMS by Twilio's Messages API.

Sending: https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
Fetching people's files: https://www.twilio.com/docs/messaging/api/media-resource
"""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from msgspec.structs import replace

from chat4all.channels.shared.answers import ACT_NOT_POSSIBLE, not_answered, refused, sent_unread
from chat4all.channels.shared.decoding import MessageId, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.http import HttpAnswer, HttpClient, NetworkFailure
from chat4all.channels.sms.address import canonical
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.channels.sms.manifest import CAPABILITIES
from chat4all.channels.sms.proof import proof_in
from chat4all.channels.sms.signature import is_signed
from chat4all.channels.sms.webhook import DELIVERY_PARAMETER, parsed
from chat4all.domain.acts import Done, ProviderAct
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile, Text
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.kinds import Buttons, Carousel, Choices, Contacts, Location, Reaction, Template
from chat4all.domain.segments import segments_of
from chat4all.domain.sending import Outcome, OutgoingContent, OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    Fetching,
    Proof,
    WebhookAnswer,
    WebhookRequest,
)

API_VERSION: Final = "2010-04-01"
_SERVICE_PREFIX: Final = "MG"
_RETRIES: Final = "#rc=5&rp=4xx,5xx,ct,rt"
"""Twilio tries a status callback five times more, where it usually tries once more if it could not connect.
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""


class _Answer(msgspec.Struct, frozen=True):
    sid: MessageId


class _Refusal(msgspec.Struct, frozen=True):
    """https://www.twilio.com/docs/usage/twilios-response#exceptions"""

    code: int


class Sms:
    """The connector of a Twilio account. `secret.sender` is its number or messaging service."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = base_url.rstrip("/")
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        """Send the text or the files. SMS has no quotes: the quote is left out."""
        account = quote(secret.account_id, safe="")
        answer = self._http.post_form(
            f"{self._url}/{API_VERSION}/Accounts/{account}/Messages.json",
            _fields(submission, secret),
            _authorization(secret),
        )
        if isinstance(answer, NetworkFailure):
            return not_answered(TWILIO_FAILURES, answer)
        if 200 <= answer.status < 300:
            accepted = decoded(answer.body, _Answer)
            return Sent(accepted.sid) if accepted else sent_unread(submission.delivery_id)
        return _send_error(answer, submission.content.text)

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        account = quote(secret.account_id, safe="")
        answer = self._http.get(f"{self._url}/{API_VERSION}/Accounts/{account}.json", _authorization(secret))
        if isinstance(answer, NetworkFailure):
            return not_answered(TWILIO_FAILURES, answer)
        return proof_in(answer) if 200 <= answer.status < 300 else _send_error(answer, "")

    def act(self, act: ProviderAct, secret: ChannelSecret) -> Done | SendError:
        """Return an error: a text on a phone can neither be changed nor show that it was read."""
        return ACT_NOT_POSSIBLE

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Download the file: `reference` is an address of Twilio's API, which redirects to the bytes."""
        is_twilios = file.reference.startswith(f"{self._url}/")
        return self._downloads(file.reference, _authorization(secret) if is_twilios else None)

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        """Return empty TwiML. Twilio reports another type as an error, and sends a text to the person.

        https://www.twilio.com/docs/api/errors/12300
        """
        return WebhookAnswer("text/xml", "<Response/>")

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return is_signed(request, secret)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """Return None: an operator or the API sets a webhook, and nobody confirms it."""
        return None

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        return parsed(body, secret.account_id, query)


def _fields(submission: Submission, secret: ChannelSecret) -> dict[str, str | tuple[str, ...]]:
    sender = "MessagingServiceSid" if secret.sender.startswith(_SERVICE_PREFIX) else "From"
    fields = {
        "To": submission.address,
        sender: secret.sender,
        "StatusCallback": _status_callback(submission.delivery_id, secret),
        "ValidityPeriod": _validity_period(submission.valid_for),
        **_content_fields(submission.content, submission.album),
    }
    return {name: value for name, value in fields.items() if value}


def _content_fields(
    content: OutgoingContent, album: tuple[OutgoingMedia, ...]
) -> dict[str, str | tuple[str, ...]]:
    """Return the text and the files of a message; several files are as many parameters `MediaUrl`."""
    match content:
        case OutgoingMedia(url=url, text=text):
            return {"Body": text, "MediaUrl": (url, *(file.url for file in album))}
        case Text() | Location() | Contacts() | Reaction() | Buttons() | Choices() | Template() | Carousel():
            return {"Body": content.text}


def _validity_period(valid_for: timedelta | None) -> str:
    """Return the seconds after which Twilio drops a message that still waits in its queue.

    https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
    """
    return "" if valid_for is None else str(int(valid_for.total_seconds()))


def _status_callback(delivery_id: str, secret: ChannelSecret) -> str:
    """Return the address for statuses: its query has the delivery's id, after the query of our address."""
    if not secret.webhook_url:
        return ""
    address = secret.webhook_url.partition("#")[0]
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}{urlencode({DELIVERY_PARAMETER: delivery_id})}{_RETRIES}"


def _authorization(secret: ChannelSecret) -> dict[str, str]:
    """https://www.twilio.com/docs/usage/requests-to-twilio#authenticate-with-http"""
    credentials = f"{secret.account_id}:{secret.access_token}".encode()
    return {"authorization": f"Basic {base64.b64encode(credentials).decode()}"}


def _send_error(answer: HttpAnswer, text: str) -> SendError:
    refusal = decoded(answer.body, _Refusal)
    error = refused(TWILIO_FAILURES, refusal.code if refusal else None, answer)
    if error.outcome is not Outcome.THROTTLED or "retry-after" in answer.headers:
        return error
    # A number sends a segment a second, so that this text occupies it for so many seconds.
    return replace(error, retry_after_s=max(error.retry_after_s or 0.0, float(len(segments_of(text)))))


CONNECTOR: Final = Sms
