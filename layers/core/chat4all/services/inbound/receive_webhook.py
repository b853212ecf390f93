"""Receive a provider's webhook: check it, store it, publish its events, and only then answer 200 (G7).

A webhook that cannot be parsed is stored before it is refused. The events of a webhook carry its id, so a
repeated or parallel copy of the webhook publishes the same events. SQS and the ids of the messages remove the
duplicates.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import ChannelNotFound, InvalidSignature, InvalidVerifyToken
from chat4all.domain.events import WebhookEvent
from chat4all.domain.webhooks import StoredWebhook
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.messaging.connector import Connector
from chat4all.services.messaging.ports import Events, Secrets

KEEP: Final = timedelta(days=30)


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

    def __call__(self, channel: str, headers: Mapping[str, str], body: bytes) -> int:
        """Receive one webhook; return the number of its events.

        Raises:
            NotFound: no such channel.
            Unauthenticated: the webhook did not come from the provider.
            Invalid: the webhook came from the provider, but its body cannot be parsed; it was stored.
            Unavailable: the webhook was not stored or not published; the provider will repeat it.
        """
        connector = self._known(channel)
        secret = self._secrets.channel(channel)
        if not connector.verify(headers, body, secret):
            raise InvalidSignature("The webhook's signature is missing or wrong.")
        webhook_id = f"{channel}-{hashlib.sha256(body).hexdigest()}"
        now = self._clock()
        expires_at = int((now + KEEP).timestamp())
        self._webhooks.store(StoredWebhook(webhook_id, channel, body, iso(now), expires_at))
        events = connector.parse_webhook(body, secret)
        if events:
            self._events.webhook_events([WebhookEvent(channel, webhook_id, event) for event in events])
        return len(events)

    def challenge(self, channel: str, query: Mapping[str, str]) -> str:
        """Return the answer to a subscription's GET; raises NotFound, or Forbidden if it is refused."""
        answer = self._known(channel).challenge(query, self._secrets.channel(channel))
        if answer is None:
            raise InvalidVerifyToken("The verify token is wrong.")
        return answer

    def _known(self, channel: str) -> Connector:
        connector = self._connector(channel)
        if connector is None:
            raise ChannelNotFound("There is no such channel.")
        return connector
