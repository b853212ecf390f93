"""Taking a provider's webhook: check, store, publish, and only then answer 200 (G7).

A webhook that cannot be parsed is stored all the same before it is refused. The events of one webhook
carry its id, so that the same webhook again, or in parallel, publishes the same events: SQS and the
messages' own ids make one of them.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import Forbidden, NotFound, Unauthenticated
from chat4all.domain.events import WebhookEvent
from chat4all.domain.webhooks import StoredWebhook
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.messaging.connector import Connector, WebhookAnswer, WebhookRequest
from chat4all.services.messaging.ports import Events, Secrets

KEEP: Final = timedelta(days=30)


class Received(msgspec.Struct, frozen=True):
    """How many events a webhook held, and what the provider reads as the answer, if anything."""

    events: int
    answer: WebhookAnswer | None


class ReceiveWebhook:
    def __init__(
        self,
        connector: Callable[[str], Connector | None],
        webhooks: Webhooks,
        events: Events,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        self._connector = connector
        self._webhooks = webhooks
        self._events = events
        self._secrets = secrets
        self._clock = clock

    def __call__(self, channel: str, request: WebhookRequest) -> Received:
        """Store the webhook and publish its events.

        Raises:
            NotFound: no such channel. Unauthenticated: not the provider's.
            Invalid: the provider's, but no webhook; it was stored.
            Unavailable: not stored; the provider will repeat it.
        """
        connector = self._known(channel)
        secret = self._secrets.channel(channel)
        if not connector.verify(request, secret):
            raise Unauthenticated("The webhook's signature is missing or wrong.", code="INVALID_SIGNATURE")
        webhook_id = f"{channel}-{hashlib.sha256(request.body).hexdigest()}"
        now = self._clock()
        expires_at = int((now + KEEP).timestamp())
        self._webhooks.store(
            StoredWebhook(webhook_id, channel, request.body, iso(now), expires_at, request.query)
        )
        events = connector.parse_webhook(request.body, secret, request.query)
        if events:
            self._events.webhook_events([WebhookEvent(channel, webhook_id, event) for event in events])
        return Received(len(events), connector.webhook_answer)

    def challenge(self, channel: str, query: Mapping[str, str]) -> str:
        """The answer to a subscription's GET; raises Forbidden where it is refused."""
        answer = self._known(channel).challenge(query, self._secrets.channel(channel))
        if answer is None:
            raise Forbidden("The verify token is wrong.", code="INVALID_VERIFY_TOKEN")
        return answer

    def _known(self, channel: str) -> Connector:
        connector = self._connector(channel)
        if connector is None:
            raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
        return connector
