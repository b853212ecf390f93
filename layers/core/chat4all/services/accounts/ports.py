"""The ports of the use cases of the channel accounts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from chat4all.domain.account import ChannelAccount, KnownAccounts
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import ChannelSecret, Proof
from chat4all.services.messaging.credentials import ChannelCredentials


class CredentialForm(msgspec.Struct, frozen=True):
    """The fields of the credentials of a channel's accounts; `account_field` has the provider's id."""

    fields: tuple[str, ...]
    account_field: str
    may_be_empty: tuple[str, ...] = ()


class Accounts(Protocol):
    """The accounts of the channels, without their credentials. Each method raises Unavailable."""

    def read(self, channel: str) -> KnownAccounts: ...

    def save(self, channel: str, accounts: Mapping[str, ChannelAccount], version: int) -> bool:
        """Save the accounts as `version` + 1; return False if what is stored is no longer at `version`."""
        ...

    def claim(self, channel: str, claim_id: str, now: datetime, until: datetime) -> bool:
        """Claim the writing of the channel's credentials; return False if another request has the claim."""
        ...

    def release(self, channel: str, claim_id: str) -> None:
        """Give the claim back, if it is still this one."""
        ...


class WritableCredentials(Protocol):
    """The credentials of the channels as they are now. Each method raises Unavailable."""

    def read(self, channel: str) -> ChannelCredentials: ...

    def write(self, channel: str, credentials: ChannelCredentials) -> None:
        """Replace the credentials. Only the request that has the claim may write."""
        ...


class Proves(Protocol):
    """The part of a connector that proves credentials."""

    def prove(self, secret: ChannelSecret) -> Proof | SendError: ...
