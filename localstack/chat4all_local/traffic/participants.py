"""The participants: agents, and customers on every channel."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Final

import msgspec

from chat4all.channels.registry import manifest_of, manifests, names
from chat4all.domain.clock import iso
from chat4all.domain.status import Status
from chat4all.entrypoints.http.users import PostIdentity
from chat4all_local.api_client import ApiClient
from chat4all_local.simulators.client import Simulator

AGENT: Final = "agent"
AGENT_NAME: Final = "Clara"
_NUMBERS: Final = 10**8
_AT_ONCE: Final = 8


class Customer(msgspec.Struct, frozen=True):
    """A customer with a name. The demo has at most one on each channel, and uses the channel as their key.

    `final_status` is the last status of a message to them. It depends on the receipts of their provider.
    """

    channel: str
    title: str
    address: str
    name: str
    final_status: Status
    replies_in_group: int


BY_CHANNEL: Final = {
    channel.name: Customer(
        channel.name,
        channel.title,
        channel.demo.address,
        channel.demo.name,
        channel.final_status,
        channel.demo.replies_in_group,
    )
    for channel in manifests()
}
"""The named customer of every registered channel."""
SHOWN: Final = tuple(channel.name for channel in manifests() if channel.demo.is_shown)
"""The default channels of a demo."""
GROUP: Final = "group"


class Conversation(msgspec.Struct, frozen=True):
    """A 1:1 conversation of an agent with the customer who has `address` on `channel`."""

    conversation_id: str
    agent_id: str
    channel: str
    address: str


def register_customer(api: ApiClient, simulator: Simulator, channel: str, address: str, name: str) -> str:
    """Register a customer who has just written at their provider and in the directory; return the user id.

    Raises ApiError, ApiUnreachable.
    """
    simulator.register(address, name)
    return api.create_user(
        "CUSTOMER", name, [PostIdentity(channel, address, wrote_at=iso(datetime.now(UTC)))]
    ).user_id


def channels_in_turn(count: int) -> list[str]:
    """Return `count` channels: all channels in turn, repeatedly."""
    return list(islice(cycle(names()), count))


def start_conversations(
    api: ApiClient, simulators: Mapping[str, Simulator], channels: Sequence[str]
) -> list[Conversation]:
    """Start a conversation of one new agent with a new customer on each of `channels`, which may repeat.

    Raises ApiError, ApiUnreachable.
    """
    agent_id = api.create_user("AGENT", "Ada").user_id
    first = secrets.randbelow(_NUMBERS - len(channels))

    def start(number: int, channel: str) -> Conversation:
        address = manifest_of(channel).address_form.format(first + number)
        customer_id = register_customer(api, simulators[channel], channel, address, f"Customer {number}")
        made = api.create_conversation("1:1", [agent_id, customer_id])
        return Conversation(made.conversation_id, agent_id, channel, address)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(start, range(len(channels)), channels))
