"""Erase the rows that wait for their time and name the person, or that hold a message which is erased."""

from collections.abc import Collection, Sequence
from typing import Final

from chat4all.domain.erasing import Erasure, counted
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.traces import Traces
from chat4all.services.messaging.ports import HeldDeliveries
from chat4all.services.privacy.ports import SHARES, ErasedMessages, Waiting, WaitingKind, WaitingRows

_KINDS: Final = tuple(WaitingKind)


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

    def __call__(self, erasure: Erasure, cursor: str) -> tuple[Erasure, str | None]:
        number = int(cursor or 0)
        traces = Traces(erasure.user_ids, erasure.known_as, self._fingerprint)
        theirs = self._theirs(self._rows.of(_KINDS[number // SHARES], number % SHARES), traces)
        for waiting in theirs:
            self._delete(waiting)
        following = number + 1
        is_over = following == len(_KINDS) * SHARES
        return counted(erasure, {"waiting": len(theirs)}), None if is_over else str(following)

    def _theirs(self, found: Sequence[Waiting], traces: Traces) -> list[Waiting]:
        """Return the rows that name the person, or hold a delivery of a message that is erased.

        A delivery of the person's message to somebody else names only the message.
        """
        held = [waiting.held.message_id for waiting in found if waiting.held is not None]
        erased = self._messages.left_over(held)
        return [waiting for waiting in found if _is_theirs(waiting, traces, erased)]

    def _delete(self, waiting: Waiting) -> None:
        if waiting.held is not None:
            self._held_deliveries.remove(waiting.held)
        else:
            self._rows.delete(waiting)


def _is_theirs(waiting: Waiting, traces: Traces, erased: Collection[str]) -> bool:
    if waiting.held is None:
        return traces.are_in(waiting.text)
    return traces.name(waiting.held.recipient.user_id) or waiting.held.message_id in erased
