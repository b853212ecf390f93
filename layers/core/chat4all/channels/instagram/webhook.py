"""Instagram's webhooks: messages of people and of our own side in the app, and statuses of our messages.

https://developers.facebook.com/docs/instagram-messaging/webhooks
https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
Deliveries and edits are documented for Messenger, whose events have the same form:
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events

Marketing messages that a person stops or resumes, documented for Messenger, too:
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_optins

Every part of a webhook leads to an event, or its name counts as ignored.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.instagram.address import is_address
from chat4all.channels.instagram.messages import ENVELOPE, Chat, Event, Party, messages_of
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, moment, read_envelope
from chat4all.domain.consent import ConsentState, Means
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundConsent, InboundEvent, InboundStatus, ParsedWebhook
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import Author, AuthorKind
from chat4all.domain.status import Status

_SAID: Final = ("message", "message_edit", "postback", "reaction", "referral")
"""The parts of an event that somebody said, in the order in which they name the event."""
_NOT_SAID: Final = frozenset(
    {
        "pass_thread_control",
        "take_thread_control",
        "request_thread_control",
        "app_roles",
        "policy_enforcement",
        "read",
        "delivery",
    }
)
_NOTIFICATIONS: Final = {
    "STOP NOTIFICATIONS": ConsentState.OPTED_OUT,
    "RESUME NOTIFICATIONS": ConsentState.OPTED_IN,
}
_NULL: Final = b"null"
_OUR_SIDE: Final = Author(AuthorKind.OWN)


class _Webhook(Struct, frozen=True):
    object: str
    entry: list[Raw]


class _Change(Struct, frozen=True):
    field: str
    value: Raw = ABSENT


class _Echo(Struct, frozen=True):
    mid: Raw = ABSENT
    is_echo: Raw = ABSENT
    metadata: Raw = ABSENT


class _Seen(Struct, frozen=True):
    mid: Id


class _Delivery(Struct, frozen=True):
    mids: list[Id]


class _OptIn(Struct, frozen=True):
    notification_messages_status: str


class _Ignored(Struct, frozen=True):
    kind: str


def parsed(body: bytes, account_id: str) -> ParsedWebhook:
    """Return the parts of the webhook; raises Invalid if `body` is not a webhook.

    `account_id` is the id of the channel's first account. Events of another account of ours name the account.
    """
    webhook = read_envelope(body, _Webhook)
    if webhook.object != "instagram" or not webhook.entry:
        raise Invalid("The webhook is not of an Instagram account.")
    parts = [part for entry in webhook.entry for part in _of_entry(entry, account_id)]
    return ParsedWebhook(
        tuple(part for part in parts if not isinstance(part, _Ignored)),
        tuple(part.kind for part in parts if isinstance(part, _Ignored)),
    )


def _of_entry(part: Raw, account_id: str) -> Iterator[InboundEvent | _Ignored]:
    """Yield the parts of an entry.

    `standby` holds the messages of people whose conversation another app answers:
    https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/standby
    """
    entry = decoded(part, dict[str, Raw])
    if entry is None:
        yield _Ignored("malformed entry")
        return
    entry_id = _account(entry.get("id", ABSENT))
    for name, value in entry.items():
        found = decoded(value, list[Raw])
        if name in {"id", "time"}:
            continue
        if found is None or name not in {"messaging", "standby", "changes"}:
            yield _Ignored(name)
            continue
        for raw in found:
            event = _Change(name, raw) if name != "changes" else decoded(raw, _Change)
            yield from _of_change(event, account_id, entry_id)
            others = decoded(raw, dict[str, Raw]) if name == "changes" else None
            yield from (_Ignored(other) for other in others or () if other not in {"field", "value"})


def _of_change(
    change: _Change | None, account_id: str, entry_id: str | None
) -> Iterator[InboundEvent | _Ignored]:
    """Yield the parts of an event, which accounts connected by Instagram Login may get under `changes`."""
    if change is None:
        yield _Ignored("malformed change")
    elif change.field == "standby" or change.field.startswith("messag"):
        yield from _of_event(change.value, account_id, entry_id)
    else:
        # Comments, mentions and insights are no messages.
        yield _Ignored(change.field)


def _of_event(raw: Raw, account_id: str, entry_id: str | None) -> Iterator[InboundEvent | _Ignored]:
    fields = decoded(raw, dict[str, Raw])
    if fields is None:
        yield _Ignored("malformed event")
        return
    event = {name: part for name, part in fields.items() if bytes(part) != _NULL}
    echo = decoded(event.get("message", ABSENT), _Echo) or _Echo()
    chat = _chat(event, echo, account_id, entry_id)
    kind = _kind(event)
    if chat is None or kind is None:
        yield _Ignored(kind or "event")
        return
    delivery_id = decoded(echo.metadata, str) or ""
    if chat.author is not None and DeliveryId.parse(delivery_id) is not None:
        yield _sent(chat, echo, delivery_id) or _Ignored(kind)
        return
    consent = _consent(chat, event)
    if consent is not None:
        yield consent
        return
    statuses = list(_statuses(chat, event))
    yield from statuses
    if kind not in _NOT_SAID:
        yield from messages_of(chat, event, kind, raw)
    elif not statuses:
        yield _Ignored(kind)


def _kind(event: Event) -> str | None:
    """Return the name of the part that makes the event what it is."""
    said = next((name for name in _SAID if name in event), None)
    return said or next((name for name in event if name not in ENVELOPE), None)


def _chat(event: Event, echo: _Echo, account_id: str, entry_id: str | None) -> Chat | None:
    """Return where the event happened; None if it names no person.

    An echo is a message of our own side, which the account sent to the person.
    """
    sender, recipient = _party(event.get("sender", ABSENT)), _party(event.get("recipient", ABSENT))
    is_own = decoded(echo.is_echo, bool) or sender in {account_id, entry_id}
    address, named = (recipient, sender) if is_own else (sender, recipient)
    if address is None or not is_address(address):
        return None
    account = None if account_id in {entry_id, named} else entry_id or named
    return Chat(address, account, _OUR_SIDE if is_own else None, moment(event.get("timestamp", ABSENT)))


def _sent(chat: Chat, echo: _Echo, delivery_id: str) -> InboundStatus | None:
    """Return the status SENT of a message that we sent through the API; its echo has the delivery's id."""
    mid = decoded(echo.mid, Id)
    return _status(chat, Status.SENT, mid, delivery_id) if mid else None


def _consent(chat: Chat, event: Event) -> InboundConsent | None:
    """Return that the person stopped or resumed our marketing messages."""
    optin = decoded(event.get("optin", ABSENT), _OptIn)
    state = _NOTIFICATIONS.get(optin.notification_messages_status) if optin else None
    if state is None or chat.author is not None:
        return None
    return InboundConsent(
        address=chat.address,
        purposes=(Purpose.MARKETING,),
        state=state,
        at=chat.at,
        evidence="messaging_optins",
        account=chat.account,
        means=Means.SETTING,
    )


def _statuses(chat: Chat, event: Event) -> Iterator[InboundStatus]:
    """Yield what the person has received and read. `read` is true of all earlier messages, too."""
    if chat.author is not None:
        return
    delivery = decoded(event.get("delivery", ABSENT), _Delivery)
    for mid in delivery.mids if delivery else ():
        yield _status(chat, Status.DELIVERED, mid)
    seen = decoded(event.get("read", ABSENT), _Seen)
    if seen is not None:
        yield _status(chat, Status.READ, seen.mid, covers_earlier=True)


def _status(
    chat: Chat, status: Status, mid: str, delivery_id: str | None = None, *, covers_earlier: bool = False
) -> InboundStatus:
    return InboundStatus(
        address=chat.address,
        status=status,
        at=chat.at,
        provider_message_id=mid,
        account=chat.account,
        delivery_id=delivery_id,
        covers_earlier=covers_earlier,
    )


def _party(part: Raw) -> str | None:
    party = decoded(part, Party)
    return str(party.id) if party else None


def _account(part: Raw) -> str | None:
    account = decoded(part, Id)
    return account or (str(number) if (number := decoded(part, int)) is not None else None)
