"""Telegram's webhooks: each holds an update, most often a message.

https://core.telegram.org/bots/api#update
https://core.telegram.org/bots/api#message
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import (
    ABSENT,
    fields_of_type,
    items,
    moment,
    other_fields,
    read_envelope,
)
from chat4all.channels.telegram.address import is_address, message_name
from chat4all.channels.telegram.blocks import block_event, has_more
from chat4all.channels.telegram.content import (
    FILE_TYPES,
    WebAppData,
    contact_fields,
    content_of,
    file_fields,
    is_plain_photo,
    location_fields,
    title_of_button,
    venue_fields,
)
from chat4all.channels.telegram.context import are_links, context_of, is_quote, quoted_message
from chat4all.channels.telegram.parts import MESSAGE_FIELDS, Message, party, party_fields, remaining
from chat4all.channels.telegram.place import Place, account_of, album_place, is_from_bot, place_of
from chat4all.domain.content import ReceivedContent, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundDeletion, InboundEvent, InboundMessage, InboundMove, ParsedWebhook
from chat4all.domain.kinds import Contacts, Location, Reaction
from chat4all.domain.received import NOTHING, Context

_REACTING: Final = ("chat", "user", "actor_chat")
_MESSAGES: Final = frozenset({"message", "channel_post", "business_message"})
_EDITS: Final = frozenset({"edited_message", "edited_channel_post", "edited_business_message"})
_NO_MESSAGES: Final = frozenset(
    {
        "inline_query",
        "chosen_inline_result",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "message_reaction_count",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "business_connection",
    }
)
"""Updates about queries, votes, and the members and rights of a chat; they hold no message of a person."""
_Outcome = InboundEvent | str
"""An event, or the kind of a part that leads to no event."""
_OF_MOVE: Final = frozenset({"message_id", "date", "migrate_to_chat_id", "migrate_from_chat_id"})
_PARTIES: Final = ("from", "sender_chat", "chat")
_OF_BOT: Final = ".from.is_bot"
"""What the kind of a message is followed by if a bot wrote it."""
_SCALARS: Final[Mapping[str, type]] = {
    "message_id": int,
    "business_connection_id": str,
    "date": int,
    "edit_date": int,
    "text": str,
    "caption": str,
}
"""The fields that the event holds if they have this type."""
_QUOTED: Final[Mapping[str, type]] = {"message_id": int, "date": int}


class _Interaction(Struct, frozen=True):
    """An update about a message: a tapped button or a reaction, or an update that is not known yet."""

    id: Raw = ABSENT
    sender: Raw = field(name="from", default=ABSENT)
    user: Raw = ABSENT
    actor_chat: Raw = ABSENT
    chat: Raw = ABSENT
    message: Raw = ABSENT
    message_id: Raw = ABSENT
    date: Raw = ABSENT
    data: Raw = ABSENT
    game_short_name: Raw = ABSENT
    new_reaction: Raw = ABSENT


class _ReactionType(Struct, frozen=True):
    """https://core.telegram.org/bots/api#reactiontype"""

    type: str = ""
    emoji: str = ""

    @property
    def shown(self) -> str:
        """Return the emoji; an empty text if Telegram names it by a number only."""
        return "\u2b50" if self.type == "paid" else self.emoji


class _Deleted(Struct, frozen=True):
    """https://core.telegram.org/bots/api#businessmessagesdeleted"""

    business_connection_id: Raw = ABSENT
    chat: Raw = ABSENT
    message_ids: Raw = ABSENT


class _Migration(Struct, frozen=True):
    migrate_to_chat_id: int | None = None
    migrate_from_chat_id: int | None = None


def parsed(body: bytes) -> ParsedWebhook:
    """Return the events of an update; raise Invalid if `body` is not an update."""
    parts = read_envelope(body, dict[str, Raw])
    update_id = decoded(parts.get("update_id", ABSENT), int)
    if update_id is None:
        raise Invalid("The webhook is no Telegram update.")
    events: list[InboundEvent] = []
    ignored: list[str] = []
    for kind, part in parts.items():
        if kind == "update_id":
            continue
        # An update has one part. A further part without a number must not take the place of the first.
        name = f"update:{update_id}:{kind}" if events else f"update:{update_id}"
        found = _of_part(kind, part, name)
        outcomes = (found,) if isinstance(found, str) else found
        events += (outcome for outcome in outcomes if not isinstance(outcome, str))
        ignored += (outcome for outcome in outcomes if isinstance(outcome, str))
    return ParsedWebhook(tuple(events), tuple(ignored))


def _of_part(kind: str, part: Raw, name: str) -> Collection[_Outcome] | str:
    """Return the events of a part of an update, and the kind of what leads to no event.

    `name` is the id of a message that has none of its own.
    """
    if kind in _NO_MESSAGES:
        return kind
    if kind in _MESSAGES | _EDITS:
        return _of_message(kind, part, name)
    if kind == "deleted_business_messages":
        return _of_deletion(part) or kind
    if kind == "my_chat_member":
        return _of_block(kind, part)
    if kind == "callback_query":
        tapped = _of_tap(part, name)
        return (tapped,) if tapped else kind
    interaction = _of_interaction(kind, part, name)
    return (interaction,) if interaction else kind


def _of_block(kind: str, part: Raw) -> Collection[_Outcome] | str:
    blocked = block_event(part)
    if blocked is None:
        return kind
    return (blocked, f"{kind}.fields") if has_more(part) else (blocked,)


def _of_message(kind: str, part: Raw, name: str) -> Collection[_Outcome] | str:
    message, fields = decoded(part, Message), decoded(part, dict[str, Raw])
    place = place_of(message) if message else None
    if message is None or fields is None or place is None:
        return kind
    if move := _move(message, part, place):
        beside = set(fields) - _OF_MOVE - {named for named in _PARTIES if party(fields.get(named, ABSENT))}
        return (move, f"{kind}.migrate") if beside else (move,)
    if is_from_bot(message):
        return kind + _OF_BOT
    edited_at = None
    if kind in _EDITS:
        edited_at = moment(message.edit_date if bytes(message.edit_date) else message.date)
    quoted, content = quoted_message(message), content_of(message, fields)
    opened = decoded(fields.get("web_app_data", ABSENT), WebAppData)
    event = InboundMessage(
        address=place.address,
        provider_message_id=_name(message, place) or name,
        content=content,
        at=moment(message.date),
        account=place.account,
        thread=place.thread,
        display_name=place.display_name,
        handle=place.handle,
        author=place.author,
        quoted_provider_message_id=_name(quoted, place) if quoted else None,
        context=context_of(message, quoted, opened.data if opened else None),
        provider_fields=remaining(fields, _understood(fields, place, quoted, content)),
        edited_at=edited_at,
        album=album_place(message, place, content),
    )
    return (event,)


def _name(message: Message, place: Place) -> str | None:
    number = decoded(message.message_id, int)
    date = decoded(message.date, int)
    return None if number is None else message_name(place.address, number, date, place.account)


def _understood(
    fields: Mapping[str, Raw], place: Place, quoted: Message | None, content: ReceivedContent
) -> dict[str, Collection[str] | None]:
    """Return the fields that the event holds, as `remaining` takes them."""
    understood: dict[str, Collection[str] | None] = {
        name: None for name, kind in _SCALARS.items() if decoded(fields.get(name, ABSENT), kind) is not None
    }
    understood |= {name: party_fields(fields[name]) for name in _PARTIES if party(fields.get(name, ABSENT))}
    understood["quote"] = ("text",) if is_quote(fields.get("quote", ABSENT)) else ()
    if quoted is not None:
        understood["reply_to_message"] = _understood_of_quoted(fields, quoted)
    if place.thread is not None:
        understood |= {"message_thread_id": None, "is_topic_message": None}
    if isinstance(content, ReceivedMedia):
        understood |= {"photo": None} if is_plain_photo(fields.get("photo", ABSENT)) else {}
        understood |= {name: file_fields(fields.get(name, ABSENT)) for name in FILE_TYPES}
    if isinstance(content, Text):
        understood["web_app_data"] = ("data", "button_text")
    if isinstance(content, Contacts):
        understood["contact"] = contact_fields(fields.get("contact", ABSENT))
    if isinstance(content, Location):
        understood["location"] = location_fields(fields.get("location", ABSENT))
        understood["venue"] = venue_fields(fields.get("venue", ABSENT))
    understood |= {
        name: None for name in ("entities", "caption_entities") if are_links(fields.get(name, ABSENT))
    }
    return understood


def _understood_of_quoted(fields: Mapping[str, Raw], quoted: Message) -> list[str]:
    """Return the fields of the quoted message that the event holds; a quote takes the place of its words."""
    types = _QUOTED if "quote" in fields else {**_QUOTED, "text": str, "caption": str}
    is_chat = other_fields(quoted.chat, party_fields(quoted.chat)) == NOTHING
    return [*fields_of_type(fields["reply_to_message"], types), *(["chat"] if is_chat else [])]


def _move(message: Message, part: Raw, place: Place) -> InboundMove | None:
    """Return the move of a group to its supergroup, which both chats report."""
    migration = decoded(part, _Migration) or _Migration()
    address, new_address = place.address, place.address
    if migration.migrate_to_chat_id is not None:
        new_address = str(migration.migrate_to_chat_id)
    elif migration.migrate_from_chat_id is not None:
        address = str(migration.migrate_from_chat_id)
    is_move = address != new_address and is_address(address) and is_address(new_address)
    return InboundMove(address, new_address, moment(message.date), place.account) if is_move else None


def _of_deletion(part: Raw) -> list[InboundEvent]:
    """Return the deletions. Telegram does not say when a message was deleted."""
    deleted = decoded(part, _Deleted) or _Deleted()
    chat = party(deleted.chat)
    account = account_of(Message(business_connection_id=deleted.business_connection_id))
    numbers = (decoded(number, int) for number in items(deleted.message_ids))
    if chat is None or account is None:
        return []
    names = [message_name(chat.id, number, None, account) for number in numbers if number is not None]
    at = moment(ABSENT)
    understood = {"business_connection_id": None, "message_ids": None, "chat": party_fields(deleted.chat)}
    fields = remaining(decoded(part, dict[str, Raw]) or {}, understood)
    return [InboundDeletion(chat.address, name, at, account, fields) for name in names]


def _of_tap(part: Raw, name: str) -> InboundMessage | None:
    """Return the message of a person who tapped a button: its title, or else its data.

    https://core.telegram.org/bots/api#callbackquery
    """
    tap = decoded(part, _Interaction) or _Interaction()
    tapped = decoded(tap.message, Message) or Message()
    place = place_of(msgspec.structs.replace(tapped, sender=tap.sender, sender_chat=ABSENT))
    if place is None or not bytes(tap.sender):
        return None
    query_id, data = decoded(tap.id, Id), decoded(tap.data, str)
    words = data and (title_of_button(tapped.reply_markup, data) or data)
    # The date of a message that is too old to be shown is 0. It is named without its date.
    tapped_name = _name(tapped, place)
    understood: dict[str, Collection[str] | None] = {"from": party_fields(tap.sender)}
    understood |= {"id": None} if query_id else {}
    understood |= {"data": None} if data is not None else {}
    understood |= {"message": MESSAGE_FIELDS} if tapped_name else {}
    return _event(
        f"callback:{query_id}" if query_id else name,
        place,
        Text(words) if words else Unsupported("callback_query", decoded(tap.game_short_name, str) or ""),
        quoted=tapped_name,
        context=Context(payload=data) if data else None,
        provider_fields=remaining(decoded(part, dict[str, Raw]) or {}, understood),
    )


def _of_interaction(kind: str, part: Raw, name: str) -> InboundMessage | None:
    """Return a reaction of a person, or another update from a person in a chat."""
    interaction = decoded(part, _Interaction) or _Interaction()
    message = decoded(interaction.message, Message) or Message()
    place = place_of(
        Message(
            sender=interaction.sender if bytes(interaction.sender) else interaction.user,
            sender_chat=interaction.actor_chat,
            chat=interaction.chat if bytes(interaction.chat) else message.chat,
        )
    )
    has_chat = party(interaction.chat) or party(message.chat)
    has_person = party(interaction.sender) or party(interaction.user) or party(interaction.actor_chat)
    if place is None or not has_chat or not has_person:
        return None
    if kind == "message_reaction":
        return _reaction(interaction, part, place, name)
    return _event(
        name,
        place,
        Unsupported(kind),
        at=interaction.date,
        provider_fields=other_fields(part, ()),
    )


def _reaction(interaction: _Interaction, part: Raw, place: Place, name: str) -> InboundMessage:
    """Return a reaction, or that it was taken back.

    The update has all reactions of the person to the message, the latest last. It does not give the date of
    the message: https://core.telegram.org/bots/api#messagereactionupdated
    """
    fields = decoded(part, dict[str, Raw]) or {}
    reactions = decoded(interaction.new_reaction, list[_ReactionType])
    emoji = [reaction.shown for reaction in reactions or () if reaction.shown]
    content: ReceivedContent = Unsupported("message_reaction")
    if emoji:
        content = Reaction(emoji[-1], "".join(emoji) if len(emoji) > 1 else "")
    elif reactions == []:
        content = Reaction("")
    number = decoded(interaction.message_id, int)
    understood: dict[str, Collection[str] | None] = {
        who: party_fields(fields[who]) for who in _REACTING if party(fields.get(who, ABSENT))
    }
    understood |= {key: None for key in ("date", "message_id") if decoded(fields.get(key, ABSENT), int)}
    are_plain = all(
        other_fields(item, ("type", "emoji")) == NOTHING for item in items(interaction.new_reaction)
    )
    if reactions is not None and are_plain and len(reactions) == len(emoji) <= 1:
        understood["new_reaction"] = None
    return _event(
        name,
        place,
        content,
        at=interaction.date,
        quoted=message_name(place.address, number, None, place.account) if number is not None else None,
        provider_fields=remaining(fields, understood),
    )


def _event(
    name: str,
    place: Place,
    content: ReceivedContent,
    *,
    at: Raw = ABSENT,
    quoted: str | None = None,
    context: Context | None = None,
    provider_fields: Raw,
) -> InboundMessage:
    return InboundMessage(
        address=place.address,
        provider_message_id=name,
        content=content,
        at=moment(at),
        account=place.account,
        thread=place.thread,
        display_name=place.display_name,
        handle=place.handle,
        author=place.author,
        quoted_provider_message_id=quoted,
        context=context,
        provider_fields=provider_fields,
    )
