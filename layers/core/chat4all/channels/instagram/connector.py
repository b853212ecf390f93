"""Instagram messaging.

Sending, and reactions:
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
Quick replies:
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/quick-replies
Carousels:
https://developers.facebook.com/documentation/business-messaging/instagram-messaging/generic-template
`metadata` comes back in the echo of the message; `messaging_type` is MESSAGE_TAG where there is a `tag`:
https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from chat4all.channels.instagram.address import canonical, is_address
from chat4all.channels.instagram.failures import INSTAGRAM_FAILURES
from chat4all.channels.instagram.manifest import CAPABILITIES
from chat4all.channels.instagram.messages import PLACE
from chat4all.channels.instagram.proof import proof_of
from chat4all.channels.instagram.webhook import parsed
from chat4all.channels.shared.answers import ACT_NOT_POSSIBLE, sent_unread
from chat4all.channels.shared.decoding import MessageId, decoded
from chat4all.channels.shared.downloads import Downloads
from chat4all.channels.shared.http import HttpAnswer, HttpClient
from chat4all.channels.shared.meta import post_message, signed, subscription_answer
from chat4all.domain.acts import Deleting, Done, Editing, MarkingRead, ProviderAct, Typing
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile, Text
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.files.file import MediaKind
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contacts,
    Location,
    Reaction,
    Row,
    Template,
)
from chat4all.domain.sending import OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    Fetching,
    Proof,
    WebhookAnswer,
    WebhookRequest,
)

API_VERSION: Final = "v25.0"
"""Served until 29 July 2028: https://developers.facebook.com/docs/graph-api/changelog/versions/"""


class _Recipient(msgspec.Struct, frozen=True):
    id: str


class _Payload(msgspec.Struct, frozen=True):
    url: str


class _ElementButton(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    title: str
    url: str | None = None
    payload: str | None = None


class _Element(msgspec.Struct, frozen=True, omit_defaults=True):
    title: str
    subtitle: str | None = None
    image_url: str | None = None
    buttons: tuple[_ElementButton, ...] = ()


class _Template(msgspec.Struct, frozen=True):
    template_type: str
    elements: tuple[_Element, ...]


class _Attachment(msgspec.Struct, frozen=True):
    type: str
    payload: _Payload | _Template


class _QuickReply(msgspec.Struct, frozen=True):
    title: str
    payload: str
    content_type: str = "text"


class _Content(msgspec.Struct, frozen=True, omit_defaults=True):
    metadata: str
    text: str | None = None
    attachment: _Attachment | None = None
    attachments: tuple[_Attachment, ...] = ()
    quick_replies: tuple[_QuickReply, ...] = ()


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    recipient: _Recipient
    message: _Content
    messaging_type: str | None = None
    tag: str | None = None


class _Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """The message of a reaction. To take the reaction back, Meta wants the `message_id` only."""

    message_id: str
    reaction: str | None = None


class _Action(msgspec.Struct, frozen=True):
    recipient: _Recipient
    sender_action: str
    payload: _Target


class _Sign(msgspec.Struct, frozen=True):
    recipient: _Recipient
    sender_action: str


class _Answer(msgspec.Struct, frozen=True):
    message_id: MessageId


class Instagram:
    """The connector of a professional account; `secret.account_id` is its Instagram user id."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/{API_VERSION}"
        self._downloads = Downloads(base_url)

    def canonical_address(self, address: str) -> str:
        return canonical(address)

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        """Send the content. The API documents no field for a quote, and a file has no caption.

        The answer to a reaction names no message. A reaction that is sent twice is the same reaction.
        """
        account = _account(submission.account, secret)
        answer = post_message(self._http, self._url, account, _request(submission), INSTAGRAM_FAILURES)
        if isinstance(answer, SendError):
            return answer
        return _sent(answer) or sent_unread(submission.delivery_id)

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        return proof_of(self._http, self._url, secret)

    def act(self, act: ProviderAct, secret: ChannelSecret) -> Done | SendError:
        """Show that the latest message was seen, or that we type.

        https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api/sender-actions
        """
        action = _sender_action(act)
        if action is None:
            return ACT_NOT_POSSIBLE
        account = _account(act.account, secret)
        sign = _Sign(_Recipient(act.address), action)
        answer = post_message(self._http, self._url, account, sign, INSTAGRAM_FAILURES)
        return answer if isinstance(answer, SendError) else Done()

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Download the file; its `reference` is a signed address, which needs no token."""
        return self._downloads(file.reference)

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        """Return None: the provider reads no answer."""
        return None

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return signed(request.headers, request.body, secret)

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        return subscription_answer(query, secret)

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        return parsed(body, secret.account_id)


def _sender_action(act: ProviderAct) -> str | None:
    match act:
        case MarkingRead():
            return "mark_seen"
        case Typing(is_on=is_on):
            return "typing_on" if is_on else "typing_off"
        case Editing() | Deleting():
            return None


def _account(account: str, secret: ChannelSecret) -> ChannelSecret:
    """Return the credentials with the account that the message leaves from.

    A webhook may name another account of ours than the account of the secret; its id is digits, which no
    account of the manifest is.
    """
    if not is_address(account):
        return secret
    return msgspec.structs.replace(secret, account_id=account)


def _request(submission: Submission) -> _Message | _Action:
    recipient = _Recipient(submission.address)
    match submission.content:
        case Reaction(emoji=emoji):
            target = _Target(_meant(submission.quoted_provider_message_id or ""), emoji or None)
            return _Action(recipient, "react" if emoji else "unreact", target)
        case content:
            labels = ("MESSAGE_TAG", submission.tag) if submission.tag is not None else ()
            message = _content(content, submission.album, submission.delivery_id)
            return _Message(recipient, message, *labels)


def _meant(provider_message_id: str) -> str:
    """Return Meta's id: a further attachment of a message adds its place to it, which only we know."""
    return provider_message_id.partition(PLACE)[0]


def _content(
    content: Text | Location | Contacts | Buttons | Choices | Template | Carousel | OutgoingMedia,
    album: tuple[OutgoingMedia, ...],
    delivery_id: str,
) -> _Content:
    match content:
        case Text() | Location() | Contacts() | Template():
            return _Content(delivery_id, content.text)
        case Buttons(text=text, buttons=buttons):
            return _Content(delivery_id, text, quick_replies=_quick_replies(buttons))
        case Choices(text=text, rows=rows):
            return _Content(delivery_id, text, quick_replies=_quick_replies(rows))
        case Carousel(cards=cards):
            template = _Template("generic", tuple(map(_element, cards)))
            return _Content(delivery_id, attachment=_Attachment("template", template))
        case OutgoingMedia() if album:
            return _Content(delivery_id, attachments=tuple(map(_attachment, (content, *album))))
        case OutgoingMedia():
            return _Content(delivery_id, attachment=_attachment(content))


def _attachment(media: OutgoingMedia) -> _Attachment:
    name = "file" if media.kind is MediaKind.DOCUMENT else media.kind.value
    return _Attachment(name, _Payload(media.url))


def _quick_replies(answers: Iterable[Button | Row]) -> tuple[_QuickReply, ...]:
    return tuple(_QuickReply(answer.title, answer.id) for answer in answers)


def _element(card: Card) -> _Element:
    buttons = tuple(map(_element_button, card.buttons))
    return _Element(card.title, card.text or None, card.picture_url or None, buttons)


def _element_button(button: CardButton) -> _ElementButton:
    if button.url:
        return _ElementButton("web_url", button.title, url=button.url)
    return _ElementButton("postback", button.title, payload=button.id)


def _sent(answer: HttpAnswer) -> Sent | None:
    read = decoded(answer.body, _Answer)
    return Sent(read.message_id) if read else None


CONNECTOR: Final = Instagram
