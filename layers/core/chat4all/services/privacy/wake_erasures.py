"""Send the work on the erasures that are due: a later pass, or work whose record was lost."""

from collections import Counter
from datetime import datetime

from chat4all.domain.clock import iso
from chat4all.domain.privacy_work import EraseWork
from chat4all.domain.waiting import BATCH
from chat4all.services.privacy.ports import Erasures, PrivacyQueue
from chat4all.services.privacy.request_erasure import WATCHED


class WakeErasures:
    """A job of `relay`."""

    def __init__(self, erasures: Erasures, queue: PrivacyQueue) -> None:
        self._erasures = erasures
        self._queue = queue

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._erasures.due(iso(now), BATCH)
        for erasure in due:
            self._queue.send(EraseWork(erasure.erasure_id, erasure.user_id, iso(now)))
            self._erasures.postpone(erasure, iso(now + WATCHED))
        return Counter(ErasuresWoken=len(due)) if due else Counter()
