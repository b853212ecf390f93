"""Wire the use case that api, inbound, router and relay share: accepting a message."""

from chat4all.adapters.dynamodb.accounts import DynamoAccounts
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.queues.sqs import Queues
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.settings import MessageTables
from chat4all.channels.registry import capabilities, dependent_accounts
from chat4all.domain.channel import with_verified_files
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.messaging.accept_message import AcceptMessage
from chat4all.services.messaging.conversation_cache import ConversationCache


class Accepting:
    """The use case of accepting a message, with the stores that it uses."""

    def __init__(self, tables: MessageTables, queues: Queues) -> None:
        self.conversations = DynamoConversations(tables.conversations_table)
        self.directory = DynamoDirectory(tables.directory_table)
        self.messages = DynamoMessages(tables.messages_table)
        self.sqs = runtime.sqs()
        self.events = streams.events(tables, self.sqs, queues)
        self.capabilities = with_verified_files(capabilities(), tables.verified_for_files)
        self.conversation_cache = ConversationCache(self.conversations, self.directory)
        self.accounts = DynamoAccounts(tables.directory_table)
        self.accept = AcceptMessage(
            messages=self.messages,
            events=self.events,
            conversation_cache=self.conversation_cache,
            capabilities=self.capabilities,
            accounts=EnabledAccounts(self.accounts, dependent_accounts()),
            clock=runtime.now,
        )
