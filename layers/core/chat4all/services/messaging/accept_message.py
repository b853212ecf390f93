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
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.domain.acts import Act, ActKind
from chat4all.domain.albums import as_accepted, item_of
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import Content, Text, attachments_of
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.desk import Control, Writer, writer_of
from chat4all.domain.errors import (
    Chat4AllError,
    Conflict,
    ConversationArchived,
    ConversationJoined,
    Detail,
    Forbidden,
    HumanInControl,
    Invalid,
    MessageChanged,
    MessageDeleted,
    NoIdentity,
    NoRecipient,
    NotAParticipant,
    NotFound,
    NotPossible,
)
from chat4all.domain.events import MessageAccepted, MessageSubmitted, Recipient, Refusal, Route
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import AlbumItem, Change, ChangeNotice, Message
from chat4all.domain.parts import parts_by_recipient
from chat4all.domain.person import User, is_bot
from chat4all.domain.plan import Choose, Skipped, Step, as_posted, contents_of, step_as_posted, templates_of
from chat4all.domain.plan_checks import checks_of, may_have
from chat4all.domain.planning import Check, Wanted, obstacle_of, plan, refusal, require_all
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import Author, Received
from chat4all.domain.relaying import new_content, posted, relayed, speaker_of
from chat4all.domain.routing import event_parts, known_at, present_route, reach
from chat4all.domain.sent_order import is_late
from chat4all.domain.snapshot import Snapshot
from chat4all.domain.status import Status, StatusChange
from chat4all.domain.waiting import Fallback
from chat4all.domain.windows import Tag
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import Events, Messages

REFUSALS: Final = (Forbidden, Conflict, NotPossible)
"""The errors of a message that its sender may not send, or that cannot reach its recipients."""
MOST_RECORD_BYTES: Final = 250_000
"""The most bytes of a message with its steps and recipients in a queue, which takes 256 KiB."""


class NewMessage(msgspec.Struct, frozen=True):
    """A message that a user wants to send in a conversation; each field was checked on its own."""

    message_id: str
    conversation_id: str
    sender_id: str
    content: Content
    steps: tuple[Step, ...] = ()
    """The ways that the sender names, with their own contents; (): the best channel is chosen."""
    choose: Choose = Choose.IN_ORDER
    received_over: str | None = None
    """The channel that brought the message, if a person wrote it in their app."""
    delivery_timeout_s: int = 0
    reply_to: str | None = None
    metadata: dict[str, str] = {}
    purpose: Purpose = Purpose.SERVICE
    account: str | None = None
    provider_message_id: str | None = None
    received: Received | None = None
    items: tuple[AlbumItem, ...] = ()
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
    """The content of a message and of its steps as its recipients read them, and the recipients."""

    content: Content
    to: tuple[Recipient, ...]
    contents: tuple[Content | None, ...] = ()


AsItIsNow = Callable[[NewMessage], tuple[NewMessage, Sequence[Check]]]
"""Returns a message that waited as it is to go out now, with more checks of it."""


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
        self.accounts = accounts
        self._clock = clock
        self.windows = CheckWindows(messages, capabilities, clock)

    def __call__(self, new: NewMessage, *, is_to_many: bool = False) -> Accepted:
        """Give `new` its place in the queue, and store it. A message `is_to_many` answers nobody.

        Raises:
            NotFound: no such conversation.
            Forbidden: the sender is not a participant.
            Conflict: the conversation is archived or goes on in another, a human has it and a bot writes, or
                the id belongs to another message.
            NotPossible: a recipient cannot be reached on the channel, does not want the message or may not be
                written to now, the channel does not take the content or the tag, or our account is not
                enabled.
            Invalid: `reply_to` names no message of the conversation, or the steps are too large together.
            Unavailable: AWS did not take the message; the same POST may be repeated.
        """
        try:
            snapshot, routed = self._prepare(new)
            if not new.is_relayed:
                require_own_place(snapshot)
        except REFUSALS as refused:
            return self._accepted_before(new, refused)
        return self._submitted(new, snapshot, routed, is_to_many=is_to_many)

    def first(self, new: NewMessage, conversation: Conversation, begin: Callable[[], None]) -> Accepted:
        """Accept the first message of a conversation that is not stored: `begin` stores it.

        Nothing is stored if the message is refused. Raises the errors of accepting it.
        """
        snapshot = self._conversation_cache.with_fresh_users(conversation)
        try:
            routed = self._route_exactly(snapshot, new, (), asks_windows=True)
        except REFUSALS as refused:
            return self._accepted_before(new, refused)
        begin()
        return self._submitted(new, snapshot, routed)

    def check(self, new: NewMessage) -> Message:
        """Check `new` as if it were accepted now; return it as it is stored until its time.

        The windows are not asked: nobody knows when the person writes next.

        Raises the errors of accepting it.
        """
        snapshot, _ = self._prepare(new, asks_windows=False)
        require_own_place(snapshot)
        message = self._message(new, (), iso(self._clock()))
        history = (StatusChange(Status.SCHEDULED, message.accepted_at),)
        return msgspec.structs.replace(message, status=Status.SCHEDULED, status_history=history)

    def due(self, scheduled: Message, as_it_is_now: AsItIsNow) -> Message:
        """Accept a scheduled message; return the message as it is stored then.

        A message that was cancelled meanwhile stays cancelled, and a repeat changes nothing. Raises the
        errors of accepting it.
        """
        new, checks = as_it_is_now(_of_stored(scheduled))
        prepared = self._prepare(new, checks)
        message, stored = self._submit(new, *prepared, fingerprint=scheduled.fingerprint)
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

    def accepted_file(self, message_id: str, file_id: str) -> Attachment | None:
        """Return the file of a message that was accepted before, or of one of its steps."""
        stored = self._messages.get(message_id)
        contents = (stored.content, *(step.content for step in stored.steps)) if stored else ()
        files = (file for content in contents if content is not None for file in attachments_of(content))
        return next((file for file in files if file.file_id == file_id), None)

    def weigh(self, fallback: Fallback) -> Recipient | Skipped:
        """Return the recipient on their present route, if it is still possible; else why it is not.

        The route leads to the address that the person has on the channel now.

        Raises:
            NotFound: no such conversation.
            Unavailable: AWS did not answer.
        """
        to, event = fallback.recipient, fallback.event
        snapshot = self._conversation_cache.fresh(event.conversation_id)
        user = snapshot.users.get(to.user_id)
        route = present_route(user, to.route) if user is not None else None
        if user is None or route is None:
            return Skipped(
                to.step, to.channel, NoIdentity.code, f"{to.channel} has no identity of the person"
            )
        checks = self._checks(event.purpose, event.tag)
        obstacle = obstacle_of(user, route, event.content_of(to.step), checks)
        if obstacle is not None:
            return Skipped(to.step, to.channel, obstacle.error.code, obstacle.reason)
        return msgspec.structs.replace(to, account=route.account, address=route.address, thread=route.thread)

    def closed(self, event: MessageAccepted) -> dict[Recipient, Refusal]:
        """Return the recipients to whom the message may not be written any more, with the reason.

        A message that goes to channels without windows costs no read.

        Raises:
            Unavailable: AWS did not answer.
        """
        windowed = [to for to in event.recipients if self._capabilities[to.channel].window_h is not None]
        if not windowed:
            return {}
        users = self._conversation_cache.fresh_users(sorted({to.user_id for to in windowed}))
        window = self.windows.exact(event.tag)
        known = ((to, users[to.user_id]) for to in windowed if to.user_id in users)
        found = ((to, window(user, to.route, event.content_of(to.step))) for to, user in known)
        return {to: Refusal(closed.error.code, closed.reason) for to, closed in found if closed is not None}

    def unverified(self, event: MessageAccepted) -> dict[Recipient, Refusal]:
        """Return the recipients of a file who may not have it, since their identity is not verified.

        A message costs no read unless it has a file for a channel where that matters. A file that a person
        sent to a group is judged here alone.

        Raises:
            Unavailable: AWS did not answer.
        """
        with_file = [
            to
            for to in event.recipients
            if self._capabilities[to.channel].verified_for_files and attachments_of(event.content_of(to.step))
        ]
        if not with_file or event.act is not None:
            return {}
        users = self._conversation_cache.fresh_users(sorted({to.user_id for to in with_file}))
        check = may_have(self._capabilities)
        known = ((to, users[to.user_id]) for to in with_file if to.user_id in users)
        found = ((to, check(user, to.route, event.content_of(to.step))) for to, user in known)
        return {to: Refusal(obstacle.error.code, obstacle.reason) for to, obstacle in found if obstacle}

    def republish(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> None:
        """Request the routing of a message that was stored some time ago.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: the message can no longer be delivered.
            Unavailable: AWS did not answer.
        """
        self._events.message_accepted(self.event_again(message, begun))

    def event_again(self, message: Message, begun: Sequence[DeliveryPart] = ()) -> MessageAccepted:
        """Build the event that routes `message` to its recipients on the channels they can be reached on now.

        With `begun`, the event names only the recipients of these deliveries, on the same routes and from the
        same accounts, and has the words as they stand now: the recipients may have been told of a change
        already. If one of them failed, the content must be possible on its route now.

        Raises:
            Forbidden, Conflict, NotPossible, NotFound: the message can no longer be delivered.
        """
        if message.act is not None:
            return self._act_again(message, message.act, begun)
        if message.deleted_at is not None and not message.is_relayed:
            raise MessageDeleted("The message was deleted.")
        message = as_accepted(message)
        snapshot = _as_of(message, self._conversation_cache.fresh(message.conversation_id))
        accepted = self._again(message)
        new = _as_it_stands(message, accepted) if begun else accepted
        # A message that was routed keeps the routes of its plan: each is weighed when its turn comes.
        checks = () if message.routed else self._checks(message.purpose, message.tag)
        routed = self._route(snapshot, new, checks, self.all_checks(message) if message.routed else ())
        if begun:
            latest = [parts[-1] for parts in parts_by_recipient(begun).values()]
            some = tuple(
                msgspec.structs.replace(
                    known_at(
                        snapshot.conversation,
                        snapshot.users,
                        part.recipient_id,
                        Route(part.channel, part.account, part.address),
                    ),
                    position=part.route,
                    step=part.step,
                )
                for part in latest
            )
            event = accepted_event(message, msgspec.structs.replace(routed, to=some))
            if new != accepted:
                self._check_parts(event, begun)
            if not message.is_relayed and any(part.status is Status.FAILED for part in begun):
                self._require_possible(snapshot, event)
            return msgspec.structs.replace(event, recipient_count=begun[0].recipient_count)
        if not routed.to:
            raise NoRecipient("No recipient of this message is left in the conversation.")
        return accepted_event(message, routed)

    def _check_parts(self, event: MessageAccepted, begun: Sequence[DeliveryPart]) -> None:
        """Raise MessageChanged unless the changed content has as many parts, and all are begun again.

        Parts of two versions would make a text that nobody wrote.
        """
        for (_, channel, step), parts in parts_by_recipient(begun).items():
            first = parts[0]
            now = event_parts(event, step, self._capabilities[channel], first.address)
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
        reached = {(part.recipient_id, part.channel, part.step) for part in begun}
        event = act_event(message, act, self.as_read(about))
        some = tuple(
            to for to in event.recipients if not begun or (to.user_id, to.channel, to.step) in reached
        )
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

    def event_of_routed(self, message: Message, words: Routed) -> MessageAccepted:
        """Build the event of a message whose record comes again: some of its deliveries may be in the queues.

        The sender was checked when the record came first. If they have left since, or the conversation is
        archived, the message still goes to its recipients, before every later message.

        Raises:
            NotFound: no such conversation.
        """
        snapshot = _as_of(message, self._conversation_cache.fresh(message.conversation_id))
        steps = (*map(Step, (step.channel for step in message.steps), words.contents or (None,)),)
        wanted = Wanted(words.content, steps or (Step(),), message.choose)
        planned = plan(
            snapshot,
            message.sender_id,
            wanted,
            capabilities=self._capabilities,
            checks=(),
            prefers=self.all_checks(message),
        )
        return accepted_event(message, msgspec.structs.replace(words, to=planned.recipients))

    def _require_possible(self, snapshot: Snapshot, event: MessageAccepted) -> None:
        """Raise NotPossible if a recipient cannot be sent their content on their route now."""
        checks = self._checks(event.purpose, event.tag)
        found = (
            obstacle_of(snapshot.users[to.user_id], to.route, event.content_of(to.step), checks)
            for to in event.recipients
        )
        obstacles = [obstacle for obstacle in found if obstacle is not None]
        if obstacles:
            raise refusal(obstacles)

    def _submitted(
        self, new: NewMessage, snapshot: Snapshot, routed: Routed, *, is_to_many: bool = False
    ) -> Accepted:
        message, stored = self._submit(new, snapshot, routed, is_to_many=is_to_many)
        return Accepted(message, replayed=False) if stored is None else _replay(stored, message)

    def _submit(
        self,
        new: NewMessage,
        snapshot: Snapshot,
        routed: Routed,
        *,
        fingerprint: str | None = None,
        is_to_many: bool = False,
    ) -> tuple[Message, Message | None]:
        """Submit and store the message; return it, and the message that already has its id."""
        message = self._message(new, routed.to, iso(self._clock()))
        message = msgspec.structs.replace(message, fingerprint=fingerprint or message.fingerprint)
        submitted = MessageSubmitted(
            message=message,
            recipients=routed.to,
            version=snapshot.conversation.version,
            content=routed.content if routed.content != message.content else None,
            contents=routed.contents if routed.contents != contents_of(message.steps) else None,
            writer=_writer(new, snapshot, is_to_many=is_to_many),
        )
        if len(new.steps) > 1 and len(msgspec.json.encode(submitted)) > MOST_RECORD_BYTES:
            raise Invalid("The contents of the fallback are too large.", Detail("fallback", "is too large"))
        number = self._events.message_submitted(submitted)
        late = is_late(message, self._clock())
        message = msgspec.structs.replace(message, sequence=number, late=late)
        return message, self._messages.add(message)

    def _prepare(
        self, new: NewMessage, checks: Sequence[Check] = (), *, asks_windows: bool = True
    ) -> tuple[Snapshot, Routed]:
        """Route the message; `checks` are more of them than of every message."""
        snapshot, routed = self._from_memory(new, checks, asks_windows=asks_windows) or self._read_again(
            new, checks, asks_windows=asks_windows
        )
        check_reply(new, snapshot.conversation, self._messages)
        return snapshot, routed

    def _from_memory(
        self, new: NewMessage, checks: Sequence[Check], *, asks_windows: bool
    ) -> tuple[Snapshot, Routed] | None:
        """Route the message by what is in memory; return None if it must be read again.

        The conversation or its users may have changed since the memory read them, so that nothing is refused
        or left out by it. `router` chooses the recipients of a message again only if it has some. An opt-out
        counts at once for marketing; a service message may go out for as long as users are kept.
        """
        if new.purpose is Purpose.MARKETING:
            return None
        snapshot = self._conversation_cache.recent(new.conversation_id)
        if is_bot(snapshot.users.get(new.sender_id)):
            return None
        asked = (self.windows.recorded(new.tag),) if asks_windows else ()
        more = (self.accounts.recorded(), *checks, *asked)
        try:
            routed = self._route(snapshot, new, checks_of(new.purpose, new.tag, more, self._capabilities))
        except REFUSALS:
            return None
        is_empty_group = not routed.to and snapshot.conversation.type is ConversationType.GROUP
        is_incomplete = any(recipient.skipped for recipient in routed.to)
        is_joined = snapshot.conversation.joined_into is not None
        return None if is_empty_group or is_incomplete or is_joined else (snapshot, routed)

    def _read_again(
        self, new: NewMessage, checks: Sequence[Check], *, asks_windows: bool
    ) -> tuple[Snapshot, Routed]:
        snapshot = self._conversation_cache.fresh(new.conversation_id)
        return snapshot, self._route_exactly(snapshot, new, checks, asks_windows=asks_windows)

    def _route_exactly(
        self, snapshot: Snapshot, new: NewMessage, checks: Sequence[Check], *, asks_windows: bool
    ) -> Routed:
        """Route the message by a conversation that was read just now."""
        asked = (self.windows.exact(new.tag),) if asks_windows else ()
        more = (self.accounts.exact(), *checks, *asked)
        return self._route(snapshot, new, checks_of(new.purpose, new.tag, more, self._capabilities))

    def _checks(self, purpose: Purpose, tag: Tag | None) -> tuple[Check, ...]:
        """Return the checks of an accepted message whose users were read just now.

        Its account is not asked about: what was accepted goes out from a disabled account, too.
        """
        return checks_of(purpose, tag, (self.windows.exact(tag),), self._capabilities)

    def all_checks(self, message: Message) -> tuple[Check, ...]:
        """Return the checks by which the identities of a routed message's recipients were chosen."""
        return (*self._checks(message.purpose, message.tag), self.accounts.exact())

    def _route(
        self, snapshot: Snapshot, new: NewMessage, checks: Sequence[Check], prefers: Sequence[Check] = ()
    ) -> Routed:
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
            return Routed(passed_on, reach(snapshot.conversation, snapshot.users, new.sender_id))
        wanted = wanted_of(snapshot, new)
        planned = plan(
            snapshot,
            new.sender_id,
            wanted,
            capabilities=self._capabilities,
            checks=checks,
            prefers=prefers,
        )
        return _routed(wanted, require_all(planned, wanted))

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
            steps=new.steps,
            choose=new.choose,
            delivery_timeout_s=new.delivery_timeout_s,
            reply_to=new.reply_to,
            metadata=new.metadata,
            purpose=new.purpose,
            provider_message_id=new.provider_message_id,
            received=new.received,
            items=new.items,
            tag=new.tag,
            notice=new.notice,
            send_at=new.send_at,
        )

    def _again(self, message: Message) -> NewMessage:
        """Return the stored message as it was accepted; a notice tells what its message has become."""
        new = _of_stored(message)
        about = self._messages.get(new.notice.message_id) if new.notice is not None else None
        if new.notice is not None and about is not None:
            about = item_of(about, new.notice.item) or about
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


def wanted_of(snapshot: Snapshot, new: NewMessage) -> Wanted:
    """Return what a client wants to say, as the recipients read it.

    Raises:
        Forbidden: the sender is not a participant.
        Conflict: the conversation is archived.
    """
    sender = _check_sender(snapshot, new.sender_id)
    speaker = speaker_of(snapshot.conversation, snapshot.users, sender)
    content = posted(new.content, speaker)
    steps = tuple(
        Step(step.channel, posted(step.content, speaker)) if step.content is not None else step
        for step in new.steps
    )
    return Wanted(
        new.content if content is None else content, steps or (Step(),), new.choose, content is not None
    )


def routed_to_customers(
    snapshot: Snapshot, new: NewMessage, capabilities: Mapping[str, Capabilities]
) -> Routed:
    """Return the message of a client for every customer, whatever their windows and our accounts are.

    Raises:
        Forbidden: the sender is not a participant.
        Conflict: the conversation is archived.
        NotPossible: a recipient cannot be reached, or does not want the message, or no channel takes it.
    """
    wanted = wanted_of(snapshot, new)
    checks = checks_of(new.purpose, new.tag, (), capabilities)
    planned = plan(
        snapshot,
        new.sender_id,
        wanted,
        capabilities=capabilities,
        checks=checks,
    )
    return _routed(wanted, require_all(planned, wanted))


def _routed(wanted: Wanted, recipients: tuple[Recipient, ...]) -> Routed:
    return Routed(wanted.content, recipients if wanted.is_shown else (), contents_of(wanted.steps))


def require_own_place(snapshot: Snapshot) -> None:
    """Raise ConversationJoined if the conversation goes on in another conversation.

    What was accepted before still goes out. Its history is shown with that of the other conversation.
    """
    conversation = snapshot.conversation
    if conversation.joined_into is not None:
        raise ConversationJoined(
            "The conversation goes on in another conversation.",
            Detail("conversation_id", f"goes on in {conversation.joined_into}"),
        )


def check_reply(new: NewMessage, conversation: Conversation, messages: Messages) -> None:
    """Raise Invalid if the message answers or reacts to no message of its conversation."""
    quoted = messages.get(new.reply_to) if new.reply_to is not None else None
    is_known = (
        quoted is not None
        and quoted.conversation_id in conversation.ids
        and not (quoted.act or quoted.notice)
    )
    if new.reply_to is not None and not is_known:
        raise Invalid("reply_to is not valid.", Detail("reply_to", "names no message of this conversation"))


def _writer(new: NewMessage, snapshot: Snapshot, *, is_to_many: bool = False) -> Writer:
    sender = snapshot.users.get(new.sender_id)
    answers_nobody = is_to_many or new.purpose is Purpose.MARKETING
    return writer_of(sender.type if sender is not None else None, is_to_many=answers_nobody)


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
    check_control(snapshot, sender_id)
    return sender


def check_control(snapshot: Snapshot, sender_id: str) -> None:
    """Raise HumanInControl if the sender is a bot, and a human has the conversation."""
    if is_bot(snapshot.users.get(sender_id)) and snapshot.conversation.desk.controlled_by is Control.HUMAN:
        raise HumanInControl("A human has the conversation; hand it over to the bot first.")


def _check_open(snapshot: Snapshot) -> None:
    if snapshot.conversation.is_over:
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
    new = msgspec.structs.replace(
        new,
        received=None,
        items=(),
        content=as_posted(new.content),
        steps=tuple(map(step_as_posted, new.steps)),
    )
    if templates_of(new.content, new.steps):
        # The provider may change a template's category, and with it the purpose, between two POSTs.
        new = msgspec.structs.replace(new, purpose=Purpose.SERVICE)
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
        steps=message.steps,
        choose=message.choose,
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
            step=target.step,
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
        contents=routed.contents,
    )
