"""The set-up of the demo: customers at their providers, then users and conversations in the API."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all_local.api_client import ApiClient
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.participants import AGENT, AGENT_NAME, BY_CHANNEL, GROUP, register_customer

WEBHOOKS_AT_ONCE: Final = 1
"""Webhook calls that each provider makes concurrently. More would be no faster: for each, the cloud starts
another process of the `webhooks` function."""


class Stage(msgspec.Struct, frozen=True):
    """The ids of users, by AGENT and channel, and of conversations, by channel and GROUP."""

    users: Mapping[str, str]
    conversations: Mapping[str, str]


def set_up(api: ApiClient, simulators: Mapping[str, Simulator]) -> Stage:
    """Register a customer at each of `simulators`, by channel. Raises ApiError, ApiUnreachable."""
    for simulator in simulators.values():
        simulator.configure(webhooks_in_flight=WEBHOOKS_AT_ONCE)
    users = {AGENT: api.create_user("AGENT", AGENT_NAME).user_id}
    for channel, simulator in simulators.items():
        customer = BY_CHANNEL[channel]
        users[channel] = register_customer(api, simulator, channel, customer.address, customer.name)
    conversations = {
        channel: api.create_conversation("1:1", [users[AGENT], users[channel]]).conversation_id
        for channel in simulators
    }
    everybody = list(users.values())
    conversations[GROUP] = api.create_conversation("GROUP", everybody, title="Everybody").conversation_id
    return Stage(users, conversations)
