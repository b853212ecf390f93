"""A message of ours as the Cloud API takes it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages and the pages
beside it, one for each type: location-messages, contacts-messages, reaction-messages,
interactive-reply-buttons-messages, interactive-list-messages, interactive-media-carousel-messages,
image-messages, audio-messages, sticker-messages. Quoting: .../whatsapp/messages/contextual-replies
"""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from chat4all.channels.shared.answers import can_be_quoted
from chat4all.channels.whatsapp.address import is_group, is_user_id
from chat4all.channels.whatsapp.manifest import GROUP_PREFIX
from chat4all.domain.content import Text
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.kinds import (
    Buttons,
    Card,
    Carousel,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    card_words,
)
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Submission
from chat4all.domain.text import is_blank


class _Text(msgspec.Struct, frozen=True):
    body: str
    preview_url: bool


class _File(msgspec.Struct, frozen=True, omit_defaults=True):
    link: str
    caption: str | None = None
    filename: str | None = None
    """Only a document has a filename."""
    voice: bool = False
    """Only an audio can be a voice note."""


class _Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """The degrees are texts. The app shows an address only below a name."""

    latitude: str
    longitude: str
    name: str | None = None
    address: str | None = None


class _Name(msgspec.Struct, frozen=True):
    """WhatsApp asks for the name as it is shown, and for at least one of its parts."""

    formatted_name: str
    first_name: str


class _Phone(msgspec.Struct, frozen=True):
    phone: str


class _Email(msgspec.Struct, frozen=True):
    email: str


class _Organization(msgspec.Struct, frozen=True):
    company: str


class _Card(msgspec.Struct, frozen=True, omit_defaults=True):
    name: _Name
    phones: tuple[_Phone, ...] = ()
    emails: tuple[_Email, ...] = ()
    org: _Organization | None = None


class _Reaction(msgspec.Struct, frozen=True):
    """The empty emoji takes the reaction back."""

    message_id: str
    emoji: str


class _Body(msgspec.Struct, frozen=True):
    text: str


class _Reply(msgspec.Struct, frozen=True):
    id: str
    title: str


class _Button(msgspec.Struct, frozen=True):
    type: str
    reply: _Reply


class _ReplyButtons(msgspec.Struct, frozen=True):
    buttons: tuple[_Button, ...]


class _Row(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    title: str
    description: str | None = None


class _Section(msgspec.Struct, frozen=True, omit_defaults=True):
    rows: tuple[_Row, ...]
    title: str | None = None


class _List(msgspec.Struct, frozen=True):
    button: str
    sections: tuple[_Section, ...]


class _Picture(msgspec.Struct, frozen=True):
    link: str


class _Header(msgspec.Struct, frozen=True):
    type: str
    image: _Picture


class _QuickReply(msgspec.Struct, frozen=True):
    type: str
    quick_reply: _Reply


class _QuickReplies(msgspec.Struct, frozen=True):
    buttons: tuple[_QuickReply, ...]


class _Link(msgspec.Struct, frozen=True):
    display_text: str
    url: str


class _OpenLink(msgspec.Struct, frozen=True):
    name: str
    parameters: _Link


class _MovedCard(msgspec.Struct, frozen=True):
    """A card of a carousel. Meta's page gives the type `cta_url` to cards with quick replies, too."""

    card_index: int
    type: str
    header: _Header
    body: _Body
    action: _QuickReplies | _OpenLink


class _Cards(msgspec.Struct, frozen=True):
    cards: tuple[_MovedCard, ...]


class _Interactive(msgspec.Struct, frozen=True):
    type: str
    body: _Body
    action: _ReplyButtons | _List | _Cards


class _Context(msgspec.Struct, frozen=True):
    message_id: str


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
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
    sticker: _File | None = None
    location: _Place | None = None
    contacts: tuple[_Card, ...] | None = None
    reaction: _Reaction | None = None
    interactive: _Interactive | None = None
    to: str | None = None
    recipient: str | None = None
    context: _Context | None = None


def message_of(submission: Submission) -> Message | SendError:
    """Return the message of a submission; a SendError for a reaction to a message that has no id there."""
    quoted = submission.quoted_provider_message_id
    quotable = quoted if quoted and can_be_quoted(quoted) else None
    by_user_id = is_user_id(submission.address)
    message = Message(
        messaging_product="whatsapp",
        recipient_type="group" if is_group(submission.address) else "individual",
        type="text",
        biz_opaque_callback_data=submission.delivery_id,
        to=None if by_user_id else submission.address.removeprefix(GROUP_PREFIX),
        recipient=submission.address if by_user_id else None,
        context=_Context(quotable) if quotable else None,
    )
    if isinstance(submission.content, Reaction):
        return _reacting(message, submission.content.emoji)
    return _with_content(message, submission.content)


def _with_content(
    message: Message, content: Text | OutgoingMedia | Location | Contacts | Buttons | Choices | Carousel
) -> Message:
    match content:
        case Text(text=text):
            return replace(message, text=_Text(text, preview_url=False))
        case OutgoingMedia() as media:
            return _with_file(message, media)
        case Location() as place:
            return replace(message, type="location", location=_place(place))
        case Contacts(contacts=contacts):
            return replace(message, type="contacts", contacts=tuple(map(_card, contacts)))
        case answers:
            return replace(message, type="interactive", interactive=_interactive(answers))


def _with_file(message: Message, media: OutgoingMedia) -> Message:
    filename = media.filename if media.kind is MediaKind.DOCUMENT else None
    file = _File(media.url, media.text or None, filename, voice=media.form is Form.VOICE)
    if media.form is Form.STICKER:
        return replace(message, type="sticker", sticker=file)
    match media.kind:
        case MediaKind.IMAGE:
            return replace(message, type="image", image=file)
        case MediaKind.VIDEO:
            return replace(message, type="video", video=file)
        case MediaKind.AUDIO:
            return replace(message, type="audio", audio=file)
        case MediaKind.DOCUMENT:
            return replace(message, type="document", document=file)


def _place(place: Location) -> _Place:
    return _Place(
        _degrees(place.latitude),
        _degrees(place.longitude),
        name=_shown(place.name) or _shown(place.address),
        address=_shown(place.address) if _shown(place.name) else None,
    )


def _shown(text: str) -> str | None:
    """Return the text of a field that may be left out; None for a blank, which WhatsApp refuses."""
    return None if is_blank(text) else text


def _degrees(number: float) -> str:
    """Return the number without an exponent, which a reader of degrees may not know."""
    return format(Decimal(repr(number)), "f")


def _card(contact: Contact) -> _Card:
    return _Card(
        _Name(contact.name, contact.name),
        tuple(map(_Phone, contact.phones)),
        tuple(map(_Email, contact.emails)),
        _Organization(contact.organization) if _shown(contact.organization) else None,
    )


def _reacting(message: Message, emoji: str) -> Message | SendError:
    """Name the target in the reaction itself: a reaction has no context."""
    if message.context is None:
        return SendError(
            Outcome.PERMANENT, "TARGET_UNKNOWN", "WhatsApp's id of the message of the reaction is not known."
        )
    target = message.context.message_id
    return replace(message, type="reaction", reaction=_Reaction(target, emoji), context=None)


def _interactive(content: Buttons | Choices | Carousel) -> _Interactive:
    match content:
        case Buttons() as buttons:
            return _reply_buttons(buttons)
        case Choices() as choices:
            return _list(choices)
        case Carousel() as carousel:
            return _carousel(carousel)


def _reply_buttons(buttons: Buttons) -> _Interactive:
    replies = tuple(_Button("reply", _Reply(button.id, button.title)) for button in buttons.buttons)
    return _Interactive("button", _Body(buttons.text), _ReplyButtons(replies))


def _list(choices: Choices) -> _Interactive:
    sections = tuple(
        _Section(
            tuple(_Row(row.id, row.title, _shown(row.description)) for row in section.rows),
            _shown(section.title),
        )
        for section in choices.sections
    )
    return _Interactive("list", _Body(choices.text), _List(choices.button, sections))


def _carousel(carousel: Carousel) -> _Interactive:
    cards = tuple(
        _MovedCard(
            index,
            "cta_url",
            _Header("image", _Picture(card.picture_url)),
            _Body(card_words(card)),
            _card_action(card),
        )
        for index, card in enumerate(carousel.cards)
    )
    return _Interactive("carousel", _Body(carousel.text), _Cards(cards))


def _card_action(card: Card) -> _QuickReplies | _OpenLink:
    """Return the action: the card has one button that opens an address, or only others."""
    first = card.buttons[0]
    if first.url:
        return _OpenLink("cta_url", _Link(first.title, first.url))
    replies = (_QuickReply("quick_reply", _Reply(button.id, button.title)) for button in card.buttons)
    return _QuickReplies(tuple(replies))
