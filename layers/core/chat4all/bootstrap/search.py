"""The `search` function: let the index of words follow the tables, and build it again."""

from chat4all.adapters.dynamodb.changed_rows import change_of, row_key
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.notes import DynamoNotes
from chat4all.adapters.dynamodb.search_index import DynamoRebuilds, DynamoSearchIndex
from chat4all.adapters.dynamodb.searched import DynamoSearched
from chat4all.bootstrap import runtime
from chat4all.bootstrap.settings import SearchSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.row_changes import following
from chat4all.services.search.change_index import ChangeIndex
from chat4all.services.search.rebuild_index import RebuildIndex


def handler() -> Handler:
    telemetry = Telemetry("search")
    settings = from_environment(SearchSettings)
    change = ChangeIndex(DynamoSearchIndex(settings.search_table))
    rebuild = RebuildIndex(
        DynamoRebuilds(settings.search_table),
        change,
        users=DynamoDirectory(settings.directory_table),
        conversations=DynamoConversations(settings.conversations_table),
        messages=DynamoSearched(settings.messages_table),
        notes=DynamoNotes(settings.conversations_table),
        clock=runtime.now,
    )

    return telemetry.observing(following(row_key, change_of, change, rebuild, telemetry.count))
