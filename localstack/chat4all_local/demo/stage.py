"""Sets the stage: the customers at their providers, then users and conversations through the API."""

from collections.abc import Mapping
from typing import Final

import msgspec

from chat4all_local.api_client import ApiClient
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.participants import AGENT, AGENT_NAME, CUSTOMERS, GROUP, SHOWN, register_customer

WEBHOOKS_AT_ONCE: Final = 1
"""Of each provider. More would go no faster here: each lets the cloud start another copy of the `webhooks` function."""


class Stage(msgspec.Struct, frozen=True):
    """Ids: `users` by AGENT and channel, `conversations` by channel and GROUP."""

    users: Mapping[str, str]
    conversations: Mapping[str, str]


def set_up(api: ApiClient, simulators: Mapping[str, Simulator]) -> Stage:
    """Raises ApiError, ApiUnreachable."""
    for customer in CUSTOMERS:
        simulators[customer.channel].configure(webhooks_in_flight=WEBHOOKS_AT_ONCE)
    users = {AGENT: api.create_user("AGENT", AGENT_NAME).user_id}
    for customer in CUSTOMERS:
        channel = customer.channel
        users[channel] = register_customer(api, simulators[channel], channel, customer.address, customer.name)
    conversations = {
        channel: api.create_conversation("1:1", [users[AGENT], users[channel]]).conversation_id
        for channel in SHOWN
    }
    everybody = [users[AGENT], *(users[channel] for channel in SHOWN)]
    conversations[GROUP] = api.create_conversation("GROUP", everybody, title="Everybody").conversation_id
    return Stage(users, conversations)
