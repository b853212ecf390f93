"""WhatsApp's webhooks: messages of people, and statuses of our messages.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
Files: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/document
and the pages beside it.
Edits, which WhatsApp reports only for a number that the WhatsApp Business app uses, too:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/edit
Statuses:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct, field

from chat4all.channels.shared.answers import spelled
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import (
    ABSENT,
    fingerprint,
    moment,
    objects,
    other_fields,
    read_envelope,
)
from chat4all.channels.whatsapp.address import first_canonical, is_user_id
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.domain.content import ProviderFile, ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus, ParsedWebhook
from chat4all.domain.received import NOTHING
from chat4all.domain.status import Status

_STATUSES: Final = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}
"""The statuses that move a message; `deleted` and `warning` do not."""

_FILES: Final = frozenset({"image", "video", "audio", "voice", "document"})


class _Webhook(Struct, frozen=True):
    object: str
    entry: list[Raw]


class _Entry(Struct, frozen=True):
    changes: Raw = ABSENT


class _Change(Struct, frozen=True):
    field: str
    value: Raw


class _Metadata(Struct, frozen=True):
    phone_number_id: str


class _Value(Struct, frozen=True):
    metadata: _Metadata
    contacts: Raw = ABSENT
    messages: Raw = ABSENT
    statuses: Raw = ABSENT


class _Profile(Struct, frozen=True):
    name: str | None = None
    username: str | None = None


class _Contact(Struct, frozen=True):
    wa_id: str | None = None
    user_id: str | None = None
    profile: _Profile = _Profile()


class _Message(Struct, frozen=True):
    """A message, decoded part by part: it becomes an event even if a part of it is malformed."""

    id: Raw = ABSENT
    type: Raw = ABSENT
    sender: Raw = field(name="from", default=ABSENT)
    from_user_id: Raw = ABSENT
    timestamp: Raw = ABSENT
    text: Raw = ABSENT
    image: Raw = ABSENT
    video: Raw = ABSENT
    audio: Raw = ABSENT
    voice: Raw = ABSENT
    document: Raw = ABSENT
    edit: Raw = ABSENT
    context: Raw = ABSENT


class _Text(Struct, frozen=True):
    body: str


class _File(Struct, frozen=True):
    id: Id
    mime_type: Raw = ABSENT
    filename: Raw = ABSENT
    caption: Raw = ABSENT


class _Context(Struct, frozen=True):
    id: Id


class _EditedMessage(Struct, frozen=True):
    text: _Text


class _Edit(Struct, frozen=True):
    original_message_id: Id
    message: _EditedMessage


class _Status(Struct, frozen=True):
    id: Id
    status: str
    timestamp: Raw = ABSENT
    recipient_id: Raw = ABSENT
    recipient_user_id: Raw = ABSENT
    biz_opaque_callback_data: Raw = ABSENT
    errors: Raw = ABSENT


class _Error(Struct, frozen=True):
    code: int


class _Contacts:
    """Find the contact of each message in a webhook by its number or its user id."""

    def __init__(self, contacts: list[_Contact]) -> None:
        self._contacts = contacts
        self._by_number: dict[str, int] = {}
        self._by_user_id: dict[str, int] = {}
        for place, contact in enumerate(contacts):
            number = first_canonical(contact.wa_id)
            if number:
                self._by_number.setdefault(number, place)
            if contact.user_id:
                self._by_user_id.setdefault(contact.user_id, place)

    def find(self, sender: str | None, user_id: str | None) -> _Contact:
        """Return the first contact with that number or user id; without either, the only contact."""
        if len(self._contacts) == 1 and not sender and not user_id:
            return self._contacts[0]
        places = (self._by_number.get(first_canonical(sender) or ""), self._by_user_id.get(user_id or ""))
        first = min((place for place in places if place is not None), default=None)
        return _Contact() if first is None else self._contacts[first]


def parsed(body: bytes, phone_number_id: str) -> ParsedWebhook:
    """Return the events that concern `phone_number_id`; raise Invalid if `body` is not a webhook."""
    webhook = read_envelope(body, _Webhook)
    if webhook.object != "whatsapp_business_account" or not webhook.entry:
        raise Invalid("The webhook is not of a WhatsApp Business account.")
    events = (event for entry in webhook.entry for event in _of_entry(entry, phone_number_id))
    return ParsedWebhook(tuple(events))


def _of_entry(part: Raw, phone_number_id: str) -> Iterator[InboundEvent]:
    entry = decoded(part, _Entry) or _Entry()
    for change, _ in objects(entry.changes, _Change):
        value = decoded(change.value, _Value) if change.field == "messages" else None
        if value and value.metadata.phone_number_id == phone_number_id:
            yield from _of_value(value)


def _of_value(value: _Value) -> Iterator[InboundEvent]:
    contacts = _Contacts([contact for contact, _ in objects(value.contacts, _Contact)])
    for message, raw in objects(value.messages, _Message):
        event = _of_message(message, raw, contacts)
        if event:
            yield event
    for status, _ in objects(value.statuses, _Status):
        if status.status in _STATUSES:
            yield _of_status(status)


def _of_message(message: _Message, raw: Raw, contacts: _Contacts) -> InboundEvent | None:
    sender, user_id = decoded(message.sender, str), decoded(message.from_user_id, str)
    contact = contacts.find(sender, user_id)
    address = first_canonical(sender, contact.wa_id, user_id, contact.user_id)
    if address is None:
        return None
    kind = decoded(message.type, str) or "unknown"
    edit = decoded(message.edit, _Edit) if kind == "edit" else None
    if edit and edit.message.text.body.strip():
        return InboundMessage(
            address=address,
            provider_message_id=edit.original_message_id,
            content=Text(edit.message.text.body),
            at=moment(message.timestamp),
            edited_at=moment(message.timestamp),
            display_name=contact.profile.name,
            phone=None if is_user_id(address) else f"+{address}",
            handle=contact.profile.username,
        )
    return _of_person(message, raw, contact, address, kind)


def _of_person(message: _Message, raw: Raw, contact: _Contact, address: str, kind: str) -> InboundMessage:
    message_id = decoded(message.id, str)
    content = _content(message, kind) if message_id else None
    context = decoded(message.context, _Context)
    return InboundMessage(
        address=address,
        provider_message_id=message_id or fingerprint(raw),
        content=content or Unsupported(kind),
        provider_fields=NOTHING if content else other_fields(raw, ()),
        at=moment(message.timestamp),
        display_name=contact.profile.name,
        phone=None if is_user_id(address) else f"+{address}",
        handle=contact.profile.username,
        quoted_provider_message_id=context.id if context else None,
    )


def _content(message: _Message, kind: str) -> ReceivedContent | None:
    if kind == "text":
        text = decoded(message.text, _Text)
        return Text(text.body) if text and text.body.strip() else None
    file = decoded(getattr(message, kind), _File) if kind in _FILES else None
    return ReceivedMedia(_provider_file(file), decoded(file.caption, str) or "") if file else None


def _provider_file(file: _File) -> ProviderFile:
    return ProviderFile(
        reference=file.id,
        content_type=decoded(file.mime_type, str),
        filename=decoded(file.filename, str),
    )


def _of_status(status: _Status) -> InboundStatus:
    failed = _STATUSES[status.status] is Status.FAILED
    error = next((error for error, _ in objects(status.errors, _Error)), None) if failed else None
    callback_data = decoded(status.biz_opaque_callback_data, str) or ""
    return InboundStatus(
        # A status names its delivery, also if it does not name the recipient.
        address=first_canonical(decoded(status.recipient_id, str), decoded(status.recipient_user_id, str))
        or "",
        status=_STATUSES[status.status],
        at=moment(status.timestamp),
        provider_message_id=status.id,
        delivery_id=callback_data if DeliveryId.parse(callback_data) else None,
        error_code=spelled(error.code) if error else None,
        error_reason=WHATSAPP_FAILURES.reason(error.code if error else None) if failed else None,
    )
