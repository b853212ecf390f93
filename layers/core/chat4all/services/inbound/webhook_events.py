"""Turn a stored webhook into the events to publish, which are the same at its arrival and at a replay."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from chat4all.domain.account import DEPENDENT, dependent_name
from chat4all.domain.errors import Invalid, Unavailable
from chat4all.domain.events import AccountReported, InboundEvent, TemplateChanged, WebhookEvent
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.nul import without_nul
from chat4all.domain.text import shortened
from chat4all.domain.webhooks import ListedWebhook, StoredWebhook, WebhookOutcome
from chat4all.services.inbound.prove_webhook import may_tell_of
from chat4all.services.messaging.connector import ChannelSecret, Connector

LONGEST_KIND: Final = 100
"""Characters of the name of a kind that led to no event."""
MOST_KINDS: Final = 10
"""The most kinds of a webhook that have their own name: a provider may send a webhook with thousands."""
OTHER_KINDS: Final = "other kinds"
OTHER_ACCOUNT: Final = "account of another app"
"""The kind of an event about an account whose webhooks come from another app."""


class WebhookParts(msgspec.Struct, frozen=True):
    """The events of a webhook, and the number of parts of each kind that led to none.

    `unreadable` says why the body cannot be parsed; the webhook then has no parts. `fault` is the error if
    the channel's code failed.
    """

    events: tuple[WebhookEvent, ...] = ()
    ignored: Mapping[str, int] = {}
    unreadable: str | None = None
    fault: Exception | None = None

    def listed(self, webhook: StoredWebhook) -> ListedWebhook | None:
        """Return the entry of the webhook in the list of outcomes; None if every part led to an event."""
        if self.unreadable is None and not self.ignored:
            return None
        return ListedWebhook(
            webhook_id=webhook.webhook_id,
            outcome=WebhookOutcome.IGNORED if self.unreadable is None else WebhookOutcome.UNREADABLE,
            events=len(self.events),
            ignored=self.ignored,
            reason=self.unreadable,
            expires_at=webhook.expires_at,
        )


def webhook_parts(
    webhook: StoredWebhook,
    connector: Connector,
    secrets: Mapping[str, ChannelSecret],
    now: datetime,
    replay: str | None = None,
    *,
    names_accounts: bool,
) -> WebhookParts:
    """Return the parts of the webhook.

    Each event is within the limits and carries the channel account that received it: the account that the
    event names, or else the account of the webhook. `secrets` are the credentials of the channel's accounts,
    the first one first. `replay` is the id of the replay that publishes the events. `names_accounts`: the
    webhooks of the channel name the account that they are for; else an account that they name depends on the
    one that received them.

    Code that fails makes the webhook unreadable: it fails each time with the same bytes, and the provider
    would repeat them for days. A later version reads the webhook at a replay.

    Raises:
        Unavailable: something did not answer; the same webhook can be read later.
    """
    place = webhook.webhook_id
    try:
        parsed = connector.parse_webhook(webhook.body, secrets[place.account], webhook.query)
        account_of = partial(_account, place.account, secrets, names_accounts=names_accounts)
        proved_for = _proved_for(place.account, secrets, now)
        events = [
            WebhookEvent(place.channel, account_of(event), str(place), _proved(event, proved_for), replay)
            for event in map(within_limits, parsed.events)
        ]
    except Invalid as refused:
        return WebhookParts(unreadable=refused.message)
    except Unavailable:
        raise
    except Exception as fault:  # noqa: BLE001 - a bug may raise anything, and the log has its traceback
        return WebhookParts(unreadable=f"the channel's code failed: {type(fault).__name__}", fault=fault)
    told = [
        event
        for event in events
        if _is_told_by_its_app(event.account, place.account, secrets, now)
        and not _has_foreign_owner(event.event, secrets, proved_for)
    ]
    foreign = (OTHER_ACCOUNT,) * (len(events) - len(told))
    return WebhookParts(tuple(told), _counted((*parsed.ignored, *foreign)))


def _account(
    receiver: str, secrets: Mapping[str, ChannelSecret], event: InboundEvent, *, names_accounts: bool
) -> str:
    """Return the channel account of an event, which may name the first account by the provider's id."""
    first, secret = next(iter(secrets.items()))
    if event.account is None:
        return receiver
    if event.account == secret.account_id:
        return first
    depends = not names_accounts and receiver != first
    return dependent_name(receiver, event.account) if depends else event.account


def _is_told_by_its_app(
    account: str, receiver: str, secrets: Mapping[str, ChannelSecret], now: datetime
) -> bool:
    """Return whether the app of the receiver may tell of the account.

    An account without credentials of its own uses those of the first account.
    """
    if receiver in {account, account.partition(DEPENDENT)[0]}:
        return True
    first = next(iter(secrets))
    return may_tell_of(secrets[receiver], secrets.get(account, secrets[first]), now)


def _proved_for(receiver: str, secrets: Mapping[str, ChannelSecret], now: datetime) -> tuple[str, ...]:
    """Return the accounts that the app of the receiver may tell of, the receiver among them."""
    return tuple(
        account
        for account, secret in secrets.items()
        if account == receiver or may_tell_of(secrets[receiver], secret, now)
    )


def _proved(event: InboundEvent, proved_for: tuple[str, ...]) -> InboundEvent:
    """Return a report of accounts with the accounts that its app may tell of; any other event as it is."""
    if isinstance(event, AccountReported):
        return msgspec.structs.replace(event, proved_for=proved_for)
    return event


def _has_foreign_owner(
    event: InboundEvent, secrets: Mapping[str, ChannelSecret], proved_for: Collection[str]
) -> bool:
    """Return whether a template belongs to a business of which the app may tell of no account.

    Of a business without an account here, no template is known that the news could change.
    """
    if not isinstance(event, TemplateChanged):
        return False
    owners = [account for account, secret in secrets.items() if secret.business_account_id == event.owner]
    return bool(owners) and not any(account in proved_for for account in owners)


def _counted(kinds: Iterable[str]) -> Mapping[str, int]:
    """Count the kinds; the rarest of more than MOST_KINDS kinds are counted together."""
    counts = Counter(without_nul(shortened(kind, LONGEST_KIND)) for kind in kinds)
    if len(counts) <= MOST_KINDS:
        return dict(counts)
    named = dict(counts.most_common(MOST_KINDS - 1))
    return {**named, OTHER_KINDS: counts.total() - sum(named.values())}
