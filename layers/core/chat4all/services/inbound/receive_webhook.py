"""Receive a provider's webhook: check it, store it, handle its events, and only then answer 200 (G7).

A signed webhook that cannot be parsed is stored, listed as UNREADABLE and answered with 200: the provider
would repeat it for days, and hold back what comes after it. A webhook may arrive twice, also in parallel.
Both copies have the same digest and so the same events: SQS and the ids of the messages remove the
duplicates, and a status that is recorded already changes nothing.
"""

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from chat4all.domain.channel import ChannelAccounts
from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import ChannelNotFound, InvalidSignature, InvalidVerifyToken
from chat4all.domain.webhooks import KEEP, StoredWebhook, WebhookId
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.inbound.webhook_events import webhook_parts
from chat4all.services.messaging.connector import Connector, WebhookAnswer, WebhookRequest
from chat4all.services.messaging.ports import Secrets


class Received(msgspec.Struct, frozen=True):
    """How many events a webhook held, and what the provider reads as the answer, if anything."""

    events: int
    answer: WebhookAnswer | None


class ReceiveWebhook:
    def __init__(
        self,
        *,
        connector: Callable[[str], Connector | None],
        accounts: ChannelAccounts,
        webhooks: Webhooks,
        handle: HandleEvents,
        keep_outcome: KeepOutcome,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        self._connector = connector
        self._accounts = accounts
        self._webhooks = webhooks
        self._handle = handle
        self._keep_outcome = keep_outcome
        self._secrets = secrets
        self._clock = clock

    def __call__(self, channel: str, request: WebhookRequest) -> Received:
        """Receive one webhook: store it and handle its events.

        Raises:
            NotFound: no such channel.
            Unauthenticated: the webhook did not come from the provider.
            Unavailable: the webhook was not stored, or not all of its events were handled; the provider will
                repeat it.
        """
        connector = self._known(channel)
        secret = self._secrets.channel(channel)
        if not connector.verify(request, secret):
            raise InvalidSignature("The webhook's signature is missing or wrong.")
        # No address of ours names an account: the channel's first account receives every webhook.
        webhook = self._stored(channel, self._accounts[channel][0], request)
        parts = webhook_parts(webhook, connector, secret)
        self._handle(parts.events)
        self._keep_outcome.arrived(webhook, parts)
        return Received(len(parts.events), connector.webhook_answer(request.body))

    def challenge(self, channel: str, query: Mapping[str, str]) -> str:
        """Return the answer to a subscription's GET; raises NotFound, or Forbidden if it is refused."""
        answer = self._known(channel).challenge(query, self._secrets.channel(channel))
        if answer is None:
            raise InvalidVerifyToken("The verify token is wrong.")
        return answer

    def _stored(self, channel: str, account: str, request: WebhookRequest) -> StoredWebhook:
        """Store the webhook that the channel account received; raises Unavailable."""
        now = self._clock()
        digest = hashlib.sha256(request.body).hexdigest()
        webhook = StoredWebhook(
            webhook_id=WebhookId(channel, account, iso(now), digest),
            body=request.body,
            expires_at=int((now + KEEP).timestamp()),
            query=request.query,
        )
        self._webhooks.store(webhook)
        return webhook

    def _known(self, channel: str) -> Connector:
        connector = self._connector(channel)
        if connector is None:
            raise ChannelNotFound("There is no such channel.")
        return connector
