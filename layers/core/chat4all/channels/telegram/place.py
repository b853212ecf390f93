"""The place of a message on Telegram: its chat, its topic, its author, and our account there."""

from msgspec import Struct

from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.telegram.address import GENERAL_TOPIC, business_account, direct_thread
from chat4all.channels.telegram.parts import Message, Party, party
from chat4all.domain.content import ReceivedContent, ReceivedMedia
from chat4all.domain.events import AlbumPlace
from chat4all.domain.received import Author, AuthorKind


class _DirectTopic(Struct, frozen=True):
    """https://core.telegram.org/bots/api#directmessagestopic"""

    topic_id: int


class Place(Struct, frozen=True):
    """`display_name` and `handle` belong to the chat; `author` is None if the person of the chat wrote."""

    address: str
    display_name: str | None
    handle: str | None
    author: Author | None
    account: str | None
    thread: str | None


def place_of(message: Message) -> Place | None:
    """Return the place of a message; None if neither its chat nor its sender can be read."""
    sender, sender_chat = party(message.sender), party(message.sender_chat)
    chat = party(message.chat) or sender
    if chat is None:
        return None
    account = account_of(message)
    person = sender if sender and sender.id == chat.id else chat
    return Place(
        address=chat.address,
        display_name=person.name,
        handle=person.handle,
        author=_author(chat, sender, sender_chat, account),
        account=account,
        thread=_topic(message),
    )


def album_place(message: Message, place: Place, content: ReceivedContent) -> AlbumPlace | None:
    """Return the album of a file, and its place there.

    Telegram reports each item of an album as a message with the same `media_group_id`, in any order:
    https://core.telegram.org/bots/api#message
    """
    group, number = decoded(message.media_group_id, Id), decoded(message.message_id, int)
    if not group or number is None or not isinstance(content, ReceivedMedia):
        return None
    author = place.author.address if place.author else None
    return AlbumPlace(f"{place.address}:{place.thread or ''}:{author or ''}:album:{group}", number)


def account_of(message: Message) -> str | None:
    """Return our account in the chats of a business connection; None in the bot's own chats."""
    connection_id = decoded(message.business_connection_id, Id)
    return business_account(connection_id) if connection_id else None


def is_from_bot(message: Message) -> bool:
    """Return whether a bot wrote the message, such as ours.

    A bot of Telegram stands for a person who writes to a group in the name of the group or of a channel:
    https://core.telegram.org/bots/api#message, `sender_chat`. A bot may also be the customer of a business.
    """
    sender = party(message.sender)
    is_bot = sender is not None and decoded(sender.is_bot, bool) is True
    return is_bot and party(message.sender_chat) is None and account_of(message) is None


def _author(
    chat: Party, sender: Party | None, sender_chat: Party | None, account: str | None
) -> Author | None:
    if sender_chat is not None:
        return _named(AuthorKind.CHAT, sender_chat)
    if sender is None or sender.id == chat.id:
        return None
    is_own = account is not None and chat.is_person
    return _named(AuthorKind.OWN if is_own else AuthorKind.PERSON, sender)


def _named(kind: AuthorKind, writer: Party) -> Author:
    return Author(kind, writer.address, writer.name, writer.handle)


def _topic(message: Message) -> str | None:
    """Return the topic. Replies outside a topic have a number of a thread, too, which cannot be answered."""
    direct = decoded(message.direct_messages_topic, _DirectTopic)
    if direct is not None and direct.topic_id > 0:
        return direct_thread(direct.topic_id)
    number = decoded(message.message_thread_id, int)
    is_topic = number is not None and number > 0 and decoded(message.is_topic_message, bool) is True
    return None if not is_topic or str(number) == GENERAL_TOPIC else str(number)
