"""The messages in WhatsApp's webhooks: who wrote in which chat, and the event of the message.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
Edits, which WhatsApp reports only for a number that the WhatsApp Business app uses, too:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/edit
Groups: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/group
Changed numbers:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
Our side's own messages:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, fingerprint, moment, other_fields
from chat4all.channels.whatsapp.address import group_address, is_user_id, person_addresses, phone_of
from chat4all.channels.whatsapp.contacts import Contact, Contacts
from chat4all.channels.whatsapp.received import new_words, understood
from chat4all.channels.whatsapp.references import references
from chat4all.domain.content import ReceivedContent, Unsupported
from chat4all.domain.events import InboundDeletion, InboundEvent, InboundMessage, InboundMove
from chat4all.domain.received import NOTHING, Author, AuthorKind

_UNDERSTOOD: Final = frozenset(
    {
        *("id", "type", "timestamp", "group_id"),
        *("from", "from_user_id", "from_parent_user_id"),
        *("to", "to_user_id", "to_parent_user_id"),
    }
)
_REPEATS: Final = (
    *("text", "image", "video", "audio", "document", "sticker", "location", "contacts"),
    *("interactive", "button", "context"),
)
"""The fields of a deletion that may repeat what was deleted."""
_MOVES: Final = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
"""The kinds of system messages about a person with another number or user id; the second is an older name."""


class Message(Struct, frozen=True):
    """A message, decoded part by part: it becomes an event even if a part of it is malformed."""

    id: Raw = ABSENT
    type: Raw = ABSENT
    timestamp: Raw = ABSENT
    sender: Raw = field(name="from", default=ABSENT)
    from_user_id: Raw = ABSENT
    from_parent_user_id: Raw = ABSENT
    to: Raw = ABSENT
    to_user_id: Raw = ABSENT
    to_parent_user_id: Raw = ABSENT
    group_id: Raw = ABSENT
    context: Raw = ABSENT
    referral: Raw = ABSENT
    errors: Raw = ABSENT
    edit: Raw = ABSENT
    revoke: Raw = ABSENT
    system: Raw = ABSENT
    reaction: Raw = ABSENT
    history_context: Raw = ABSENT

    @property
    def kind(self) -> str:
        return decoded(self.type, str) or "unknown"


class Chat(Struct, frozen=True):
    """The chat of a message, and the author if the author is not the person of the chat."""

    address: str
    aliases: tuple[str, ...] = ()
    display_name: str | None = None
    handle: str | None = None
    author: Author | None = None
    account: str | None = None
    """The id of our phone number, if it is not the first of our numbers."""

    @property
    def phone(self) -> str | None:
        return next(
            (phone for address in (self.address, *self.aliases) if (phone := phone_of(address))), None
        )


class _Changed(Struct, frozen=True):
    original_message_id: Id
    message: Raw = ABSENT


class _System(Struct, frozen=True):
    """A system message. `customer` is the former number; older versions call the new number `new_wa_id`."""

    type: Raw = ABSENT
    wa_id: Raw = ABSENT
    new_wa_id: Raw = ABSENT
    user_id: Raw = ABSENT
    customer: Raw = ABSENT


class _Reaction(Struct, frozen=True):
    message_id: Id


def chat_of_person(message: Message, contacts: Contacts, account: str | None) -> Chat | None:
    """Return the chat of a message that a person wrote; None if it names neither a person nor a group."""
    sender, user_id = decoded(message.sender, str), decoded(message.from_user_id, str)
    contact = contacts.find(sender, user_id)
    addresses = person_addresses(
        sender or contact.wa_id,
        user_id or contact.user_id,
        decoded(message.from_parent_user_id, str) or contact.parent_user_id,
    )
    group = _group(message)
    if group is not None:
        address = addresses[0] if addresses else None
        author = Author(AuthorKind.PERSON, address, contact.name, contact.username)
        return Chat(group, author=author, account=account)
    return _chat(addresses, contact, None, account)


def chat_of_own(message: Message, contacts: Contacts, account: str | None) -> Chat | None:
    """Return the chat of a message that our own side wrote in the WhatsApp Business app."""
    author = Author(AuthorKind.OWN)
    group = _group(message)
    if group is not None:
        return Chat(group, author=author, account=account)
    to, user_id = decoded(message.to, str), decoded(message.to_user_id, str)
    addresses = person_addresses(to, user_id, decoded(message.to_parent_user_id, str))
    return _chat(addresses, contacts.find(to, user_id), author, account)


def message_events(message: Message, part: Raw, chat: Chat) -> Iterator[InboundEvent]:
    """Yield the events of a message, whose JSON is `part`."""
    changed = _of_change(message, part, chat)
    if changed is not None:
        yield changed
        return
    yield _of_message(message, part, chat)
    yield from _moves(message, chat)


def _chat(
    addresses: tuple[str, ...], contact: Contact, author: Author | None, account: str | None
) -> Chat | None:
    if not addresses:
        return None
    address, *aliases = addresses
    return Chat(address, tuple(aliases), contact.name, contact.username, author, account)


def _group(message: Message) -> str | None:
    """Return the address of the group in which the message stands; None for a person's chat.

    A message with a strange group id must not appear in the person's chat: its group gets an id of ours.
    """
    if bytes(message.group_id) in {b"", b"null", b'""'}:
        return None
    named = group_address(decoded(message.group_id, str) or "")
    return named or group_address(fingerprint(message.group_id))


def _of_change(message: Message, part: Raw, chat: Chat) -> InboundEvent | None:
    """Return the edit or the deletion of an earlier message; None if the message is neither."""
    if message.kind == "revoke":
        revoked = decoded(message.revoke, _Changed)
        if revoked is None:
            return None
        at = moment(message.timestamp)
        left = dict.fromkeys(_REPEATS, NOTHING)
        left["revoke"] = other_fields(message.revoke, {"original_message_id"})
        return InboundDeletion(
            chat.address, revoked.original_message_id, at, chat.account, _other_fields(part, left)
        )
    edit = decoded(message.edit, _Changed) if message.kind == "edit" else None
    return _of_edit(message, part, edit, chat) if edit else None


def _of_edit(message: Message, part: Raw, edit: _Changed, chat: Chat) -> InboundMessage | None:
    parts = decoded(edit.message, dict[str, Raw]) or {}
    kind = decoded(parts.get("type", ABSENT), str) or ""
    words = new_words(kind, parts.get(kind, ABSENT))
    if words is None:
        return None
    left = _other_fields(
        edit.message,
        {
            kind: other_fields(parts[kind], words.fields),
            "context": other_fields(parts.get("context", ABSENT), {"id"}),
        },
    )
    beside = decoded(other_fields(message.edit, {"original_message_id", "message"}), dict[str, Raw]) or {}
    edited = _object({**beside, "message": left})
    at = moment(message.timestamp)
    event = _event(chat, edit.original_message_id, words.content, at)
    return replace(event, provider_fields=_other_fields(part, {"edit": edited}), edited_at=at)


def _of_message(message: Message, part: Raw, chat: Chat) -> InboundMessage:
    kind = message.kind
    message_id = decoded(message.id, str)
    own_part = (decoded(part, dict[str, Raw]) or {}).get(kind, ABSENT)
    read = understood(kind, own_part, message.errors)
    refers = references(message.context, message.referral, read.payload)
    reaction = decoded(message.reaction, _Reaction) if kind == "reaction" else None
    left = {
        kind: other_fields(own_part, read.fields),
        "context": other_fields(message.context, refers.context_fields - ({"id"} if reaction else set())),
        "referral": other_fields(message.referral, refers.referral_fields),
    }
    is_whole = isinstance(read.content, Unsupported)
    event = _event(chat, message_id or fingerprint(part), read.content, moment(message.timestamp))
    return replace(
        event,
        quoted_provider_message_id=reaction.message_id if reaction else refers.quoted,
        context=refers.context,
        provider_fields=other_fields(part, ()) if is_whole else _other_fields(part, left),
    )


def _event(chat: Chat, message_id: str, content: ReceivedContent, at: str) -> InboundMessage:
    return InboundMessage(
        address=chat.address,
        provider_message_id=message_id,
        content=content,
        at=at,
        account=chat.account,
        aliases=chat.aliases,
        display_name=chat.display_name,
        phone=chat.phone,
        handle=chat.handle,
        author=chat.author,
    )


def _other_fields(part: Raw, left: Mapping[str, Raw]) -> Raw:
    """Return the fields of a message that its event does not hold otherwise; null if there is none.

    `left` has what is left of the parts that the event holds.
    """
    fields = decoded(part, dict[str, Raw]) or {}
    return _object(
        {
            name: left.get(name, value)
            for name, value in fields.items()
            if name not in _UNDERSTOOD or not _is_held(name, value)
        }
    )


def _object(fields: Mapping[str, Raw]) -> Raw:
    """Return the JSON of an object without the fields that are null; null if no other field is left."""
    others = {name: value for name, value in fields.items() if value != NOTHING}
    return Raw(msgspec.json.encode(others)) if others else NOTHING


def _is_held(name: str, value: Raw) -> bool:
    """Return whether the event holds the value of an understood field: a strange value is kept."""
    text = decoded(value, str)
    match name:
        case "from" | "to":
            return text is not None and bool(person_addresses(text))
        case "group_id":
            return text is not None and group_address(text) is not None
        case "timestamp":
            return (text or bytes(value).decode(errors="replace")).isdigit()
        case _:
            return text is not None


def _moves(message: Message, chat: Chat) -> Iterator[InboundMove]:
    """Yield the moves of the person of the chat to the addresses that a system message names.

    A number takes the place of the former number, and a user id takes the place of the former user id.
    """
    system = decoded(message.system, _System) if message.kind == "system" else None
    if system is None or decoded(system.type, str) not in _MOVES or chat.author is not None:
        return
    former = (*_addresses(system.customer), chat.address, *chat.aliases)
    present = {is_user_id(address): address for address in reversed(_addresses(*_new(system)))}
    number = present.get(False)
    phone = phone_of(number) if number else None
    for is_id, address in sorted(present.items()):
        was = next((known for known in former if is_user_id(known) is is_id), former[0])
        if was != address:
            yield InboundMove(was, address, moment(message.timestamp), chat.account, phone)


def _new(system: _System) -> tuple[Raw, Raw, Raw]:
    return system.wa_id, system.new_wa_id, system.user_id


def _addresses(*parts: Raw) -> tuple[str, ...]:
    """Return the addresses that stand in the parts, as texts or as numbers."""
    texts = (decoded(part, str) or str(decoded(part, int) or "") for part in parts)
    return person_addresses(*texts)
