"""The running cloud as a test uses it: its own customers, their messages, the providers' transcripts."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

import msgspec

from chat4all.channels.registry import manifest_of, manifests, names
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import SettingsChanges, Simulator
from chat4all_local.simulators.control_api import SendRecord
from tests.e2e.api import Api, read
from tests.e2e.shapes import Message, Progress, User
from tests.e2e.waiting import eventually

CHANNELS = names()
LAST_STATUS = {channel.name: str(channel.final_status) for channel in manifests()}
"""The last status of a channel's messages. Telegram reports neither deliveries nor reads."""

_QUEUES = ("inbound", "files", "chat-events", *CHANNELS, "status-updates")
"""The queues in the order in which messages move. Work that has left a queue is in a later queue, or done."""
_NUMBERS = count(100)  # the recorded events have the first numbers
"""Numbers that several stages on a cloud share."""


@dataclass(frozen=True)
class Customer:
    user_id: str
    name: str
    channel: str
    address: str


@dataclass(frozen=True)
class Talk:
    """A conversation and its agent."""

    conversation_id: str
    agent_id: str


class Stage:
    def __init__(self, cloud: Cloud, api: Api, simulators: Mapping[str, Simulator]) -> None:
        self.cloud = cloud
        self.api = api
        self.simulators = simulators
        self._sqs = cloud.aws.sqs()
        self._functions = cloud.aws.functions()

    def new_address(self, channel: str) -> str:
        return manifest_of(channel).address_form.format(next(_NUMBERS))

    def customer(self, channel: str, name: str = "Ana", *, blocked: bool = False) -> Customer:
        """Make a customer through the API, which also registers them with the provider.

        `blocked` customers block us.
        """
        address = self.new_address(channel)
        if blocked:
            self.simulators[channel].register(address, name, blocked=True)
        user = self.api.create_user("CUSTOMER", name, [{"channel": channel, "address": address}])
        return Customer(user.user_id, name, channel, address)

    def agent(self) -> str:
        return self.api.create_user("AGENT", "Ada", []).user_id

    def talk(self, customer: Customer) -> Talk:
        """Start a conversation of `customer` with an agent of its own."""
        agent_id = self.agent()
        conversation = self.api.create_conversation("1:1", [agent_id, customer.user_id])
        return Talk(conversation.conversation_id, agent_id)

    def group(self, *customers: Customer) -> Talk:
        agent_id = self.agent()
        members = [agent_id, *(customer.user_id for customer in customers)]
        return Talk(self.api.create_conversation("GROUP", members).conversation_id, agent_id)

    def say(self, talk: Talk, text: str, **more: str) -> str:
        """Send `text` from the agent, and return the message's id."""
        return self.api.send(message_body(talk, text, **more)).message_id

    def reaches(self, message_id: str, *statuses: str) -> Progress:
        return eventually(lambda: self.api.progress(message_id), lambda seen: seen.current_status in statuses)

    def history(self, talk: Talk) -> list[Message]:
        """Return the whole history, newest first."""
        page = self.api.history_page(talk.conversation_id, limit="100")
        messages = list(page.messages)
        while page.next_cursor is not None:
            page = self.api.history_page(talk.conversation_id, limit="100", cursor=page.next_cursor)
            messages += page.messages
        return messages

    def requests(self, customer: Customer) -> list[SendRecord]:
        """Return every request to send to this customer, in the order of arrival."""
        transcript = self.simulators[customer.channel].transcript()
        return [simulator for simulator in transcript.requests if simulator.address == customer.address]

    def accepted(self, customer: Customer) -> list[SendRecord]:
        """Return the requests that the provider accepted: the messages that the customer reads."""
        return [
            simulator for simulator in self.requests(customer) if simulator.provider_message_id is not None
        ]

    def texts(self, customer: Customer) -> list[str | None]:
        return [simulator.text for simulator in self.accepted(customer)]

    def resolve(self, channel: str, address: str) -> str:
        """Return the id of the user behind an address."""
        found = self.api.call("GET", "/identities/resolve", query={"channel": channel, "address": address})
        return read(found, User).user_id

    def webhooks_bucket(self) -> str:
        """The bucket for webhooks that are too large for a table."""
        name = f"{self.cloud.stack}-webhooks"
        configured = self._functions.get_function_configuration(FunctionName=name)
        return configured["Environment"]["Variables"]["WEBHOOKS_BUCKET"]

    def files_bucket(self) -> str:
        configured = self._functions.get_function_configuration(FunctionName=f"{self.cloud.stack}-files")
        return configured["Environment"]["Variables"]["FILES_BUCKET"]

    def relay(self) -> None:
        """Run the relay now, which the schedule runs every minute."""
        answer = self._functions.invoke(FunctionName=f"{self.cloud.stack}-relay")
        assert "FunctionError" not in answer, answer["Payload"].read()

    def queue_url(self, name: str) -> str:
        return self._sqs.get_queue_url(QueueName=f"{self.cloud.stack}-{name}.fifo")["QueueUrl"]

    def visibility_timeout(self, queue: str) -> int:
        """Return the seconds until the queue gives out again the messages of a dead process."""
        url = self.queue_url(queue)
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        return int(found["Attributes"]["VisibilityTimeout"])

    def set_visibility_timeout(self, queue: str, seconds: int) -> None:
        self._sqs.set_queue_attributes(
            QueueUrl=self.queue_url(queue), Attributes={"VisibilityTimeout": str(seconds)}
        )

    @contextmanager
    def giving_up_after(self, queue: str, receives: int) -> Iterator[None]:
        """Move messages to the dead-letter queue after `receives` failures, until the block ends."""
        url = self.queue_url(queue)
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
        policy = {**msgspec.json.decode(found["RedrivePolicy"]), "maxReceiveCount": receives}
        try:
            self._set_redrive_policy(url, msgspec.json.encode(policy).decode())
            yield
        finally:
            self._set_redrive_policy(url, found["RedrivePolicy"])

    def _set_redrive_policy(self, url: str, policy: str) -> None:
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})

    def in_flight(self, queue: str) -> int:
        """Return how many messages of the queue a function is handling, or was handling when it died."""
        name: Literal["ApproximateNumberOfMessagesNotVisible"] = "ApproximateNumberOfMessagesNotVisible"
        counts = self._sqs.get_queue_attributes(QueueUrl=self.queue_url(queue), AttributeNames=[name])
        return int(counts["Attributes"][name])

    def put(self, queue: str, body: str) -> None:
        self._sqs.send_message(
            QueueUrl=self.queue_url(queue),
            MessageBody=body,
            MessageGroupId=new_id(),
            MessageDeduplicationId=new_id(),
        )

    def count(self, queue: str) -> int:
        """Return how many messages are in the queue, in flight included."""
        return self._queued(queue)

    def purge(self, queue: str) -> None:
        self._sqs.purge_queue(QueueUrl=self.queue_url(queue))

    def settle(self) -> None:
        """Wait until every webhook is accepted and every queue is empty, in flight included."""
        eventually(self._left, lambda left: not left)

    def _left(self) -> dict[str, int]:
        """Return the first place with unfinished work, and the amount."""
        for channel, simulator in self.simulators.items():
            if pending := simulator.health().webhooks_pending:
                return {f"webhooks of {channel}": pending}
        for queue in _QUEUES:
            if queued := self._queued(queue):
                return {queue: queued}
        return {}

    def _queued(self, name: str) -> int:
        counts = self._sqs.get_queue_attributes(
            QueueUrl=self.queue_url(name),
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(value) for value in counts["Attributes"].values())


@contextmanager
def stage_of(cloud: Cloud) -> Iterator[Stage]:
    with ExitStack() as stack:
        simulators = {
            channel: stack.enter_context(Simulator(url)) for channel, url in cloud.simulators.items()
        }
        api = Api(cloud.api_url, cloud.api_key)
        stack.callback(api.close)
        yield Stage(cloud, api, simulators)


@contextmanager
def behaving_again(stage: Stage) -> Iterator[None]:
    """Restore the providers' settings after the block."""
    settings = {channel: simulator.settings() for channel, simulator in stage.simulators.items()}
    yield
    for channel, simulator in stage.simulators.items():
        simulator.clear_faults()
        simulator.configure(**msgspec.convert(msgspec.to_builtins(settings[channel]), SettingsChanges))


def message_body(talk: Talk, content: object, **more: str) -> dict[str, Any]:
    """Build the body of POST /messages."""
    sent = {"conversation_id": talk.conversation_id, "sender_id": talk.agent_id, "content": content}
    return {**sent, **more}


def new_id() -> str:
    return str(uuid.uuid4())
