"""Handle the records of the queue `inbound`: the events of the providers' webhooks."""

from typing import Final

from chat4all.domain.events import WebhookEvent
from chat4all.entrypoints.queues.batches import Received
from chat4all.services.inbound.take_inbound import TakeInbound

NEEDED_MS: Final = 5_000
"""The time that a record needs."""


class WebhookRecords:
    """The handler of a webhook event. No event waits in the queue for another."""

    def __init__(self, take: TakeInbound) -> None:
        self._take = take

    def __call__(self, event: WebhookEvent, record: Received) -> None:
        self._take(event)
