"""A story of a group whose participants and state change while messages are on their way."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from chat4all.domain.conversation import Conversation, ConversationState
from chat4all.domain.errors import (
    Conflict,
    Forbidden,
    GroupTooSmall,
    NotPossible,
    ParticipantNotFound,
    Unavailable,
)
from chat4all.domain.message import Message
from chat4all.services.directory.manage_conversations import ManageConversations
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.recovery.relay import IN_A_QUEUE, LONGEST_WAIT
from tests.fakes.cloud import GROUP, Cloud
from tests.fakes.connector import ACCOUNT
from tests.fakes.fate import Blow, Fate, Kind
from tests.fakes.people import agent, customer
from tests.fakes.product import a_message
from tests.unit.services.stories import CHANNELS, Story

GROUP_ID: Final = GROUP.conversation_id
DORA: Final = agent("dora")
DAN: Final = customer("dan", "pigeon")
CHANGING: Final = ("ben", "carla", "dan", "dora")
"""The users who join and leave. The others always take part."""
_REFUSALS: Final = (Forbidden, Conflict, NotPossible)


class Change(Enum):
    JOIN = auto()
    LEAVE = auto()


@dataclass
class Stay:
    """The time from a join of the group to the next leave. The times are steps of the story."""

    asked: int
    joined: int | None = None
    """When the client read that the participant joined."""
    place: str | None = None
    leaving: int | None = None
    """When a client first asked for the leave."""
    requested: frozenset[str] = frozenset()
    """The messages in the queue of the participant's channel when a client first asked for the leave."""
    left: int | None = None
    """When the client read that the participant left."""

    def has_seen(self, message: Message) -> bool:
        return self.place is not None and self.place < message.sequence


@dataclass
class Attempt:
    """A body that a client posts under a message_id, until the client reads an answer that is final."""

    new: NewMessage
    began: int
    accepted: int | None = None
    refused: str | None = None

    @property
    def is_settled(self) -> bool:
        return self.accepted is not None or self.refused is not None


class GroupStory(Story):
    """A story of the group. `meanwhile` happens between the calls of a client's request."""

    def __init__(self, cloud: Cloud, source: random.Random | None = None) -> None:
        super().__init__(cloud, source or random.Random(0))  # noqa: S311 - a story's dice
        self.fate: Fate = cloud.fate
        self.meanwhile: Callable[[], None] = lambda: None
        self.attempts: list[Attempt] = []
        self.began: dict[str, int] = {}
        """When a message was first posted or written."""
        self.stays: dict[str, list[Stay]] = {
            participant.user_id: [Stay(0, 0, participant.joined_after)] for participant in GROUP.participants
        }
        self.wanted: dict[str, Change] = {}
        """The changes that a client has asked for, and whose answer it has not read."""
        self.archived = False
        """The conversation was archived at some time, or may have been."""
        self._asking: set[str] = set()
        self._in_request = False
        self._in_between = False
        for user in (DORA, DAN):
            cloud.directory.create(user)
        cloud.fate = self._next

    def submit(self, attempt: Attempt) -> None:
        """Post the attempt's body once."""
        self.steps += 1
        try:
            with self._requesting():
                accepted = self.cloud.post(attempt.new)
        except Unavailable:
            return
        except _REFUSALS as refused:
            attempt.refused = refused.code
            return
        if accepted is not None:
            self.steps += 1
            attempt.accepted = self.steps

    def begin(self, text: str, sender_id: str = "agent", message_id: str | None = None) -> Attempt:
        """Post a text once: a new message, or another body under `message_id`."""
        self.steps += 1
        new = a_message(
            text,
            message_id=message_id or self.cloud.ids(),
            conversation_id=GROUP_ID,
            sender_id=sender_id,
        )
        attempt = Attempt(new, self.steps)
        self.attempts.append(attempt)
        self.began.setdefault(new.message_id, self.steps)
        self.submit(attempt)
        return attempt

    def say_until_answered(self, text: str, sender_id: str = "agent") -> Attempt:
        attempt = self.begin(text, sender_id)
        self.settle(attempt)
        return attempt

    def settle(self, attempt: Attempt) -> None:
        while not attempt.is_settled:
            self.submit(attempt)

    def write_in_group(self, user_id: str, text: str, quoting: str | None = None) -> None:
        self.steps += 1
        number = len(self.written.get(user_id, []))
        message_id = inbound_message_id(CHANNELS[user_id], ACCOUNT, f"{user_id}-{number}")
        self.began[message_id] = self.steps
        self.write(user_id, text, quoting=quoting)

    def ask(self, user_id: str, change: Change) -> None:
        """Ask once for a join or a leave."""
        self.steps += 1
        self.cloud.clock.advance(0.001)
        if user_id not in self.wanted:
            self._begin_change(user_id, change)
        self._asking.add(user_id)
        try:
            if change is Change.JOIN:
                self._join(user_id)
            else:
                self._leave(user_id)
        finally:
            self._asking.discard(user_id)

    def ask_until_answered(self, user_id: str, change: Change) -> None:
        self.ask(user_id, change)
        while user_id in self.wanted:
            self.ask(user_id, change)

    def may_change(self) -> list[str]:
        return [user_id for user_id in CHANGING if user_id not in self._asking]

    def next_change(self, user_id: str) -> Change:
        """Return the change that the client still asks for, or the opposite of the latest change."""
        if user_id in self.wanted:
            return self.wanted[user_id]
        stays = self.stays.get(user_id)
        return Change.JOIN if not stays or stays[-1].left is not None else Change.LEAVE

    def set_state(self, state: ConversationState) -> bool:
        """Ask once for the state. Return whether the client read the answer."""
        self.archived = self.archived or state is ConversationState.ARCHIVED
        return self._answered(lambda manage: manage.set_state(GROUP_ID, state))

    def set_state_until_answered(self, state: ConversationState) -> None:
        while not self.set_state(state):
            pass

    def read_every_answer(self) -> None:
        """Repeat every request for a join or a leave until it is answered."""
        while self.wanted:
            user_id, change = next(iter(self.wanted.items()))
            self.ask(user_id, change)

    def relay(self) -> None:
        try:
            self.cloud.relay()
        except Unavailable:
            return

    def end(self) -> None:
        """Let every client read its answer, without faults, and let all work be done."""
        self.fate = Kind()
        self.meanwhile = lambda: None
        self.cloud.in_time = lambda: True
        self.set_state_until_answered(ConversationState.ACTIVE)
        for attempt in self.attempts:
            self.settle(attempt)
        # A message with no recipient left is given up when no queue can hold its deliveries any more.
        self.cloud.come_to_rest(self.source, (IN_A_QUEUE + LONGEST_WAIT).total_seconds())

    def stored(self) -> list[Message]:
        """Return the messages of the group in the order of their numbers."""
        messages = self.cloud.table.messages.values()
        mine = (message for message in messages if message.conversation_id == GROUP_ID)
        return sorted(mine, key=lambda message: message.sequence)

    def customers(self) -> list[str]:
        """Return the customers who take part, or took part."""
        return [user_id for user_id in self.stays if user_id in CHANNELS]

    def customer_stays(self) -> Iterator[tuple[str, str, Stay]]:
        for user_id in self.customers():
            for stay in self.stays[user_id]:
                yield user_id, CHANNELS[user_id], stay

    def _begin_change(self, user_id: str, change: Change) -> None:
        self.wanted[user_id] = change
        if change is Change.JOIN:
            self.stays.setdefault(user_id, []).append(Stay(self.steps))
            return
        stay = self.stays[user_id][-1]
        stay.leaving = self.steps
        stay.requested = self._requested(user_id)

    def _join(self, user_id: str) -> None:
        if self._answered(lambda manage: manage.add_participant(GROUP_ID, user_id)):
            self.steps += 1
            self.stays[user_id][-1].joined = self.steps
            self.wanted.pop(user_id)

    def _leave(self, user_id: str) -> None:
        stay = self.stays[user_id][-1]
        try:
            answered = self._answered(lambda manage: manage.remove_participant(GROUP_ID, user_id))
        except ParticipantNotFound:
            answered = True
        except GroupTooSmall:
            stay.leaving = None
            self.wanted.pop(user_id)
            return
        if answered:
            self.steps += 1
            stay.left = self.steps
            self.wanted.pop(user_id)

    def _answered(self, request: Callable[[ManageConversations], Conversation]) -> bool:
        try:
            with self._requesting():
                return self.cloud.manage(request) is not None
        except Unavailable:
            return False

    def _requested(self, user_id: str) -> frozenset[str]:
        queue = self.cloud.channel_queues[CHANNELS[user_id]] if user_id in CHANNELS else None
        bodies = queue.bodies(f"{GROUP_ID}:{user_id}") if queue else []
        return frozenset(
            message.message_id
            for message in self.stored()
            if any(message.message_id in body for body in bodies)
        )

    @contextmanager
    def _requesting(self) -> Iterator[None]:
        outer, self._in_request = self._in_request, True
        try:
            yield
        finally:
            self._in_request = outer
            self._observe()

    def _next(self, call: str) -> Blow:
        """Look at the places, let something happen in between, and return the fault of the call."""
        self._observe()
        if self._in_request and not self._in_between:
            self._in_between = True
            try:
                self.meanwhile()
            finally:
                self._in_between = False
        return self.fate(call)

    def _observe(self) -> None:
        conversation = self.cloud.conversations.get(GROUP_ID)
        assert conversation is not None
        for participant in conversation.participants:
            stay = self.stays[participant.user_id][-1]
            if participant.is_joining:
                assert stay.place is None
                continue
            assert stay.place in {None, participant.joined_after}
            stay.place = participant.joined_after
