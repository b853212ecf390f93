"""The log lines and metrics of webhooks that have an outcome.

| metric | dimensions | counts |
|---|---|---|
| `IgnoredParts` | channel, kind | parts of webhooks that led to no event |
| `UnreadableWebhooks` | channel | signed webhooks whose body cannot be read |
| `UnlistedWebhooks` | channel | webhooks with an outcome that the list did not take |
"""

import logging
import traceback
from typing import Final, Protocol

from chat4all.domain.webhooks import ListedWebhook, WebhookOutcome

MOST_METRICS: Final = 100
"""The most kinds that a process counts by their names: each name is a metric of its own, and has a price."""
LONGEST_NAME: Final = 40
OTHER: Final = "other"
"""Stands for every kind that is not counted by its name."""

_log = logging.getLogger(__name__)


class Count(Protocol):
    """Adds a number to a metric with these dimensions."""

    def __call__(self, name: str, value: float = 1, **dimensions: str) -> None: ...


class WebhookOutcomes:
    def __init__(self, count: Count) -> None:
        self._count = count
        self._named: set[tuple[str, str]] = set()

    def taken(self, webhook: ListedWebhook) -> None:
        channel = webhook.webhook_id.channel
        if webhook.outcome is WebhookOutcome.UNREADABLE:
            _log.warning("a signed webhook cannot be read: %s", webhook.reason, extra=_found_by(webhook))
            self._count("UnreadableWebhooks", channel=channel)
            return
        _log.info("parts of a webhook led to no event", extra=_found_by(webhook))
        for kind, number in webhook.ignored.items():
            self._count("IgnoredParts", number, channel=channel, kind=self._metric_kind(channel, kind))

    def failed(self, webhook: ListedWebhook, fault: Exception) -> None:
        """Log the traceback without the error's message, which may repeat words of a person."""
        lines = "".join(traceback.format_tb(fault.__traceback__))
        _log.error(
            "the channel's code failed on an unreadable webhook: %s",
            type(fault).__name__,
            extra={**_found_by(webhook), "traceback": lines},
        )

    def not_listed(self, webhook: ListedWebhook) -> None:
        _log.warning(
            "a webhook is stored, but missing from the list of its outcome; a replay lists it",
            extra=_found_by(webhook),
            exc_info=True,
        )
        self._count("UnlistedWebhooks", channel=webhook.webhook_id.channel)

    def _metric_kind(self, channel: str, kind: str) -> str:
        """Return the kind as a dimension of a metric: its name, or OTHER."""
        plain = kind.replace("_", "").replace(" ", "")
        if not (plain.isascii() and plain.isalnum()) or len(kind) > LONGEST_NAME:
            return OTHER
        if (channel, kind) not in self._named and len(self._named) >= MOST_METRICS:
            return OTHER
        self._named.add((channel, kind))
        return kind


def _found_by(webhook: ListedWebhook) -> dict[str, object]:
    """Return the fields by which a search of the logs finds the line. None holds words of a person."""
    return {
        "webhook_id": str(webhook.webhook_id),
        "channel": webhook.webhook_id.channel,
        "outcome": webhook.outcome.value,
        "ignored": dict(webhook.ignored),
    }
