"""The credentials of the accounts of a channel, as its secret holds them."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all.domain.account import holder_of
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.connector import ChannelSecret

FIRST_ACCOUNT: Final = "main"
"""The id of each channel's first account, whose credentials the secret has from the beginning."""
MOST_MARKS: Final = 100
"""Of removed accounts: the latest ones, so that the secret does not fill with them."""
REMOVED: Final = SendError(
    Outcome.PERMANENT, "ACCOUNT_REMOVED", "Our account that the message was to leave from was removed."
)
MISSING: Final = SendError(
    Outcome.CHANNEL_PAUSED,
    "NO_CREDENTIALS",
    "The channel's secret has no credentials of this account; add them with a PUT of the account.",
    refuses_credentials=True,
)


class ChannelCredentials(msgspec.Struct, frozen=True):
    """`first` are the credentials of the first account. `others` has None for an account that was removed."""

    first: ChannelSecret
    others: Mapping[str, ChannelSecret | None] = {}

    @property
    def every(self) -> Mapping[str, ChannelSecret]:
        """Return the credentials of every account, the first one first."""
        present = {account: secret for account, secret in self.others.items() if secret is not None}
        return {FIRST_ACCOUNT: self.first, **present}

    def of(self, account: str, dependents: str | None) -> ChannelSecret | SendError:
        """Return the credentials with which an account works, or what becomes of its messages without them.

        `dependents` is the beginning of the ids that depend on the first account, if there are any.
        """
        if account == FIRST_ACCOUNT:
            return self.first
        if account in self.others:
            return self.others[account] or REMOVED
        holder = holder_of(account, FIRST_ACCOUNT, dependents)
        return MISSING if holder is None else self.of(holder, None)

    def with_account(self, account: str, secret: ChannelSecret | None) -> "ChannelCredentials":
        """Return the credentials with those of an account; None removes the account."""
        if account == FIRST_ACCOUNT and secret is not None:
            return ChannelCredentials(secret, self.others)
        others = {name: known for name, known in self.others.items() if name != account}
        others[account] = secret
        marks = [name for name, known in others.items() if known is None]
        forgotten = set(marks[: max(0, len(marks) - MOST_MARKS)])
        return ChannelCredentials(
            self.first, {name: known for name, known in others.items() if name not in forgotten}
        )


def without_blanks(secret: ChannelSecret) -> ChannelSecret:
    """Strip blanks around each value: a pasted token often has a line end, and requests with it fail."""
    fields: dict[str, str] = msgspec.structs.asdict(secret)
    return ChannelSecret(**{name: text.strip() for name, text in fields.items()})
