"""Users and their identities in memory."""

import threading
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from msgspec.structs import replace

from chat4all.domain.consent import Consent, having_heard
from chat4all.domain.errors import Unavailable
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import Identity, Moved, User, UserType, with_writing
from chat4all.services.directory.ports import IdentityTaken, NoMove
from tests.fakes.conversations import newest_first


class MemoryDirectory:
    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._owners: dict[tuple[str, str, str], str] = {}
        self._moves: dict[tuple[str, str, str], Moved] = {}
        self.lock = threading.RLock()

    def create(self, user: User, no_move: NoMove | None = None) -> IdentityTaken | None:
        with self.lock:
            for identity in user.identities:
                owner = self._owners.get(_key(identity))
                if owner is not None:
                    return IdentityTaken(owner)
            for identity in user.identities:
                self._check_moves(identity, no_move)
            self._users.setdefault(user.user_id, user)
            self._owners.update({_key(identity): user.user_id for identity in user.identities})
            return None

    def get(self, user_id: str) -> User | None:
        return self._users.get(user_id)

    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        found = (self._users.get(user_id) for user_id in user_ids)
        return {user.user_id: user for user in found if user is not None}

    def link(
        self,
        user_id: str,
        identity: Identity,
        no_move: NoMove | None = None,
        told: Sequence[Consent] = (),
    ) -> IdentityTaken | None:
        with self.lock:
            owner = self._owners.get(_key(identity))
            if owner is not None:
                return None if owner == user_id else IdentityTaken(owner)
            self._check_moves(identity, no_move)
            user = self._users[user_id]
            if user.merged_into is not None:
                raise Unavailable("The user was merged a moment ago.", retry_after=1)
            self._owners[_key(identity)] = user_id
            consents = having_heard(user.consents, told)
            self._users[user_id] = replace(user, identities=(*user.identities, identity), consents=consents)
            return None

    def unlink(self, user: User, identity: Identity) -> None:
        with self.lock:
            current = self._users.get(user.user_id)
            if current is None or current.identities != user.identities:
                raise Unavailable("The user was changed by another request.", retry_after=1)
            del self._owners[_key(identity)]
            remaining = tuple(other for other in user.identities if other != identity)
            self._users[user.user_id] = replace(user, identities=remaining)

    def move(
        self, user: User, former: Identity, present: Identity, moved: Moved, expires_at: int
    ) -> IdentityTaken | None:
        with self.lock:
            current = self._users.get(user.user_id)
            owner = self._owners.get(_key(present))
            if owner not in (None, user.user_id):
                return IdentityTaken(owner)
            if current is None or current.identities != user.identities:
                raise Unavailable("The user was changed by another request.", retry_after=1)
            del self._owners[_key(former)]
            self._owners[_key(present)] = user.user_id
            replaced = (present if other == former and owner is None else other for other in user.identities)
            remaining = tuple(other for other in replaced if other != former)
            self._users[user.user_id] = replace(user, identities=remaining)
            self._moves[_key(former)] = moved
            return None

    def record_move(self, formers: Sequence[Identity], moved: Moved, expires_at: int) -> bool:
        with self.lock:
            if any(former.place in self._owners for former in formers):
                return False
            known = [self._moves.get(former.place) for former in formers]
            if not any(move is not None and move.at > moved.at for move in known):
                self._moves.update((former.place, moved) for former in formers)
            return True

    def _check_moves(self, identity: Identity, no_move: NoMove | None) -> None:
        for account in no_move.accounts if no_move else ():
            moved = self._moves.get((identity.channel, account, identity.address))
            if moved is not None and (no_move is None or no_move.since is None or moved.at >= no_move.since):
                raise Unavailable("Somebody moved away from the address; try again.", retry_after=1)

    def moved(self, channel: str, account: str, address: str) -> Moved | None:
        return self._moves.get((channel, account, address))

    def wrote(
        self, user: User, places: Collection[tuple[str, str, str]], at: str, newer_by: timedelta
    ) -> User:
        with self.lock:
            current = self._users[user.user_id]
            identities = with_writing(current.identities, places, at, newer_by)
            if identities is not None:
                self._users[user.user_id] = replace(current, identities=identities)
            return self._users[user.user_id]

    def rename(self, user_id: str, name: str, new_name: str) -> None:
        with self.lock:
            user = self._users.get(user_id)
            if user is not None and user.display_name == name:
                self._users[user_id] = replace(user, display_name=new_name)

    def save_consents(self, user: User, consents: tuple[Consent, ...]) -> bool:
        with self.lock:
            current = self._users.get(user.user_id)
            is_changed = current is None or current.consents != user.consents
            if current is None or is_changed or current.merged_into is not None:
                return False
            self._users[user.user_id] = replace(current, consents=consents)
            return True

    def set_identities(self, user: User, identities: tuple[Identity, ...]) -> bool:
        """Write the identities; return False if the user is not as they were read."""
        with self.lock:
            current = self._users.get(user.user_id)
            if current is None or current.identities != user.identities or current.merged_into is not None:
                return False
            self._users[user.user_id] = replace(current, identities=identities)
            return True

    def every(self) -> list[User]:
        return list(self._users.values())

    def are(self, *users: User) -> bool:
        """Return whether the users are as they were read, as far as a merge depends on it."""
        return all(_mergeable(self._users.get(user.user_id)) == _mergeable(user) for user in users)

    def replace(self, kept: User, merged: User, given: Collection[Identity], owner_id: str) -> None:
        """Write both users, and give the identities to one of them."""
        for user in (kept, merged):
            name = self._users[user.user_id].display_name
            self._users[user.user_id] = replace(user, display_name=name)
        self._owners.update({_key(identity): owner_id for identity in given})

    def resolve(self, channel: str, account: str, address: str) -> str | None:
        return self._owners.get((channel, account, address))

    def resolve_at_any_account(self, channel: str, address: str) -> str | None:
        owners = sorted(self._owners.items())
        return next((owner for known, owner in owners if (known[0], known[2]) == (channel, address)), None)

    def listing(
        self, user_type: UserType, after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        created = ((user.created_at, user.user_id) for user in self._users.values() if user.type is user_type)
        return newest_first(created, after, limit)


def _mergeable(user: User | None) -> object:
    return (user.identities, user.consents, user.merge, user.merged) if user is not None else None


def _key(identity: Identity) -> tuple[str, str, str]:
    return identity.channel, identity.account, identity.address
