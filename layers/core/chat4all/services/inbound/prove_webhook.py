"""Find the channel account that a webhook is for, by the webhook secret that proves it.

Each account has a webhook secret, and for a day after a rotation the former one, too. Accounts of one app of
the provider share a secret; accounts of two apps do not, and each app may tell of its own accounts only.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.services.messaging.connector import ChannelSecret, Connector, WebhookRequest


def receiver_of(
    request: WebhookRequest, connector: Connector, secrets: Mapping[str, ChannelSecret], now: datetime
) -> str | None:
    """Return the first of the accounts whose webhook secret proves the webhook; None if there is none."""
    return next(
        (
            account
            for account, secret in secrets.items()
            for proving in _proving(secret, now)
            if connector.verify(request, proving)
        ),
        None,
    )


def may_tell_of(receiver: ChannelSecret, account: ChannelSecret, now: datetime) -> bool:
    """Return whether the accounts share a webhook secret: their webhooks come from one app."""
    ours = {proving.webhook_secret for proving in _proving(receiver, now)}
    return any(proving.webhook_secret in ours for proving in _proving(account, now))


def _proving(secret: ChannelSecret, now: datetime) -> Iterator[ChannelSecret]:
    if secret.webhook_secret:
        yield secret
    if secret.former_webhook_secret and iso(now) < secret.former_until:
        yield replace(secret, webhook_secret=secret.former_webhook_secret)
