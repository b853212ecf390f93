"""Who is in the play: an agent, and a customer on each channel."""

from typing import Final

import msgspec

from chat4all.channels.registry import manifests

AGENT: Final = "agent"
AGENT_NAME: Final = "Clara"


class Customer(msgspec.Struct, frozen=True):
    """There is one on each channel, so that the channel's name is theirs in the script.

    `final_status` is how far a message to them comes at best: Telegram tells nothing after it took one.
    """

    channel: str
    title: str
    address: str
    name: str
    final_status: str

    @property
    def sends_receipts(self) -> bool:
        return self.final_status == "READ"


CUSTOMERS: Final = tuple(
    Customer(channel.name, channel.title, channel.demo.address, channel.demo.name, channel.final_status)
    for channel in manifests()
    if channel.demo.is_shown
)
BY_CHANNEL: Final = {customer.channel: customer for customer in CUSTOMERS}
CHANNELS: Final = tuple(BY_CHANNEL)
GROUP: Final = "group"
CONVERSATIONS: Final = (*CHANNELS, GROUP)
"""A 1:1 conversation with each customer, called by the channel, and one with all of them."""
