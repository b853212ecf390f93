"""The two sides that are compared: where each takes its POSTs, and how it is seen that a message came through."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

import msgspec

from chat4all_local.api_client import ApiClient
from chat4all_local.api_shapes import Identity
from chat4all_local.bench.pipeline.bare.stack import BareStack
from chat4all_local.bench.pipeline.channels import by_channel
from chat4all_local.bench.pipeline.load import CLIENTS, Target, message_id_in
from chat4all_local.bench.pipeline.paused import paused
from chat4all_local.bench.pipeline.quiet import wait_until, wait_until_empty
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord

CONVERSATIONS: Final = by_channel(conversations=64, messages_per_s=160)
"""How many of the conversations go to each channel, by what the providers allow: Telegram gets its 30 a second."""


class Arrivals(msgspec.Struct, frozen=True):
    """When each message was at the end of the path, in epoch seconds, by its id; what came more than once."""

    at: Mapping[str, float]
    repeated: int = 0
    refused: int = 0


class Side(Protocol):
    @property
    def target(self) -> Target: ...

    @property
    def conversation_ids(self) -> Sequence[str]: ...

    @property
    def sender_id(self) -> str: ...

    def drain_paused(self) -> AbstractContextManager[None]:
        """Within it, messages stay where they were accepted: the first function behind takes none."""
        ...

    def arrivals(self, message_ids: Collection[str]) -> Arrivals:
        """Waits until all have arrived; raises CloudError if they do not."""
        ...

    def settle(self) -> None:
        """Waits until nothing is being done any more; raises CloudError."""
        ...


class BareSide:
    def __init__(self, cloud: Cloud, stack: BareStack) -> None:
        self._sqs, self._dynamodb = cloud.aws.sqs(), cloud.aws.dynamodb()
        self._functions = cloud.aws.functions()
        self._stack = stack
        self.target = Target(stack.url, {"X-API-Key": cloud.api_key})
        self.conversation_ids = [f"conversation-{number:024}" for number in range(total_conversations())]
        self.sender_id = "00000000-0000-4000-8000-000000000000"

    def drain_paused(self) -> AbstractContextManager[None]:
        return paused(self._functions, self._stack.router)

    def arrivals(self, message_ids: Collection[str]) -> Arrivals:
        self.settle()
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._stack.table)
        items = [item for page in pages for item in page["Items"] if item["message_id"]["S"] in message_ids]
        return Arrivals({item["message_id"]["S"]: float(item["consumed_at"]["N"]) for item in items})

    def settle(self) -> None:
        wait_until_empty(self._sqs, self._stack.queues)


class ProductSide:
    """An agent who talks to customers, each on one channel: `conversations` says how many on which.

    The simulators send no receipts until they are told to.
    """

    def __init__(self, cloud: Cloud, conversations: Mapping[str, int] = CONVERSATIONS) -> None:
        self._sqs, self._functions = cloud.aws.sqs(), cloud.aws.functions()
        self._router = f"{cloud.stack}-router"
        self._queues = _queues(cloud)
        self._simulators = {channel: Simulator(url) for channel, url in cloud.simulators.items()}
        self._seen = dict.fromkeys(self._simulators, 0)
        self.target = Target(f"{cloud.api_url}/v1/messages", {"X-API-Key": cloud.api_key})
        api = ApiClient(cloud.api_url, cloud.api_key, connections=CLIENTS)
        self.sender_id = api.create_user("AGENT", "Benchmark").user_id
        self.conversation_ids = [
            self._conversation(api, channel, number)
            for channel, count in conversations.items()
            for number in range(count)
        ]
        self.send_receipts(wanted=False)

    def send_receipts(self, *, wanted: bool) -> None:
        for simulator in self._simulators.values():
            simulator.configure(receipts={"sent": wanted, "delivered": wanted, "read": wanted})

    def drain_paused(self) -> AbstractContextManager[None]:
        return paused(self._functions, self._router)

    def arrivals(self, message_ids: Collection[str]) -> Arrivals:
        missing = set(message_ids)
        records: list[SendRecord] = []

        def all_there() -> bool:
            new = self._new_records()
            records.extend(new)
            missing.difference_update(message_id_in(one.text or "") for one in new if _accepted(one))
            return not missing

        wait_until("every message is at its provider", all_there)
        return arrivals_in(records)

    def settle(self) -> None:
        wait_until_empty(self._sqs, self._queues)
        wait_until("every receipt is taken", lambda: not self._receipts_pending())
        wait_until_empty(self._sqs, self._queues)

    def close(self) -> None:
        for simulator in self._simulators.values():
            simulator.close()

    def _conversation(self, api: ApiClient, channel: str, number: int) -> str:
        address = _address()
        self._simulators[channel].register(address, f"Customer {number}")
        customer = api.create_user("CUSTOMER", f"Customer {number}", [Identity(channel, address)])
        return api.create_conversation("1:1", [self.sender_id, customer.user_id]).conversation_id

    def _new_records(self) -> list[SendRecord]:
        found: list[SendRecord] = []
        for channel, simulator in self._simulators.items():
            transcript = simulator.transcript(self._seen[channel])
            self._seen[channel] = transcript.last
            found += transcript.requests
        return found

    def _receipts_pending(self) -> int:
        return sum(simulator.health().webhooks_pending for simulator in self._simulators.values())


def _address() -> str:
    """One that every channel takes: a mobile number in Brazil, and the digits of an id elsewhere."""
    return f"55119{90_000_000 + secrets.randbelow(10_000_000)}"


def total_conversations() -> int:
    return sum(CONVERSATIONS.values())


def arrivals_in(records: Sequence[SendRecord]) -> Arrivals:
    """What the providers' transcripts say; `refused` counts the requests that they did not accept."""
    at: dict[str, float] = {}
    accepted = [record for record in records if _accepted(record)]
    for record in accepted:
        at.setdefault(message_id_in(record.text or ""), record.at)
    return Arrivals(at, repeated=len(accepted) - len(at), refused=len(records) - len(accepted))


def _accepted(record: SendRecord) -> bool:
    return record.provider_message_id is not None


def _queues(cloud: Cloud) -> list[str]:
    urls = cloud.aws.sqs().list_queues(QueueNamePrefix=f"{cloud.stack}-").get("QueueUrls", [])
    return [url for url in urls if not url.endswith("-dlq.fifo")]
