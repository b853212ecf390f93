"""The `api` function: the public HTTP API."""

from datetime import timedelta

from chalice.app import Chalice

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.dead_letters import DynamoDeadLetters
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.queues.sqs import Queues
from chat4all.adapters.s3.files import S3Files
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import ApiSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import accounts, connector
from chat4all.channels.shared.http import HttpClient
from chat4all.entrypoints.http.addresses import Addresses, addresses
from chat4all.entrypoints.http.audit import AuditViews
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.channels import ChannelViews
from chat4all.entrypoints.http.conversations import ConversationViews
from chat4all.entrypoints.http.dead_letters import DeadLetterViews
from chat4all.entrypoints.http.description import DescriptionViews
from chat4all.entrypoints.http.files import FileViews
from chat4all.entrypoints.http.health import HealthViews
from chat4all.entrypoints.http.messages import MessageViews
from chat4all.entrypoints.http.routes import bind
from chat4all.entrypoints.http.serving import serving
from chat4all.entrypoints.http.users import UserViews
from chat4all.entrypoints.invocation import Handler
from chat4all.services.access.authenticate import Authenticate
from chat4all.services.access.check_health import CheckHealth
from chat4all.services.access.read_audit import ReadAudit
from chat4all.services.directory.manage_conversations import ManageConversations
from chat4all.services.directory.manage_users import ManageUsers
from chat4all.services.files.attach_file import AttachFile
from chat4all.services.files.download_file import DownloadFile
from chat4all.services.files.upload_file import UploadFile
from chat4all.services.messaging.read_messages import ReadMessages
from chat4all.services.recovery.redrive import Redrive


def app(settings: ApiSettings) -> Chalice:
    """Build the chalice app with every route of the API."""
    accepting = Accepting(settings, Queues(files=settings.files_queue))
    files = DynamoFiles(settings.files_table)
    store = S3Files(runtime.s3, settings.files_bucket)
    conversations, directory = accepting.conversations, accepting.directory
    keys = DynamoApiKeys(settings.api_keys_table)
    deliveries = DynamoDeliveries(settings.messages_table)
    read = ReadMessages(accepting.messages, deliveries, conversations)
    channels = frozenset(accepting.capabilities)
    redrive = Redrive(
        messages=accepting.messages,
        deliveries=deliveries,
        dead_letters=DynamoDeadLetters(settings.messages_table, channels),
        accept=accepting.accept,
        events=accepting.events,
        clock=runtime.now,
    )
    http = HttpClient()

    def canonical(channel: str, address: str) -> str:
        return connector(channel, http, "").canonical_address(address)

    manage_users = ManageUsers(directory, canonical, accounts(), runtime.now, runtime.new_id)
    manage_conversations = ManageConversations(
        conversations, directory, accepting.events, runtime.now, runtime.new_id
    )
    health = CheckHealth({"database": keys.probe, "queue": accepting.events.probe})
    audit = DynamoAudit(settings.audit_table)
    audit_trail = AuditTrail(audit, runtime.now, runtime.new_id)
    public = addresses(settings.api_url)
    breakers = DynamoBreakers(settings.limits_table)
    resources = [
        MessageViews(
            accepting.accept,
            read,
            redrive,
            channels,
            runtime.new_id,
            attach=AttachFile(files),
            audit=audit_trail,
            addresses=public,
        ),
        DeadLetterViews(redrive, channels, audit_trail),
        _file_views(settings, files, store, accepting, public),
        AuditViews(ReadAudit(audit)),
        ConversationViews(manage_conversations, read, channels),
        UserViews(manage_users, channels),
        ChannelViews(accepting.capabilities, accounts(), breakers, public),
        HealthViews(health, breakers, accounts()),
        DescriptionViews(),
    ]
    chalice = Chalice(app_name="chat4all", configure_logs=False)
    bind(chalice, resources, Authenticate(keys))
    return chalice


def _file_views(
    settings: ApiSettings, files: DynamoFiles, store: S3Files, accepting: Accepting, public: Addresses
) -> FileViews:
    upload = UploadFile(
        files=files,
        store=store,
        events=accepting.events,
        conversations=accepting.conversations,
        clock=runtime.now,
        new_id=runtime.new_id,
        kept_for=timedelta(days=settings.file_retention_days),
    )
    return FileViews(
        upload=upload,
        download=DownloadFile(files, store, runtime.now),
        files=files,
        addresses=public,
        clock=runtime.now,
    )


def handler() -> Handler:
    telemetry = Telemetry("api")
    api = app(from_environment(ApiSettings))

    return telemetry.observing(serving(telemetry.count, api))
