"""Route a message: put one delivery per recipient and channel into the channels' queues.

The records of a conversation come one after the other, in the order of their numbers. So this module decides
which of two records with the same message_id is the message, and who takes part when a message comes.

Requesting the same deliveries twice is harmless: each delivery is claimed before it is sent.
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.clock import Clock, iso
from chat4all.domain.conversation import Conversation
from chat4all.domain.desk import Control, Writer
from chat4all.domain.errors import MessageDeleted, NotFound
from chat4all.domain.events import (
    ChatEvent,
    MessageAccepted,
    MessageSubmitted,
    ParticipantJoining,
    Recipient,
    SignalsRequested,
)
from chat4all.domain.message import Message
from chat4all.domain.plan import contents_of
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.routing import deliveries
from chat4all.domain.sent_order import is_late
from chat4all.domain.status import Status
from chat4all.domain.waiting import Fallback
from chat4all.services.directory.ports import Conversations
from chat4all.services.messaging.accept_message import REFUSALS, AcceptMessage, Routed, accepted_event
from chat4all.services.messaging.ports import Events, Fallbacks, Messages
from chat4all.services.messaging.record_activity import RecordActivity
from chat4all.services.messaging.route_act import RouteAct


class RouteMessage:
    def __init__(
        self,
        *,
        messages: Messages,
        conversations: Conversations,
        events: Events,
        fallbacks: Fallbacks,
        accept: AcceptMessage,
        route_act: RouteAct,
        record_activity: RecordActivity,
        capabilities: Mapping[str, Capabilities],
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._conversations = conversations
        self._events = events
        self._fallbacks = fallbacks
        self._accept = accept
        self._route_act = route_act
        self._record_activity = record_activity
        self._capabilities = capabilities
        self._clock = clock

    def __call__(self, event: ChatEvent, number: str) -> None:
        """Handle a record of `chat-events` with this number.

        Raises:
            Unavailable: AWS did not answer; the record must be handled again.
        """
        match event:
            case MessageSubmitted():
                self._settle(event, number)
            case MessageAccepted():
                self._request(event)
            case SignalsRequested(requested=requested):
                self._events.deliveries_requested(requested)
            case ParticipantJoining(conversation_id, user_id, joined_at):
                self._conversations.place_participant(conversation_id, user_id, joined_at, number)

    def _settle(self, submitted: MessageSubmitted, number: str) -> None:
        """Store the message if the process that submitted it died, and request its deliveries.

        The record is dropped if its message_id belongs to another message, or if another record of the
        message was handled before.
        """
        late = is_late(submitted.message, self._clock())
        message = msgspec.structs.replace(submitted.message, sequence=number, late=late)
        stored = self._messages.get(message.message_id)
        if stored is None or stored.status is Status.SCHEDULED:
            stored = self._messages.add(message) or message
        is_another = stored.fingerprint != message.fingerprint or not stored.was_accepted
        is_done = stored.routed or not submitted.recipients
        if is_another or (is_done and stored.sequence != number):
            return
        if (stored.sequence, stored.attempt) != (number, message.attempt):
            # The message has two records, and was stored with the number of the other record. Or a repeated
            # POST stored the message with the number of the first: its time is later than its number.
            stored = self._messages.renumber(stored, number)
        accepted = self._accepted(submitted, stored)
        if accepted is not None:
            self._request(accepted)

    def _accepted(self, submitted: MessageSubmitted, message: Message) -> MessageAccepted | None:
        """Return the event for the recipients who take part now; None if there is nobody to be reached."""
        if message.act is not None:
            return self._route_act(message, message.act, submitted.content or message.content)
        conversation = self._conversations.get(message.conversation_id)
        if conversation is not None and conversation.overtaken and message.notice is None:
            self._conversations.give_turn(message.conversation_id)
        is_new = message.notice is None and not message.routed
        is_taken_over = is_new and conversation is not None and _is_taken_over(conversation, submitted)
        unrecorded = conversation if is_new else None
        is_first = submitted.writer is Writer.PERSON or (unrecorded is not None and unrecorded.desk.is_idle)
        if unrecorded is not None and is_first and not is_taken_over:
            conversation, unrecorded = self._record_activity(unrecorded, submitted), None
        if message.status is Status.FAILED:
            return None
        known = None if is_taken_over else conversation
        accepted = self._judged(submitted, message, known) if submitted.recipients else None
        if unrecorded is not None and (accepted is not None or not submitted.recipients):
            # An answer that was refused ends nobody's wait.
            self._record_activity(unrecorded, submitted)
        return accepted

    def _judged(
        self, submitted: MessageSubmitted, message: Message, conversation: Conversation | None
    ) -> MessageAccepted | None:
        """Return the event; None if the message is refused. Without `conversation`, all is read again."""
        content = submitted.content or message.content
        contents = contents_of(message.steps) if submitted.contents is None else submitted.contents
        if conversation is not None and conversation.version == submitted.version:
            return accepted_event(message, Routed(content, submitted.recipients, contents))
        if message.routed:
            return self._accept.event_of_routed(message, Routed(content, (), contents))
        try:
            again = self._accept.event_again(message)
        except (*REFUSALS, NotFound) as refused:
            self._messages.give_up(message, iso(self._clock()), refused.code, refused.message)
            return None
        # The recipients are chosen again, and the words stay: a change of which a notice tells may not be
        # stored yet.
        return msgspec.structs.replace(again, content=content, contents=contents)

    def _request(self, accepted: MessageAccepted) -> None:
        """Begin the message's state, and request the deliveries.

        The state begins first, because a status of a delivery is recorded in it.
        """
        if accepted.act is None and (accepted.round or accepted.position):
            current_words = self._with_words_of_now(accepted)
            if current_words is None:
                self._end_steps(accepted)
                return
            accepted = current_words
        planned = [recipient for recipient in accepted.recipients if recipient.fallbacks or recipient.skipped]
        weighed = [self._weighed(self._begin(accepted, recipient)) for recipient in planned]
        begun = [fallback for fallback, _ in weighed]
        # A recipient whose fallback has moved on to a later channel is reached on that channel.
        now_at = {recipient.user_id: recipient for _, recipient in weighed}
        refusals = {to: fallback.refusal for fallback, to in weighed if fallback.refusal is not None}
        current = tuple(now_at.get(recipient.user_id, recipient) for recipient in accepted.recipients)
        at_routes = msgspec.structs.replace(accepted, recipients=current)
        if accepted.round and not accepted.is_relayed:
            # Time has passed since the message was accepted: a window may be closed by now.
            refusals |= self._accept.closed(at_routes)
        refusals |= self._accept.unverified(at_routes)
        requested = deliveries(at_routes, self._capabilities, refusals)
        if accepted.round == 0 and accepted.position == 0:
            self._messages.begin(accepted.message_id, iso(self._clock() + DELIVERY_GRACE))
        self._events.deliveries_requested(requested)
        for fallback in begun:
            self._fallbacks.routed(fallback, self._deadline(fallback))

    def _with_words_of_now(self, accepted: MessageAccepted) -> MessageAccepted | None:
        """Return the event of a message that goes out again, or by a next channel, as our side edited it.

        Return None for a message that our side deleted: nobody gets it any more.
        """
        message = self._messages.get(accepted.message_id)
        if message is None or message.is_relayed:
            return accepted
        if message.deleted_at is not None:
            if message.status is Status.PENDING:
                at = iso(self._clock())
                self._messages.give_up(message, at, MessageDeleted.code, "The message was deleted.")
            return None
        if message.edit_id is None:
            return accepted
        return msgspec.structs.replace(accepted, content=self._accept.as_read(message))

    def _end_steps(self, accepted: MessageAccepted) -> None:
        """End the steps of a deleted message: `relay` would publish a step that is not routed for ever."""
        for recipient in accepted.recipients:
            fallback = self._fallbacks.get(accepted.message_id, recipient.user_id)
            if fallback is not None:
                self._fallbacks.routed(fallback, None)

    def _begin(self, accepted: MessageAccepted, recipient: Recipient) -> Fallback:
        event = msgspec.structs.replace(accepted, recipients=(recipient,), position=0)
        return self._fallbacks.begin(event, iso(self._clock() + DELIVERY_GRACE))

    def _weighed(self, fallback: Fallback) -> tuple[Fallback, Recipient]:
        """Weigh the present route again, if its turn has just come; move on until a route is possible.

        The first route was weighed when the message was accepted. The last route stays where it is: its
        delivery is requested with the refusal.
        """
        while fallback.position and not fallback.routed and fallback.refusal is None:
            found = self._accept.weigh(fallback)
            if isinstance(found, Recipient):
                return fallback, found
            due_at = iso(self._clock() + DELIVERY_GRACE)
            moved = self._fallbacks.skip(fallback, found, due_at)
            event = fallback.event
            known = moved or self._fallbacks.get(event.message_id, event.recipients[0].user_id)
            fallback = known or fallback
        return fallback, fallback.recipient

    def _deadline(self, fallback: Fallback) -> str | None:
        if not fallback.recipient.fallbacks:
            return None
        return iso(self._clock() + timedelta(seconds=fallback.event.delivery_timeout_s))


def _is_taken_over(conversation: Conversation, submitted: MessageSubmitted) -> bool:
    """Return whether a human took over from the bot that wrote the message, which is refused then."""
    return submitted.writer is Writer.BOT and conversation.desk.controlled_by is Control.HUMAN
