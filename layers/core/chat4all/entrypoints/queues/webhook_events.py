"""Handle the records of the queue `inbound`: the events of the providers' webhooks."""

from typing import Final

from chat4all.domain.errors import Unavailable
from chat4all.domain.events import WebhookEvents
from chat4all.entrypoints.queues.batches import Received
from chat4all.services.inbound.take_inbound import TakeInbound

NEEDED_MS: Final = 5_000
"""The time that a record needs."""


class WebhookRecords:
    """The handler of a record. No event waits in the queue for another.

    After an event that cannot be taken, the later events of the record are taken all the same, and the record
    is handed back. An event that comes again changes nothing.
    """

    def __init__(self, take: TakeInbound) -> None:
        self._take = take

    def __call__(self, events: WebhookEvents, record: Received) -> None:
        failed: Exception | None = None
        for event in events.each:
            try:
                self._take(event)
            except Unavailable:
                raise
            except Exception as failure:  # noqa: BLE001 - the batch logs what is raised again
                failed = failed or failure
        if failed is not None:
            raise failed
