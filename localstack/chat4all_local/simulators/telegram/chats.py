"""The chats of a bot: private chats, groups with their topics, and the chats of business connections.

- https://core.telegram.org/bots/api#chat: a group, a supergroup or a channel has a negative number
- https://core.telegram.org/bots/api#sendmessage: `message_thread_id`, `business_connection_id`
- https://core.telegram.org/bots/api#responseparameters: `migrate_to_chat_id`

A control request registers a chat by its number, a topic as `chat:topic`, and a business connection as
`business:id`. A bot cannot name the General topic, whose number is 1.
"""

import re
from typing import Final

import msgspec

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import Customer, CustomerDetails, JsonObject
from chat4all_local.simulators.provider import Answer, ControlError, Order
from chat4all_local.simulators.telegram.errors import error_answer

_NUMBER: Final = re.compile(r"-?[1-9][0-9]{0,15}")
_GENERAL_TOPIC: Final = "1"
_CONNECTION: Final = re.compile(r"business:[A-Za-z0-9_-]{1,100}")
_FIRST_SUPERGROUP: Final = -1_000_000_000_000
"""The numbers of supergroups and channels are below this number."""
_KEPT: Final = 10_000


class Where(msgspec.Struct, frozen=True):
    """The place of a message, as a request names it: a chat, a topic of the chat, a business connection."""

    chat_id: str
    topic: str = ""
    connection_id: str = ""

    def fields(self) -> JsonObject:
        """Return the fields of a Message in this place."""
        fields: JsonObject = {}
        if self.topic:
            fields |= {"message_thread_id": int(self.topic), "is_topic_message": True}
        if self.connection_id:
            fields["business_connection_id"] = self.connection_id
        return fields


def check_address(address: str) -> None:
    """Raise ControlError if `address` names no chat, no topic and no business connection."""
    if _place(address) is None and not _CONNECTION.fullmatch(address):
        forms = "the number of a chat, `chat:topic` or `business:id`"
        raise ControlError(f"`{address}` is none of these: {forms}")


def where(address: str) -> Where:
    """Return the place in which a person writes who is registered at `address`. Raises ControlError."""
    place = _place(address)
    if place is None:
        raise ControlError(f"`{address}` is no chat and no topic, so nobody writes there")
    return place


def _place(address: str) -> Where | None:
    chat_id, colon, topic = address.partition(":")
    is_topic = _NUMBER.fullmatch(topic) and not topic.startswith("-") and topic != _GENERAL_TOPIC
    is_place = _NUMBER.fullmatch(chat_id) and (is_topic or not colon)
    return Where(chat_id, topic) if is_place else None


class PlacedOrder(Order, frozen=True):
    """An order that names its place in the chat, and the fields of its Message beside text and file."""

    where: Where = Where("")
    named: str = "text"
    fields: JsonObject = msgspec.field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.media.kind if self.media else self.named


def chat_object(chat: Customer, *, is_forum: bool) -> JsonObject:
    """Return the Chat object. The name of a group is its title."""
    number = int(chat.address)
    if number < 0:
        kind = "group" if number > _FIRST_SUPERGROUP else "supergroup"
        group: JsonObject = {"id": number, "title": chat.name, "type": kind}
        return {**group, "is_forum": True} if is_forum else group
    return {**_person(chat), "type": "private"}


def writer_object(chat: Customer) -> JsonObject:
    """Return the User who writes in a chat: the person of a private chat, or a member of a group."""
    if int(chat.address) < 0:
        return {"id": -int(chat.address) % 10**9 + 1, "is_bot": False, "first_name": "Member"}
    return {"is_bot": False, **_person(chat)}


def _person(chat: Customer) -> JsonObject:
    person: JsonObject = {"id": int(chat.address), "first_name": chat.name}
    return {**person, "username": chat.handle} if chat.handle else person


class Chats:
    """The chats, topics and business connections that the bot can write to."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._upgraded = account.store.table("upgraded groups", str, _KEPT)

    def object_of(self, chat: Customer) -> JsonObject:
        prefix, is_group = f"{chat.address}:", chat.address.startswith("-")
        is_forum = is_group and any(address.startswith(prefix) for address in self._account.customers)
        return chat_object(chat, is_forum=is_forum)

    def chat_of(self, address: str, at: float) -> Customer:
        """Return the chat of a registered chat or topic; the group of a topic is registered with it."""
        chat_id = where(address).chat_id
        known = self._account.customers.get(chat_id)
        return known or self._account.register(chat_id, CustomerDetails(f"Customer {chat_id}"), at)

    def begun_by(self, topic: Customer, chat: JsonObject) -> JsonObject:
        """Return the message that created a topic: every message of the topic answers it or another one."""
        creation: JsonObject = {"name": topic.name, "icon_color": 7322096}
        number = int(where(topic.address).topic)
        created_at = int(topic.last_wrote_at)
        return {"message_id": number, "chat": chat, "date": created_at, "forum_topic_created": creation}

    def upgrade(self, chat: Customer, supergroup: int, at: float) -> None:
        """Make a supergroup of a group. Telegram refuses to send to the group from then on."""
        self._upgraded.put(chat.address, str(supergroup))
        self._account.register_unknown(str(supergroup), CustomerDetails(chat.name), at)

    def is_connected(self, connection_id: str) -> bool:
        return f"business:{connection_id}" in self._account.customers

    def refuse(self, asked: Where) -> Answer | None:
        """Refuse to send to a place that does not exist. The chat itself is known."""
        if asked.connection_id and not self.is_connected(asked.connection_id):
            return error_answer(400, "Bad Request: business connection not found")
        if supergroup := self._upgraded.get(asked.chat_id):
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            return error_answer(400, description, migrate_to_chat_id=int(supergroup))
        if asked.topic and f"{asked.chat_id}:{asked.topic}" not in self._account.customers:
            return error_answer(400, "Bad Request: message thread not found")
        return None
