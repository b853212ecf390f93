"""Record what a person wants to receive, and account for each change of it.

::

    audit ── an entry for each change of a state; its id follows from the signal, so that a repeat adds none
       │
    save ── the user's consents, on the condition that they are as they were read

The case that breaks the other order: the process dies between the two. The signal comes again, finds the
state as it is, and the change would have no entry.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from chat4all.domain.audit import AuditAction, AuditEntry, audit_entry
from chat4all.domain.clock import Clock, iso
from chat4all.domain.consent import (
    Consent,
    ConsentSource,
    ConsentState,
    Means,
    after,
    consent_of,
    having_heard,
    with_consents,
)
from chat4all.domain.errors import Unavailable
from chat4all.domain.fingerprints import Fingerprint, told
from chat4all.domain.person import Identity, User
from chat4all.services.access.ports import Audit
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory, OptOuts

_TRIES: Final = 5


class RecordConsent:
    def __init__(
        self, directory: Directory, audit: Audit, clock: Clock, fingerprint: Fingerprint, opt_outs: OptOuts
    ) -> None:
        self._directory = directory
        self._audit = audit
        self._clock = clock
        self._fingerprint = fingerprint
        self._opt_outs = opt_outs

    def __call__(self, user: User, told: Sequence[Consent], actor: str) -> User:
        """Return the user with what the signals change; late and repeated signals change nothing.

        `actor` is the id of an API key, or a function's name.

        Raises:
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        for _ in range(_TRIES):
            changed = [
                new for each in told if (new := after(consent_of(user.consents, each), each)) is not None
            ]
            if not changed or user.erased_at is not None:
                return user
            for new in changed:
                self._account_for(user, consent_of(user.consents, new), new, actor)
            consents = with_consents(user.consents, changed)
            if self._directory.save_consents(user, consents):
                return replace(user, consents=consents)
            user = holder_of(self._directory, user.user_id) or user
        raise Unavailable("The user is changing too quickly; try again.", retry_after=1)

    def recall(self, user: User, identities: Sequence[Identity], actor: str) -> tuple[Consent, ...]:
        """Return what an erased person with one of the identities opted out of, and account for it.

        The erasure keeps such a wish under the fingerprint of the address. Whoever gives the user the
        identities stores the wishes in the same write: afterwards nothing would ask for them again.

        Raises:
            Unavailable: AWS did not answer.
        """
        told = [
            consent
            for channel, address in dict.fromkeys((each.channel, each.address) for each in identities)
            for consent in self._opt_outs.of(channel, self._fingerprint(address))
        ]
        for new in having_heard(user.consents, told):
            known = consent_of(user.consents, new)
            if new != known:
                self._account_for(user, known, new, actor)
        return tuple(told)

    def _account_for(self, user: User, known: Consent | None, new: Consent, actor: str) -> None:
        is_no_change = known is None and new.state is ConsentState.OPTED_IN and new.means is not Means.WORD
        if not is_no_change and (known is None or known.state is not new.state):
            self._audit.record(self._entry(user, known, new, actor))

    def _entry(self, user: User, known: Consent | None, new: Consent, actor: str) -> AuditEntry:
        # The words of a client may name the person; they stay with the consent.
        evidence = new.evidence
        if evidence and new.source is ConsentSource.CLIENT:
            evidence = told(self._fingerprint, evidence)
        return audit_entry(
            AuditAction.CONSENT_CHANGED,
            f"user:{user.user_id}",
            actor=actor,
            at=iso(self._clock()),
            occasion=f"{new.channel} {new.purpose} {new.means} {new.state} {new.at}",
            details={
                "channel": new.channel,
                "purpose": new.purpose.value,
                "old": known.state.value if known is not None else None,
                "new": new.state.value,
                "since": new.at,
                "source": new.source.value,
                "means": new.means.value,
                "evidence": evidence or None,
            },
        )
