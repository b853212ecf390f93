"""The port that a channel implements: everything that the core needs from a provider, and nothing more."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from chat4all.domain.acts import Done, ProviderAct
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import ProviderFile
from chat4all.domain.events import ParsedWebhook
from chat4all.domain.sending import SendError, Sent, Submission


class ChannelSecret(msgspec.Struct, frozen=True):
    """The credentials of a channel account, as JSON in the channel's secret.

    The manifest of a channel lists the fields that its accounts have, and what an operator writes into each.
    """

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""
    sender: str = ""
    """Our number, where a request to send names it."""
    webhook_url: str = ""
    """Where the provider calls us, where a request to send or a signature names it."""
    former_webhook_secret: str = ""
    """The webhook secret before the last rotation, which proves webhooks until `former_until`."""
    former_until: str = ""
    """ISO 8601 UTC."""
    business_account_id: str = ""
    """The provider's id of the account that has the templates, where that is another than `account_id`."""


class WebhookRequest(msgspec.Struct, frozen=True):
    """A webhook as the provider sent it: `url` is the full address, `headers` have lower-case names."""

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
    """The provider did not give the file.

    `is_final`: it never will give it. `reason` is a sentence for the agent.
    """

    def __init__(self, code: str, reason: str, *, is_final: bool) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.is_final = is_final


class Proof(msgspec.Struct, frozen=True):
    """What the provider says of an account whose credentials it accepts.

    `account_id` is the provider's id of the account that the credentials give access to, which may be another
    account than theirs. `token_expires_at` is in ISO 8601 UTC; None: never, or the provider does not say.
    """

    account_id: str
    name: str | None = None
    quality: str | None = None
    token_expires_at: str | None = None
    number: str | None = None
    """The digits of the number, by which the provider's reports name it."""


class Fetching(msgspec.Struct, frozen=True):
    """A file that is being read from its provider.

    `pieces` must be read once, to their end; reading may raise FetchFailed. `size` is in bytes, if the
    provider gives it.
    """

    pieces: Iterator[bytes]
    content_type: str | None = None
    size: int | None = None


class Connector(Protocol):
    """One channel. It is stateless: the secret comes with each call, so a rotated secret is used at once."""

    @property
    def capabilities(self) -> Capabilities: ...

    def canonical_address(self, address: str) -> str:
        """Return the spelling under which the directory stores an address; raises Invalid for no address."""
        ...

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        """Make one HTTP request to the provider. A failure of the provider or the network is never raised."""
        ...

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        """Ask the provider for the account of the credentials. A failure is never raised.

        The outcome of an error is RETRY or THROTTLED if the provider did not judge the credentials.
        """
        ...

    def act(self, act: ProviderAct, secret: ChannelSecret) -> Done | SendError:
        """Carry out an act that the channel's capabilities have, by one HTTP request.

        An act that the provider finds carried out already is done: the same act may come again.
        """
        ...

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        """Begin to read a person's file from the provider."""
        ...

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        """Return the answer to an accepted webhook, if the provider reads one."""
        ...

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        """Return whether the webhook came from the provider."""
        ...

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        """Return the answer to a subscription's GET; None if it is refused or the provider sends none."""
        ...

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        """Return the events of a verified webhook, and the kinds of its parts that lead to none.

        `query` is the query string of the address that the provider called. Nothing is lost in silence: each
        part leads to an event or counts as ignored.

        Raises:
            Invalid: the body is no webhook of the provider.
        """
        ...
