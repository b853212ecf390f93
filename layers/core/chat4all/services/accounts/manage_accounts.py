"""Add, rotate, enable, disable and remove the accounts of a channel.

::

    PUT ── read ── refuse what can be no account of the channel
     │
    prove ── ask the provider with the new credentials; refused or not answered: nothing has changed
     │
    claim ── one request at a time writes a channel's secret, which holds all of its accounts
     │
    secret ── with the former webhook secret beside the new one
     │
    row ── state, name, quality, times
     │
    circuit ── if it is open because it had refused credentials, the next message is its probe

If the process dies between the secret and the row, the same request completes the change. A removal empties
the secret first: no credentials stay behind without an account.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.account import MOST_ACCOUNTS, AccountState, ChannelAccount
from chat4all.domain.breaker import renewed
from chat4all.domain.clock import Clock, NewId, iso
from chat4all.domain.errors import (
    AccountDiffers,
    AccountEnabled,
    AccountNotFound,
    CredentialsRefused,
    Detail,
    Invalid,
    TooManyAccounts,
    Unavailable,
)
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.accounts.credential_form import account_id_of, check_account, secret_of
from chat4all.services.accounts.ports import Accounts, CredentialForm, Proves, WritableCredentials
from chat4all.services.accounts.saving import saved
from chat4all.services.messaging.connector import ChannelSecret, Proof
from chat4all.services.messaging.credentials import FIRST_ACCOUNT, ChannelCredentials
from chat4all.services.messaging.ports import Breakers

CLAIM: Final = timedelta(seconds=60)
"""Longer than a request to the API may take: the process of an older claim has died."""
_NOT_JUDGED: Final = (Outcome.RETRY, Outcome.THROTTLED)
_MOST_BYTES: Final = 60_000
"""Of a secret, which takes 65,536: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
"""


class ManageAccounts:
    def __init__(
        self,
        *,
        accounts: Accounts,
        credentials: WritableCredentials,
        connector: Callable[[str], Proves],
        forms: Mapping[str, CredentialForm],
        breakers: Breakers,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        """`connector` returns the connector of a channel; `forms` has the credentials' form by channel."""
        self._accounts = accounts
        self._credentials = credentials
        self._connector = connector
        self._forms = forms
        self._breakers = breakers
        self._clock = clock
        self._new_id = new_id

    def every(self) -> Mapping[str, Mapping[str, ChannelAccount]]:
        """Return the accounts by channel and id."""
        return {channel: self._present(channel) for channel in self._forms}

    def has(self, channel: str, account: str) -> bool:
        return account in self._present(channel)

    def get(self, channel: str, account: str) -> ChannelAccount:
        """Return the account; raises AccountNotFound."""
        found = self._present(channel).get(account)
        if found is None:
            raise AccountNotFound("The channel has no such account.")
        return found

    def put(self, channel: str, account: str, given: Mapping[str, str], grace: timedelta) -> ChannelAccount:
        """Prove the credentials and store them; a new account then waits to be enabled.

        For the time `grace`, the former webhook secret of the account proves webhooks, too.

        Raises:
            Invalid: a field is missing, unknown or not valid, or the credentials are of another account.
            AccountDiffers: the channel has the account under another id, or this id for another account.
            TooManyAccounts: there is no room for another account.
            CredentialsRefused: the provider refuses the credentials.
            Unavailable: the provider or AWS did not answer, or another request is writing; nothing changed.
        """
        form = self._forms[channel]
        secret = secret_of(given, form)
        check_account(account, secret, form)
        self._with(channel, account, secret)
        proof = self._proved(channel, secret)
        with self._alone(channel):
            known = self._accounts.read(channel).accounts.get(account)
            if known is not None and known.provider_id not in {None, account_id_of(secret, form)}:
                raise AccountDiffers(
                    f"{account} is another account of the provider; add this one under its own id.",
                    Detail(f"credentials.{form.account_field}", f"must stay {known.provider_id}"),
                )
            former = self._credentials.read(channel).every.get(account)
            kept = _keeping_former(secret, former, iso(self._clock()), iso(self._clock() + grace))
            self._credentials.write(channel, self._with(channel, account, kept))
            put = self._saved(channel, account, lambda before: self._as_proved(before, secret, proof, form))
        self._try_again(channel, account)
        return put

    def enable(self, channel: str, account: str) -> ChannelAccount:
        """Let messages leave from the account; raises AccountNotFound."""
        return self._in_state(channel, account, AccountState.ENABLED)

    def disable(self, channel: str, account: str) -> ChannelAccount:
        """Refuse new messages of the account; accepted messages still leave. Raises AccountNotFound."""
        return self._in_state(channel, account, AccountState.DISABLED)

    def remove(self, channel: str, account: str) -> ChannelAccount:
        """Remove the account with its credentials. Messages that still wait for it become FAILED.

        Raises:
            AccountNotFound: the channel has no such account.
            AccountEnabled: the account is enabled, or is the channel's first account.
        """
        if self.get(channel, account).state is AccountState.ENABLED or account == FIRST_ACCOUNT:
            raise AccountEnabled("Disable the account first. The channel's first account always stays.")
        with self._alone(channel):
            credentials = self._credentials.read(channel)
            self._credentials.write(channel, credentials.with_account(account, None))
            removed = ChannelAccount(account, AccountState.REMOVED)
            return self._saved(channel, account, lambda _before: removed)

    def _present(self, channel: str) -> Mapping[str, ChannelAccount]:
        return self._accounts.read(channel).present(FIRST_ACCOUNT)

    def _with(self, channel: str, account: str, secret: ChannelSecret) -> ChannelCredentials:
        """Return the channel's credentials with those of the account.

        Raises:
            AccountDiffers: another account has the provider's id.
            TooManyAccounts: there is no room for the account.
        """
        form, credentials = self._forms[channel], self._credentials.read(channel)
        wanted = account_id_of(secret, form)
        for other, theirs in credentials.every.items():
            if other != account and account_id_of(theirs, form) == wanted:
                raise AccountDiffers(
                    f"The channel has this account as {other}.",
                    Detail(f"credentials.{form.account_field}", f"belongs to the account {other}"),
                )
        changed = credentials.with_account(account, secret)
        if len(changed.every) > MOST_ACCOUNTS or len(msgspec.json.encode(changed)) > _MOST_BYTES:
            raise TooManyAccounts(f"A channel has at most {MOST_ACCOUNTS} accounts, in a secret of 64 KB.")
        return changed

    def _proved(self, channel: str, secret: ChannelSecret) -> Proof:
        proof = self._connector(channel).prove(secret)
        if isinstance(proof, SendError):
            if proof.outcome in _NOT_JUDGED:
                raise Unavailable(
                    f"The provider did not judge the credentials ({proof.code}). Nothing changed; try again.",
                    retry_after=math.ceil(proof.retry_after_s or 5),
                )
            raise CredentialsRefused(
                f"The provider refuses the credentials ({proof.code}).",
                Detail("credentials", f"the provider's code is {proof.code}"),
            )
        if proof.account_id != secret.account_id:
            raise Invalid(
                "The credentials are of another account.",
                Detail("credentials.account_id", f"the token is of the account {proof.account_id}"),
            )
        return proof

    def _as_proved(
        self, before: ChannelAccount | None, secret: ChannelSecret, proof: Proof, form: CredentialForm
    ) -> ChannelAccount:
        wanted = account_id_of(secret, form)
        is_new = before is None or before.state is AccountState.REMOVED
        known = ChannelAccount(wanted, AccountState.PROVED) if before is None or is_new else before
        return replace(
            known,
            provider_id=wanted,
            name=proof.name,
            quality=proof.quality,
            proved_at=iso(self._clock()),
            token_expires_at=proof.token_expires_at,
            owner=secret.business_account_id or None,
            number=proof.number,
        )

    def _try_again(self, channel: str, account: str) -> None:
        """Let the account's circuit probe at once. Without it, the probe comes at its time."""
        with suppress(Unavailable):
            known = self._breakers.get(channel, account)
            after = renewed(known.breaker, self._clock().timestamp())
            if after != known.breaker:
                self._breakers.save(channel, account, after, known.version)

    def _in_state(self, channel: str, account: str, state: AccountState) -> ChannelAccount:
        def changed(before: ChannelAccount | None) -> ChannelAccount:
            if before is None or before.state is AccountState.REMOVED:
                raise AccountNotFound("The channel has no such account.")
            return replace(before, state=state)

        return self._saved(channel, account, changed)

    def _saved(
        self, channel: str, account: str, change: Callable[[ChannelAccount | None], ChannelAccount]
    ) -> ChannelAccount:
        """Save the account as `change` makes it of what is stored."""
        return saved(self._accounts, channel, lambda present: {account: change(present.get(account))})[
            account
        ]

    @contextmanager
    def _alone(self, channel: str) -> Iterator[None]:
        """Hold the claim on the channel's credentials; raises Unavailable if another request has it."""
        claim_id, now = self._new_id(), self._clock()
        if not self._accounts.claim(channel, claim_id, now, now + CLAIM):
            raise Unavailable("Another request is changing the accounts of the channel.", retry_after=2)
        try:
            yield
        finally:
            self._accounts.release(channel, claim_id)


def _keeping_former(
    secret: ChannelSecret, former: ChannelSecret | None, now: str, until: str
) -> ChannelSecret:
    """Return the credentials with the webhook secret that proves webhooks until then, too."""
    if former is None or until <= now:
        return secret
    if former.webhook_secret == secret.webhook_secret:
        return replace(
            secret, former_webhook_secret=former.former_webhook_secret, former_until=former.former_until
        )
    if not former.webhook_secret:
        return secret
    return replace(secret, former_webhook_secret=former.webhook_secret, former_until=until)
