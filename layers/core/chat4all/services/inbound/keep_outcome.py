"""Make a webhook findable of which a part led to no event, or whose body cannot be read."""

from chat4all.domain.errors import Unavailable
from chat4all.domain.webhooks import ListedWebhook, StoredWebhook, WebhookOutcome
from chat4all.services.inbound.ports import ListedWebhooks, OutcomeLog
from chat4all.services.inbound.webhook_events import WebhookParts


class KeepOutcome:
    def __init__(self, listed: ListedWebhooks, log: OutcomeLog) -> None:
        self._listed = listed
        self._log = log

    def arrived(self, webhook: StoredWebhook, parts: WebhookParts) -> None:
        """Log, count and list the webhook if it has an outcome.

        The webhook does not fail when the list does not answer: its bytes are stored, its events are handled,
        and its log line names it. A replay of the webhook lists it.
        """
        listed = parts.listed(webhook)
        if listed is None:
            return
        self._log.taken(listed)
        self._log_fault(listed, parts)
        try:
            self._listed.put(listed)
        except Unavailable:
            self._log.not_listed(listed)

    def replayed(self, webhook: StoredWebhook, parts: WebhookParts) -> None:
        """List the webhook by its present outcome only; count nothing again. Raises Unavailable."""
        listed = parts.listed(webhook)
        if listed is not None:
            self._log_fault(listed, parts)
            self._listed.put(listed)
        for outcome in WebhookOutcome:
            if listed is None or outcome is not listed.outcome:
                self._listed.remove(webhook.webhook_id, outcome)

    def _log_fault(self, listed: ListedWebhook, parts: WebhookParts) -> None:
        if parts.fault is not None:
            self._log.failed(listed, parts.fault)
