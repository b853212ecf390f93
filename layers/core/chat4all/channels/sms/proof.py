"""Prove the credentials of a Twilio account.

https://www.twilio.com/docs/iam/api/account#fetch-an-account-resource: an account is `active`, `suspended` or
`closed`. Only an active one sends: https://www.twilio.com/docs/api/errors/20005
"""

from typing import Final

import msgspec

from chat4all.channels.shared.answers import proof_unread
from chat4all.channels.shared.decoding import Id, decoded
from chat4all.channels.shared.http import HttpAnswer
from chat4all.channels.shared.proofs import shown
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.connector import Proof

_ACTIVE: Final = "active"
_NOT_ACTIVE: Final = "20005"


class _Account(msgspec.Struct, frozen=True):
    sid: Id
    status: str
    friendly_name: str | None = None


def proof_in(answer: HttpAnswer) -> Proof | SendError:
    """Return the account that an accepted request names."""
    account = decoded(answer.body, _Account)
    if account is None:
        return proof_unread(TWILIO_FAILURES)
    if account.status != _ACTIVE:
        return SendError(Outcome.CHANNEL_PAUSED, _NOT_ACTIVE, "The account at Twilio is not active.")
    return Proof(account.sid, shown(account.friendly_name))
