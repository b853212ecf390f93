"""The channels' secrets, over Powertools' parameters: held for a minute, so that a rotation takes effect.

The JSON of a secret has the fields of the channel's first account, and `accounts`: the credentials of each
other account by its id, or null for an account that was removed.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.aws import FAILURES, client
from chat4all.domain.errors import Unavailable
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.credentials import ChannelCredentials, without_blanks

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEEP_S: Final = 60


class _Stored(ChannelSecret, frozen=True, omit_defaults=True):
    accounts: dict[str, ChannelSecret | None] = msgspec.field(default_factory=dict)


class ManagedSecrets:
    def __init__(self, secret_id: Callable[[str], str], dependents: Mapping[str, str]) -> None:
        """`secret_id` returns the name or ARN of a channel's secret.

        `dependents` has the beginning of the ids of accounts that work with the first account's credentials.
        """
        self._secret_id = secret_id
        self._dependents = dependents

    def of(self, channel: str, account: str) -> ChannelSecret | SendError:
        return self._of(channel, account, self._read(channel))

    def anew(self, channel: str, account: str) -> ChannelSecret | SendError:
        return self._of(channel, account, self._read(channel, anew=True))

    def every(self, channel: str) -> Mapping[str, ChannelSecret]:
        return self._read(channel).every

    def _of(self, channel: str, account: str, credentials: ChannelCredentials) -> ChannelSecret | SendError:
        return credentials.of(account, self._dependents.get(channel))

    def _read(self, channel: str, *, anew: bool = False) -> ChannelCredentials:
        """Read the secret; raise Unavailable if it cannot be read, or holds no credentials."""
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415

        try:
            text = self._provider.get(self._secret_id(channel), max_age=KEEP_S, force_fetch=anew)
            return _decoded(str(text or ""))
        except (GetParameterError, msgspec.DecodeError) as error:
            raise _unreadable(channel) from error

    @cached_property
    def _provider(self) -> "SecretsProvider":
        # The import loads the whole of boto3, a tenth of a cold start, and many invocations need no secret.
        from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

        return SecretsProvider(boto3_client=client("secretsmanager"))


class WritableSecrets:
    """The secrets of the channels as they are now. A writer must be the only one."""

    def __init__(self, secret_id: Callable[[str], str]) -> None:
        """`secret_id` returns the name or ARN of a channel's secret."""
        self._secret_id = secret_id

    def read(self, channel: str) -> ChannelCredentials:
        try:
            answer = self._client.get_secret_value(SecretId=self._secret_id(channel))
            return _decoded(answer["SecretString"])
        except (*FAILURES, msgspec.DecodeError) as error:
            raise _unreadable(channel) from error

    def write(self, channel: str, credentials: ChannelCredentials) -> None:
        first: dict[str, str] = msgspec.structs.asdict(credentials.first)
        stored = _Stored(**first, accounts=dict(credentials.others))
        text = msgspec.json.encode(stored).decode()
        try:
            self._client.put_secret_value(SecretId=self._secret_id(channel), SecretString=text)
        except FAILURES as error:
            raise Unavailable(
                f"The secret of {channel} could not be written; try again.", retry_after=5
            ) from error

    @cached_property
    def _client(self) -> "SecretsManagerClient":
        return client("secretsmanager")


def _decoded(text: str) -> ChannelCredentials:
    """Read a secret's text; raise msgspec.DecodeError."""
    stored = msgspec.json.decode(text, type=_Stored)
    others = {
        account: None if secret is None else without_blanks(secret)
        for account, secret in stored.accounts.items()
    }
    fields = {name: getattr(stored, name) for name in ChannelSecret.__struct_fields__}
    return ChannelCredentials(without_blanks(ChannelSecret(**fields)), others)


def _unreadable(channel: str) -> Unavailable:
    return Unavailable(
        f"The secret of {channel} cannot be read; check its value, and try again.", retry_after=5
    )
