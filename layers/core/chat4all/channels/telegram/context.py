"""What a message on Telegram refers to: the quoted words, the origin of a forward, the links in its text."""

from typing import Annotated, Final

from msgspec import Meta, Raw, Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.webhooks import ABSENT, items, other_fields
from chat4all.channels.telegram.parts import Message, party
from chat4all.domain.received import NOTHING, Context, Forward, Link

_MOST_LINKS: Final = 100
"""Telegram takes 100 entities of a message: https://core.telegram.org/api/entities"""
_Units = Annotated[int, Meta(ge=0)]


class _Entity(Struct, frozen=True):
    """A part of a text, in UTF-16 code units: https://core.telegram.org/bots/api#messageentity"""

    type: str
    offset: _Units
    length: _Units
    url: Id


class _Origin(Struct, frozen=True):
    """https://core.telegram.org/bots/api#messageorigin: a user, a hidden user, a chat or a channel."""

    sender_user: Raw = ABSENT
    sender_user_name: Raw = ABSENT
    sender_chat: Raw = ABSENT
    chat: Raw = ABSENT

    @property
    def name(self) -> str | None:
        writer = party(self.sender_user) or party(self.sender_chat) or party(self.chat)
        if writer is None:
            return decoded(self.sender_user_name, Id)
        return writer.name or writer.handle


class _Quote(Struct, frozen=True):
    """https://core.telegram.org/bots/api#textquote"""

    text: Id


def context_of(message: Message, quoted: Message | None, payload: str | None) -> Context | None:
    """Return what the message refers to; `quoted` is the message that it answers."""
    origin = decoded(message.forward_origin, _Origin)
    quote = decoded(message.quote, _Quote)
    words = quote.text if quote else (quoted.words if quoted else "")
    context = Context(
        forward=Forward(origin.name) if origin else None,
        payload=payload,
        quote=words or None,
        links=_links(message),
    )
    return None if context == Context() else context


def quoted_message(message: Message) -> Message | None:
    """Return the message that a message answers.

    Each message of a topic names the creation of the topic in this place, unless it answers another one.
    """
    quoted = decoded(message.reply_to_message, Message)
    if quoted is None or bytes(quoted.forum_topic_created):
        return None
    thread = decoded(message.message_thread_id, int)
    is_in_topic = decoded(message.is_topic_message, bool) is True
    is_creation = is_in_topic and thread is not None and decoded(quoted.message_id, int) == thread
    return None if is_creation else quoted


def is_quote(part: Raw) -> bool:
    """Return whether the context holds the words of a quote."""
    return decoded(part, _Quote) is not None


def are_links(entities: Raw) -> bool:
    """Return whether all entities are links, which the context holds."""
    parts = decoded(entities, list[Raw])
    return parts is not None and len(parts) <= _MOST_LINKS and all(_link_entity(part) for part in parts)


def _links(message: Message) -> tuple[Link, ...]:
    parts = [*items(message.entities), *items(message.caption_entities)][:_MOST_LINKS]
    links = [entity for entity in map(_link_entity, parts) if entity]
    units = message.words.encode("utf-16-le") if links else b""
    return tuple(Link(_units(units, link.offset, link.length), link.url) for link in links)


def _link_entity(part: Raw) -> _Entity | None:
    entity = decoded(part, _Entity)
    is_link = entity is not None and entity.type == "text_link"
    return entity if is_link and other_fields(part, _Entity.__struct_fields__) == NOTHING else None


def _units(text: bytes, offset: int, length: int) -> str:
    return text[2 * offset : 2 * (offset + length)].decode("utf-16-le", errors="replace")
