"""Ask a provider with an account's credentials, and once more if they were replaced meanwhile.

A function holds a secret for a minute. If the provider refuses what the secret gave, the secret is read anew;
other credentials are then worth a second request.
"""

from collections.abc import Callable
from typing import TypeVar

from chat4all.domain.errors import Unavailable
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import FIRST_ACCOUNT
from chat4all.services.messaging.ports import Secrets

A = TypeVar("A")


def with_present(
    secrets: Secrets,
    channel: str,
    account: str,
    first: A,
    *,
    secret: ChannelSecret | SendError,
    refusal: SendError | None,
    ask: Callable[[ChannelSecret], A],
) -> A:
    """Return the answer `first`, which `secret` gave, or the answer to the account's present credentials.

    `refusal` is the error of the first answer, if it has one. If the secret cannot be read anew, the first
    answer stands.
    """
    if refusal is None or not _may_be_outdated(account, refusal):
        return first
    try:
        present = secrets.anew(channel, account)
    except Unavailable:
        return first
    return first if present == secret or isinstance(present, SendError) else ask(present)


def _may_be_outdated(account: str, refusal: SendError) -> bool:
    """Return whether the provider may have refused credentials that were replaced meanwhile.

    An account that was added a moment ago may have been taken for one that depends on the first account,
    whose token gives no access to it: the provider then refuses the message.
    """
    is_refused = refusal.outcome is Outcome.PERMANENT and account != FIRST_ACCOUNT
    return is_refused or refusal.outcome is Outcome.CHANNEL_PAUSED
