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
    sender: str = ""
    """Our number, where a request to send names it."""
    webhook_url: str = ""
    """Where the provider calls us, where a request to send or a signature names it."""


class WebhookRequest(msgspec.Struct, frozen=True):
    """A webhook as the provider sent it: `url` is the whole address that it called, `headers` have lower-case names."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> str:
        """The query string of the address, without `?`."""
        return self.url.partition("?")[2]


class WebhookAnswer(msgspec.Struct, frozen=True):
    """What a provider reads as the answer to a webhook that was taken."""

    content_type: str
    body: str


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

    @property
    def webhook_answer(self) -> WebhookAnswer | None:
        """The answer to a webhook that was taken, where the provider reads it."""
        ...

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        """Return whether the webhook is the provider's."""
        ...

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """The answer to a subscription's GET, or None where it is refused or not the provider's way."""
        ...

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> list[InboundEvent]:
        """The events of a verified webhook, in its order; raises Invalid for what is no webhook.

        `query` is the query string of the address that the provider called.

        Events that concern no person and no message of ours (echoes, other accounts, account news)
        yield nothing; the raw webhook is kept all the same.
        """
        ...
