"""Erase the profile of a person: their users, identities, hints, moves and consents.

::

    save ── the fingerprints of the addresses, also former ones: the other steps look for them
       │
    traces ── what is stored under names and addresses
       │
    opt-outs ── what the person does not want, under the fingerprints: it holds if they come back
       │
    erase ── the users and their identities, in one transaction

A user who is erased already was so by an earlier pass, or as part of another person: the steps go on with
their ids. A link or a name that comes between fails the transaction, and all is read again.
"""

from collections.abc import Collection, Iterable
from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso
from chat4all.domain.consent import ConsentState
from chat4all.domain.erasing import Erasure, counted, identities_of, names_of
from chat4all.domain.errors import Unavailable
from chat4all.domain.fingerprints import Fingerprint
from chat4all.domain.person import Identity, User
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory, OptOuts
from chat4all.services.privacy.ports import ErasedPeople, Erasures

_TRIES: Final = 5


class EraseProfile:
    def __init__(
        self,
        *,
        directory: Directory,
        erasures: Erasures,
        people: ErasedPeople,
        opt_outs: OptOuts,
        fingerprint: Fingerprint,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._erasures = erasures
        self._people = people
        self._opt_outs = opt_outs
        self._fingerprint = fingerprint
        self._clock = clock

    def __call__(self, erasure: Erasure, _cursor: str) -> tuple[Erasure, str | None]:
        for _ in range(_TRIES):
            user = holder_of(self._directory, erasure.user_id)
            if user is None:
                return erasure, None
            if user.erased_at is not None:
                return replace(erasure, user_ids=user.ids), None
            people = self._people_of(user)
            identities = identities_of(people)
            erasure = self._with_addresses(erasure, people, identities)
            self._people.forget_traces(people)
            self._keep_opt_outs(people[0], identities)
            if self._people.erase(people, iso(self._clock())):
                return counted(erasure, {"users": len(people), "identities": len(identities)}), None
        raise Unavailable("The user is changing too quickly; try again.", retry_after=1)

    def _people_of(self, user: User) -> list[User]:
        """Return the user and all who were merged into them."""
        merged = self._directory.get_many(user.merged)
        return [user, *(merged[user_id] for user_id in user.merged if user_id in merged)]

    def _with_addresses(
        self, erasure: Erasure, people: Iterable[User], identities: Collection[Identity]
    ) -> Erasure:
        """Store the ids of the users, and add the fingerprints of the addresses to those from before."""
        texts = {text for identity in identities for text in (*names_of(identity), *self._formers(identity))}
        channels = {identity.channel for identity in identities}
        known = replace(
            erasure,
            user_ids=tuple(user.user_id for user in people),
            known_as=tuple(sorted({*erasure.known_as, *map(self._fingerprint, texts)})),
            channels=tuple(sorted({*erasure.channels, *channels})),
        )
        if known == erasure:
            return erasure
        saved = replace(known, version=erasure.version + 1)
        if not self._erasures.save(saved, erasure.version, erasure.requested_at):
            raise Unavailable("Another process goes on with the erasure.", retry_after=1)
        return saved

    def _formers(self, identity: Identity) -> list[str]:
        """Return the former addresses of the person that belong to nobody else now."""
        return [
            address
            for address in self._people.former_addresses(identity)
            if self._directory.resolve_at_any_account(identity.channel, address) is None
        ]

    def _keep_opt_outs(self, user: User, identities: Iterable[Identity]) -> None:
        for identity in identities:
            opted_out = tuple(
                replace(consent, evidence="")
                for consent in user.consents
                if consent.channel == identity.channel and consent.state is ConsentState.OPTED_OUT
            )
            if opted_out:
                self._opt_outs.keep(identity.channel, self._fingerprint(identity.address), opted_out)
