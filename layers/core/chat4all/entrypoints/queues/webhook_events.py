"""Handle the records of the queue `inbound`: the events of the providers' webhooks."""

from typing import Final

from chat4all.domain.events import WebhookEvent
from chat4all.entrypoints.invocation import Count
from chat4all.entrypoints.queues.batches import HandBack, Received
from chat4all.services.inbound.take_inbound import EditTooEarly, TakeInbound

NEEDED_MS: Final = 5_000
"""The time that a record needs."""
EDIT_WAIT_S: Final = 2.0
EDIT_TRIES: Final = 5
"""An edit may arrive before its message; after so many tries the edit is dropped."""


class WebhookRecords:
    """The handler of a webhook event; an edit of an unknown message is tried again, and then dropped."""

    def __init__(self, take: TakeInbound, count: Count) -> None:
        self._take = take
        self._count = count

    def __call__(self, event: WebhookEvent, record: Received) -> HandBack | None:
        try:
            self._take(event)
        except EditTooEarly:
            if record.receive_count < EDIT_TRIES:
                return HandBack(EDIT_WAIT_S)
            self._count("EditsOfUnknownMessages")
        return None
