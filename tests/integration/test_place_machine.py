"""A person's messages go only where the rule says: random runs, compared with the rule in plain Python.

The use cases run over the adapter of the table and over its fake.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.domain.content import Text
from chat4all.domain.conversation import FROM_THE_START, ConversationState, ConversationType
from chat4all.domain.errors import Conflict, Unavailable
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.message import Message
from chat4all.domain.person import INBOX_USER_ID
from chat4all.services.directory.manage_conversations import NewConversation
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.messaging.accept_message import NewMessage
from tests.fakes.clock import FakeIds
from tests.fakes.conversations import MemoryConversations
from tests.fakes.people import agent, customer
from tests.fakes.product import Product
from tests.integration.aws import Aws

AT = "2026-01-31T12:00:00.000Z"
CUSTOMERS = ("ana", "ben", "carla")
AGENTS = ("ada", "bob")
CHANNELS = ("pigeon", "telex")
IDS = FakeIds()
"""The ids of all runs. Every run has new ids, since the table keeps the rows of earlier runs."""
Told = tuple[str, str]
"""A channel and the provider's id of a message that can be quoted there."""


class Room:
    """A conversation with the facts that the rule needs."""

    def __init__(self, conversation_id: str, kind: ConversationType, members: set[str]) -> None:
        self.conversation_id = conversation_id
        self.kind = kind
        self.members = members
        self.active = True
        self.turn = 0
        self.contents: list[str] = []


def over_dynamodb(aws: Aws) -> Product:
    table = aws.output("Data.ConversationsTable")
    conversations = cast("MemoryConversations", DynamoConversations(table))
    return Product(ids=IDS, conversations=conversations, other_desks=DynamoDesks(table))


class Words(RuleBasedStateMachine):
    """Three customers with two channels each, two agents, and the place of every message."""

    aws: Aws | None = None

    def __init__(self) -> None:
        super().__init__()
        self.product = Product(ids=IDS)
        if self.aws is not None:
            self.product = over_dynamodb(self.aws)
        self.ids = {name: IDS() for name in (*CUSTOMERS, *AGENTS)}
        for name in CUSTOMERS:
            self.product.directory.create(customer(self.ids[name], *CHANNELS))
        for name in AGENTS:
            self.product.directory.create(agent(self.ids[name]))
        self.rooms: list[Room] = []
        self.wrote: dict[tuple[str, str], Room] = {}
        self.told: dict[Told, Room] = {}
        self.count = 0

    def next(self) -> int:
        self.count += 1
        return self.count

    def begin(self, kind: ConversationType, *names: str) -> None:
        members = [self.ids[name] for name in names]
        made = self.product.manage_conversations.create(NewConversation(kind, tuple(members)))
        room = Room(made.conversation_id, kind, set(members))
        room.turn = self.next()
        self.rooms.append(room)

    @rule(customer=st.sampled_from(CUSTOMERS), other=st.sampled_from((*AGENTS, *CUSTOMERS)))
    def begin_1to1(self, customer: str, other: str) -> None:
        if customer != other:
            self.begin(ConversationType.ONE_TO_ONE, other, customer)

    @rule(agent=st.sampled_from(AGENTS), customers=st.permutations(CUSTOMERS), count=st.integers(2, 3))
    def begin_group(self, agent: str, customers: list[str], count: int) -> None:
        self.begin(ConversationType.GROUP, agent, *customers[:count])

    @precondition(lambda self: self.rooms)
    @rule(data=st.data())
    def archive_or_reactivate(self, data: st.DataObject) -> None:
        room = data.draw(st.sampled_from(self.rooms))
        room.active = not room.active
        state = ConversationState.ACTIVE if room.active else ConversationState.ARCHIVED
        self.product.manage_conversations.set_state(room.conversation_id, state)
        if room.active:
            room.turn = self.next()

    @precondition(lambda self: any(room.kind is ConversationType.GROUP for room in self.rooms))
    @rule(data=st.data(), name=st.sampled_from(CUSTOMERS))
    def join_or_leave(self, data: st.DataObject, name: str) -> None:
        room = data.draw(st.sampled_from([r for r in self.rooms if r.kind is ConversationType.GROUP]))
        user_id = self.ids[name]
        if user_id not in room.members:
            self.product.manage_conversations.add_participant(room.conversation_id, user_id)
            room.members.add(user_id)
        elif len(room.members) > 3:
            self.product.manage_conversations.remove_participant(room.conversation_id, user_id)
            room.members.remove(user_id)

    @precondition(lambda self: any(room.active for room in self.rooms))
    @rule(data=st.data(), channel=st.sampled_from(CHANNELS))
    def our_side_says_something(self, data: st.DataObject, channel: str) -> None:
        room = data.draw(st.sampled_from([room for room in self.rooms if room.active]))
        number = self.next()
        self.product.accept(
            NewMessage(
                message_id=f"ours-{number}",
                conversation_id=room.conversation_id,
                sender_id=data.draw(st.sampled_from(sorted(room.members))),
                content=Text(f"words {number}"),
                received_over=channel,
                account="main",
                provider_message_id=f"ours-{number}",
            )
        )
        self.product.route_submitted()
        room.turn = number
        room.contents.append(f"words {number}")
        self.told[channel, f"ours-{number}"] = room

    @rule(name=st.sampled_from(CUSTOMERS), channel=st.sampled_from(CHANNELS))
    def a_person_writes(self, name: str, channel: str) -> None:
        self.write(name, channel, None)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), name=st.sampled_from(CUSTOMERS))
    def a_person_quotes(self, data: st.DataObject, name: str) -> None:
        channel, quoted = data.draw(st.sampled_from(sorted(self.told)))
        self.write(name, channel, quoted)

    def write(self, name: str, channel: str, quoted: str | None) -> None:
        number = self.next()
        expected = self.named_by_the_rule(self.ids[name], channel, quoted)

        event = InboundMessage(
            f"{self.ids[name]}@{channel}",
            f"theirs-{number}",
            Text(f"words {number}"),
            AT,
            quoted_provider_message_id=quoted,
        )
        self.product.take(WebhookEvent(channel, "main", "webhook", event))
        self.product.route_submitted()

        stored = self.product.message(inbound_message_id(channel, "main", f"theirs-{number}"))
        room = expected or self.inbox_of(self.ids[name], stored)
        assert stored.conversation_id == room.conversation_id
        assert stored.reply_to == (self.quoted_id(channel, quoted) if self.is_quote(room, quoted) else None)
        assert self.read_by(stored) <= room.members - {self.ids[name]}
        room.turn = number
        room.contents.append(f"words {number}")
        self.wrote[self.ids[name], channel] = room
        self.told[channel, f"theirs-{number}"] = room

    def named_by_the_rule(self, user_id: str, channel: str, quoted: str | None) -> Room | None:
        """Find the room of a message by the rule; None means that a conversation with the inbox begins."""
        mine = [room for room in self.rooms if user_id in room.members]
        open_to_me = [room for room in mine if room.active]
        if quoted is not None and self.told[channel, quoted] in open_to_me:
            return self.told[channel, quoted]
        one_to_ones = [room for room in open_to_me if room.kind is ConversationType.ONE_TO_ONE]
        if one_to_ones:
            return max(one_to_ones, key=lambda room: room.turn)
        if quoted is not None:
            return None
        if (user_id, channel) in self.wrote:
            last = self.wrote[user_id, channel]
            return last if last in open_to_me else None
        return mine[0] if len(mine) == 1 and mine == open_to_me else None

    def inbox_of(self, user_id: str, stored: Message) -> Room:
        """Check that `stored` began a conversation of only the person and the inbox; return its room."""
        assert stored.conversation_id not in {room.conversation_id for room in self.rooms}
        made = self.product.conversation(stored.conversation_id)
        assert {participant.user_id for participant in made.participants} == {INBOX_USER_ID, user_id}
        room = Room(made.conversation_id, ConversationType.ONE_TO_ONE, {INBOX_USER_ID, user_id})
        self.rooms.append(room)
        return room

    def is_quote(self, room: Room, quoted: str | None) -> bool:
        return quoted is not None and any(
            told is room for (_, name), told in self.told.items() if name == quoted
        )

    def quoted_id(self, channel: str, quoted: str | None) -> str | None:
        assert quoted is not None
        found = self.product.messages.find(channel, "main", quoted)
        return found.message_id if found else None

    def read_by(self, stored: Message) -> set[str]:
        """Return the ids of the users to whom the message is routed."""
        return {
            request.recipient.user_id
            for request in self.product.events.requested
            if request.message_id == stored.message_id
        }

    def teardown(self) -> None:
        for room in self.rooms:
            found = self.product.messages.history(room.conversation_id, FROM_THE_START, None, 10_000)
            assert [message.content.text for message in reversed(found)] == room.contents


@pytest.fixture(params=["memory", "dynamodb"])
def machine(request: pytest.FixtureRequest, aws: Aws) -> type[Words]:
    return type("WordsOverIt", (Words,), {"aws": aws if request.param == "dynamodb" else None})


def test_webhooks_in_parallel_agree_on_the_place(machine: type[Words]) -> None:
    words = machine()
    person = words.ids["ana"]
    for _ in range(2):
        words.begin(ConversationType.GROUP, "ada", "ana", "ben")

    def take(number: int) -> Message:
        channel = CHANNELS[number % 2]
        event = InboundMessage(f"{person}@{channel}", f"theirs-{number}", Text("only for you"), AT)
        words.product.take(WebhookEvent(channel, "main", "webhook", event))
        return words.product.message(inbound_message_id(channel, "main", f"theirs-{number}"))

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(take, range(16)))
    words.product.route_submitted()

    (conversation_id,) = {message.conversation_id for message in stored}
    assert words.product.conversations.places(person).one_to_one == conversation_id
    members = words.product.conversation(conversation_id).participants
    assert {member.user_id for member in members} == {INBOX_USER_ID, person}
    assert len(words.product.events.submitted) == 16
    assert words.product.events.requested == []


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_in_parallel_no_group_gets_words_of_a_person_with_a_1to1(
    machine: type[Words], seed: int
) -> None:
    words = machine()
    product, person = words.product, words.ids["ana"]
    for _ in range(3):
        words.begin(ConversationType.GROUP, "ada", "ana", "ben")
    for other in ("ada", "bob", "ben"):
        words.begin(ConversationType.ONE_TO_ONE, other, "ana")
    groups, talks = words.rooms[:3], words.rooms[3:]
    choices = random.Random(seed)  # noqa: S311 - the same story for the same seed
    router = Lock()

    def write(number: int) -> str:
        channel = CHANNELS[number % 2]
        event = InboundMessage(f"{person}@{channel}", f"theirs-{number}", Text("only for you"), AT)
        product.take(WebhookEvent(channel, "main", "webhook", event))
        route()
        return product.message(inbound_message_id(channel, "main", f"theirs-{number}")).conversation_id

    def route() -> None:
        with router:
            product.route_submitted()

    def act(number: int) -> str | None:
        talk = talks[number % 3]
        with suppress(Conflict, Unavailable):  # the client or the queue would try again
            if number % 4 == 0:
                return write(number)
            if number % 4 == 1:
                state = choices.choice(list(ConversationState))
                product.manage_conversations.set_state(talk.conversation_id, state)
            else:
                content = NewMessage(f"ours-{number}", talk.conversation_id, min(talk.members), Text("hello"))
                product.accept(content)
                route()
        return None

    with ThreadPoolExecutor(4) as threads:
        places = list(threads.map(act, choices.sample(range(48), 48)))
    route()

    assert not {group.conversation_id for group in groups} & set(places)
    for name in ("ana", "ben"):
        check_own(product, words.ids[name])


def check_own(product: Product, user_id: str) -> None:
    """Check that the person's own 1:1 conversation is active, and all other active ones are overtaken."""
    known = product.conversations.of_user(user_id, None, 100)
    conversations = [product.conversation(conversation_id) for _, conversation_id in known]
    active = [
        conversation
        for conversation in conversations
        if conversation.type is ConversationType.ONE_TO_ONE and conversation.state is ConversationState.ACTIVE
    ]
    own = product.conversations.places(user_id).one_to_one
    assert own in [conversation.conversation_id for conversation in active] or (own is None and not active)
    for conversation in active:
        assert conversation.overtaken or conversation.conversation_id == own


def test_words_never_leave_the_place_that_the_rule_names(machine: type[Words]) -> None:
    examples = 6 if machine.aws else 100
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
