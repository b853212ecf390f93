"""Who talks: an agent, and a customer for each conversation, on all channels in turn."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from chat4all.channels.registry import manifest_of
from chat4all_local.api_shapes import Identity
from chat4all_local.chaos.machine_room import MachineRoom
from chat4all_local.cloud.settings import CHANNELS

_AT_ONCE: Final = 8


class Talk(msgspec.Struct, frozen=True):
    """One conversation, of the agent with a customer."""

    conversation_id: str
    agent_id: str
    customer_id: str
    channel: str
    address: str


def assemble(room: MachineRoom, conversations: int) -> Sequence[Talk]:
    """Raises ApiError, ApiUnreachable."""
    agent_id = room.api.create_user("AGENT", "Ada").user_id

    def talk(number: int) -> Talk:
        channel = CHANNELS[number % len(CHANNELS)]
        address = manifest_of(channel).address_form.format(number)
        room.simulators[channel].register(address, f"Customer {number}")
        customer = room.api.create_user("CUSTOMER", f"Customer {number}", [Identity(channel, address)])
        made = room.api.create_conversation("1:1", [agent_id, customer.user_id])
        return Talk(made.conversation_id, agent_id, customer.user_id, channel, address)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(talk, range(conversations)))
