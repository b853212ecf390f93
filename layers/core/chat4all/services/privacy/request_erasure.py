"""Request the erasure of a person; the function `privacy` carries it out.

::

    begin ── the record of the erasure, which `relay` looks at, and the mark of the user, in one transaction
       │
    send ── the work

A process that dies in between leaves an erasure that `relay` begins. From the mark on no merge with the user
is made or undone: the people who are one person at the request are the people who are erased.
"""

from datetime import timedelta
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.erasing import Erasure, begun_again, is_of, new_erasure
from chat4all.domain.errors import CannotErase, Detail, ErasureNotFound, Unavailable, UserNotFound
from chat4all.domain.person import INBOX_USER_ID, UserType
from chat4all.domain.privacy_work import EraseWork
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory
from chat4all.services.privacy.ports import ErasureRequests, Erasures, PrivacyQueue

WATCHED: Final = timedelta(minutes=30)
"""`relay` sends the work again after so long without progress: longer than a slice and its retries."""
_TRIES: Final = 5


class RequestErasure:
    def __init__(
        self,
        *,
        directory: Directory,
        erasures: Erasures,
        requests: ErasureRequests,
        queue: PrivacyQueue,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._erasures = erasures
        self._requests = requests
        self._queue = queue
        self._clock = clock

    def __call__(self, user_id: str, reason: str | None) -> Erasure:
        """Begin the erasure of the person, or return the erasure that runs. One that is over begins again.

        After a restore, what was erased may be there once more. A merged user is erased with the user into
        whom they were merged, who is the same person.

        Raises:
            UserNotFound: there is no such user.
            CannotErase: the user is the inbox.
            Unavailable: AWS did not answer, or the user is changing; the same request may be repeated.
        """
        for _ in range(_TRIES):
            erasure = self._begun(user_id, reason)
            if erasure is not None:
                self._queue.send(EraseWork(erasure.erasure_id, erasure.user_id, iso(self._clock())))
                return erasure
        raise Unavailable("The user is changing too quickly; try again.", retry_after=1)

    def _begun(self, user_id: str, reason: str | None) -> Erasure | None:
        """Return the erasure of the person; None if the user or the erasure changed since the read."""
        user = holder_of(self._directory, user_id)
        if user is None:
            raise UserNotFound("There is no such user.")
        if user.user_id == INBOX_USER_ID:
            raise CannotErase("The inbox is no person.", Detail("user_id", "is the inbox"))
        now = self._clock()
        new = new_erasure(user, reason, iso(now), is_person=user.type is UserType.CUSTOMER)
        known = self._erasures.get(new.erasure_id)
        if known is not None:
            if is_of(known, user):
                return known
            new = begun_again(known, new)
        return new if self._requests.begin(user, new, iso(now + WATCHED)) else None

    def get(self, erasure_id: str) -> Erasure:
        """Return the erasure; raises ErasureNotFound."""
        erasure = self._erasures.get(erasure_id)
        if erasure is None:
            raise ErasureNotFound("There is no such erasure.")
        return erasure
