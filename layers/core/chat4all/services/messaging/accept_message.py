"""Accepting a message: store it, publish it, answer.

::

    snapshot ── conversation and users, from memory where they were read lately
       │
    next_sequence ── a conditional write: only if the snapshot's version still stands
       │
    add ── a conditional write: only if the message_id is new;  due_at lets `relay` find it
       │
    give_turn ── only for a new message, where another 1:1 conversation of the customer had its turn since
       │
    publish ── chat-events;  a failure is answered with 503, and the message stays due

The case that breaks a naive order: the process dies after `add`. The client got no 202 and repeats the
POST; the message is there, unpublished, and is published then (SQS drops the second copy of a
message_id within 5 minutes, the claim on each delivery drops a later one). If nobody repeats, `relay` does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import Content, Text, file_of
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
from chat4all.domain.files import Attachment
from chat4all.domain.records import ConversationState, DeliveryPart, Message, User
from chat4all.domain.routing import content_for_recipients, known_on, reach, require_all, require_possible
from chat4all.domain.status import Status, StatusChange
from chat4all.services.directory.ports import Conversations, Sequenced
from chat4all.services.messaging.ports import Events, Messages
from chat4all.services.messaging.snapshots import Snapshot, Snapshots

PUBLISH_GRACE: Final = timedelta(seconds=30)
"""How long a stored message may stay unpublished before `relay` publishes it."""
_TRIES: Final = 5
_REFUSALS: Final = (Forbidden, Conflict, NotPossible)


class NewMessage(msgspec.Struct, frozen=True):
    """A message that somebody wants in a conversation, its fields already checked one by one."""

    message_id: str
    conversation_id: str
    sender_id: str
    content: Content
    channel: str | None = None
    channels: tuple[str, ...] = ()
    delivery_timeout_s: int = 0
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    provider_message_id: str | None = None


class Accepted(msgspec.Struct, frozen=True):
    """`replayed`: the same message had been accepted before."""

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
        snapshots: Snapshots,
        capabilities: Mapping[str, Capabilities],
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._messages = messages
        self._events = events
        self._snapshots = snapshots
        self._capabilities = capabilities
        self._clock = clock

    def __call__(self, new: NewMessage) -> Accepted:
        """Store and publish `new`.

        Raises:
            NotFound: no such conversation.
            Forbidden: the sender is no participant.
            Conflict: the conversation is archived, or the id belongs to another message.
            NotPossible: a recipient cannot be reached on the channel, or not with this file.
            Unavailable: AWS did not take it; the same POST may be repeated.
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
        """Publish a message that was stored some time ago; raises what `event_again` raises, and Unavailable."""
        self._events.message_accepted(self.event_again(message, begun))

    def event_again(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> MessageAccepted:
        """The event that brings it to its recipients where they are reached now.

        With `begun`, to those whose deliveries these are, on the same channels.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: it can not be delivered any more.
        """
        snapshot = _as_of(message, self._snapshots.fresh(message.conversation_id))
        content, to = self._route(snapshot, _of_stored(message))
        if begun:
            reached = dict.fromkeys((part.recipient_id, part.channel) for part in begun)
            some = tuple(
                known_on(snapshot.conversation, snapshot.users, *reached_on) for reached_on in reached
            )
            event = _event(message, _Prepared(content, some, message.sequence))
            return msgspec.structs.replace(event, recipient_count=begun[0].recipient_count)
        if not to:
            raise NoRecipient("Nobody who was to read it is left.")
        return _event(message, _Prepared(content, to, message.sequence))

    def _prepare(self, new: NewMessage, now: str) -> _Prepared:
        snapshot = self._snapshots.recent(new.conversation_id)
        try:
            content, to = self._route(snapshot, new)
        except _REFUSALS:
            # What was read some seconds ago may be what has changed since.
            snapshot = self._snapshots.fresh(new.conversation_id)
            content, to = self._route(snapshot, new)
        if new.reply_to is not None:
            self._check_reply(new.conversation_id, new.reply_to)
        for _ in range(_TRIES):
            counted = self._conversations.next_sequence(
                new.conversation_id, snapshot.conversation.version, now
            )
            if isinstance(counted, Sequenced):
                return _Prepared(content, to, counted.sequence, counted.overtaken)
            snapshot = self._snapshots.fresh(new.conversation_id)
            content, to = self._route(snapshot, new)
        raise Unavailable("The conversation is changing too quickly.", retry_after=1)

    def _route(self, snapshot: Snapshot, new: NewMessage) -> tuple[Content, tuple[Recipient, ...]]:
        sender = _check_sender(snapshot, new.sender_id)
        content = content_for_recipients(snapshot.conversation, sender, new.content)
        if new.provider_message_id is not None:
            # A person wrote it on their app: it is kept whomever it can be passed on to. Only the words are
            # passed on: a person's file is not ours to send before it is inspected.
            if not new.content.text.strip():
                return new.content, ()
            reached = reach(snapshot.conversation, snapshot.users, new.sender_id)
            return Text(content.text), reached.recipients
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
            channels=new.channels,
            delivery_timeout_s=new.delivery_timeout_s,
            reply_to=new.reply_to,
            metadata=new.metadata,
            provider_message_id=new.provider_message_id,
        )

    def _store(self, message: Message, due_at: str | None) -> Message | None:
        """The message that has the id already; None: this one is stored and counted."""
        try:
            if self._messages.add(message, due_at):
                return None
        except Unavailable:
            # It may have been taken all the same.
            if not _is_same(self._messages.get(message.message_id), message):
                self._conversations.uncount(message.conversation_id)
            raise
        stored = self._messages.get(message.message_id)
        if _is_same(stored, message):
            # It was taken, the answer was lost, and the repeated write found its own work.
            return None
        self._conversations.uncount(message.conversation_id)
        if stored is None:
            raise Unavailable("The message is being stored by another request.", retry_after=1)
        return stored

    def _replay(self, stored: Message, again: Message) -> Accepted:
        if stored.fingerprint != again.fingerprint:
            raise Conflict(
                "This message_id belongs to another message.",
                Detail("message_id", "was used with another body"),
            )
        if self._messages.is_unrouted(stored.message_id):
            self.republish(stored)
        return Accepted(stored, replayed=True)

    def _accepted_before(self, new: NewMessage, refused: Chat4AllError) -> Accepted:
        """What was accepted once stays so, even if it would be refused by now."""
        stored = self._messages.get(new.message_id)
        if stored is None or stored.fingerprint != _fingerprint(new):
            raise refused
        return Accepted(stored, replayed=True)


def _is_same(stored: Message | None, message: Message) -> bool:
    """Whether it is this very message, and no earlier one of the same body: that has another number."""
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
            "The sender is no participant of this conversation.",
            Detail("sender_id", "is no participant"),
        )
    if conversation.state is ConversationState.ARCHIVED:
        raise ConversationArchived("The conversation is archived.")
    return sender


def _as_of(message: Message, snapshot: Snapshot) -> Snapshot:
    """Without those who joined after the message: they do not see it."""
    conversation = snapshot.conversation
    members = tuple(
        one
        for one in conversation.participants
        if one.joined_after < message.sequence or one.user_id == message.sender_id
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
