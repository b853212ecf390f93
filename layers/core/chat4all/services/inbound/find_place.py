"""Find the conversation for an inbound message.

::

    the conversation of a thread, if the message is in a thread of a group's chat
    else the conversation of the quoted message, if it is active and the person takes part in it
    else the person's active 1:1 conversation; of several, the conversation with the latest turn
    else, if the message quotes nothing, the conversation that the person last wrote in through the same
        account, if the person can write in it; or, if the person never wrote through this account, the only
        conversation that the person takes part in
    else a new conversation with the inbox, which is the person's 1:1 conversation from then on

A conversation that was archived because nobody wrote in it counts as active, and is reactivated.

Nothing here depends on how many conversations there are, and the rule never chooses between groups. A group
gets a message that quotes nothing only from a person who wrote in it last, or who takes part in no other
conversation.

A search of the latest 25 conversations fails for a person who joined 26 groups after the 1:1 conversation
began: the person's next message reaches strangers in a group.
"""

import uuid
from collections.abc import Iterator
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.conversation import (
    Conversation,
    ConversationState,
    ConversationType,
    Origin,
    Participant,
)
from chat4all.domain.desk import at_hand
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage
from chat4all.domain.message import Message
from chat4all.domain.person import INBOX_USER_ID, User, UserType
from chat4all.domain.places import Places, place_key, writing
from chat4all.services.directory.going_on import going_on
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.messaging.ports import Messages

_TRIES: Final = 5
NAMESPACE: Final = uuid.UUID("6f1c9a52-1d0e-4b7e-9a3f-5f6d7a0c4e11")
"""The namespace of the ids that are derived from the ids of providers and persons."""


class Place(msgspec.Struct, frozen=True):
    """The conversation for a person's message, and the message in it that they quote.

    `member_id` is the id under which the person takes part: after a merge they may have several.
    """

    conversation_id: str
    member_id: str
    reply_to: str | None = None


class FindPlace:
    def __init__(
        self, conversations: Conversations, directory: Directory, messages: Messages, clock: Clock
    ) -> None:
        self._conversations = conversations
        self._directory = directory
        self._messages = messages
        self._clock = clock

    def __call__(self, channel: str, account: str, event: InboundMessage, sender: User) -> Place:
        """Find the place by the rule above, and record that the person wrote there.

        Where our own side wrote in the provider's app, `sender` is the person of the chat, and nothing is
        recorded.

        Raises:
            Unavailable: AWS did not answer, the person's places are changing too quickly, or the person was
                merged into another user since `sender` was read.
        """
        origin = Origin(channel, account, event.address, event.thread)
        quoted = None if event.thread else self._quoted(channel, account, event, sender)
        for _ in range(_TRIES):
            places = self._conversations.places(sender.user_id)
            if places.merged_into is not None:
                break
            place = quoted or self._unquoted(origin, event, sender, places)
            if place is not None:
                return place if event.is_own else self._recorded(origin, sender, places, place)
        raise Unavailable("The person's conversations are changing too quickly; try again.", retry_after=1)

    def _recorded(self, origin: Origin, sender: User, places: Places, place: Place) -> Place:
        """Record that the person wrote there last, and that an answer goes to where they wrote."""
        if places.latest != writing(origin, place.conversation_id):
            self._conversations.record_origin(place.conversation_id, place.member_id, origin)
            self._conversations.record_writing(sender.user_id, origin, place.conversation_id)
        return place

    def _quoted(self, channel: str, account: str, event: InboundMessage, sender: User) -> Place | None:
        quoted = self._quoted_message(channel, account, event)
        conversation = self._open(quoted.conversation_id, sender) if quoted is not None else None
        if quoted is None or conversation is None:
            return None
        if conversation.overtaken:
            # The person's next words belong here, even if they come before `router` handles this message.
            self._conversations.give_turn(conversation.conversation_id)
        return _place(conversation, sender, _shown_as(quoted))

    def _quoted_message(self, channel: str, account: str, event: InboundMessage) -> Message | None:
        if event.quoted_provider_message_id is None:
            return None
        return self._messages.find(channel, account, event.quoted_provider_message_id)

    def _unquoted(self, origin: Origin, event: InboundMessage, sender: User, places: Places) -> Place | None:
        """Find the place without a quote; return None if the person's places have changed meanwhile."""
        if origin.thread is not None:
            return self._replying(self._of_thread(origin, event, sender, places), origin, event)
        if places.one_to_one is not None:
            return self._in_one_to_one(places.one_to_one, sender)
        for conversation_id in self._candidates(origin, event, sender, places):
            conversation = self._open(conversation_id, sender)
            if conversation is not None:
                return _place(conversation, sender)
        begun = self._begin(origin, event, sender, places)
        return Place(begun, sender.user_id) if begun is not None else None

    def _in_one_to_one(self, conversation_id: str, sender: User) -> Place:
        """Return the place in the person's 1:1 conversation, which is read if several users were merged."""
        conversation = self._conversations.get(conversation_id) if sender.merged else None
        return _place(conversation, sender) if conversation else Place(conversation_id, sender.user_id)

    def _of_thread(self, origin: Origin, event: InboundMessage, sender: User, places: Places) -> Place:
        """Return the conversation of a thread, which no other thread of the group's chat shares."""
        last_written = places.last_written(origin)
        known = self._open(last_written, sender) if last_written is not None else None
        if known is not None:
            return _place(known, sender)
        named = f"thread {sender.user_id} {place_key(origin)} after {last_written}"
        conversation = self._with_inbox(str(uuid.uuid5(NAMESPACE, named)), origin, event, sender)
        self._conversations.create(conversation, ())
        return Place(conversation.conversation_id, sender.user_id)

    def _replying(self, place: Place, origin: Origin, event: InboundMessage) -> Place:
        quoted = self._quoted_message(origin.channel, origin.account, event)
        is_here = quoted is not None and quoted.conversation_id == place.conversation_id
        return msgspec.structs.replace(place, reply_to=_shown_as(quoted) if quoted and is_here else None)

    def _candidates(
        self, origin: Origin, event: InboundMessage, sender: User, places: Places
    ) -> Iterator[str]:
        if event.quoted_provider_message_id is not None:
            # The quoted message is unknown, or in a conversation that the person cannot write in: no group
            # may get the answer to it.
            return
        last_written = places.last_written(origin)
        if last_written is not None:
            yield last_written
            return
        first_two = {
            conversation_id
            for user_id in sender.ids
            for _, conversation_id in self._conversations.of_user(user_id, None, 2)
        }
        if len(first_two) == 1:
            yield from first_two - places.of_threads

    def _open(self, conversation_id: str, sender: User) -> Conversation | None:
        """Return the conversation, or the one that it joined, if the sender may write there.

        A conversation that was idle comes back.
        """
        conversation = going_on(self._conversations.get(conversation_id), self._conversations)
        if conversation is None or _member_id(conversation, sender) is None:
            return None
        if conversation.desk.is_idle:
            desk = at_hand(conversation.desk, is_active=True, now=self._clock())
            self._conversations.set_state(conversation, ConversationState.ACTIVE, desk)
            conversation = self._conversations.get(conversation.conversation_id)
        is_active = conversation is not None and conversation.state is ConversationState.ACTIVE
        return conversation if is_active else None

    def _begin(self, origin: Origin, event: InboundMessage, sender: User, places: Places) -> str | None:
        """Begin the person's conversation with the inbox; None if a 1:1 conversation began meanwhile."""
        conversation_id = str(uuid.uuid5(NAMESPACE, f"inbox {sender.user_id} {places.version}"))
        conversation = self._with_inbox(conversation_id, origin, event, sender)
        is_first = self._conversations.create_first(conversation, sender.user_id, places.version)
        return conversation_id if is_first else None

    def _with_inbox(
        self, conversation_id: str, origin: Origin, event: InboundMessage, sender: User
    ) -> Conversation:
        """Return a conversation with the inbox, whose user exists then.

        It has no primary channel: an answer goes to where the person wrote last.
        """
        now = iso(self._clock())
        writer = Participant(sender.user_id, now, 1, wrote_from=None if event.is_own else origin)
        self._directory.create(User(INBOX_USER_ID, UserType.AGENT, "Inbox", (), {}, now))
        return Conversation(
            conversation_id=conversation_id,
            type=ConversationType.ONE_TO_ONE,
            state=ConversationState.ACTIVE,
            participants=(Participant(INBOX_USER_ID, now, 0), writer),
            primary_channel=None,
            title=None,
            metadata={},
            version=1,
            created_at=now,
        )


def _place(conversation: Conversation, sender: User, reply_to: str | None = None) -> Place:
    member_id = _member_id(conversation, sender) or sender.user_id
    return Place(conversation.conversation_id, member_id, reply_to)


def _member_id(conversation: Conversation, sender: User) -> str | None:
    """Return the id under which the person takes part in the conversation, the same that routing chooses."""
    members = (member.user_id for member in conversation.participants)
    return next((user_id for user_id in members if user_id in sender.ids), None)


def _shown_as(quoted: Message) -> str:
    """Return the id of the message in the history: a notice stands for the message that changed."""
    return quoted.notice.message_id if quoted.notice is not None else quoted.message_id
