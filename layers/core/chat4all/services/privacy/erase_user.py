"""Erase all that is stored of a user, step by step, and once more after the person's last words arrived.

::

    profile ── the users, identities, hints and moves; from here on nobody can write to the person
       │
    conversations ── each 1:1 conversation as a whole; in groups what the person wrote, and where it went
       │
    sent ── messages of the person in groups that nothing else lists
       │
    waiting ── rows that wait for their time: held deliveries, echoes, statuses, dead records
       │
    batches ── the variables of the person
       │
    webhooks ── the raw webhooks of the last 30 days that name the person
       │
    exports ── the zips with everything about the person

Of an agent or a bot, the first and the last step are done: their messages are the words of the company.

The place is stored after each page of a step. A process that dies leaves the place of the page, and the next
process repeats the page: erasing what is erased changes nothing.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso
from chat4all.domain.erasing import Erasure, Place, begun, ended
from chat4all.domain.privacy_work import EraseWork
from chat4all.services.privacy.ports import Erasures
from chat4all.services.privacy.request_erasure import WATCHED


class Step(Protocol):
    def __call__(self, erasure: Erasure, cursor: str, /) -> tuple[Erasure, str | None]:
        """Erase a page; return the erasure with its counts, and the cursor of the next page, if there is one.

        The cursor of the first page is empty.
        """
        ...


class EraseUser:
    def __init__(self, erasures: Erasures, steps: Sequence[Step], clock: Clock) -> None:
        self._erasures = erasures
        self._steps = steps
        self._clock = clock

    def __call__(self, work: EraseWork, still_in_time: Callable[[], bool]) -> bool:
        """Continue the erasure; return False if there is more to do at once.

        Raises:
            Unavailable: AWS did not answer; the work may be repeated.
        """
        known = self._erasures.get(work.erasure_id)
        erasure = known if known is None or known.place is not None else begun(known, self._now())
        while erasure is not None and erasure.place is not None:
            if not still_in_time():
                return False
            erasure = self._saved(self._moved(erasure, erasure.place))
        return True

    def _moved(self, erasure: Erasure, place: Place) -> Erasure:
        """Erase the next page."""
        erasure, cursor = self._steps[place.step](erasure, place.cursor)
        if cursor is not None:
            return replace(erasure, place=Place(place.step, cursor))
        following = place.step + 1 if erasure.is_person else max(place.step + 1, len(self._steps) - 1)
        is_over = following == len(self._steps)
        return ended(erasure, self._now()) if is_over else replace(erasure, place=Place(following))

    def _saved(self, erasure: Erasure) -> Erasure | None:
        """Save the erasure; return None if another process has gone on with it."""
        due_at = erasure.next_pass_at
        if erasure.place is not None:
            due_at = iso(self._clock() + WATCHED)
        saved = replace(erasure, version=erasure.version + 1)
        return saved if self._erasures.save(saved, erasure.version, due_at) else None

    def _now(self) -> str:
        return iso(self._clock())
