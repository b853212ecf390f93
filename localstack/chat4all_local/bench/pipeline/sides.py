"""The two sides of the comparison: where each takes its POSTs, and how arrivals are detected."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Final, Protocol

from chat4all_local.api_client import ApiClient
from chat4all_local.bench.pipeline.bare.stack import BareStack
from chat4all_local.bench.pipeline.channels import by_channel
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.ledger import Arrivals, arrivals
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation, start_conversations
from chat4all_local.traffic.paused import paused
from chat4all_local.traffic.quiet import WITHIN_S, queues_of, wait_until_empty
from chat4all_local.traffic.target import CLIENTS, Target
from chat4all_local.traffic.transcripts import Transcripts, wait_until_quiet
from chat4all_local.waiting import wait_until

_NOBODY: Final = "00000000-0000-4000-8000-000000000000"
CONVERSATIONS: Final = by_channel(conversations=64, messages_per_s=160)
"""The number of conversations per channel, within the providers' limits.

Telegram gets 30 messages a second.
"""


class Side(Protocol):
    @property
    def target(self) -> Target: ...

    @property
    def conversations(self) -> Sequence[Conversation]: ...

    def drain_paused(self) -> AbstractContextManager[None]:
        """Pause the function that reads the accepted messages until the block ends."""
        ...

    def arrivals(self, posted: Sequence[Posted]) -> Arrivals:
        """Wait until all messages have arrived. Raises TimeoutError."""
        ...

    def settle(self) -> None:
        """Wait until the side has no work left. Raises TimeoutError."""
        ...


class BareSide:
    def __init__(self, cloud: Cloud, stack: BareStack) -> None:
        self._sqs, self._dynamodb = cloud.aws.sqs(), cloud.aws.dynamodb()
        self._functions = cloud.aws.functions()
        self._stack = stack
        self.target = Target(stack.url, {"X-API-Key": cloud.api_key})
        self.conversations = [
            Conversation(f"conversation-{number:024}", _NOBODY, "", "")
            for number in range(total_conversations())
        ]

    def drain_paused(self) -> AbstractContextManager[None]:
        return paused(self._functions, self._stack.router)

    def arrivals(self, posted: Sequence[Posted]) -> Arrivals:
        self.settle()
        message_ids = {message.message_id for message in posted}
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._stack.table)
        items = [item for page in pages for item in page["Items"] if item["message_id"]["S"] in message_ids]
        return Arrivals({item["message_id"]["S"]: float(item["consumed_at"]["N"]) for item in items})

    def settle(self) -> None:
        wait_until_empty(self._sqs, self._stack.queues)


class ProductSide:
    """An agent who talks to customers on several channels; `conversations` maps channels to numbers.

    The simulators send no receipts until `send_receipts` asks for them.
    """

    def __init__(self, cloud: Cloud, conversations: Mapping[str, int] = CONVERSATIONS) -> None:
        self._sqs, self._functions = cloud.aws.sqs(), cloud.aws.functions()
        self._router = f"{cloud.stack}-router"
        self._queues = queues_of(cloud)
        self._simulators = {channel: Simulator(url) for channel, url in cloud.simulators.items()}
        self._transcripts = Transcripts(self._simulators)
        self.target = Target(f"{cloud.api_url}/v1/messages", {"X-API-Key": cloud.api_key})
        api = ApiClient(cloud.api_url, cloud.api_key, connections=CLIENTS)
        channels = [channel for channel, count in conversations.items() for _ in range(count)]
        self.conversations = start_conversations(api, self._simulators, channels)
        self.send_receipts(wanted=False)

    def send_receipts(self, *, wanted: bool) -> None:
        for simulator in self._simulators.values():
            simulator.configure(receipts={"sent": wanted, "delivered": wanted, "read": wanted})

    def drain_paused(self) -> AbstractContextManager[None]:
        return paused(self._functions, self._router)

    def arrivals(self, posted: Sequence[Posted]) -> Arrivals:
        sends: list[SendRecord] = []

        def found() -> Arrivals | None:
            sends.extend(chain.from_iterable(self._transcripts.read().values()))
            observed = arrivals(posted, sends)
            return observed if len(observed.at) == len(posted) else None

        return wait_until("every message is at its provider", found, within_s=WITHIN_S)

    def settle(self) -> None:
        wait_until_empty(self._sqs, self._queues)
        wait_until_quiet(self._simulators, WITHIN_S)
        wait_until_empty(self._sqs, self._queues)

    def close(self) -> None:
        for simulator in self._simulators.values():
            simulator.close()


def total_conversations() -> int:
    return sum(CONVERSATIONS.values())
