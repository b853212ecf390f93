"""The port that a channel implements: everything the core needs of a provider, and nothing more."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import InboundEvent
from chat4all.domain.sending import SendError, Sent, Submission


class ChannelSecret(msgspec.Struct, frozen=True):
    """The credentials of one channel, as JSON in Secrets Manager under `<stack>/<channel>`.

    The manifest of a channel lists the fields that its secret has, and what an operator writes into each.
    """

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""


class FetchFailed(Exception):
    """The provider did not give the file. `is_final`: it never will. `reason` is a sentence for the agent."""

    def __init__(self, code: str, reason: str, *, is_final: bool) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.is_final = is_final


class Fetching(msgspec.Struct, frozen=True):
    """`pieces` are to be read once, to their end; reading may raise FetchFailed. `size` in bytes, where it is said."""

    pieces: Iterator[bytes]
    content_type: str | None = None
    size: int | None = None


class Connector(Protocol):
    """One channel. Stateless: the secret comes with each call, so that a rotated one is used at once."""

    @property
    def capabilities(self) -> Capabilities: ...

    def canonical_address(self, address: str) -> str:
        """The one spelling by which a person is keyed; raises Invalid for what can be no address."""
        ...

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        """One HTTP request to the provider. Never raises for what the provider or network does."""
        ...

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Begin to read a person's file from the provider."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, secret: ChannelSecret) -> bool:
        """Whether the webhook is the provider's. `headers` have lower-case names; `body` is raw."""
        ...

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """The answer to a subscription's GET, or None where it is refused or not the provider's way."""
        ...

    def parse_webhook(self, body: bytes, secret: ChannelSecret) -> list[InboundEvent]:
        """The events of a verified webhook, in its order; raises Invalid for what is no webhook.

        Events that concern no person and no message of ours (echoes, other accounts, account news)
        yield nothing; the raw webhook is kept all the same.
        """
        ...
