"""Samples of each provider's webhooks, proofs and answers, in a module with the channel's name.

A test of every channel calls `sample` for each channel's module. A new channel adds its own module.
"""

from importlib import import_module
from typing import Any, Protocol, cast

from chat4all.services.messaging.connector import ChannelSecret


class Sample(Protocol):
    """A module of this package."""

    @property
    def ACCOUNT_ID(self) -> str:  # noqa: N802 - a constant of the module
        """The id of our account, which webhooks name."""
        ...

    @property
    def PHOTO_KIND(self) -> str:  # noqa: N802 - a constant of the module
        """The provider's word for a photo."""
        ...

    @property
    def NAMES_PEOPLE(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether a webhook names the person who writes."""
        ...

    @property
    def EDITS(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether people can edit what they wrote."""
        ...

    @property
    def QUOTES(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether people can quote what they received."""
        ...

    @property
    def SIGNS(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether the proof is a signature over the webhook, so that a changed byte breaks it."""
        ...

    @property
    def BLOCKED_CODE(self) -> str:  # noqa: N802 - a constant of the module
        """The provider's error code if the person has blocked our account."""
        ...

    def new_address(self) -> str:
        """Make an address that no other test has."""
        ...

    def text_webhook(self, text: str) -> bytes:
        """Build the webhook of a text with a new id, which a person sends to ACCOUNT_ID."""
        ...

    def encoded(self, webhook: Any) -> bytes:  # noqa: ANN401 - JSON
        """Encode the fields of a webhook as the provider does."""
        ...

    def photo_webhook(self, address: str, file_id: str, provider_url: str) -> bytes:
        """Build the webhook of a photo, which the provider at `provider_url` serves by `file_id`."""
        ...

    def proof(self, secret: ChannelSecret, body: bytes) -> dict[str, str]:
        """Build the header that proves that the webhook comes from the provider."""
        ...

    def is_sent_here(self, path: str, body: dict[str, object]) -> bool:
        """Return whether a request to send is for this channel."""
        ...

    def read_text(self, body: dict[str, object]) -> tuple[str, str] | None:
        """Read the address and the text of a request to send; None unless it sends a text of this channel."""
        ...

    def accepted(self, body: dict[str, object], number: int) -> object:
        """Build the provider's answer to its `number`-th request to send."""
        ...


def sample(channel: str) -> Sample:
    return cast("Sample", import_module(f"{__name__}.{channel}"))
