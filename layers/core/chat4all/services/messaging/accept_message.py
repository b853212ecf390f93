"""Accept a message: give it its place in the queue, store it, answer.

::

    snapshot ── conversation and users, from memory if they were read lately
       │
    submit ── chat-events; the record holds the whole message, and its number becomes the message's
       │
    add ── a conditional write: only if the message_id is new

The case that breaks a naive order: the process dies after `submit`. The client received no 202 and repeats
the POST. `router` stores the message from the record, and the repeated POST finds it. The repeated POST may
put a second record into the queue. `router` drops it, because the message is routed already.

Two requests with the same message_id and different bodies may both submit a record. Only the first `add`
stores its message. `router` drops the record of the other request, whose client reads Conflict.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from chat4all.domain.acts import Act, ActKind
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.consent_routes import require_consent, wanted
from chat4all.domain.content import Content, Text, file_of
from chat4all.domain.conversation import ConversationState, ConversationType
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.errors import (
    Chat4AllError,
    Conflict,
    ConversationArchived,
    Detail,
    Forbidden,
    Invalid,
    MessageChanged,
    MessageDeleted,
    NoRecipient,
    NotAParticipant,
    NotFound,
    NotPossible,
)
from chat4all.domain.events import MessageAccepted, MessageSubmitted, Recipient
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Template
from chat4all.domain.message import Change, ChangeNotice, Message
from chat4all.domain.parts import parts_by_recipient
from chat4all.domain.person import User
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import Author, Received
from chat4all.domain.relaying import new_content, posted, relayed, speaker_of
from chat4all.domain.routing import known_on, parts_of, reach, require_all, require_possible, require_tag
from chat4all.domain.sent_order import is_late
from chat4all.domain.status import Status, StatusChange
from chat4all.domain.windows import Tag
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.conversation_cache import ConversationCache, Snapshot
from chat4all.services.messaging.ports import Events, Messages

REFUSALS: Final = (Forbidden, Conflict, NotPossible)
"""The errors of a message that its sender may not send, or that cannot reach its recipients."""


class NewMessage(msgspec.Struct, frozen=True):
    """A message that a user wants to send in a conversation; each field was checked on its own."""

    message_id: str
    conversation_id: str
    sender_id: str
    content: Content
    channels: tuple[str, ...] = ()
    """The channels that the sender names, in the order in which they are tried; else the best is chosen."""
    received_over: str | None = None
    """The channel that brought the message, if a person wrote it in their app."""
    delivery_timeout_s: int = 0
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    purpose: Purpose = Purpose.SERVICE
    account: str | None = None
    provider_message_id: str | None = None
    received: Received | None = None
    tag: Tag | None = None
    send_at: str | None = None
    """The time at which a scheduled message is accepted, ISO 8601 UTC."""
    notice: ChangeNotice | None = None
    """Set if the message tells the others of a change; `content` is what is new then."""

    @property
    def is_own(self) -> bool:
        """Return whether our own side wrote the message in the provider's app."""
        return self.received is not None and self.received.is_own

    @property
    def is_relayed(self) -> bool:
        """Return whether a person wrote the message, or changed a message, in their app."""
        return self.provider_message_id is not None or self.notice is not None

    @property
    def change(self) -> Change | None:
        """Return the change that the recipients are told of, if any."""
        if self.notice is not None:
            return self.notice.change
        is_known_by_edit = self.received is not None and self.received.known_by_edit_at is not None
        return Change.EDITED if is_known_by_edit else None

    @property
    def author(self) -> Author | None:
        if self.notice is not None:
            return self.notice.author
        return self.received.author if self.received else None


class Accepted(msgspec.Struct, frozen=True):
    """An accepted message. `replayed`: the same message was accepted before."""

    message: Message
    replayed: bool


class Routed(msgspec.Struct, frozen=True):
    """The content of a message as its recipients read it, and the recipients."""

    content: Content
    to: tuple[Recipient, ...]


class AcceptMessage:
    def __init__(
        self,
        *,
        messages: Messages,
        events: Events,
        conversation_cache: ConversationCache,
        capabilities: Mapping[str, Capabilities],
        accounts: EnabledAccounts,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._events = events
        self._conversation_cache = conversation_cache
        self._capabilities = capabilities
        self._accounts = accounts
        self._clock = clock
        self.windows = CheckWindows(messages, conversation_cache, capabilities, clock)

    def __call__(self, new: NewMessage) -> Accepted:
        """Give `new` its place in the queue, and store it.

        Raises:
            NotFound: no such conversation.
            Forbidden: the sender is not a participant.
            Conflict: the conversation is archived, or the id belongs to another message.
            NotPossible: a recipient cannot be reached on the channel, or their window is closed, or the
                channel does not take the file or the tag, or our account is not enabled.
            Unavailable: AWS did not take the message; the same POST may be repeated.
        """
        try:
            snapshot, routed = self._prepare(new)
        except REFUSALS as refused:
            return self._accepted_before(new, refused)
        message, stored = self._submit(new, snapshot, routed)
        return Accepted(message, replayed=False) if stored is None else _replay(stored, message)

    def check(self, new: NewMessage) -> Message:
        """Check `new` as if it were accepted now; return it as it is stored until its time.

        The windows are not asked: nobody knows when the person writes next.

        Raises the errors of accepting it.
        """
        self._prepare(new, asks_windows=False)
        message = self._message(new, (), iso(self._clock()))
        history = (StatusChange(Status.SCHEDULED, message.accepted_at),)
        return msgspec.structs.replace(message, status=Status.SCHEDULED, status_history=history)

    def due(self, scheduled: Message) -> Message:
        """Accept a scheduled message; return the message as it is stored then.

        A message that was cancelled meanwhile stays cancelled, and a repeat changes nothing. Raises the
        errors of accepting it.
        """
        new = _of_stored(scheduled)
        message, stored = self._submit(new, *self._prepare(new), fingerprint=scheduled.fingerprint)
        return message if stored is None else stored

    def tell(self, notice: NewMessage) -> None:
        """Accept a notice to the other participants, if there are any who can be reached.

        The same notice again changes nothing. Nobody is told in a conversation that is archived, or that the
        speaker has left.

        Raises:
            Unavailable: AWS did not take the notice.
        """
        try:
            snapshot, routed = self._prepare(notice)
        except (*REFUSALS, NotFound):
            return
        if routed.to:
            self._submit(notice, snapshot, routed)

    def accepted_file(self, message_id: str) -> Attachment | None:
        """Return the file of a message that was accepted before."""
        stored = self._messages.get(message_id)
        return file_of(stored.content) if stored else None

    def republish(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> None:
        """Request the routing of a message that was stored some time ago.

        A window that has closed since does not matter here: `router` fails the delivery.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: the message can no longer be delivered.
            Unavailable: AWS did not answer.
        """
        if message.act is not None:
            event = self._act_again(message, message.act, begun)
        else:
            _, event = self._routed_again(message, begun)
        self._events.message_accepted(event)

    def event_again(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> MessageAccepted:
        """Build the event that routes `message` to its recipients on the channels they can be reached on now.

        With `begun`, the event names only the recipients of these deliveries, on the same routes, and has
        the words as they stand now: the recipients may have been told of a change already.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: the message can no longer be delivered.
        """
        if message.act is not None:
            return self._act_again(message, message.act, begun)
        users, event = self._routed_again(message, begun)
        if message.is_relayed:
            return event
        require_consent(event.recipients, users, message.purpose)
        to = self.windows.open_routes(event.recipients, users, event.content, event.tag)
        return msgspec.structs.replace(event, recipients=to)

    def _routed_again(
        self, message: Message, begun: Sequence[DeliveryPart]
    ) -> tuple[Mapping[str, User], MessageAccepted]:
        """Return the users of the conversation, and the event for `message` whatever their windows are."""
        if message.deleted_at is not None and not message.is_relayed:
            raise MessageDeleted("The message was deleted.")
        snapshot = _as_of(message, self._conversation_cache.fresh(message.conversation_id))
        accepted = self._again(message)
        new = _as_it_stands(message, accepted) if begun else accepted
        routed = self._route(snapshot, new)
        if begun:
            if new != accepted:
                self._check_parts(routed.content, begun)
            reached = {(part.recipient_id, part.channel): part.route for part in begun}
            some = tuple(
                msgspec.structs.replace(
                    known_on(snapshot.conversation, snapshot.users, *reached_on), position=route
                )
                for reached_on, route in reached.items()
            )
            event = accepted_event(message, Routed(routed.content, some))
            return snapshot.users, msgspec.structs.replace(event, recipient_count=begun[0].recipient_count)
        if not routed.to:
            raise NoRecipient("No recipient of this message is left in the conversation.")
        return snapshot.users, accepted_event(message, routed)

    def _check_parts(self, content: Content, begun: Sequence[DeliveryPart]) -> None:
        """Raise MessageChanged unless the changed content has as many parts, and all are begun again.

        Parts of two versions would make a text that nobody wrote.
        """
        for (_, channel), parts in parts_by_recipient(begun).items():
            first = parts[0]
            now = parts_of(content, self._capabilities[channel], first.address)
            if not len(now) == first.part_count == len(parts):
                raise MessageChanged("The message was changed; the notice of the change has its words.")

    def _act_again(self, message: Message, act: Act, begun: Sequence[DeliveryPart]) -> MessageAccepted:
        """Build the event of an act, with the words that its message has now."""
        about = self._messages.get(act.on.message_id)
        if about is None:
            raise NoRecipient("The message of the act is not stored.")
        is_gone = about.deleted_at is not None and act.on.kind is ActKind.EDIT
        if is_gone:
            raise MessageDeleted("The message was deleted.")
        reached = {(part.recipient_id, part.channel) for part in begun}
        event = act_event(message, act, self.as_read(about))
        some = tuple(to for to in event.recipients if not begun or (to.user_id, to.channel) in reached)
        return msgspec.structs.replace(event, recipients=some)

    def as_read(self, message: Message) -> Content:
        """Return the words that a client's message has now, as its recipients read them.

        Raises:
            NotFound: no such conversation.
        """
        snapshot = self._conversation_cache.fresh(message.conversation_id)
        sender = snapshot.users.get(message.sender_id)
        if sender is None:
            return message.content
        speaker = speaker_of(snapshot.conversation, snapshot.users, sender)
        return posted(message.content, speaker) or message.content

    def event_of_routed(self, message: Message, content: Content) -> MessageAccepted:
        """Build the event of a message whose record comes again: some of its deliveries may be in the queues.

        The sender was checked when the record came first. If they have left since, or the conversation is
        archived, the message still goes to its recipients, before every later message.

        Raises:
            NotFound: no such conversation.
        """
        snapshot = _as_of(message, self._conversation_cache.fresh(message.conversation_id))
        reached = reach(snapshot.conversation, snapshot.users, message.sender_id, message.asked_channels)
        return accepted_event(message, Routed(content, reached.recipients))

    def _submit(
        self, new: NewMessage, snapshot: Snapshot, routed: Routed, *, fingerprint: str | None = None
    ) -> tuple[Message, Message | None]:
        """Submit and store the message; return it, and the message that already has its id."""
        message = self._message(new, routed.to, iso(self._clock()))
        message = msgspec.structs.replace(message, fingerprint=fingerprint or message.fingerprint)
        submitted = MessageSubmitted(
            message=message,
            recipients=routed.to,
            version=snapshot.conversation.version,
            content=routed.content if routed.content != message.content else None,
        )
        number = self._events.message_submitted(submitted)
        late = is_late(message, self._clock())
        message = msgspec.structs.replace(message, sequence=number, late=late)
        return message, self._messages.add(message)

    def _prepare(self, new: NewMessage, *, asks_windows: bool = True) -> tuple[Snapshot, Routed]:
        asks_windows = asks_windows and not new.is_relayed
        # An opt-out counts at once for marketing; a service message may go out for as long as users are kept.
        is_marketing = new.purpose is Purpose.MARKETING
        read = self._conversation_cache.fresh if is_marketing else self._conversation_cache.recent
        snapshot = read(new.conversation_id)
        try:
            routed = self._wanted_route(snapshot, new)
            self._require_accounts(new, routed, anew=False)
            if asks_windows:
                self.windows.require_open(routed.to, snapshot.users, routed.content, new.tag)
        except REFUSALS:
            routed = None
        if routed is None or (not routed.to and snapshot.conversation.type is ConversationType.GROUP):
            # The conversation or its users may have changed since the cache read them. `router` chooses the
            # recipients of a message again only if it has some.
            snapshot = self._conversation_cache.fresh(new.conversation_id)
            routed = self._wanted_route(snapshot, new)
            self._require_accounts(new, routed, anew=True)
            if asks_windows:
                to = self.windows.open_routes(routed.to, snapshot.users, routed.content, new.tag)
                routed = Routed(routed.content, to)
        check_reply(new, self._messages)
        return snapshot, routed

    def _wanted_route(self, snapshot: Snapshot, new: NewMessage) -> Routed:
        """Return the route of a new message; raise NotPossible if a recipient does not want the message.

        What a person writes in their app is passed on in any case: it is no message of the business.
        """
        routed = self._route(snapshot, new)
        if not new.is_relayed:
            require_consent(routed.to, snapshot.users, new.purpose)
        return routed

    def _require_accounts(self, new: NewMessage, routed: Routed, *, anew: bool) -> None:
        """Raise AccountDisabled if a client's message would leave from an account that is not enabled.

        What a person wrote, and the notice of a change, is passed on in any case.
        """
        if not new.is_relayed:
            self._accounts.require(routed.to, anew=anew)

    def _route(self, snapshot: Snapshot, new: NewMessage) -> Routed:
        if new.is_own:
            # The people of the chat have the message already.
            _check_open(snapshot)
            return Routed(new.content, ())
        if new.is_relayed:
            sender = _check_sender(snapshot, new.sender_id)
            speaker = speaker_of(snapshot.conversation, snapshot.users, sender, new.author)
            # A person wrote the message in their app, so it is kept even if no recipient can be reached.
            passed_on = relayed(new.content, speaker, new.change)
            if passed_on is None:
                return Routed(new.content, ())
            reached = reach(snapshot.conversation, snapshot.users, new.sender_id)
            return Routed(passed_on, reached.recipients)
        routed = routed_to_customers(snapshot, new)
        require_possible(routed.content, routed.to, self._capabilities)
        require_tag(new.tag, routed.to, self._capabilities)
        return routed

    def _message(self, new: NewMessage, to: Sequence[Recipient], now: str) -> Message:
        status = Status.PENDING if to else Status.SENT if new.is_own else Status.DELIVERED
        over = {recipient.channel for recipient in to}
        return Message(
            message_id=new.message_id,
            conversation_id=new.conversation_id,
            sequence="",
            sender_id=new.sender_id,
            content=new.content if new.notice is None else Text(""),
            status=status,
            status_history=(StatusChange(status, now),),
            accepted_at=now,
            attempt=secrets.token_hex(4),
            fingerprint=fingerprint_of(new),
            channel=new.received_over or (over.pop() if len(over) == 1 else None),
            account=new.account,
            asked_channels=new.channels,
            delivery_timeout_s=new.delivery_timeout_s,
            reply_to=new.reply_to,
            metadata=new.metadata,
            purpose=new.purpose,
            provider_message_id=new.provider_message_id,
            received=new.received,
            tag=new.tag,
            notice=new.notice,
            send_at=new.send_at,
        )

    def _again(self, message: Message) -> NewMessage:
        """Return the stored message as it was accepted; a notice tells what its message has become."""
        new = _of_stored(message)
        about = self._messages.get(new.notice.message_id) if new.notice is not None else None
        if new.notice is None or about is None:
            return new
        change = new.notice.change if about.deleted_at is None else Change.DELETED
        notice = msgspec.structs.replace(new.notice, change=change)
        return msgspec.structs.replace(new, content=new_content(about, change), notice=notice)

    def _accepted_before(self, new: NewMessage, refused: Chat4AllError) -> Accepted:
        """Return the stored message if the same message was accepted before; else raise `refused`."""
        stored = self._messages.get(new.message_id)
        if stored is None or stored.fingerprint != fingerprint_of(new):
            raise refused
        return Accepted(stored, replayed=True)


def routed_to_customers(snapshot: Snapshot, new: NewMessage) -> Routed:
    """Return the message of a client for every customer, whether or not their channels have its content.

    Raises:
        Forbidden: the sender is not a participant.
        Conflict: the conversation is archived.
        NoIdentity: a recipient cannot be reached.
    """
    sender = _check_sender(snapshot, new.sender_id)
    content = posted(new.content, speaker_of(snapshot.conversation, snapshot.users, sender))
    reached = reach(snapshot.conversation, snapshot.users, new.sender_id, new.channels)
    recipients = wanted(require_all(reached, new.channels), snapshot.users, new.purpose)
    return Routed(new.content, ()) if content is None else Routed(content, recipients)


def check_reply(new: NewMessage, messages: Messages) -> None:
    """Raise Invalid if the message answers or reacts to no message of its conversation."""
    quoted = messages.get(new.reply_to) if new.reply_to is not None else None
    is_known = (
        quoted is not None
        and quoted.conversation_id == new.conversation_id
        and not (quoted.act or quoted.notice)
    )
    if new.reply_to is not None and not is_known:
        raise Invalid("reply_to is not valid.", Detail("reply_to", "names no message of this conversation"))


def _replay(stored: Message, again: Message) -> Accepted:
    """Answer with the stored message. It is no repeat if `router` stored this very message first."""
    if stored.fingerprint != again.fingerprint:
        raise Conflict(
            "This message_id belongs to another message; use a new id.",
            Detail("message_id", "was used with another body"),
        )
    return Accepted(stored, replayed=stored.attempt != again.attempt)


def _check_sender(snapshot: Snapshot, sender_id: str) -> User:
    conversation = snapshot.conversation
    sender = snapshot.users.get(sender_id)
    if sender is None or not conversation.has(sender_id):
        raise NotAParticipant(
            "The sender is not a participant of this conversation.",
            Detail("sender_id", "is not a participant"),
        )
    _check_open(snapshot)
    return sender


def _check_open(snapshot: Snapshot) -> None:
    if snapshot.conversation.state is ConversationState.ARCHIVED:
        raise ConversationArchived("The conversation is archived.")


def _as_of(message: Message, snapshot: Snapshot) -> Snapshot:
    """Leave out the participants who joined after the message: they do not see it."""
    conversation = snapshot.conversation
    members = tuple(
        participant
        for participant in conversation.participants
        if participant.sees(message.sequence) or participant.user_id == message.sender_id
    )
    return Snapshot(msgspec.structs.replace(conversation, participants=members), snapshot.users)


def fingerprint_of(new: NewMessage) -> str:
    """Return the same text for the same message, by whichever webhook it came."""
    new = msgspec.structs.replace(new, received=None)
    if isinstance(new.content, Template):
        # The provider may change the template's category, and with it the purpose, between two POSTs.
        new = msgspec.structs.replace(new, content=new.content.as_posted, purpose=Purpose.SERVICE)
    return hashlib.sha256(msgspec.json.encode(new, order="deterministic")).hexdigest()


def _of_stored(message: Message) -> NewMessage:
    """Return a person's message as it was accepted, since notices tell of later edits; ours as it is now.

    If an edit came before the first version, the message was accepted with the edit: no notice tells of it.
    """
    known = NewMessage(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        sender_id=message.sender_id,
        content=message.edits[0].content if message.edits and message.received else message.content,
        channels=message.asked_channels,
        received_over=message.channel if message.provider_message_id is not None else None,
        delivery_timeout_s=message.delivery_timeout_s,
        reply_to=message.reply_to,
        metadata=message.metadata,
        purpose=message.purpose,
        account=message.account,
        provider_message_id=message.provider_message_id,
        received=message.received,
        tag=message.tag,
        notice=message.notice,
        send_at=message.send_at,
    )
    later = (*(edit.content for edit in message.edits[1:]), message.content)
    for edit, content in zip(message.edits, later, strict=False):
        by_edit = msgspec.structs.replace(known, content=content)
        if message.received is not None and fingerprint_of(by_edit) == message.fingerprint:
            received = msgspec.structs.replace(message.received, known_by_edit_at=edit.at)
            return msgspec.structs.replace(by_edit, received=received)
    return known


def _as_it_stands(message: Message, accepted: NewMessage) -> NewMessage:
    """Return the accepted message with its present content, marked as changed if it is passed on."""
    is_deleted = message.deleted_at is not None
    if message.notice is not None or (accepted.content == message.content and not is_deleted):
        return accepted
    now = msgspec.structs.replace(accepted, content=message.content)
    if not message.is_relayed or not (is_deleted or message.edits):
        return now
    change = Change.DELETED if is_deleted else Change.EDITED
    return msgspec.structs.replace(now, notice=ChangeNotice(message.message_id, change, accepted.author))


def act_event(message: Message, act: Act, content: Content) -> MessageAccepted:
    """Build the event of an act, whose recipients were chosen when it was accepted."""
    to = tuple(
        Recipient(
            target.user_id,
            target.channel,
            target.account,
            target.address,
            target.number,
            position=target.position,
        )
        for target in act.targets
    )
    event = accepted_event(message, Routed(content, to))
    people = len({recipient.user_id for recipient in to})
    return msgspec.structs.replace(event, recipient_count=people, act=act.on)


def accepted_event(message: Message, routed: Routed) -> MessageAccepted:
    return MessageAccepted(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        content=routed.content,
        recipients=routed.to,
        accepted_at=message.accepted_at,
        sequence=message.sequence,
        recipient_count=len(routed.to),
        reply_to=message.reply_to,
        round=message.round,
        delivery_timeout_s=message.delivery_timeout_s,
        is_relayed=message.is_relayed,
        tag=message.tag,
        purpose=message.purpose,
    )
