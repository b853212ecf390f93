"""A story: the whole product, and what its clients, customers and providers do."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

import pytest

from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, reworded
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage, InboundStatus, WebhookEvent
from chat4all.domain.message import Message
from chat4all.domain.routing import parts_of
from chat4all.domain.sending import Submission
from chat4all.domain.status import Status, may_become
from chat4all.services.messaging.accept_message import NewMessage
from tests.fakes.clock import FakeClock
from tests.fakes.cloud import Cloud
from tests.fakes.connector import ACCOUNT, CAPABILITIES
from tests.fakes.fate import Blow, Kind, Once
from tests.fakes.fifo import FifoQueue
from tests.fakes.kinesis import Stream

MakeStream = Callable[[FakeClock], FifoQueue | Stream]
AT = "2026-01-31T12:00:00.000Z"
ADDRESSES = {"ana": "ana@pigeon", "ben": "ben@telex", "carla": "carla@telex", "dan": "dan@pigeon"}
CHANNELS = {"ana": "pigeon", "ben": "telex", "carla": "telex", "dan": "pigeon"}


@dataclass
class Posted:
    new: NewMessage
    first_tried: int
    answered: int | None = None


@dataclass
class Story:
    """A cloud, and what its clients and providers sent and received."""

    cloud: Cloud
    source: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a story's dice
    posted: dict[str, Posted] = field(default_factory=dict)
    written: dict[str, list[InboundMessage]] = field(default_factory=dict)
    reported: set[tuple[str, int, Status]] = field(default_factory=set)
    steps: int = 0

    def post(self, new: NewMessage) -> None:
        self.steps += 1
        posted = self.posted.setdefault(new.message_id, Posted(new, self.steps))
        try:
            accepted = self.cloud.post(new)
        except Unavailable:
            return
        if accepted is not None:
            self.steps += 1
            posted.answered = posted.answered or self.steps

    def post_until_answered(self, new: NewMessage) -> None:
        while new.message_id not in self.posted or self.posted[new.message_id].answered is None:
            self.post(new)

    def write(
        self, user_id: str, text: str, media: ProviderFile | None = None, quoting: str | None = None
    ) -> None:
        """Let a customer write, or reply to the message with the provider's id `quoting`.

        The provider repeats the webhook until it gets its 200.
        """
        texts = self.written.setdefault(user_id, [])
        event = InboundMessage(
            ADDRESSES[user_id],
            f"{user_id}-{len(texts)}",
            ReceivedMedia(media, text) if media else Text(text),
            AT,
            quoted_provider_message_id=quoting,
        )
        texts.append(event)
        self.say(WebhookEvent(CHANNELS[user_id], ACCOUNT, event.provider_message_id, event))

    def say(self, event: WebhookEvent) -> None:
        for _ in range(20):
            try:
                if self.cloud.provider_says(event):
                    return
            except Unavailable:
                continue
        pytest.fail("the webhook never got its 200")

    def report(self, status: Status) -> None:
        """Let the providers report a status of all accepted messages. Telex returns no delivery ids."""
        for channel, connector in self.cloud.connectors.items():
            for number, submission in enumerate(connector.accepted):
                if (channel, number, status) in self.reported:
                    continue
                self.reported.add((channel, number, status))
                named = submission.delivery_id if channel == "pigeon" else None
                theirs = f"{channel}-{number + 1}"
                event = InboundStatus(submission.address, status, AT, theirs, named)
                self.say(WebhookEvent(channel, ACCOUNT, f"{channel}-{number}-{status}", event))

    def end(self) -> None:
        self.cloud.fate = Kind()
        self.cloud.in_time = lambda: True
        self.cloud.come_to_rest(self.source)


S = TypeVar("S", bound=Story)


def calls_hit(
    begin: Callable[[Cloud], S],
    tell: Callable[[S], None],
    check: Callable[[S], None],
    blow: Blow,
    stream: MakeStream = FifoQueue,
) -> set[str | None]:
    """Tell a story once for each of its calls, with the fault at that call; return the names of the calls.

    `check` is called at the end of each story.
    """
    counting = Kind()
    tell(begin(Cloud(counting, stream)))
    calls = set()
    for number in range(1, counting.calls + 1):
        fate = Once(number, blow)
        story = begin(Cloud(fate, stream))
        tell(story)
        story.end()
        check(story)
        calls.add(fate.struck)
    return calls


def statuses_only_moved_forward(story: Story) -> None:
    """Check G4: the statuses only moved forward."""
    for message in story.cloud.table.messages.values():
        history = [change.status for change in message.status_history]
        assert all(may_become(status, next_) for status, next_ in pairwise(history))
        assert history[-1] is message.status
    for state in story.cloud.table.deliveries.values():
        history = [Status.PENDING, *(change.status for change in state.delivery.status_history)]
        assert all(may_become(status, next_) for status, next_ in pairwise(history))


def text_of(message: Message) -> str:
    names = {"ana": "Ana", "ben": "Ben", "carla": "Carla", "dan": "Dan"}
    name = names.get(message.sender_id)
    return (
        f"{name}: {message.content.text}"
        if name and message.conversation_id == "group"
        else message.content.text
    )


def texts_to(message: Message, user_id: str, channel: str) -> list[str]:
    """Return the texts of the parts in which the message reaches the user."""
    parts = parts_of(reworded(message.content, text_of(message)), CAPABILITIES[channel], user_id)
    return [part.text for part in parts]


def is_whole(story: Story, message: Message, user_id: str, channel: str) -> bool:
    """Return whether every part has reached the provider with its text."""
    texts = {
        submission.delivery_id.split("|")[3]: submission.content.text
        for submission in sent_to(story, user_id)
        if submission.delivery_id.startswith(f"{message.message_id}|{user_id}|")
    }
    expected = texts_to(message, user_id, channel)
    return [texts.get(str(number)) for number in range(len(expected))] == expected


def failed(story: Story, message: Message, user_id: str) -> bool:
    return any(
        state.delivery.status is Status.FAILED and state.delivery.error_code is not None
        for delivery_id, state in story.cloud.table.deliveries.items()
        if (delivery_id.message_id, delivery_id.recipient_id) == (message.message_id, user_id)
    )


def sent_to(story: Story, user_id: str) -> list[Submission]:
    connector = story.cloud.connectors[CHANNELS[user_id]]
    return [submission for submission in connector.accepted if submission.address == ADDRESSES[user_id]]


def received_by(story: Story, user_id: str, conversation_id: str) -> list[tuple[str, int]]:
    """Return the message and the part of each delivery to the user, in the order of receipt."""
    messages = story.cloud.table.messages
    ids = [submission.delivery_id.split("|") for submission in sent_to(story, user_id)]
    return [
        (message_id, int(part))
        for message_id, _, _, part in ids
        if messages[message_id].conversation_id == conversation_id
    ]
