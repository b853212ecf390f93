"""Groups of an agent and customers on one channel, and messages to them."""

import secrets
from collections.abc import Sequence
from typing import Final

from chat4all.channels.registry import manifest_of
from chat4all_local.api_client import ApiClient
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.participants import Conversation, register_customer
from chat4all_local.traffic.quiet import WITHIN_S, queues_of, wait_until_empty
from chat4all_local.traffic.target import CLIENTS, Target, new_line
from chat4all_local.traffic.transcripts import Transcripts, is_taken, wait_until_quiet
from chat4all_local.waiting import wait_while_moving

CHANNEL: Final = "whatsapp"
_NUMBERS: Final = 10**8
_STILL_S: Final = 20.0


class Groups:
    """Groups by the number of their participants. The simulator sends every receipt of their messages."""

    def __init__(self, cloud: Cloud, sizes: Sequence[int]) -> None:
        self._sqs, self._queues = cloud.aws.sqs(), queues_of(cloud)
        self._simulator = Simulator(cloud.simulators[CHANNEL])
        self._target = Target(f"{cloud.api_url}/v1/messages", {"X-API-Key": cloud.api_key})
        api = ApiClient(cloud.api_url, cloud.api_key, connections=CLIENTS)
        self._groups = {size: self._made(api, size) for size in sizes}

    def _made(self, api: ApiClient, participants: int) -> Conversation:
        agent_id = api.create_user("AGENT", "Ada").user_id
        first = secrets.randbelow(_NUMBERS - participants)
        form = manifest_of(CHANNEL).address_form
        customers = [
            register_customer(
                api, self._simulator, CHANNEL, form.format(first + number), f"Customer {number}"
            )
            for number in range(participants - 1)
        ]
        group = api.create_conversation("GROUP", [agent_id, *customers])
        return Conversation(group.conversation_id, agent_id, CHANNEL, "")

    def post(self, participants: int, messages: int) -> int:
        """Post to a group, wait for every receipt, and return the number of deliveries.

        Raises TimeoutError where deliveries are missing.
        """
        deliveries, taken = messages * (participants - 1), 0
        self._simulator.configure(receipts={"sent": True, "delivered": True, "read": True})
        transcripts = Transcripts({CHANNEL: self._simulator})
        transcripts.read()

        def taken_so_far() -> int:
            nonlocal taken
            taken += sum(map(is_taken, transcripts.read()[CHANNEL]))
            return taken

        self._target.post_all([new_line(self._groups[participants]) for _ in range(messages)], clients=1)
        wait_while_moving(
            "every delivery is at the provider",
            taken_so_far,
            lambda found: found >= deliveries,
            still_s=_STILL_S,
        )
        wait_until_quiet({CHANNEL: self._simulator}, WITHIN_S)
        wait_until_empty(self._sqs, self._queues)
        return deliveries

    def close(self) -> None:
        self._simulator.close()
