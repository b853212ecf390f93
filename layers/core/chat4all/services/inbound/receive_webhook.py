"""Receive a provider's webhook: check it, store it, handle its events, and only then answer 200 (G7).

A signed webhook that cannot be parsed is stored, listed as UNREADABLE and answered with 200: the provider
would repeat it for days, and hold back what comes after it. A webhook may arrive twice, also in parallel.
Both copies have the same digest and so the same events: SQS and the ids of the messages remove the
duplicates, and a status that is recorded already changes nothing.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping

import msgspec

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import AccountNotFound, ChannelNotFound, InvalidSignature, InvalidVerifyToken
from chat4all.domain.webhooks import KEEP, StoredWebhook, WebhookId
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.ports import Webhooks
from chat4all.services.inbound.prove_webhook import receiver_of
from chat4all.services.inbound.webhook_events import webhook_parts
from chat4all.services.messaging.connector import ChannelSecret, Connector, WebhookAnswer, WebhookRequest
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
        naming_accounts: Collection[str],
        webhooks: Webhooks,
        handle: HandleEvents,
        keep_outcome: KeepOutcome,
        secrets: Secrets,
        clock: Clock,
    ) -> None:
        """`naming_accounts`: the channels whose webhooks name the account that they are for."""
        self._connector = connector
        self._naming_accounts = naming_accounts
        self._webhooks = webhooks
        self._handle = handle
        self._keep_outcome = keep_outcome
        self._secrets = secrets
        self._clock = clock

    def __call__(self, channel: str, request: WebhookRequest, account: str | None = None) -> Received:
        """Receive one webhook: store it and handle its events.

        `account` is the account that the address names.

        Raises:
            NotFound: no such channel or account.
            Unauthenticated: the webhook did not come from the provider.
            Unavailable: the webhook was not stored, or not all of its events were handled; the provider will
                repeat it.
        """
        connector = self._known(channel)
        secrets, now = self._secrets.every(channel), self._clock()
        receiver = receiver_of(request, connector, self._asked(channel, account, secrets), now)
        if receiver is None:
            raise InvalidSignature("The webhook's signature is missing or wrong.")
        webhook = self._stored(channel, receiver, request)
        parts = webhook_parts(
            webhook, connector, secrets, now, names_accounts=channel in self._naming_accounts
        )
        self._handle(parts.events)
        self._keep_outcome.arrived(webhook, parts)
        return Received(len(parts.events), connector.webhook_answer(request.body))

    def challenge(self, channel: str, query: Mapping[str, str], account: str | None = None) -> str:
        """Return the answer to a subscription's GET; raises NotFound, or Forbidden if it is refused."""
        connector = self._known(channel)
        asked = self._asked(channel, account, self._secrets.every(channel))
        answers = (connector.challenge(query, secret) for secret in asked.values())
        answer = next((answer for answer in answers if answer is not None), None)
        if answer is None:
            raise InvalidVerifyToken("The verify token is wrong.")
        return answer

    def _asked(
        self, channel: str, account: str | None, secrets: Mapping[str, ChannelSecret]
    ) -> Mapping[str, ChannelSecret]:
        """Return the accounts that a webhook at this address may be for; raises NotFound.

        Without an account in the address, a webhook that does not name its account is for the first one.
        """
        if account is not None:
            if account not in secrets:
                raise AccountNotFound("The channel has no such account.")
            return {account: secrets[account]}
        return secrets if channel in self._naming_accounts else dict([next(iter(secrets.items()))])

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
