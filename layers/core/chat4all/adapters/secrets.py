"""The channels' secrets, through Powertools' parameters: kept for a minute, so that a rotation is seen."""

from collections.abc import Mapping
from typing import Final

import msgspec
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from chat4all.domain.errors import Unavailable
from chat4all.services.connector import ChannelSecret

KEEP_S: Final = 60


class ManagedSecrets:
    def __init__(self, secret_ids: Mapping[str, str]) -> None:
        """`secret_ids` maps each channel to its secret's name or ARN."""
        self._secret_ids = secret_ids
        self._provider: SecretsProvider | None = None

    def channel(self, channel: str) -> ChannelSecret:
        """Raises Unavailable if the secret cannot be read, or is no ChannelSecret."""
        self._provider = self._provider or SecretsProvider()
        try:
            text = self._provider.get(self._secret_ids[channel], max_age=KEEP_S)
            return msgspec.json.decode(str(text or ""), type=ChannelSecret)
        except (GetParameterError, msgspec.DecodeError) as error:
            raise Unavailable(f"The secret of {channel} cannot be read.", retry_after=5) from error
