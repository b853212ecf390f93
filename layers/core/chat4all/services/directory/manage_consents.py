"""Read the consents of a user, and take the opt-ins and opt-outs that a client knows of."""

from chat4all.domain.consent import Consent, ConsentState, opted_out, shown
from chat4all.domain.errors import ConsentWithdrawn, Detail, UserErased, UserNotFound
from chat4all.domain.person import User
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory
from chat4all.services.directory.record_consent import RecordConsent


class ManageConsents:
    def __init__(self, directory: Directory, record: RecordConsent) -> None:
        self._directory = directory
        self._record = record

    def get(self, user_id: str) -> tuple[Consent, ...]:
        """Return the consents of the user; raises NotFound."""
        return shown(self._user(user_id).consents)

    def put(self, user_id: str, told: Consent, actor: str) -> tuple[Consent, ...]:
        """Record what a client tells, and return the consents that hold then: a newer signal stays.

        Raises:
            NotFound: no such user.
            ConsentWithdrawn: an opt-in without evidence, of a person who opted out.
            UserErased: the person was erased, perhaps meanwhile.
            Unavailable: AWS did not answer, or another process is changing the user.
        """
        user = self._user(user_id)
        is_opt_in = told.state is ConsentState.OPTED_IN
        refusal = opted_out(user, told.channel, told.purpose) if is_opt_in else None
        if refusal is not None and not told.evidence.strip():
            raise ConsentWithdrawn(
                "The person opted out; say how they opted in again.",
                Detail("evidence", f"is needed: the person opted out at {refusal.at}"),
            )
        after = self._record(user, (told,), actor)
        if after.erased_at is not None:
            raise UserErased("The person was erased.", Detail("user_id", f"was erased at {after.erased_at}"))
        return shown(after.consents)

    def _user(self, user_id: str) -> User:
        user = holder_of(self._directory, user_id)
        if user is None:
            raise UserNotFound("There is no such user.")
        return user
