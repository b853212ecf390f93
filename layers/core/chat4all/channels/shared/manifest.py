"""What a channel says of itself: everything that others list of it. It is data, and imports no connector."""

import msgspec

from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.status import Status


class SecretField(msgspec.Struct, frozen=True):
    """A field of the channel's secret, and what an operator writes into it."""

    name: str
    meaning: str


class DemoCustomer(msgspec.Struct, frozen=True):
    """The customer of the channel in the demo.

    `is_shown` tells whether a demo that names no channels has this customer. Each of the `replies_in_group`
    quotes a message: 0 where the channel's people cannot quote.
    """

    name: str
    address: str
    is_shown: bool = True
    replies_in_group: int = 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A channel. Its folder, queue, function and secret have the name that its capabilities give."""

    title: str
    """How people write the channel's name."""
    base_url: str
    """Scheme and host of the provider's API."""
    capabilities: Capabilities
    secret: tuple[SecretField, ...]
    webhook_setup: str
    """How an operator makes the provider call us: Markdown, where `$URL` is the API's address."""
    webhook_proof: str
    """The header in which the provider proves that a webhook is its own."""
    address_form: str
    """The pattern of an address: `str.format` puts a number into it."""
    demo: DemoCustomer
    accounts: tuple[str, ...] = ("main",)
    """The provider's ids of our channel accounts (numbers, bots or pages); the first is the default."""
    batch_size: int = 10
    """Deliveries that the channel's function takes at once."""
    memory_mb: int = 512
    """Memory of the channel's function."""

    @property
    def name(self) -> str:
        return self.capabilities.channel

    @property
    def logical_name(self) -> str:
        """How the names of the channel's resources and parameters begin in the template."""
        return "".join(character for character in self.title if character.isalnum())

    @property
    def uploads(self) -> bool:
        """Whether files are uploaded to the provider: the function and its queue need more time for that."""
        return any(rule.transfer is Transfer.UPLOAD for rule in self.capabilities.media)

    @property
    def final_status(self) -> Status:
        """How far the status of a message comes at best, by the receipts that the provider sends."""
        if self.capabilities.receipts.read:
            return Status.READ
        return Status.DELIVERED if self.capabilities.receipts.delivered else Status.SENT
