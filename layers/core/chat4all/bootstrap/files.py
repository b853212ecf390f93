"""The `files` function: inspect uploaded files; fetch and inspect the files that persons sent.

The function should receive its records one by one: then a call needs the memory and the time of one file
only.
"""

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.media.formats import name_format
from chat4all.adapters.media.thumbnails import thumbnails
from chat4all.adapters.s3.files import S3Files
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import runtime
from chat4all.bootstrap.scanners import scanner
from chat4all.bootstrap.settings import FilesSettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import connector, dependent_accounts, names
from chat4all.channels.shared.http import HttpClient
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.files import FileEvents
from chat4all.services.files.fetch_file import FetchFile
from chat4all.services.files.inspect_file import InspectFile
from chat4all.services.messaging.connector import Connector


def handler() -> Handler:
    settings = from_environment(FilesSettings)
    telemetry = Telemetry("files")
    store = S3Files(runtime.s3, settings.files_bucket)
    http = HttpClient()
    base_urls = by_channel(names(), "BASE_URL")

    def channels_connector(channel: str) -> Connector:
        return connector(channel, http, base_urls[channel])

    inspect = InspectFile(
        files=DynamoFiles(settings.files_table),
        store=store,
        audit=DynamoAudit(settings.audit_table),
        fetch=FetchFile(
            store=store,
            connector=channels_connector,
            secrets=ManagedSecrets(by_channel(names(), "SECRET").__getitem__, dependent_accounts()),
        ),
        scanner=scanner(settings),
        thumbnailer=thumbnails,
        name_format=name_format,
        clock=runtime.now,
    )

    events = FileEvents(
        inspect,
        runtime.sqs(),
        telemetry.count,
        queue_url=settings.files_queue,
        bucket=settings.files_bucket,
    )

    return telemetry.observing(events)
