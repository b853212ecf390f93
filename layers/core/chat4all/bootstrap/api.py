"""The `api` function: the public HTTP API."""

import os
from collections.abc import Mapping

from chat4all.adapters.dynamodb.cursor_keys import key_in_directory
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.dynamodb.retention import DynamoRetention
from chat4all.adapters.queues.sqs import Queues
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import ApiSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.bootstrap.templating import Templating
from chat4all.entrypoints.http.addresses import addresses
from chat4all.entrypoints.http.conversations import ConversationViews
from chat4all.entrypoints.http.cursors import SignedCursors
from chat4all.entrypoints.http.lazy import LazyApp
from chat4all.entrypoints.http.messages import MessageViews
from chat4all.entrypoints.http.serving import serving
from chat4all.entrypoints.http.windows import WindowViews
from chat4all.entrypoints.invocation import Handler
from chat4all.services.access.authenticate import Authenticate
from chat4all.services.directory.change_desk import ChangeDesk
from chat4all.services.directory.list_conversations import ListConversations
from chat4all.services.directory.manage_conversations import ManageConversations
from chat4all.services.files.attach_file import AttachFile
from chat4all.services.messaging.count_unread import CountUnread
from chat4all.services.messaging.preview_message import PreviewMessage
from chat4all.services.messaging.read_messages import ReadMessages
from chat4all.services.messaging.read_windows import ReadWindows
from chat4all.services.messaging.schedule_message import ScheduleMessage
from chat4all.services.privacy.manage_retention import KnownRetention


def app(settings: ApiSettings, variables: Mapping[str, str] = os.environ) -> LazyApp:
    """Wire the API. Most requests are about messages and conversations, so the others are loaded later.

    `variables` is the environment.
    """
    accepting = Accepting(settings, Queues(files=settings.files_queue))
    files, keys = DynamoFiles(settings.files_table), DynamoApiKeys(settings.api_keys_table)
    public = addresses(settings.api_url)
    channels = frozenset(accepting.capabilities)
    over_before = KnownRetention(DynamoRetention(settings.directory_table), runtime.now)
    read = ReadMessages(
        accepting.messages,
        DynamoDeliveries(settings.messages_table),
        accepting.conversations,
        DynamoFallbacks(settings.messages_table),
        accepting.directory,
        over_before=over_before,
    )
    manage = ManageConversations(
        accepting.conversations, accepting.directory, accepting.events, runtime.now, runtime.new_id
    )
    templates = Templating(settings, variables)
    fill_template = templates.fill(accepting)
    messages = MessageViews(
        accepting.accept,
        read,
        channels,
        runtime.new_id,
        schedule=ScheduleMessage(accepting.messages, accepting.accept, runtime.now),
        preview=PreviewMessage(
            accepting.conversation_cache,
            accepting.messages,
            accepting.capabilities,
            accepting.accept.windows,
            accepting.accept.accounts,
        ),
        attach=AttachFile(files),
        fill_template=fill_template,
        addresses=public,
    )

    def rare() -> list[object]:
        from chat4all.bootstrap.rare_resources import rare_resources  # noqa: PLC0415 - see LazyApp

        return rare_resources(
            settings,
            accepting,
            files,
            keys,
            templates=templates,
            fill_template=fill_template,
            public=public,
            over_before=over_before,
            variables=variables,
        )

    windows = WindowViews(ReadWindows(accepting.conversation_cache, accepting.accept.windows))
    desks = DynamoDesks(settings.conversations_table)
    conversations = ConversationViews(
        manage,
        ListConversations(accepting.conversations, desks, accepting.directory),
        ChangeDesk(accepting.conversations, desks, accepting.directory, runtime.now),
        CountUnread(accepting.conversations, accepting.directory, accepting.messages),
        read,
        channels=channels,
    )
    frequent = [messages, conversations, windows]
    cursors = SignedCursors(key_in_directory(settings.directory_table))
    return LazyApp(frequent, rare, Authenticate(keys), cursors)


def handler() -> Handler:
    telemetry = Telemetry("api")
    api = app(from_environment(ApiSettings), dict(os.environ))
    if runtime.is_for_a_snapshot():
        api.whole()

    return telemetry.observing(serving(telemetry.count, api))
