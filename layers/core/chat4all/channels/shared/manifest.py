"""The manifest of a channel: the facts about it that other code lists. It imports no connector."""

import msgspec

from chat4all.domain.channel import Capabilities, Transfer
from chat4all.domain.status import Status


class SecretField(msgspec.Struct, frozen=True):
    """A field of the channel's secret, and the meaning of its value for an operator."""

    name: str
    meaning: str
    may_be_empty: bool = False


class DemoCustomer(msgspec.Struct, frozen=True):
    """The customer of the channel in the demo.

    `is_shown` tells whether a demo that names no channels has this customer. Each of the `replies_in_group`
    quotes a message; it is 0 for a channel on which people cannot quote.
    """

    name: str
    address: str
    is_shown: bool = True
    replies_in_group: int = 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A channel. Its folder, queue, function and secret have the name that its capabilities give."""

    title: str
    """The channel's name as people write it."""
    base_url: str
    """Scheme and host of the provider's API."""
    capabilities: Capabilities
    secret: tuple[SecretField, ...]
    webhook_setup: str
    """The steps that make the provider call our webhook, as Markdown.

    `$WEBHOOK_URL` stands for the stack's output WebhookUrl.
    """
    webhook_proof: str
    """The header in which the provider proves that a webhook is its own."""
    address_form: str
    """The form of an address: `str.format` inserts a number."""
    demo: DemoCustomer
    accounts: tuple[str, ...] = ("main",)
    """The ids of the channel accounts from the beginning: the first one's credentials are in the secret."""
    batch_size: int = 10
    """The number of deliveries that the channel's function receives at once."""
    memory_mb: int = 512
    """The memory of the channel's function."""
    account_field: str = "account_id"
    """The field of the secret with the provider's id of an account, which is the account's id here, too."""
    webhooks_name_accounts: bool = False
    """Webhooks name the account that they are for."""
    dependent_accounts: str | None = None
    """The beginning of the ids of accounts that work with the credentials of the first account.

    The numbers of a business share its token, and a business connection belongs to a bot. None: the channel
    has no such accounts.
    """
    answers_tell_of_people: bool = False
    """The answer to a send may name the new address of a chat, or tell that the person wants no messages."""

    @property
    def name(self) -> str:
        return self.capabilities.channel

    @property
    def logical_name(self) -> str:
        """Return the beginning of the names of the channel's resources and parameters in the template."""
        return "".join(character for character in self.title if character.isalnum())

    @property
    def uploads(self) -> bool:
        """Return whether we upload files to the provider: then the function and its queue need more time."""
        return any(rule.transfer is Transfer.UPLOAD for rule in self.capabilities.media)

    @property
    def answers_bring_news(self) -> bool:
        """Return whether answers to sends may bring news for `inbound`: of a person, or of a template."""
        return self.answers_tell_of_people or self.capabilities.has_templates

    @property
    def final_status(self) -> Status:
        """Return the last status that a message can reach, by the receipts that the provider sends."""
        if self.capabilities.receipts.read:
            return Status.READ
        return Status.DELIVERED if self.capabilities.receipts.delivered else Status.SENT
