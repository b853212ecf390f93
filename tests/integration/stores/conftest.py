"""Every test of a store runs over the adapter and over the fake, so that both behave alike."""

import uuid
from collections.abc import Callable

import pytest

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.dead_letters import DynamoDeadLetters
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.notes import DynamoNotes
from chat4all.services.directory.ports import Conversations, Desks, Directory, Notes
from chat4all.services.messaging.ports import Deliveries, Fallbacks, HeldDeliveries, Messages
from chat4all.services.recovery.ports import DeadLetters
from tests.fakes.conversations import MemoryConversations
from tests.fakes.dead_letters import MemoryDeadLetters
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.directory import MemoryDirectory
from tests.fakes.fallbacks import MemoryFallbacks
from tests.fakes.held_deliveries import HeldTable, MemoryHeldDeliveries
from tests.fakes.message_table import MessageTable
from tests.fakes.messages import MemoryMessages
from tests.fakes.notes import MemoryNotes
from tests.integration.aws import Aws


@pytest.fixture(params=["memory", "dynamodb"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_id() -> Callable[[], str]:
    """Make ids that no other test uses, since all tests share the tables."""
    return lambda: str(uuid.uuid4())


@pytest.fixture
def conversations(backend: str, aws: Aws) -> Conversations:
    if backend == "memory":
        return MemoryConversations()
    return DynamoConversations(aws.output("Data.ConversationsTable"))


@pytest.fixture
def desks(conversations: Conversations, aws: Aws) -> Desks:
    if isinstance(conversations, MemoryConversations):
        return conversations
    return DynamoDesks(aws.output("Data.ConversationsTable"))


@pytest.fixture
def notes(backend: str, aws: Aws) -> Notes:
    return MemoryNotes() if backend == "memory" else DynamoNotes(aws.output("Data.ConversationsTable"))


@pytest.fixture
def directory(backend: str, aws: Aws) -> Directory:
    return MemoryDirectory() if backend == "memory" else DynamoDirectory(aws.output("Data.DirectoryTable"))


@pytest.fixture
def message_table() -> MessageTable:
    return MessageTable()


@pytest.fixture
def messages(backend: str, aws: Aws, message_table: MessageTable) -> Messages:
    if backend == "memory":
        return MemoryMessages(message_table)
    return DynamoMessages(aws.output("Data.MessagesTable"))


@pytest.fixture
def deliveries(backend: str, aws: Aws, message_table: MessageTable) -> Deliveries:
    if backend == "memory":
        return MemoryDeliveries(message_table)
    return DynamoDeliveries(aws.output("Data.MessagesTable"))


@pytest.fixture
def dead_letters(backend: str, aws: Aws, message_table: MessageTable, channel: str) -> DeadLetters:
    if backend == "memory":
        return MemoryDeadLetters(message_table)
    return DynamoDeadLetters(aws.output("Data.MessagesTable"), [channel])


@pytest.fixture
def channel(new_id: Callable[[], str]) -> str:
    """Name a channel that no other test lists."""
    return f"pigeon-{new_id()}"


@pytest.fixture
def fallbacks(backend: str, aws: Aws, message_table: MessageTable) -> Fallbacks:
    if backend == "memory":
        return MemoryFallbacks(message_table)
    return DynamoFallbacks(aws.output("Data.MessagesTable"))


@pytest.fixture
def held_deliveries(backend: str, aws: Aws) -> HeldDeliveries:
    if backend == "memory":
        return MemoryHeldDeliveries(HeldTable())
    return DynamoHeldDeliveries(aws.output("Data.MessagesTable"), aws.output("Data.LimitsTable"), lambda: 0.0)
