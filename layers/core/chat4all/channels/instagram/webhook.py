"""Instagram's webhooks: messages of people, and statuses of our messages.

https://developers.facebook.com/docs/instagram-messaging/webhooks
https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
Deliveries and edits are documented for Messenger, whose events have the same form:
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct
from msgspec.structs import replace

from chat4all.channels.instagram.address import is_address
from chat4all.channels.shared.decoding import Id, MessageId, decoded
from chat4all.channels.shared.webhooks import ABSENT, fingerprint, items, moment, other_fields, read_envelope
from chat4all.domain.content import ProviderFile, ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus, ParsedWebhook
from chat4all.domain.status import Status

_ENVELOPE: Final = frozenset({"sender", "recipient", "timestamp"})
_NOT_FROM_A_PERSON: Final = frozenset(
    {
        "pass_thread_control",
        "take_thread_control",
        "request_thread_control",
        "app_roles",
        "policy_enforcement",
    }
)

_FILE_TYPES: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/pdf",
}
"""The attachments that are files, and their most likely types, which the webhook does not name."""


class _Webhook(Struct, frozen=True):
    object: str
    entry: list[Raw]


class _Entry(Struct, frozen=True):
    id: Raw = ABSENT
    messaging: Raw = ABSENT
    standby: Raw = ABSENT
    """The messages of people whose conversation another app holds:
    https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/standby
    """
    changes: Raw = ABSENT


class _Change(Struct, frozen=True):
    field: str
    value: Raw


class _Party(Struct, frozen=True):
    id: str


class _Event(Struct, frozen=True):
    sender: Raw = ABSENT
    recipient: Raw = ABSENT
    timestamp: Raw = ABSENT
    message: Raw = ABSENT
    message_edit: Raw = ABSENT
    read: Raw = ABSENT
    delivery: Raw = ABSENT


class _Message(Struct, frozen=True):
    """A message, decoded part by part: it becomes an event even if a part of it is malformed."""

    mid: Raw = ABSENT
    text: Raw = ABSENT
    attachments: Raw = ABSENT
    reply_to: Raw = ABSENT
    metadata: Raw = ABSENT
    is_deleted: Raw = ABSENT
    is_unsupported: Raw = ABSENT


class _Attachment(Struct, frozen=True):
    type: str = "attachment"
    payload: Raw = ABSENT


class _Payload(Struct, frozen=True):
    url: Id


class _Mid(Struct, frozen=True):
    """A `read`, a `reply_to` (a reply to a story has no `mid`) or a `postback`."""

    mid: Id


class _Delivery(Struct, frozen=True):
    mids: list[Id]


class _Edit(Struct, frozen=True):
    mid: Id
    text: str


def parsed(body: bytes, account_id: str) -> ParsedWebhook:
    """Return the events that concern `account_id`; raises Invalid if `body` is not a webhook."""
    webhook = read_envelope(body, _Webhook)
    if webhook.object != "instagram" or not webhook.entry:
        raise Invalid("The webhook is not of an Instagram account.")
    events = (event for entry in webhook.entry for event in _of_entry(entry, account_id))
    return ParsedWebhook(tuple(events))


def _of_entry(part: Raw, account_id: str) -> Iterator[InboundEvent]:
    entry = decoded(part, _Entry) or _Entry()
    entry_id = decoded(entry.id, str)
    for raw in (*items(entry.messaging), *items(entry.standby), *_changes(entry)):
        event = decoded(raw, _Event)
        if event:
            yield from _of_event(event, raw, account_id, entry_id)


def _changes(entry: _Entry) -> Iterator[Raw]:
    """Yield the events under `changes`, where accounts connected by Instagram Login may get them."""
    for part in items(entry.changes):
        change = decoded(part, _Change)
        # Comments, mentions and insights are no messages.
        if change and change.field.startswith("messag"):
            yield change.value


def _of_event(event: _Event, raw: Raw, account_id: str, entry_id: str | None) -> Iterator[InboundEvent]:
    sender, recipient = _party(event.sender), _party(event.recipient)
    message = decoded(event.message, _Message)
    if sender == account_id:
        yield from _of_echo(event, message, recipient)
    elif (recipient or entry_id) == account_id and sender and is_address(sender):
        yield from _of_person(event, message, raw, sender)


def _of_echo(event: _Event, message: _Message | None, recipient: str | None) -> Iterator[InboundEvent]:
    """Yield the status SENT of our own message, if the echo has the id of a delivery."""
    mid = decoded(message.mid, str) if message else None
    delivery_id = (decoded(message.metadata, str) if message else None) or ""
    if mid and recipient and is_address(recipient) and DeliveryId.parse(delivery_id):
        yield _status(event, recipient, Status.SENT, mid, delivery_id)


def _of_person(event: _Event, message: _Message | None, raw: Raw, sender: str) -> Iterator[InboundEvent]:
    seen, delivery, edit = (
        decoded(event.read, _Mid),
        decoded(event.delivery, _Delivery),
        decoded(event.message_edit, _Edit),
    )
    if seen:
        yield _status(event, sender, Status.READ, seen.mid)
    elif delivery:
        for mid in delivery.mids:
            yield _status(event, sender, Status.DELIVERED, mid)
    elif edit and edit.text.strip():
        at = moment(event.timestamp)
        yield InboundMessage(sender, edit.mid, Text(edit.text), at, edited_at=at)
    elif message:
        yield from _of_message(event, message, raw, sender)
    else:
        yield from _of_other(event, raw, sender)


def _of_message(event: _Event, message: _Message, raw: Raw, sender: str) -> Iterator[InboundEvent]:
    mid = decoded(message.mid, MessageId)
    text = decoded(message.text, str) or ""
    quoted = decoded(message.reply_to, _Mid)
    attachments = items(message.attachments)
    files = [_provider_file(attachment) for attachment in attachments]
    if decoded(message.is_deleted, bool):
        yield _unsupported(event, raw, sender, "deleted", f"{mid}:deleted" if mid else None)
        return
    contents = _contents(mid, text, files) if mid else []
    for name, content in contents:
        yield InboundMessage(
            address=sender,
            provider_message_id=name,
            content=content,
            at=moment(event.timestamp),
            quoted_provider_message_id=quoted.mid if quoted else None,
        )
    others = (
        [attachment for attachment, file in zip(attachments, files, strict=True) if not file]
        if mid
        else attachments
    )
    if others or not contents:
        rest_id = f"{mid}:attachments" if contents else mid
        rest = _unsupported(event, raw, sender, _kind(message, others), rest_id)
        yield replace(rest, quoted_provider_message_id=quoted.mid if quoted else None)


def _contents(mid: str, text: str, files: list[ProviderFile | None]) -> list[tuple[str, ReceivedContent]]:
    """Return the text, and each file, as a message of its own with its id.

    The first has the provider's id, which people quote and edit. The id of each other has its place, which is
    the same when the webhook comes again.
    """
    found: list[tuple[str, ReceivedContent]] = [("text", Text(text))] if text.strip() else []
    found += [(str(place), ReceivedMedia(file)) for place, file in enumerate(files) if file]
    return [(f"{mid}:{place}" if later else mid, content) for later, (place, content) in enumerate(found)]


def _provider_file(part: Raw) -> ProviderFile | None:
    attachment = decoded(part, _Attachment)
    payload = decoded(attachment.payload, _Payload) if attachment else None
    if not attachment or not payload or attachment.type not in _FILE_TYPES:
        return None
    return ProviderFile(payload.url, _FILE_TYPES[attachment.type])


def _of_other(event: _Event, raw: Raw, sender: str) -> Iterator[InboundEvent]:
    """Yield the event of a postback, a reaction, a referral, or a kind that is not known yet."""
    parts = decoded(raw, dict[str, Raw]) or {}
    kind = next((name for name in parts if name not in _ENVELOPE), None)
    if kind is None or kind in _NOT_FROM_A_PERSON or kind in {"read", "delivery"}:
        return
    # A postback has an id of its own; the `mid` of a reaction or an edit is of another message.
    own = decoded(parts[kind], _Mid) if kind == "postback" else None
    yield _unsupported(event, raw, sender, kind, own.mid if own else None)


def _unsupported(event: _Event, raw: Raw, sender: str, kind: str, mid: str | None) -> InboundMessage:
    return InboundMessage(
        address=sender,
        provider_message_id=mid or fingerprint(raw),
        content=Unsupported(kind),
        provider_fields=other_fields(raw, ()),
        at=moment(event.timestamp),
    )


def _status(
    event: _Event, address: str, status: Status, mid: str, delivery_id: str | None = None
) -> InboundStatus:
    return InboundStatus(
        address=address,
        status=status,
        at=moment(event.timestamp),
        provider_message_id=mid,
        delivery_id=delivery_id,
    )


def _kind(message: _Message, attachments: list[Raw]) -> str:
    if attachments:
        return (decoded(attachments[0], _Attachment) or _Attachment()).type
    return "unsupported" if decoded(message.is_unsupported, bool) else "message"


def _party(part: Raw) -> str | None:
    party = decoded(part, _Party)
    return party.id if party else None
