"""The resources of the API that few requests are about."""

from datetime import timedelta

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.dead_letters import DynamoDeadLetters
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.s3.files import S3Files
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import ApiSettings
from chat4all.bootstrap.templating import Templating
from chat4all.channels.registry import accounts, connector
from chat4all.channels.shared.http import HttpClient
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.audit import AuditViews
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.channels import ChannelViews
from chat4all.entrypoints.http.dead_letters import DeadLetterViews
from chat4all.entrypoints.http.description import DescriptionViews
from chat4all.entrypoints.http.files import FileViews
from chat4all.entrypoints.http.health import HealthViews
from chat4all.entrypoints.http.templates import TemplateViews
from chat4all.entrypoints.http.users import UserViews
from chat4all.services.access.check_health import CheckHealth
from chat4all.services.access.read_audit import ReadAudit
from chat4all.services.directory.manage_users import ManageUsers
from chat4all.services.files.download_file import DownloadFile
from chat4all.services.files.upload_file import UploadFile
from chat4all.services.messaging.manage_templates import ManageTemplates
from chat4all.services.recovery.redrive import Redrive


def rare_resources(
    settings: ApiSettings,
    accepting: Accepting,
    files: DynamoFiles,
    keys: DynamoApiKeys,
    *,
    templates: Templating,
    public: Addresses,
) -> list[object]:
    """Make the views of every resource but messages and conversations."""
    channels = frozenset(accepting.capabilities)
    redrive = Redrive(
        messages=accepting.messages,
        deliveries=DynamoDeliveries(settings.messages_table),
        dead_letters=DynamoDeadLetters(settings.messages_table, channels),
        accept=accepting.accept,
        events=accepting.events,
        clock=runtime.now,
    )
    http = HttpClient()

    def canonical(channel: str, address: str) -> str:
        return connector(channel, http, "").canonical_address(address)

    manage_users = ManageUsers(accepting.directory, canonical, accounts(), runtime.now, runtime.new_id)
    health = CheckHealth({"database": keys.probe, "queue": accepting.events.probe})
    audit = DynamoAudit(settings.audit_table)
    breakers = DynamoBreakers(settings.limits_table)
    return [
        DeadLetterViews(redrive, channels, AuditTrail(audit, runtime.now, runtime.new_id), public),
        _file_views(settings, accepting, files, public),
        AuditViews(ReadAudit(audit)),
        UserViews(manage_users, channels),
        ChannelViews(accepting.capabilities, accounts(), breakers, public),
        TemplateViews(
            ManageTemplates(
                templates.known,
                templates.catalogue,
                templates.secrets,
                channels.__contains__,
                runtime.now,
            )
        ),
        HealthViews(health, breakers, accounts()),
        DescriptionViews(),
    ]


def _file_views(
    settings: ApiSettings, accepting: Accepting, files: DynamoFiles, public: Addresses
) -> FileViews:
    store = S3Files(runtime.s3, settings.files_bucket)
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
