"""Accept an edit or the deletion of a message that our side sent.

The act gets a place in the conversation as a message does, and a record with deliveries: so it comes after
the message at every provider, waits where the message waits, is tried again as a message is, and ends FAILED
as a message does. Its words are in the queue only, and then in the changed message.

::

    targets ── the deliveries of the message, and the routes of recipients whose delivery has not begun
       │
    possible ── the channels that have the act; none: refused here. The others are NOT_POSSIBLE in the status
       │
    submit, add ── as `accept_message` does: the same act_id with the same content is the same act
"""

import hashlib
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.domain.act_rules import Acts
from chat4all.domain.acts import Act, ActKind, ActOn, ActTarget
from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.content import Content, Media, Text, file_of, kind_of
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.errors import (
    ActNotPossible,
    Conflict,
    ConversationArchived,
    Detail,
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    NotYourMessage,
)
from chat4all.domain.events import MessageSubmitted, Recipient
from chat4all.domain.kinds import Reaction
from chat4all.domain.message import Message
from chat4all.domain.parts import parts_by_recipient
from chat4all.domain.person import is_bot
from chat4all.domain.plan import Step
from chat4all.domain.planning import Check, Wanted, plan
from chat4all.domain.purpose import Purpose
from chat4all.domain.routing import parts_of
from chat4all.domain.snapshot import Snapshot
from chat4all.domain.status import Status, StatusChange
from chat4all.services.messaging.accept_message import Accepted, act_event, check_control
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import Deliveries, Events, Messages

_NAMESPACE: Final = uuid.UUID("6f1f0f0e-7c1b-4a52-9a39-3a7d7c0f5d11")


class ChangeMessage:
    def __init__(
        self,
        *,
        messages: Messages,
        deliveries: Deliveries,
        events: Events,
        conversation_cache: ConversationCache,
        capabilities: Mapping[str, Capabilities],
        prefers: Callable[[Message], Sequence[Check]],
        clock: Clock,
        new_id: NewId,
    ) -> None:
        """`prefers` returns the checks by which the identities of a message's recipients are chosen."""
        self._messages = messages
        self._deliveries = deliveries
        self._events = events
        self._conversation_cache = conversation_cache
        self._capabilities = capabilities
        self._prefers = prefers
        self._clock = clock
        self._new_id = new_id

    def edit(self, message_id: str, sender_id: str, content: Content, act_id: str | None) -> Accepted:
        """Accept an edit; return its record.

        Raises:
            NotFound: no such message.
            Forbidden: another user sent the message, or its sender has left the conversation.
            Conflict: the message is deleted, the conversation is archived, the act_id is another act's, or
                the sender is a bot, and a human has the conversation.
            ActNotPossible: no recipient's channel takes the edit.
            Unavailable: AWS did not take the edit; the same request may be repeated.
        """
        message = self._own(message_id, sender_id)
        act_id = act_id or self._new_id()
        fingerprint = _fingerprint(message_id, sender_id, content)
        before = self._accepted_before(act_id, fingerprint)
        if before is not None:
            return before
        if message.deleted_at is not None:
            raise MessageDeleted("The message was deleted.")
        _check_kind(message, content)

        def judge(snapshot: Snapshot) -> tuple[ActTarget, ...]:
            _check_sender(snapshot, sender_id)
            return self._possible(message, snapshot, ActKind.EDIT)

        targets = self._judged(message, judge)
        self._check_parts(message, content, targets)
        return self._submit(
            message, Act(ActOn(ActKind.EDIT, message_id), targets), act_id, fingerprint, content
        )

    def delete(self, message_id: str, sender_id: str) -> Accepted:
        """Accept the deletion of a message; return its record, which is the same however often it is asked.

        Raises:
            NotFound: no such message.
            Forbidden: another user sent the message.
            HumanInControl: the sender is a bot, and a human has the conversation.
            ActNotPossible: no recipient's channel deletes messages.
            Unavailable: AWS did not take the deletion; the same request may be repeated.
        """
        message = self._own(message_id, sender_id)
        act_id = str(uuid.uuid5(_NAMESPACE, f"delete {message_id}"))
        fingerprint = _fingerprint(message_id, sender_id, None)
        before = self._accepted_before(act_id, fingerprint)
        if before is not None:
            return before
        targets = self._judged(message, lambda snapshot: self._possible(message, snapshot, ActKind.DELETE))
        return self._submit(
            message, Act(ActOn(ActKind.DELETE, message_id), targets), act_id, fingerprint, None
        )

    def _judged(
        self, message: Message, judge: Callable[[Snapshot], tuple[ActTarget, ...]]
    ) -> tuple[ActTarget, ...]:
        """Return what `judge` finds in the message's conversation, which is read again for a bot."""
        conversation_id, cache = message.conversation_id, self._conversation_cache
        if not is_bot(cache.recent(conversation_id).users.get(message.sender_id)):
            return cache.judged(conversation_id, judge)
        snapshot = cache.fresh(conversation_id)
        check_control(snapshot, message.sender_id)
        return judge(snapshot)

    def _own(self, message_id: str, sender_id: str) -> Message:
        """Return a message of a client's; the acts and notices of others are no messages here."""
        message = self._messages.get(message_id)
        if message is None or message.act is not None or message.notice is not None:
            raise MessageNotFound("There is no such message.")
        if message.is_relayed or message.sender_id != sender_id:
            raise NotYourMessage(
                "Only a message that its sender posted here can be changed, by its sender.",
                Detail("sender_id", "did not post the message"),
            )
        return message

    def _accepted_before(self, act_id: str, fingerprint: str) -> Accepted | None:
        stored = self._messages.get(act_id)
        if stored is None:
            return None
        if stored.fingerprint != fingerprint:
            raise Conflict(
                "This act_id belongs to something else; use a new id.",
                Detail("act_id", "was used with another body"),
            )
        return Accepted(stored, replayed=True)

    def _possible(self, message: Message, snapshot: Snapshot, kind: ActKind) -> tuple[ActTarget, ...]:
        """Return the targets whose channel has the act; raise ActNotPossible if there is none."""
        judged = [(to, self._impossible(to, kind, message)) for to in self._targets(message, snapshot)]
        possible = tuple(target for target, reason in judged if reason is None)
        if not possible:
            reasons = dict.fromkeys(f"{target.channel} {reason}" for target, reason in judged)
            issues = list(reasons) or ["the message went out over no channel"]
            raise ActNotPossible(
                "No channel of the recipients can do this.",
                *(Detail("message_id", issue) for issue in issues),
            )
        return possible

    def _targets(self, message: Message, snapshot: Snapshot) -> list[ActTarget]:
        """Return the deliveries of the message, begun or not, each once.

        A recipient without a delivery, or whose channels so far were replaced, may be reached on each route.
        """
        begun = parts_by_recipient(self._deliveries.of_message(message.message_id))
        firsts = [parts[0] for parts in begun.values()]
        reached = {part.recipient_id for part in firsts if not part.replaced}
        found = {_place(target): target for target in (_target(part) for part in firsts if not part.replaced)}
        awaited = message.status is Status.PENDING or any(part.replaced for part in firsts)
        for recipient in self._routed(message, snapshot) if awaited else ():
            participant = snapshot.conversation.participant(recipient.user_id)
            is_new = participant is not None and not participant.sees(message.sequence)
            if recipient.user_id in reached or is_new:
                continue
            for route in recipient.routes:
                target = ActTarget(
                    route.user_id,
                    route.channel,
                    route.account,
                    route.address,
                    route.number,
                    route.position,
                    route.step,
                )
                found.setdefault(_place(target), target)
        return list(found.values())

    def _routed(self, message: Message, snapshot: Snapshot) -> tuple[Recipient, ...]:
        """Return the recipients on every route that the message's plan may take."""
        wanted = Wanted(message.content, message.steps or (Step(),), message.choose)
        planned = plan(
            snapshot,
            message.sender_id,
            wanted,
            capabilities=self._capabilities,
            checks=(),
            prefers=self._prefers(message),
        )
        return planned.recipients

    def _impossible(self, target: ActTarget, kind: ActKind, message: Message) -> str | None:
        """Return why an act is not possible on a delivery, if it is not."""
        own = message.steps[target.step].content if target.step < len(message.steps) else None
        if kind is ActKind.EDIT and own is not None:
            return "has the content of a fallback, which an edit of the message does not change"
        return _impossible(self._capabilities[target.channel].acts, kind, message)

    def _check_parts(self, message: Message, content: Content, targets: Sequence[ActTarget]) -> None:
        """Raise ActNotPossible if the edited content has another number of parts on a channel."""
        differing = {
            target.channel
            for target in targets
            if self._count(message.content, target) != self._count(content, target)
        }
        if differing:
            raise ActNotPossible(
                "An edit keeps the number of provider messages that the message was sent as.",
                *(Detail("content", f"takes another number of messages on {name}") for name in differing),
            )

    def _count(self, content: Content, target: ActTarget) -> int:
        return len(parts_of(content, self._capabilities[target.channel], target.address))

    def _submit(
        self, message: Message, act: Act, act_id: str, fingerprint: str, words: Content | None
    ) -> Accepted:
        now = iso(self._clock())
        record = Message(
            message_id=act_id,
            conversation_id=message.conversation_id,
            sequence="",
            sender_id=message.sender_id,
            content=Text(""),
            status=Status.PENDING,
            status_history=(StatusChange(Status.PENDING, now),),
            accepted_at=now,
            attempt=secrets.token_hex(4),
            fingerprint=fingerprint,
            purpose=message.purpose if act.on.kind is ActKind.EDIT else Purpose.SERVICE,
            act=act,
        )
        recipients = act_event(record, act, Text("")).recipients
        number = self._events.message_submitted(MessageSubmitted(record, recipients, 0, words))
        record = msgspec.structs.replace(record, sequence=number)
        stored = self._messages.add(record)
        if stored is None:
            return Accepted(record, replayed=False)
        if stored.fingerprint != fingerprint:
            raise Conflict(
                "This act_id belongs to something else; use a new id.",
                Detail("act_id", "was used with another body"),
            )
        return Accepted(stored, replayed=stored.attempt != record.attempt)


def _check_sender(snapshot: Snapshot, sender_id: str) -> None:
    if not snapshot.conversation.has(sender_id):
        raise NotAParticipant(
            "The sender is not a participant of this conversation.",
            Detail("sender_id", "is not a participant"),
        )
    if snapshot.conversation.is_over:
        raise ConversationArchived("The conversation is archived.")


def _target(part: DeliveryPart) -> ActTarget:
    return ActTarget(
        part.recipient_id,
        part.channel,
        part.account,
        part.address,
        part.recipient_number,
        part.route,
        part.step,
    )


def _place(target: ActTarget) -> tuple[str, str, int]:
    return target.user_id, target.channel, target.step


def _impossible(acts: Acts, kind: ActKind, message: Message) -> str | None:
    """Return why a channel does not have the act, if it does not."""
    if kind is ActKind.DELETE and isinstance(message.content, Reaction):
        return "takes a reaction back by an empty reaction"
    if kind is ActKind.DELETE:
        return None if acts.delete is not None else "deletes no sent message"
    if acts.edit is None:
        return "edits no sent message"
    name = kind_of(message.content)
    return None if name in acts.edit.kinds else f"edits no message of the kind {name}"


def _check_kind(message: Message, content: Content) -> None:
    former = message.content
    if kind_of(content) != kind_of(former):
        raise ActNotPossible(
            "An edit keeps the kind of a message.",
            Detail("content", f"must be of the kind {kind_of(former)}, as the message is"),
        )
    file, former_file = file_of(content), file_of(former)
    if file is not None and former_file is not None and file.file_id != former_file.file_id:
        raise ActNotPossible(
            "An edit keeps the file of a message.", Detail("content.file_id", "must be the message's file")
        )


def reworded_file(message: Message, text: str) -> Media | None:
    """Return the message's file with another caption; None if the message has no file."""
    former = message.content
    return Media(former.file, text) if isinstance(former, Media) else None


def _fingerprint(message_id: str, sender_id: str, content: Content | None) -> str:
    body = msgspec.json.encode((message_id, sender_id, content), order="deterministic")
    return hashlib.sha256(body).hexdigest()
