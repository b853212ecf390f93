"""The parts of Telegram's updates, each decoded by itself: one malformed part spoils no other part.

https://core.telegram.org/bots/api#message
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.webhooks import ABSENT, fields_of_type, other_fields
from chat4all.channels.telegram.address import is_address
from chat4all.domain.received import NOTHING

_PARTY_FIELDS: Final[Mapping[str, type]] = {
    "id": int,
    "type": str,
    "is_bot": bool,
    "title": str,
    "first_name": str,
    "last_name": str,
    "username": str,
}


class Party(Struct, frozen=True):
    """A user or a chat: https://core.telegram.org/bots/api#user, https://core.telegram.org/bots/api#chat"""

    id: int
    is_bot: Raw = ABSENT
    title: Raw = ABSENT
    first_name: Raw = ABSENT
    last_name: Raw = ABSENT
    username: Raw = ABSENT

    @property
    def address(self) -> str:
        return str(self.id)

    @property
    def is_person(self) -> bool:
        """Return whether the party is a person or a bot; groups and channels have negative numbers."""
        return self.id > 0

    @property
    def name(self) -> str | None:
        title = decoded(self.title, str)
        names = (decoded(self.first_name, str), decoded(self.last_name, str))
        return title or " ".join(name for name in names if name).strip() or None

    @property
    def handle(self) -> str | None:
        return decoded(self.username, str) or None


class Message(Struct, frozen=True):
    message_id: Raw = ABSENT
    message_thread_id: Raw = ABSENT
    is_topic_message: Raw = ABSENT
    direct_messages_topic: Raw = ABSENT
    business_connection_id: Raw = ABSENT
    sender: Raw = field(name="from", default=ABSENT)
    sender_chat: Raw = ABSENT
    chat: Raw = ABSENT
    date: Raw = ABSENT
    edit_date: Raw = ABSENT
    text: Raw = ABSENT
    caption: Raw = ABSENT
    entities: Raw = ABSENT
    caption_entities: Raw = ABSENT
    reply_to_message: Raw = ABSENT
    reply_markup: Raw = ABSENT
    quote: Raw = ABSENT
    forward_origin: Raw = ABSENT
    media_group_id: Raw = ABSENT
    forum_topic_created: Raw = ABSENT

    @property
    def words(self) -> str:
        return decoded(self.text, str) or decoded(self.caption, str) or ""


def party(part: Raw) -> Party | None:
    """Return a user or a chat; None if the part is neither, or has a number that no chat has."""
    found = decoded(part, Party)
    return found if found and is_address(found.address) else None


MESSAGE_FIELDS: Final = Message.__struct_encode_fields__
"""The fields of a message of ours that a person tapped: we know them, since we sent them."""


def party_fields(part: Raw) -> list[str]:
    """Return the fields of a user or a chat that are understood: those of the documented type."""
    return fields_of_type(part, _PARTY_FIELDS)


def remaining(fields: Mapping[str, Raw], understood: Mapping[str, Collection[str] | None]) -> Raw:
    """Return the JSON of the fields that are not `understood`; null if no field remains.

    `understood` maps the name of a field to the fields of its object that are understood; to None if the
    field is understood as a whole.
    """
    rest = {}
    for name, part in fields.items():
        if name not in understood:
            rest[name] = part
        elif (inner := understood[name]) is not None and (others := other_fields(part, inner)) != NOTHING:
            rest[name] = others
    return Raw(msgspec.json.encode(rest)) if rest else NOTHING
