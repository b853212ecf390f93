"""Traffic over the real adapters: messages with their receipts, as the functions store and read them.

The order of the calls is the order of the functions; `tests/integration/test_scale.py` compares what they
cost with the functions themselves. All ids come from a seeded source, so that two runs count the same.
"""

import itertools
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final, NamedTuple

import pytest
from msgspec.structs import replace
from pynamodb.connection.base import Connection
from pynamodb.models import Model

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.limits import DynamoLimiter
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.rows import _Shared
from chat4all.adapters.dynamodb.webhooks import DynamoWebhooks
from chat4all.channels.registry import capabilities
from chat4all.domain.claims import Claimed
from chat4all.domain.content import Text
from chat4all.domain.conversation import (
    Conversation,
    ConversationState,
    ConversationType,
    Origin,
    Participant,
)
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient, Route, StatusUpdate
from chat4all.domain.message import Message
from chat4all.domain.person import INBOX_USER_ID, Identity, User, UserType
from chat4all.domain.places import writing
from chat4all.domain.status import Status, StatusChange
from chat4all.domain.webhooks import StoredWebhook, WebhookId
from chat4all.services.messaging.record_status import FollowDelivery
from tests.integration.template import STACK, Template
from tests.unit.scale.ledger import Ledger

NOW: Final = 1_790_000_000.0
AT: Final = "2026-09-21T14:13:20.000Z"
LATER: Final = "2026-09-21T14:28:20.000Z"
DEADLINE: Final = "2026-09-21T14:18:20.000Z"
CHANNEL: Final = "whatsapp"
"""The only channel: its messages have the most receipts, and all of them meet in the keys of one channel."""
TEXT: Final = Text("x" * 200)


class Mix(NamedTuple):
    """What the traffic is made of. Shares are of messages that are sent to people."""

    agents: int = 2_000
    bot: float = 0.4
    """The share of messages that one bot sends."""
    people: int = 100_000
    skew: float = 0.8
    """Zipf's exponent: conversation number n gets messages in proportion to n ** -skew."""
    groups: float = 0.05
    """The share of conversations with several people."""
    group_size: int = 8
    fallbacks: float = 0.1
    """The share of deliveries with a next channel."""
    inbound: float = 0.25
    """Messages from people, for each message to them."""
    opening: float = 0.01
    """The share of messages to people that begin a conversation with somebody new."""
    strangers: float = 0.01
    """The share of messages from people who wrote never before."""
    late: float = 0.05
    """The share of messages from people whose webhook comes over ten seconds late."""
    recorded: float = 0.15
    """The share of messages that raise the activity of their conversation, which happens once a minute.

    At 10,000 messages a second, 100,000 conversations have 12,500 messages a second, and 1,667 such minutes.
    """
    failing: float = 0.02
    """The share of messages that the provider refuses."""
    held: float = 0.0
    """The share of messages that wait in a holding queue: 1 while a provider fails."""
    account_rate: int = 80
    """The messages a second that a provider takes from one account."""


class _NoLargeBodies:
    """The bodies of all webhooks fit into their rows."""

    def put(self, key: str, body: bytes) -> None:
        raise NotImplementedError

    def get(self, key: str) -> bytes | None:
        raise NotImplementedError

    def delete(self, key: str) -> None:
        raise NotImplementedError


class Traffic:
    """Sends messages of a mix to the adapters, as at `rate` messages a second."""

    def __init__(self, ledger: Ledger, mix: Mix, rate: int, seed: int = 1) -> None:
        self._mix = mix
        self._random = random.Random(seed)  # noqa: S311 - not for a secret
        self._lateness = random.Random(seed)  # noqa: S311 - not for a secret
        self._activity = random.Random(seed)  # noqa: S311 - not for a secret
        self._moments = itertools.count(1)
        self._numbers = itertools.count(1)
        self._accounts = max(1, round(rate / mix.account_rate))
        self._conversations: dict[int, Conversation] = {}
        self._weights = list(itertools.accumulate(number**-mix.skew for number in range(1, mix.people + 1)))
        messages, limits = f"{STACK}-messages", f"{STACK}-limits"
        self.ledger = ledger
        self.messages = DynamoMessages(messages)
        self.deliveries = DynamoDeliveries(messages)
        self.conversations = DynamoConversations(f"{STACK}-conversations")
        self.desks = DynamoDesks(f"{STACK}-conversations")
        self.directory = DynamoDirectory(f"{STACK}-directory")
        self.fallbacks = DynamoFallbacks(messages)
        self.held = DynamoHeldDeliveries(messages, limits)
        self.webhooks = DynamoWebhooks(f"{STACK}-webhooks", _NoLargeBodies())
        self.limiter = DynamoLimiter(limits, capabilities())
        self._clock = itertools.count(0, 1 / rate)
        self._follow = FollowDelivery(self.messages, self.deliveries)

    def send(self, messages: int) -> None:
        for _ in range(messages):
            self._to_people()
            if self._random.random() < self._mix.inbound:
                self._from_a_person()

    def _to_people(self) -> None:
        is_opening = self._random.random() < self._mix.opening
        conversation = self._open() if is_opening else self._conversation()
        recipients = tuple(self._recipient(participant) for participant in conversation.participants[1:])
        message = self._message(conversation, self._sender())
        number = f"{next(self._numbers):020d}"
        message = replace(message, sequence=number)
        # api
        self._read(conversation)
        self.messages.add(message)
        # router
        self.messages.get(message.message_id)
        self.conversations.get(conversation.conversation_id)
        self._at_desk(conversation)
        event = MessageAccepted(
            message_id=message.message_id,
            conversation_id=message.conversation_id,
            content=message.content,
            recipients=recipients,
            accepted_at=AT,
            sequence=number,
            recipient_count=len(recipients),
            delivery_timeout_s=300,
        )
        begun = [
            self.fallbacks.begin(replace(event, recipients=(recipient,)), LATER)
            for recipient in recipients
            if recipient.fallbacks
        ]
        self.messages.begin(message.message_id, LATER)
        for fallback in begun:
            self.fallbacks.routed(fallback, DEADLINE)
        for recipient in recipients:
            self._deliver(_requested(event, recipient))
        # relay
        for fallback in begun:
            self.fallbacks.postpone(fallback, None)

    def _deliver(self, requested: DeliveryRequested) -> None:
        if self._random.random() < self._mix.held:
            self.held.hold(requested, LATER, first=True)
            self.held.remove(requested)
        to = requested.recipient
        # As a batch of one delivery, which takes no lease for others.
        self.limiter.expect(1)
        self.limiter.wait_s(CHANNEL, to.account, to.address, NOW + next(self._clock))
        claimed = self.deliveries.claim(requested, self._id(), NOW, NOW + 60)
        assert isinstance(claimed, Claimed)
        if self._random.random() < self._mix.failing:
            self.deliveries.record_failed(claimed, "131026", "Not on WhatsApp.", AT)
            failed = replace(claimed.delivery, status=Status.FAILED, error_code="131026", error_reason="")
            self._follow(failed, AT)
            return
        self.deliveries.record_sent(claimed, self._id(), AT)
        self._follow(replace(claimed.delivery, status=Status.SENT), AT)
        for status in (Status.SENT, Status.DELIVERED, Status.READ):
            self._receipt(claimed.delivery, status)

    def _receipt(self, delivery: DeliveryPart, status: Status) -> None:
        self._webhook()
        if status is Status.SENT:
            self.deliveries.get(delivery.delivery_id)
            return
        update = StatusUpdate(CHANNEL, delivery.account, status, AT, delivery_id=str(delivery.delivery_id))
        advanced = self.deliveries.advance(delivery.delivery_id, update)
        assert advanced is not None
        self._follow(advanced, AT)

    def _from_a_person(self) -> None:
        account = self._account()
        self._webhook()
        if self._random.random() < self._mix.strangers:
            conversation = self._meet(account)
        else:
            conversation = self._conversation()
        sender = conversation.participants[1].user_id
        self.directory.resolve(CHANNEL, account, sender)
        self.directory.get(sender)
        places = self.conversations.places(sender)
        origin = Origin(CHANNEL, account, sender)
        if places.latest != writing(origin, conversation.conversation_id):
            self.conversations.record_origin(conversation.conversation_id, sender, origin)
            self.conversations.record_writing(sender, origin, conversation.conversation_id)
        provider_id = self._id()
        message = replace(
            self._message(conversation, sender),
            sequence=f"{next(self._numbers):020d}",
            status=Status.DELIVERED,
            channel=CHANNEL,
            account=account,
            provider_message_id=provider_id,
            late=self._lateness.random() < self._mix.late,
        )
        self.messages.get(message.message_id)
        self._read(conversation)
        self.messages.add(message)
        self.messages.get(message.message_id)
        self.conversations.get(conversation.conversation_id)
        self._at_desk(conversation)

    def _at_desk(self, conversation: Conversation) -> None:
        """Record the message at the desk of its conversation, at a time of its own."""
        if self._activity.random() < self._mix.recorded:
            at = f"2026-09-21T14:13:20.{next(self._moments):09d}Z"
            self.desks.save(conversation, replace(conversation.desk, active_at=at))

    def _open(self) -> Conversation:
        """Store a person, and a conversation with them, as a client of the API does."""
        user_id = self._id()
        identity = Identity(CHANNEL, self._account(), user_id, AT)
        self.directory.create(User(user_id, UserType.CUSTOMER, "Ana", (identity,), {}, AT))
        conversation = self._new_conversation(self._agent(), [user_id])
        self.conversations.create(conversation, [user_id])
        return conversation

    def _read(self, conversation: Conversation) -> None:
        """Read a conversation and its people, which this process has not kept.

        A process keeps them for seconds: among many processes, few find what they need.
        """
        self.conversations.get(conversation.conversation_id)
        self.directory.get_many(participant.user_id for participant in conversation.participants[1:])

    def _meet(self, account: str) -> Conversation:
        """Store a person who was unknown, and their conversation with the inbox."""
        user_id = self._id()
        identity = Identity(CHANNEL, account, user_id, AT)
        self.directory.create(User(user_id, UserType.CUSTOMER, "Ana", (identity,), {}, AT))
        self.directory.create(User(INBOX_USER_ID, UserType.AGENT, "Inbox", (), {}, AT))
        conversation = self._new_conversation(INBOX_USER_ID, [user_id])
        inbox, writer = conversation.participants
        writer = replace(writer, wrote_from=Origin(CHANNEL, account, user_id))
        conversation = replace(conversation, participants=(inbox, writer))
        self.conversations.create_first(conversation, user_id, 0)
        return conversation

    def _conversation(self) -> Conversation:
        """Draw a conversation; it and its people exist already, which costs nothing now."""
        (number,) = self._random.choices(range(self._mix.people), cum_weights=self._weights)
        if number not in self._conversations:
            people = self._mix.group_size if self._random.random() < self._mix.groups else 1
            conversation = self._new_conversation(self._id(), [self._id() for _ in range(people)])
            with self.ledger.uncounted():
                self.conversations.create(conversation, ())
            self._conversations[number] = conversation
        return self._conversations[number]

    def _new_conversation(self, agent: str, people: list[str]) -> Conversation:
        return Conversation(
            conversation_id=self._id(),
            type=ConversationType.GROUP if len(people) > 1 else ConversationType.ONE_TO_ONE,
            state=ConversationState.ACTIVE,
            participants=tuple(
                Participant(user_id, AT, number) for number, user_id in enumerate((agent, *people))
            ),
            primary_channel=CHANNEL,
            title=None,
            metadata={},
            version=1,
            created_at=AT,
        )

    def _message(self, conversation: Conversation, sender: str) -> Message:
        return Message(
            message_id=self._id(),
            conversation_id=conversation.conversation_id,
            sequence="",
            sender_id=sender,
            content=TEXT,
            status=Status.PENDING,
            status_history=(StatusChange(Status.PENDING, AT),),
            accepted_at=AT,
            fingerprint="0" * 64,
        )

    def _sender(self) -> str:
        return "bot" if self._random.random() < self._mix.bot else self._agent()

    def _agent(self) -> str:
        return f"agent {self._random.randrange(self._mix.agents)}"

    def _recipient(self, participant: Participant) -> Recipient:
        route = Route("sms", "account", participant.user_id)
        fallbacks = (route,) if self._random.random() < self._mix.fallbacks else ()
        return Recipient(
            participant.user_id, CHANNEL, self._account(), participant.user_id, participant.number, fallbacks
        )

    def _account(self) -> str:
        return f"account {self._random.randrange(self._accounts)}"

    def _webhook(self) -> None:
        """Store a webhook: the first account receives all webhooks of a channel."""
        digest = self._random.randbytes(32).hex()
        self.webhooks.store(
            StoredWebhook(WebhookId(CHANNEL, "account 0", AT, digest), self._random.randbytes(450), int(NOW))
        )

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _requested(event: MessageAccepted, recipient: Recipient) -> DeliveryRequested:
    return DeliveryRequested(
        message_id=event.message_id,
        conversation_id=event.conversation_id,
        recipient=recipient,
        content=event.content,
        part=0,
        part_count=1,
        recipient_count=event.recipient_count,
        accepted_at=event.accepted_at,
        sequence=event.sequence,
    )


@cache
def _template() -> Template:
    return Template()


@contextmanager
def a_ledger() -> Iterator[Ledger]:
    """Let the adapters call a ledger in place of DynamoDB; other tests find their connections again."""
    ledger = Ledger(_template())
    with pytest.MonkeyPatch.context() as patch:
        for row in Model.__subclasses__():
            patch.setattr(row, "_connection", None)
            patch.setattr(row.Meta, "table_name", row.Meta.table_name)
        patch.setattr(_Shared, "client", ledger)
        patch.setattr(Connection, "_make_api_call", lambda _, *call: ledger.call(*call))
        yield ledger


def counted(mix: Mix, messages: int, rate: int) -> Ledger:
    """Return the units of so many messages to people, as they come at `rate` a second."""
    with a_ledger() as ledger:
        Traffic(ledger, mix, rate).send(messages)
    return ledger
