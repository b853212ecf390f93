"""Check again, before a marketing message is sent, that its recipient still wants it."""

from chat4all.domain.consent import opted_out
from chat4all.domain.errors import OptedOut
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.purpose import Purpose
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.directory.merged_users import holder_of
from chat4all.services.directory.ports import Directory


class CheckConsent:
    """The check reads the user, so that a STOP stops what waits. A service message costs no read."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __call__(self, requested: DeliveryRequested) -> SendError | None:
        """Return the error of a marketing message that its recipient has opted out of meanwhile.

        Raises:
            Unavailable: AWS did not answer.
        """
        if requested.purpose is Purpose.SERVICE:
            return None
        to = requested.recipient
        user = holder_of(self._directory, to.user_id)
        consent = opted_out(user, to.channel, requested.purpose) if user is not None else None
        if consent is None:
            return None
        reason = f"The person opted out of {consent.purpose.value} messages before this one was sent."
        return SendError(Outcome.PERMANENT, OptedOut.code, reason)
