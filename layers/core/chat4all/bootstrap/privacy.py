"""The `privacy` function: do what somebody asks about all that is stored of a person."""

from chat4all.adapters.dynamodb.batches import DynamoBatches
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.cursor_keys import fingerprints
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.erased_conversations import DynamoErasedConversations
from chat4all.adapters.dynamodb.erased_messages import DynamoErasedMessages, DynamoWaitingRows
from chat4all.adapters.dynamodb.erased_people import DynamoErasedPeople
from chat4all.adapters.dynamodb.erasures import DynamoErasures
from chat4all.adapters.dynamodb.exports import DynamoExports
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.listed_webhooks import DynamoListedWebhooks
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.dynamodb.opt_outs import DynamoOptOuts
from chat4all.adapters.dynamodb.webhooks import DynamoWebhooks
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.adapters.s3.files import S3Files
from chat4all.bootstrap import runtime
from chat4all.bootstrap.keeping import keeping_jobs
from chat4all.bootstrap.settings import PrivacySettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import connector, names
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.privacy_work import EraseWork, PrivacyWork
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.privacy_work import NEEDED_MS, Job, PrivacyRecords
from chat4all.services.messaging.record_status import FollowDelivery
from chat4all.services.privacy.erase_batches import EraseBatches
from chat4all.services.privacy.erase_conversations import EraseConversations
from chat4all.services.privacy.erase_exports import EraseExports
from chat4all.services.privacy.erase_file import EraseFile
from chat4all.services.privacy.erase_message import EraseMessages
from chat4all.services.privacy.erase_profile import EraseProfile
from chat4all.services.privacy.erase_sent import EraseSent
from chat4all.services.privacy.erase_user import EraseUser
from chat4all.services.privacy.erase_waiting import EraseWaiting
from chat4all.services.privacy.erase_webhooks import EraseWebhooks


def handler() -> Handler:
    telemetry = Telemetry("privacy")
    settings = from_environment(PrivacySettings)
    jobs: dict[type[PrivacyWork], Job] = {EraseWork: _erase(settings), **keeping_jobs(settings)}
    records = PrivacyRecords(jobs, runtime.sqs(), settings.privacy_queue)

    return telemetry.observing(consuming(telemetry.count, records, NEEDED_MS))


def _erase(settings: PrivacySettings) -> EraseUser:
    directory = DynamoDirectory(settings.directory_table)
    conversations = DynamoConversations(settings.conversations_table)
    messages = DynamoMessages(settings.messages_table)
    erased = DynamoErasedMessages(settings.messages_table)
    webhooks = DynamoWebhooks(settings.webhooks_table, S3Bodies(runtime.s3, settings.webhooks_bucket))
    erasures = DynamoErasures(settings.messages_table)
    batches = DynamoBatches(settings.messages_table)
    fingerprint = fingerprints(settings.directory_table)
    http = HttpClient()
    files, store = DynamoFiles(settings.files_table), S3Files(runtime.s3, settings.files_bucket)
    erase_file = EraseFile(files, store, runtime.now)
    erase = EraseMessages(
        messages=messages,
        erased=erased,
        webhooks=webhooks,
        erase_file=erase_file,
        follow=FollowDelivery(messages, DynamoDeliveries(settings.messages_table)),
        clock=runtime.now,
    )
    profile = EraseProfile(
        directory=directory,
        erasures=erasures,
        people=DynamoErasedPeople(settings.directory_table, settings.limits_table, fingerprint),
        opt_outs=DynamoOptOuts(settings.directory_table),
        fingerprint=fingerprint,
        clock=runtime.now,
    )
    in_conversations = EraseConversations(
        conversations=conversations,
        erased=DynamoErasedConversations(settings.conversations_table),
        messages=erased,
        erase=erase,
        erase_file=erase_file,
        directory=directory,
        fingerprint=fingerprint,
        clock=runtime.now,
    )
    waiting = EraseWaiting(
        DynamoWaitingRows(settings.messages_table),
        DynamoHeldDeliveries(settings.messages_table, settings.limits_table),
        erased,
        fingerprint,
    )
    in_webhooks = EraseWebhooks(
        webhooks=webhooks,
        stored=webhooks,
        listed=DynamoListedWebhooks(settings.webhooks_table),
        connectors={channel: connector(channel, http, "") for channel in names()},
        fingerprint=fingerprint,
        clock=runtime.now,
    )
    steps = (
        profile,
        in_conversations,
        EraseSent(messages, erase),
        waiting,
        EraseBatches(batches, batches, conversations),
        in_webhooks,
        EraseExports(DynamoExports(settings.messages_table), files, store, runtime.now),
    )
    return EraseUser(erasures, steps, runtime.now)
