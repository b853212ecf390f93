"""Tell the echo of a message that we sent through a provider's API from words of a colleague in its app.

A provider tells us of every message that our account sent. Some echoes of our sends have the delivery's id:
they are statuses. The others are recognized by the provider's id, once the send is recorded. The case that
breaks this: an echo without the delivery's id is faster than the record of the send.

::

    the channel's function ── send ──▶ the provider ── echo ──▶ webhooks ──▶ inbound: the id is unknown
              │                             │
              ◀────────── answer ───────────┘
              │
           record SENT with the provider's id ── the id is known from now on

So an echo with an unknown id is parked while a message to the person is on its way, and comes back through
the queue. It becomes a message when nothing is on its way any more, or after LONGEST_WAIT. It waits in a
table, so that no later words of the person wait behind it.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import Clock, NewId, iso, parse_iso
from chat4all.domain.conversation import FROM_THE_START
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.events import WebhookEvent
from chat4all.domain.message import Message
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH
from chat4all.domain.webhooks import WebhookId
from chat4all.services.directory.ports import Conversations, Directory
from chat4all.services.inbound.ports import ParkedEchoes
from chat4all.services.messaging.ports import Deliveries, Events, Messages

COMES_BACK: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(minutes=2)
"""Of an echo, since its webhook arrived. As a rule, a send is recorded within seconds."""
_SLOWEST_ECHO: Final = timedelta(hours=1)
"""From the send to its echo."""
_KEPT: Final = timedelta(days=1)
_JUST_SENT: Final = timedelta(minutes=1)
"""The index of the providers' ids may not show the id of a message that was sent a moment ago."""
_MOST_CONVERSATIONS: Final = 25
_MOST_MESSAGES: Final = 10
"""Of each conversation, the latest."""


class RecognizeEcho:
    def __init__(
        self,
        *,
        conversations: Conversations,
        directory: Directory,
        messages: Messages,
        deliveries: Deliveries,
        parked: ParkedEchoes,
        clock: Clock,
    ) -> None:
        self._conversations = conversations
        self._directory = directory
        self._messages = messages
        self._deliveries = deliveries
        self._parked = parked
        self._clock = clock

    def __call__(self, received: WebhookEvent) -> bool:
        """Return whether the event repeats a message that we sent, or is parked until that is known."""
        provider_id = received.event.provider_message_id
        known = self._messages.find(received.channel, received.account, provider_id)
        if known is not None:
            return known.provider_message_id != provider_id
        now = self._clock()
        if not _is_new(received, now):
            return False
        is_on_its_way = False
        for message in self._latest_to_the_person(received, now):
            parts = self._deliveries.of_message(message.message_id)
            if any(provider_id in (part.provider_message_id, *part.album_ids) for part in parts):
                return True
            is_on_its_way |= _is_on_its_way(message, parts)
        if is_on_its_way:
            self._parked.park(received, iso(now + COMES_BACK), int((now + _KEPT).timestamp()))
        return is_on_its_way

    def _latest_to_the_person(self, received: WebhookEvent, now: datetime) -> Iterator[Message]:
        """Yield the latest messages to the person that are not sent yet, or were sent a moment ago."""
        person = self._directory.resolve(received.channel, received.account, received.event.address)
        user = self._directory.get(person) if person is not None else None
        if user is None:
            return
        since = iso(now - _JUST_SENT)
        own = (self._conversations.of_user(known_as, None, _MOST_CONVERSATIONS) for known_as in user.ids)
        for _, conversation_id in chain.from_iterable(own):
            for message in self._messages.history(conversation_id, FROM_THE_START, None, _MOST_MESSAGES):
                is_current = message.status is Status.PENDING or message.status_history[-1].at > since
                if is_current and message.sender_id not in user.ids:
                    yield message


def _is_new(received: WebhookEvent, now: datetime) -> bool:
    """Return whether the message was sent just before its webhook, which arrived a moment ago.

    The messages of a `history` webhook of WhatsApp were sent long before.
    """
    webhook = WebhookId.parse(received.webhook_id)
    if webhook is None or now - parse_iso(webhook.received_at) >= LONGEST_WAIT:
        return False
    return parse_iso(webhook.received_at) - parse_iso(received.event.at) < _SLOWEST_ECHO


def _is_on_its_way(message: Message, parts: list[DeliveryPart]) -> bool:
    """Return whether the provider may have a part of the message whose id we do not know."""
    return message.status is Status.PENDING and (
        not parts or any(part.status is Status.PENDING for part in parts)
    )


class BringBackEchoes:
    """A job of `relay`: put the parked echoes that are due into the queue `inbound` again."""

    def __init__(self, parked: ParkedEchoes, events: Events, new_id: NewId) -> None:
        self._parked = parked
        self._events = events
        self._new_id = new_id

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._parked.due(iso(now), BATCH)
        for received in due:
            # SQS would drop a record with the id of the first.
            self._events.webhook_events([replace(received, replay=self._new_id())])
            self._parked.unpark(received)
        return Counter(EchoesBroughtBack=len(due))
