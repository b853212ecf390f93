"""Turn the events of a webhook into messages and their edits.

The id of a person's message is derived from the provider's id, so a repeated webhook makes one message only.
"""

import uuid

from chat4all.domain.channel import ChannelAccounts
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.content import Content, Media, ReceivedMedia, file_of
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundEdit, InboundMessage, InboundStatus, WebhookEvent
from chat4all.domain.files.file import Source
from chat4all.domain.message import Message
from chat4all.domain.person import Identity, User, UserType
from chat4all.services.directory.ports import Directory
from chat4all.services.inbound.find_place import NAMESPACE, FindPlace
from chat4all.services.inbound.inbound_file import InboundFile
from chat4all.services.messaging.accept_message import AcceptMessage, NewMessage
from chat4all.services.messaging.ports import Messages


class EditTooEarly(Exception):
    """The edited message is not stored (yet)."""


class UnknownAccount(Exception):
    """The channel lists no such account: the event can be taken only after a deployment that lists it."""


class TakeInbound:
    def __init__(
        self,
        *,
        accounts: ChannelAccounts,
        accept: AcceptMessage,
        find_place: FindPlace,
        directory: Directory,
        messages: Messages,
        file: InboundFile,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._accounts = accounts
        self._accept = accept
        self._find_place = find_place
        self._directory = directory
        self._messages = messages
        self._file = file
        self._clock = clock
        self._new_id = new_id

    def __call__(self, received: WebhookEvent) -> None:
        """Take one event.

        Raises:
            EditTooEarly: the event edits a message that is not stored.
            UnknownAccount: the channel does not list the account that received the webhook.
            Unavailable: the event was not taken, or only in part; it may be taken again.
        """
        channel, account, event = received.channel, received.account, received.event
        if account not in self._accounts.get(channel, ()):
            raise UnknownAccount(
                f"The channel {channel} has no account {account!r}; "
                "list the account in the channel's manifest."
            )
        match event:
            case InboundEdit():
                self._edit(channel, account, event)
            case InboundMessage():
                self._take(channel, account, event)
            case InboundStatus():
                raise TypeError("A status is recorded where its webhook arrives, and not queued with words.")

    def _edit(self, channel: str, account: str, event: InboundEdit) -> None:
        message_id = inbound_message_id(channel, account, event.provider_message_id)
        if self._messages.get(message_id) is None:
            raise EditTooEarly
        self._messages.edit(message_id, event.text, event.at)

    def _take(self, channel: str, account: str, event: InboundMessage) -> None:
        message_id = inbound_message_id(channel, account, event.provider_message_id)
        stored = self._messages.get(message_id)
        if stored is not None:
            self._fetch(channel, account, event, stored)
            return
        sender = self._sender(channel, account, event)
        place = self._find_place(channel, account, event, sender)
        accepted = self._accept(
            NewMessage(
                message_id=message_id,
                conversation_id=place.conversation_id,
                sender_id=sender.user_id,
                content=self._content(message_id, event),
                received_over=channel,
                account=account,
                reply_to=place.reply_to,
                provider_message_id=event.provider_message_id,
            )
        )
        self._fetch(channel, account, event, accepted.message)

    def _content(self, message_id: str, event: InboundMessage) -> Content:
        match event.content:
            case ReceivedMedia(file=file, text=text):
                return Media(self._file.attachment(message_id, file), text)
            case other:
                return other

    def _fetch(self, channel: str, account: str, event: InboundMessage, message: Message) -> None:
        """Request the fetch of the stored message's file.

        If the process dies before this, the queue gives out the event again, and the message is found.
        """
        attachment = file_of(message.content)
        if isinstance(event.content, ReceivedMedia) and attachment is not None:
            source = Source(channel, account, event.content.file.reference)
            self._file.fetch(attachment, message.conversation_id, source)

    def _sender(self, channel: str, account: str, event: InboundMessage) -> User:
        user_id = self._directory.resolve(channel, account, event.address)
        user = self._directory.get(user_id) if user_id else None
        return user or self._meet(channel, account, event)

    def _meet(self, channel: str, account: str, event: InboundMessage) -> User:
        """Create a customer for a person who is not known yet."""
        now = iso(self._clock())
        identity = Identity(channel, account, event.address, now, event.phone, event.handle)
        name = event.display_name or event.handle or event.address
        user = User(self._new_id(), UserType.CUSTOMER, name, (identity,), {}, now)
        taken = self._directory.create(user)
        if taken is None:
            return user
        known = self._directory.get(taken.user_id)
        if known is None:
            raise Unavailable("Another process is creating this user; try again.")
        return known


def inbound_message_id(channel: str, account: str, provider_message_id: str) -> str:
    """Return the id of a person's message, always the same for the same provider message."""
    return str(uuid.uuid5(NAMESPACE, f"{channel} {account} {provider_message_id}"))
