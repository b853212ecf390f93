"""Accept a message: store it, publish it, answer.

::

    snapshot ── conversation and users, from memory if they were read lately
       │
    next_sequence ── a conditional write: only if the conversation is still at the snapshot's version
       │
    add ── a conditional write: only if the message_id is new;  `relay` finds the message by its due_at
       │
    give_turn ── only for a new message, if another 1:1 conversation of the customer had its turn since
       │
    publish ── chat-events;  a failure is answered with 503, and the message stays due

The case that breaks a naive order: the process dies after `add`. The client received no 202 and repeats the
POST. The message is stored but unpublished, and the repeated POST publishes it. (SQS drops a second copy of a
message_id within 5 minutes; the claim on each delivery drops a later copy.) If the client does not repeat the
POST, `relay` publishes the message.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import Content, file_of
from chat4all.domain.conversation import ConversationState
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.errors import (
    Chat4AllError,
    Conflict,
    ConversationArchived,
    Detail,
    Forbidden,
    Invalid,
    NoRecipient,
    NotAParticipant,
    NotPossible,
    Unavailable,
)
from chat4all.domain.events import MessageAccepted, Recipient
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Message
from chat4all.domain.person import User
from chat4all.domain.routing import (
    content_for_recipients,
    known_on,
    reach,
    relayed,
    require_all,
    require_possible,
)
from chat4all.domain.status import Status, StatusChange
from chat4all.services.directory.ports import Conversations, Sequenced
from chat4all.services.messaging.conversation_cache import ConversationCache, Snapshot
from chat4all.services.messaging.ports import Events, Messages

PUBLISH_GRACE: Final = timedelta(seconds=30)
"""How long a stored message may stay unpublished before `relay` publishes it."""
_TRIES: Final = 5
_REFUSALS: Final = (Forbidden, Conflict, NotPossible)


class NewMessage(msgspec.Struct, frozen=True):
    """A message that a user wants to send in a conversation; each field was checked on its own."""

    message_id: str
    conversation_id: str
    sender_id: str
    content: Content
    channel: str | None = None
    channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    account: str | None = None
    provider_message_id: str | None = None


class Accepted(msgspec.Struct, frozen=True):
    """An accepted message. `replayed`: the same message was accepted before."""

    message: Message
    replayed: bool


class _Prepared(msgspec.Struct, frozen=True):
    """A message before it is stored: its content as the recipients read it, its recipients and its number."""

    content: Content
    to: tuple[Recipient, ...]
    sequence: int
    overtaken: bool = False
    """The customer's latest turn belongs to another 1:1 conversation."""


class AcceptMessage:
    def __init__(
        self,
        *,
        conversations: Conversations,
        messages: Messages,
        events: Events,
        conversation_cache: ConversationCache,
        capabilities: Mapping[str, Capabilities],
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._events = events
        self._conversation_cache = conversation_cache
        self._capabilities = capabilities
        self._clock = clock

    def __call__(self, new: NewMessage) -> Accepted:
        """Store and publish `new`.

        Raises:
            NotFound: no such conversation.
            Forbidden: the sender is not a participant.
            Conflict: the conversation is archived, or the id belongs to another message.
            NotPossible: a recipient cannot be reached on the channel, or the channel does not take the file.
            Unavailable: AWS did not take the message; the same POST may be repeated.
        """
        now = iso(self._clock())
        try:
            prepared = self._prepare(new, now)
        except _REFUSALS as refused:
            return self._accepted_before(new, refused)
        message = self._message(new, prepared, now)
        due_at = iso(self._clock() + PUBLISH_GRACE) if prepared.to else None
        before = self._store(message, due_at)
        if before is not None:
            return self._replay(before, message)
        if prepared.overtaken:
            self._conversations.give_turn(new.conversation_id)
        if prepared.to:
            self._events.message_accepted(_event(message, prepared))
        return Accepted(message, replayed=False)

    def accepted_file(self, message_id: str) -> Attachment | None:
        """Return the file of a message that was accepted before."""
        stored = self._messages.get(message_id)
        return file_of(stored.content) if stored else None

    def republish(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> None:
        """Publish a message that was stored some time ago.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: the message can no longer be delivered.
            Unavailable: AWS did not answer.
        """
        self._events.message_accepted(self.event_again(message, begun))

    def event_again(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> MessageAccepted:
        """Build the event that routes `message` to its recipients on the channels they can be reached on now.

        With `begun`, the event names only the recipients of these deliveries, on the same channels.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: the message can no longer be delivered.
        """
        snapshot = _as_of(message, self._conversation_cache.fresh(message.conversation_id))
        content, to = self._route(snapshot, _of_stored(message))
        if begun:
            reached = dict.fromkeys((part.recipient_id, part.channel) for part in begun)
            some = tuple(
                known_on(snapshot.conversation, snapshot.users, *reached_on) for reached_on in reached
            )
            event = _event(message, _Prepared(content, some, message.sequence))
            return msgspec.structs.replace(event, recipient_count=begun[0].recipient_count)
        if not to:
            raise NoRecipient("No recipient of this message is left in the conversation.")
        return _event(message, _Prepared(content, to, message.sequence))

    def _prepare(self, new: NewMessage, now: str) -> _Prepared:
        snapshot = self._conversation_cache.recent(new.conversation_id)
        try:
            content, to = self._route(snapshot, new)
        except _REFUSALS:
            # The conversation or its users may have changed since they were read.
            snapshot = self._conversation_cache.fresh(new.conversation_id)
            content, to = self._route(snapshot, new)
        if new.reply_to is not None:
            self._check_reply(new.conversation_id, new.reply_to)
        for _ in range(_TRIES):
            counted = self._conversations.next_sequence(
                new.conversation_id, snapshot.conversation.version, now
            )
            if isinstance(counted, Sequenced):
                return _Prepared(content, to, counted.sequence, counted.overtaken)
            snapshot = self._conversation_cache.fresh(new.conversation_id)
            content, to = self._route(snapshot, new)
        raise Unavailable("The conversation is changing too quickly; try again.", retry_after=1)

    def _route(self, snapshot: Snapshot, new: NewMessage) -> tuple[Content, tuple[Recipient, ...]]:
        sender = _check_sender(snapshot, new.sender_id)
        if new.provider_message_id is not None:
            # A person wrote the message in their app, so it is kept even if no recipient can be reached.
            passed_on = relayed(new.content)
            if passed_on is None:
                return new.content, ()
            reached = reach(snapshot.conversation, snapshot.users, new.sender_id)
            return content_for_recipients(snapshot.conversation, sender, passed_on), reached.recipients
        content = content_for_recipients(snapshot.conversation, sender, new.content)
        asked = (new.channel,) if new.channel is not None else new.channels
        reached = reach(snapshot.conversation, snapshot.users, new.sender_id, asked)
        to = require_all(reached, asked)
        require_possible(content, to, self._capabilities)
        return content, to

    def _check_reply(self, conversation_id: str, reply_to: str) -> None:
        quoted = self._messages.get(reply_to)
        if quoted is None or quoted.conversation_id != conversation_id:
            raise Invalid(
                "reply_to is not valid.", Detail("reply_to", "names no message of this conversation")
            )

    def _message(self, new: NewMessage, prepared: _Prepared, now: str) -> Message:
        status = Status.PENDING if prepared.to else Status.DELIVERED
        return Message(
            message_id=new.message_id,
            conversation_id=new.conversation_id,
            sequence=prepared.sequence,
            sender_id=new.sender_id,
            content=new.content,
            status=status,
            status_history=(StatusChange(status, now),),
            accepted_at=now,
            fingerprint=_fingerprint(new),
            channel=new.channel,
            account=new.account,
            channels=new.channels,
            delivery_timeout_s=new.delivery_timeout_s,
            reply_to=new.reply_to,
            metadata=new.metadata,
            provider_message_id=new.provider_message_id,
        )

    def _store(self, message: Message, due_at: str | None) -> Message | None:
        """Store and count `message`, and return None; or return the message that already has its id."""
        try:
            if self._messages.add(message, due_at):
                return None
        except Unavailable:
            # The table may have taken the message all the same.
            if not _is_same(self._messages.get(message.message_id), message):
                self._conversations.uncount(message.conversation_id)
            raise
        stored = self._messages.get(message.message_id)
        if _is_same(stored, message):
            # The first write succeeded, its answer was lost, and the repeated write found the message.
            return None
        self._conversations.uncount(message.conversation_id)
        if stored is None:
            raise Unavailable("Another request is storing this message; try again.", retry_after=1)
        return stored

    def _replay(self, stored: Message, again: Message) -> Accepted:
        if stored.fingerprint != again.fingerprint:
            raise Conflict(
                "This message_id belongs to another message; use a new id.",
                Detail("message_id", "was used with another body"),
            )
        if self._messages.is_unrouted(stored.message_id):
            self.republish(stored)
        return Accepted(stored, replayed=True)

    def _accepted_before(self, new: NewMessage, refused: Chat4AllError) -> Accepted:
        """Return the stored message if the same message was accepted before; else raise `refused`."""
        stored = self._messages.get(new.message_id)
        if stored is None or stored.fingerprint != _fingerprint(new):
            raise refused
        return Accepted(stored, replayed=True)


def _is_same(stored: Message | None, message: Message) -> bool:
    """Return whether `stored` is `message` itself.

    An earlier message with the same body has another number.
    """
    return (
        stored is not None
        and stored.fingerprint == message.fingerprint
        and stored.sequence == message.sequence
    )


def _check_sender(snapshot: Snapshot, sender_id: str) -> User:
    conversation = snapshot.conversation
    sender = snapshot.users.get(sender_id)
    if sender is None or not conversation.has(sender_id):
        raise NotAParticipant(
            "The sender is not a participant of this conversation.",
            Detail("sender_id", "is not a participant"),
        )
    if conversation.state is ConversationState.ARCHIVED:
        raise ConversationArchived("The conversation is archived.")
    return sender


def _as_of(message: Message, snapshot: Snapshot) -> Snapshot:
    """Leave out the participants who joined after the message: they do not see it."""
    conversation = snapshot.conversation
    members = tuple(
        participant
        for participant in conversation.participants
        if participant.joined_after < message.sequence or participant.user_id == message.sender_id
    )
    return Snapshot(msgspec.structs.replace(conversation, participants=members), snapshot.users)


def _fingerprint(new: NewMessage) -> str:
    return hashlib.sha256(msgspec.json.encode(new, order="deterministic")).hexdigest()


def _of_stored(message: Message) -> NewMessage:
    return NewMessage(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        sender_id=message.sender_id,
        content=message.edits[0].content if message.edits else message.content,
        channel=message.channel,
        channels=message.channels,
        account=message.account,
        provider_message_id=message.provider_message_id,
    )


def _event(message: Message, prepared: _Prepared) -> MessageAccepted:
    return MessageAccepted(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        content=prepared.content,
        recipients=prepared.to,
        accepted_at=message.accepted_at,
        sequence=message.sequence,
        recipient_count=len(prepared.to),
        reply_to=message.reply_to,
        round=message.round,
        delivery_timeout_s=message.delivery_timeout_s,
    )
