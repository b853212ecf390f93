"""The channels' secrets, over Powertools' parameters: held for a minute, so that a rotation takes effect."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.aws import client
from chat4all.domain.errors import Unavailable
from chat4all.services.messaging.connector import ChannelSecret

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

KEEP_S: Final = 60


class ManagedSecrets:
    def __init__(self, secret_ids: Mapping[str, str]) -> None:
        """`secret_ids` maps each channel to its secret's name or ARN."""
        self._secret_ids = secret_ids
        self._refused: set[str] = set()

    def channel(self, channel: str) -> ChannelSecret:
        """Return the channel's secret; raise Unavailable if it cannot be read, or is not a ChannelSecret."""
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415

        anew = channel in self._refused
        try:
            text = self._provider.get(self._secret_ids[channel], max_age=KEEP_S, force_fetch=anew)
            self._refused.discard(channel)
            return _without_blanks(msgspec.json.decode(str(text or ""), type=ChannelSecret))
        except (GetParameterError, msgspec.DecodeError) as error:
            raise Unavailable(
                f"The secret of {channel} cannot be read; check its value, and try again.", retry_after=5
            ) from error

    def forget(self, channel: str) -> None:
        self._refused.add(channel)

    @cached_property
    def _provider(self) -> "SecretsProvider":
        # The import loads the whole of boto3, a tenth of a cold start, and many invocations need no secret.
        from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

        return SecretsProvider(boto3_client=client("secretsmanager"))


def _without_blanks(secret: ChannelSecret) -> ChannelSecret:
    """Strip blanks around each value: a pasted token often has a line end, and requests with it fail."""
    fields: dict[str, str] = msgspec.structs.asdict(secret)
    return ChannelSecret(**{name: text.strip() for name, text in fields.items()})
