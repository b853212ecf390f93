"""Erase the rows that wait for their time and name the person, or that hold a message which is erased."""

from collections import Counter

from chat4all.domain.erasing import Erasure, counted
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.traces import Traces
from chat4all.services.messaging.ports import HeldDeliveries
from chat4all.services.privacy.ports import ErasedMessages, Waiting, WaitingKind, WaitingRows


class EraseWaiting:
    def __init__(
        self,
        rows: WaitingRows,
        held_deliveries: HeldDeliveries,
        messages: ErasedMessages,
        fingerprint: Fingerprint,
    ) -> None:
        self._rows = rows
        self._held_deliveries = held_deliveries
        self._messages = messages
        self._fingerprint = fingerprint

    def __call__(self, erasure: Erasure, _cursor: str) -> tuple[Erasure, str | None]:
        traces = Traces(erasure.user_ids, erasure.known_as, self._fingerprint)
        counts: Counter[str] = Counter()
        for kind in WaitingKind:
            for waiting in self._rows.of(kind):
                if self._is_theirs(waiting, traces):
                    self._delete(waiting)
                    counts["waiting"] += 1
        return counted(erasure, counts), None

    def _is_theirs(self, waiting: Waiting, traces: Traces) -> bool:
        held = waiting.held
        if held is None:
            return traces.are_in(waiting.text)
        # A delivery to another person, of a message that the person wrote, names only the message.
        is_to_them = traces.name(held.recipient.user_id)
        return is_to_them or bool(self._messages.left_over([held.message_id]))

    def _delete(self, waiting: Waiting) -> None:
        if waiting.held is not None:
            self._held_deliveries.remove(waiting.held)
        else:
            self._rows.delete(waiting)
