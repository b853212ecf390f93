"""WhatsApp's webhooks: their changes, and the events of the changes.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
A number that the WhatsApp Business app uses, too (coexistence):
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history
News of templates: template_news.py. User ids that change:
https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, items, moment, other_fields, read_envelope
from chat4all.channels.whatsapp.account_news import ACCOUNT_NEWS, account_reported
from chat4all.channels.whatsapp.address import is_user_id, person_addresses, phone_of
from chat4all.channels.whatsapp.contacts import Contacts
from chat4all.channels.whatsapp.message import Chat, Message, chat_of_own, chat_of_person, message_events
from chat4all.channels.whatsapp.preferences import has_more, preference_event
from chat4all.channels.whatsapp.statuses import ReportedStatus, status_events
from chat4all.channels.whatsapp.template_news import NEWS, template_changed
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMove, ParsedWebhook
from chat4all.domain.received import NOTHING, Author, AuthorKind

_Outcome = InboundEvent | str
"""An event, or the kind of a part that leads to no event."""


_ABOUT: Final = frozenset({"messaging_product", "metadata"})
_LISTS: Final = frozenset(
    {"contacts", "messages", "statuses", "errors", "message_echoes", "history", "user_id_update"}
    | {"user_preferences"}
)
"""The parts of a change that are read."""
_OF_MOVE: Final = frozenset({"user_id", "wa_id", "timestamp", "detail"})
"""The fields of a changed user id; `detail` says only that it changed."""


class _Webhook(Struct, frozen=True):
    object: str
    entry: list[Raw]


class _Change(Struct, frozen=True):
    field: str
    value: Raw = ABSENT


class _Metadata(Struct, frozen=True):
    phone_number_id: Id
    display_phone_number: Raw = ABSENT


class _Value(Struct, frozen=True):
    metadata: Raw = ABSENT
    contacts: Raw = ABSENT
    messages: Raw = ABSENT
    statuses: Raw = ABSENT
    errors: Raw = ABSENT
    message_echoes: Raw = ABSENT
    history: Raw = ABSENT
    user_id_update: Raw = ABSENT
    user_preferences: Raw = ABSENT


class _Place(Struct, frozen=True):
    """Our phone number that a change is about, and the contacts that the change lists."""

    account: str | None
    """The number's id, if it is not the first of our numbers."""
    number: str | None
    """The number in its canonical spelling."""
    contacts: Contacts


class _Chunk(Struct, frozen=True):
    threads: list[Raw]


class _Person(Struct, frozen=True):
    wa_id: str | None = None
    user_id: str | None = None
    username: str | None = None


class _Thread(Struct, frozen=True):
    id: Raw = ABSENT
    context: Raw = ABSENT
    messages: Raw = ABSENT


class _HistoryContext(Struct, frozen=True):
    from_me: bool = False


class _Changed(Struct, frozen=True):
    previous: Id
    current: Id


class _UserIdUpdate(Struct, frozen=True):
    user_id: _Changed
    wa_id: Raw = ABSENT
    timestamp: Raw = ABSENT


def parsed(body: bytes, phone_number_id: str) -> ParsedWebhook:
    """Return the events of a webhook, and the kinds of its other parts; raise Invalid if it is no webhook.

    `phone_number_id` is the first of our numbers. The events of another number carry its id as their account.
    """
    webhook = read_envelope(body, _Webhook)
    if webhook.object != "whatsapp_business_account" or not webhook.entry:
        raise Invalid("The webhook is not of a WhatsApp Business account.")
    outcomes = [outcome for entry in webhook.entry for outcome in _of_entry(entry, phone_number_id)]
    return ParsedWebhook(
        tuple(outcome for outcome in outcomes if not isinstance(outcome, str)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, str)),
    )


def _of_entry(part: Raw, phone_number_id: str) -> Iterator[_Outcome]:
    entry = decoded(part, dict[str, Raw]) or {}
    changes = items(entry.get("changes", ABSENT))
    if not changes:
        yield "entry"
    yield from (name for name in entry if name not in {"id", "time", "changes"})
    owner, time = decoded(entry.get("id", ABSENT), str) or "", entry.get("time", ABSENT)
    for change_part in changes:
        change = decoded(change_part, _Change)
        if change is not None and change.field in NEWS:
            yield template_changed(change.field, change.value, owner, time) or change.field
        elif change is not None and change.field in ACCOUNT_NEWS:
            yield account_reported(change.field, change.value, owner, time) or change.field
        else:
            yield from _of_change(change, phone_number_id) if change else ("change",)
        yield from (
            name for name in decoded(change_part, dict[str, Raw]) or () if name not in {"field", "value"}
        )


def _of_change(change: _Change, phone_number_id: str) -> Iterator[_Outcome]:
    """Yield the outcomes of a change; a change without any part that is known counts as its field.

    A part of the change that is unknown, or that is no list, counts by its name.
    """
    value, parts = decoded(change.value, _Value), decoded(change.value, dict[str, Raw])
    read = _FIELDS.get(change.field)
    outcomes = list(read(value, _place(value, phone_number_id))) if read and value else []
    if outcomes and parts is not None:
        outcomes += (name for name, part in parts.items() if not _is_read(name, part))
    yield from outcomes or (change.field,)


def _is_read(name: str, part: Raw) -> bool:
    """Return whether this part of a change is read, as far as it is not empty."""
    return name in _ABOUT or (name in _LISTS and decoded(part, list[Raw]) is not None)


def _place(value: _Value, phone_number_id: str) -> _Place:
    metadata = decoded(value.metadata, _Metadata)
    number = decoded(metadata.display_phone_number, str) if metadata else None
    is_first = metadata is None or metadata.phone_number_id == phone_number_id
    return _Place(
        None if metadata is None or is_first else metadata.phone_number_id,
        next(iter(person_addresses(number)), None),
        Contacts(items(value.contacts)),
    )


def _of_messages(value: _Value, place: _Place) -> Iterator[_Outcome]:
    for part in items(value.messages):
        message = decoded(part, Message)
        yield from _of_message(message, part, place) if message else ("messages",)
    for part in items(value.statuses):
        status = decoded(part, ReportedStatus)
        if status is None:
            yield "statuses"
        else:
            yield from list(status_events(status, place.account)) or (f"status {status.status}",)
    yield from ("errors" for _ in items(value.errors))


def _of_message(message: Message, part: Raw, place: _Place) -> Iterator[_Outcome]:
    chat = chat_of_person(message, place.contacts, place.account)
    yield from message_events(message, part, chat) if chat else (message.kind,)


def _of_own(message: Message, part: Raw, place: _Place) -> Iterator[_Outcome]:
    chat = chat_of_own(message, place.contacts, place.account)
    yield from message_events(message, part, chat) if chat else (message.kind,)


def _of_echoes(value: _Value, place: _Place) -> Iterator[_Outcome]:
    for part in items(value.message_echoes):
        message = decoded(part, Message)
        yield from _of_own(message, part, place) if message else ("message_echoes",)


def _of_history(value: _Value, place: _Place) -> Iterator[_Outcome]:
    """Yield the messages of the chats from before the number was connected.

    A file of these chats comes later, as a message beside the history, under the id of its placeholder.
    """
    for part in items(value.history):
        chunk = decoded(part, _Chunk)
        yield from _of_threads(chunk.threads, place) if chunk and chunk.threads else ("history",)
    for part in items(value.messages):
        message = decoded(part, Message)
        if message is None:
            yield "history"
        else:
            yield from (_of_own if _is_own(message, place) else _of_message)(message, part, place)


def _of_threads(threads: list[Raw], place: _Place) -> Iterator[_Outcome]:
    for part in threads:
        thread = decoded(part, _Thread) or _Thread()
        person = decoded(thread.context, _Person) or _Person()
        addresses = person_addresses(decoded(thread.id, str), person.wa_id, person.user_id)
        messages = items(thread.messages)
        if not addresses or not messages:
            yield "history"
            continue
        address, *aliases = addresses
        chat = Chat(address, tuple(aliases), handle=person.username, account=place.account)
        for message_part in messages:
            message = decoded(message_part, Message)
            yield from _of_past(message, message_part, chat, place) if message else ("history",)


def _of_past(message: Message, part: Raw, chat: Chat, place: _Place) -> Iterator[_Outcome]:
    author = Author(AuthorKind.OWN) if _is_own(message, place) else None
    yield from message_events(
        message, part, Chat(chat.address, chat.aliases, None, chat.handle, author, chat.account)
    )


def _is_own(message: Message, place: _Place) -> bool:
    """Return whether our own side wrote a message of the history."""
    context = decoded(message.history_context, _HistoryContext) or _HistoryContext()
    sender = next(iter(person_addresses(decoded(message.sender, str))), None)
    return context.from_me or (sender is not None and sender == place.number)


def _of_user_ids(value: _Value, place: _Place) -> Iterator[_Outcome]:
    for part in items(value.user_id_update):
        update = decoded(part, _UserIdUpdate)
        changed = update.user_id if update else None
        if update and changed and is_user_id(changed.previous) and is_user_id(changed.current):
            phones = person_addresses(decoded(update.wa_id, str))
            phone = phone_of(phones[0]) if phones else None
            at = moment(update.timestamp)
            yield InboundMove(changed.previous, changed.current, at, place.account, phone)
            if other_fields(part, _OF_MOVE) != NOTHING:
                yield "user_id_update.fields"
        else:
            yield "user_id_update"


def _of_preferences(value: _Value, place: _Place) -> Iterator[_Outcome]:
    for part in items(value.user_preferences):
        told = preference_event(part, place.account)
        yield told or "user_preferences"
        if told and has_more(part):
            yield "user_preferences.fields"


_FIELDS: Final[Mapping[str, Callable[[_Value, _Place], Iterator[_Outcome]]]] = {
    "messages": _of_messages,
    "smb_message_echoes": _of_echoes,
    "history": _of_history,
    "user_id_update": _of_user_ids,
    "user_preferences": _of_preferences,
}
"""The fields that lead to events. Every other field, such as `security`, is ignored by its name."""
