"""Handle the records of status-updates."""

from typing import Final

from chat4all.domain.events import StatusUpdate
from chat4all.entrypoints.invocation import Count
from chat4all.entrypoints.queues.batches import HandBack, Received
from chat4all.services.messaging.record_status import Recorded, RecordStatus

NEEDED_MS: Final = 5_000
"""The time that a record needs."""
UNKNOWN_WAIT_S: Final = 1.0
UNKNOWN_TRIES: Final = 4
"""A receipt may arrive a moment before its send is recorded; after so many tries the receipt is parked."""


class StatusRecords:
    """The handler of a status; a status of an unknown delivery is tried again, and then parked."""

    def __init__(self, record_status: RecordStatus, count: Count) -> None:
        self._record_status = record_status
        self._count = count

    def __call__(self, update: StatusUpdate, record: Received) -> HandBack | None:
        if self._record_status(update) is Recorded.DONE:
            self._count(f"Status{update.status.value.capitalize()}")
            return None
        if record.receive_count < UNKNOWN_TRIES:
            return HandBack(UNKNOWN_WAIT_S)
        self._record_status.park(update)
        self._count("StatusesParked")
        return None
