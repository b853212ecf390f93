"""Exports and retention: what `api` shows of them, and what `privacy` does."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.exports import DynamoExports
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.notes import DynamoNotes
from chat4all.adapters.dynamodb.old_messages import DynamoOldMessages
from chat4all.adapters.dynamodb.old_webhooks import DynamoOldWebhooks
from chat4all.adapters.dynamodb.retention import DynamoRetention
from chat4all.adapters.queues.privacy_queue import SqsPrivacyQueue
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.adapters.s3.files import S3Files
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import ApiSettings, PrivacySettings
from chat4all.channels.registry import names
from chat4all.domain.privacy_work import ExportWork, PrivacyWork, RetentionWork
from chat4all.entrypoints.http.addresses import Addresses
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.exports import ApiShapes, ExportViews
from chat4all.entrypoints.http.retention import RetentionViews
from chat4all.entrypoints.queues.privacy_work import Job
from chat4all.services.privacy.apply_retention import ApplyRetention
from chat4all.services.privacy.collect_pages import CollectPages
from chat4all.services.privacy.manage_exports import ManageExports
from chat4all.services.privacy.manage_retention import ManageRetention
from chat4all.services.privacy.write_export import WriteExport

_SIDE_BY_SIDE: Final = 8
"""The messages that are stripped at once."""


def keeping_views(
    settings: ApiSettings, accepting: Accepting, files: DynamoFiles, trail: AuditTrail, public: Addresses
) -> list[object]:
    """Make the views of exports and of retention."""
    queue = SqsPrivacyQueue(accepting.sqs, settings.privacy_queue)
    exports = ManageExports(
        DynamoExports(settings.messages_table), accepting.directory, queue, runtime.now, runtime.new_id
    )
    retention = ManageRetention(DynamoRetention(settings.directory_table), queue, runtime.now)
    return [
        ExportViews(exports, files, public, runtime.now, trail),
        RetentionViews(retention, trail),
    ]


def keeping_jobs(settings: PrivacySettings) -> Mapping[type[PrivacyWork], Job]:
    """Make the jobs that write exports and carry out the retention."""
    files = DynamoFiles(settings.files_table)
    store = S3Files(runtime.s3, settings.files_bucket)
    collect = CollectPages(
        directory=DynamoDirectory(settings.directory_table),
        conversations=DynamoConversations(settings.conversations_table),
        messages=DynamoMessages(settings.messages_table),
        deliveries=DynamoDeliveries(settings.messages_table),
        fallbacks=DynamoFallbacks(settings.messages_table),
        notes=DynamoNotes(settings.conversations_table),
        audit=DynamoAudit(settings.audit_table),
    )
    write = WriteExport(
        exports=DynamoExports(settings.messages_table),
        collect=collect,
        shapes=ApiShapes(),
        files=files,
        store=store,
        clock=runtime.now,
    )
    apply = ApplyRetention(
        setting=DynamoRetention(settings.directory_table),
        old=DynamoOldMessages(settings.messages_table, settings.conversations_table, settings.files_table),
        webhooks=DynamoOldWebhooks(
            settings.webhooks_table, S3Bodies(runtime.s3, settings.webhooks_bucket).delete
        ),
        files=files,
        store=store,
        channels=names(),
        side_by_side=ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="message").map,
        clock=runtime.now,
    )
    return {ExportWork: write, RetentionWork: apply}
