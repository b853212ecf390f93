"""Merge two customers who turn out to be one person, and undo it."""

from typing import Final

from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.errors import Conflict, Detail, UserMerged, UserNotFound, UserNotMerged
from chat4all.domain.fingerprints import Fingerprint, told
from chat4all.domain.person import User
from chat4all.services.directory.ports import Directory, People

_TRIES: Final = 5


class MergeUsers:
    def __init__(
        self, directory: Directory, people: People, clock: Clock, new_id: NewId, fingerprint: Fingerprint
    ) -> None:
        self._directory = directory
        self._people = people
        self._clock = clock
        self._new_id = new_id
        self._fingerprint = fingerprint

    def merge(self, kept_id: str, merged_id: str, actor: str) -> User:
        """Merge a user into another; return the kept user. A repeated request changes nothing.

        `actor` is the id of an API key.

        Raises:
            UserNotFound: there is no such user.
            Invalid: they are one user.
            Conflict: they cannot be merged, one of them is merged already, or they change too quickly.
            Unavailable: AWS did not answer; the same request may be repeated.
        """
        for _ in range(_TRIES):
            kept, merged = self._user(kept_id, "kept"), self._user(merged_id, "user_id")
            if merged.merged_into == kept_id:
                return kept
            now = iso(self._clock())
            entry = self._entry(AuditAction.USER_MERGE, kept, merged, actor, now)
            if self._people.merge(kept, merged, now, entry):
                return self._user(kept_id, "kept")
        raise _changing()

    def unmerge(self, merged_id: str, actor: str) -> User:
        """Undo the merge of the user, and return them.

        Raises:
            UserNotFound: there is no such user.
            Conflict: the user is not merged, or the kept user is merged further; or they change too quickly.
            Unavailable: AWS did not answer.
        """
        for _ in range(_TRIES):
            merged = self._user(merged_id, "user_id")
            if merged.merged_into is None:
                raise UserNotMerged("The user is not merged into another user.")
            kept = self._user(merged.merged_into, "user_id")
            if kept.merged_into is not None:
                raise UserMerged(
                    "The kept user is merged into another user; undo that merge first.",
                    Detail("user_id", f"{kept.user_id} is merged into {kept.merged_into}"),
                )
            entry = self._entry(AuditAction.USER_UNMERGE, kept, merged, actor, iso(self._clock()))
            if self._people.unmerge(kept, merged, entry):
                return self._user(merged_id, "user_id")
        raise _changing()

    def _user(self, user_id: str, field: str) -> User:
        user = self._directory.get(user_id)
        if user is None:
            raise UserNotFound("There is no such user.", Detail(field, "is not a known user"))
        return user

    def _entry(self, action: AuditAction, kept: User, merged: User, actor: str, at: str) -> AuditEntry:
        had = merged.merge.identities if merged.merge is not None else merged.identities
        details = {
            "kept": kept.user_id,
            "identities": ", ".join(
                f"{known.channel}:{known.account}:{told(self._fingerprint, known.address)}" for known in had
            ),
        }
        return AuditEntry(self._new_id(), at, action, f"user:{merged.user_id}", actor, details)


def _changing() -> Conflict:
    return Conflict("The users are changing too quickly; try again.")
