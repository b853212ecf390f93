"""The `relay` function: run the scheduled jobs."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chat4all.adapters.dynamodb.batches import DynamoBatches
from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.dead_letters import DynamoDeadLetters
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.echoes import DynamoEchoes
from chat4all.adapters.dynamodb.erasures import DynamoErasures
from chat4all.adapters.dynamodb.exports import DynamoExports
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.retention import DynamoRetention
from chat4all.adapters.failure_log import log_failure
from chat4all.adapters.operators import account_problem
from chat4all.adapters.queues.batch_queue import SqsBatchQueue
from chat4all.adapters.queues.dead_queues import QueuePair, SqsDeadQueues
from chat4all.adapters.queues.dead_streams import EachItsOwn, KinesisDeadQueues, StreamPair
from chat4all.adapters.queues.privacy_queue import SqsPrivacyQueue
from chat4all.adapters.queues.sqs import Queues
from chat4all.adapters.s3.files import S3Files
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.circuits import circuits
from chat4all.bootstrap.settings import RelaySettings, by_channel, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.bootstrap.templating import Templating
from chat4all.channels.registry import names
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.scheduled import scheduled
from chat4all.services.batches.control_batch import WakeBatches
from chat4all.services.files.expire_files import ExpireFiles
from chat4all.services.inbound.recognize_echo import BringBackEchoes
from chat4all.services.messaging.fall_back import ConfirmInTime, FallBack
from chat4all.services.messaging.hold_delivery import BringBackHeldDeliveries
from chat4all.services.messaging.record_status import ApplyStatus, FollowDelivery, RecordStatus
from chat4all.services.messaging.schedule_message import SendScheduled
from chat4all.services.messaging.try_again import TryAgain
from chat4all.services.privacy.apply_retention import WakeRetention
from chat4all.services.privacy.wake_erasures import WakeErasures
from chat4all.services.privacy.write_export import WakeExports
from chat4all.services.recovery.check_accounts import CheckAccounts
from chat4all.services.recovery.collect_dead_records import CHAT_EVENTS, CollectDeadRecords
from chat4all.services.recovery.relay import Relay, RepublishMessages, RetryStatuses
from chat4all.services.recovery.tend_desks import ArchiveIdle, WakeSnoozed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

STATUS_UPDATES: Final = "status-updates"
_SIDE_BY_SIDE: Final = 8
"""The conversations whose scheduled messages are accepted at once."""


def handler() -> Handler:
    telemetry = Telemetry("relay")
    settings = from_environment(RelaySettings)
    channels = by_channel(names(), "QUEUE")
    accepting = Accepting(
        settings,
        Queues(files=settings.files_queue, channels=channels, inbound=settings.inbound_queue),
    )
    deliveries = DynamoDeliveries(settings.messages_table)
    fallbacks = DynamoFallbacks(settings.messages_table)
    fall_back = FallBack(fallbacks, accepting.events, runtime.now)
    follow = FollowDelivery(accepting.messages, deliveries)
    apply = ApplyStatus(accepting.messages, deliveries, follow, log_failure)
    again = TryAgain(
        accepting.messages,
        deliveries,
        circuits(settings.powertools_service_name, settings.limits_table, telemetry.count),
        runtime.now,
        runtime.jitter,
    )
    record = RecordStatus(apply, deliveries, fall_back, again, runtime.now)
    dead_records = CollectDeadRecords(
        queues=_dead_queues(settings, accepting.sqs),
        dead_letters=DynamoDeadLetters(settings.messages_table, names()),
        messages=accepting.messages,
        deliveries=deliveries,
        record=record,
        log_failure=log_failure,
        channels=frozenset(names()),
        new_id=runtime.new_id,
    )
    privacy = SqsPrivacyQueue(accepting.sqs, settings.privacy_queue)
    desks = DynamoDesks(settings.conversations_table)
    fill_template = Templating(settings, dict(os.environ)).fill(accepting)
    threads = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="conversation")
    relay = Relay(
        runtime.now,
        (
            SendScheduled(accepting.messages, accepting.accept, fill_template.again, threads.map),
            WakeBatches(
                DynamoBatches(settings.messages_table),
                SqsBatchQueue(accepting.sqs, settings.batches_queue),
            ),
            WakeErasures(DynamoErasures(settings.messages_table), privacy),
            RepublishMessages(accepting.messages, deliveries, accepting.accept, follow),
            RetryStatuses(deliveries, record),
            ConfirmInTime(fallbacks, deliveries, fall_back, accepting.capabilities),
            BringBackHeldDeliveries(
                DynamoHeldDeliveries(settings.messages_table, settings.limits_table), accepting.events
            ),
            BringBackEchoes(DynamoEchoes(settings.messages_table), accepting.events, runtime.new_id),
            dead_records,
            WakeSnoozed(accepting.conversations, desks),
            CheckAccounts(
                accepting.accounts, DynamoBreakers(settings.limits_table), names(), account_problem
            ),
            ArchiveIdle(accepting.conversations, desks, timedelta(days=settings.archive_after_days) or None),
            ExpireFiles(
                DynamoFiles(settings.files_table),
                S3Files(runtime.s3, settings.files_bucket),
                accepting.events,
            ),
            WakeExports(DynamoExports(settings.messages_table), privacy),
            WakeRetention(DynamoRetention(settings.directory_table), privacy),
        ),
        telemetry.count,
    )

    return telemetry.observing(scheduled(relay))


def _dead_queues(settings: RelaySettings, sqs: "SQSClient") -> EachItsOwn:
    pairs, streams = _pairs(settings), _stream_pairs(settings)
    queues, of_streams = SqsDeadQueues(sqs, pairs), KinesisDeadQueues(runtime.kinesis, sqs, streams)
    return EachItsOwn({**dict.fromkeys(pairs, queues), **dict.fromkeys(streams, of_streams)})


def _stream_pairs(settings: RelaySettings) -> dict[str, StreamPair]:
    pairs = {
        CHAT_EVENTS: StreamPair(settings.chat_events_stream, settings.chat_events_dead_letter_queue),
        STATUS_UPDATES: StreamPair(settings.status_updates_stream, settings.status_updates_dead_letter_queue),
    }
    return {source: pair for source, pair in pairs.items() if pair.stream}


def _pairs(settings: RelaySettings) -> dict[str, QueuePair]:
    queues, dead = by_channel(names(), "QUEUE"), by_channel(names(), "DEAD_LETTER_QUEUE")
    streams = {
        CHAT_EVENTS: QueuePair(settings.chat_events_queue, settings.chat_events_dead_letter_queue),
        STATUS_UPDATES: QueuePair(settings.status_updates_queue, settings.status_updates_dead_letter_queue),
    }
    return {
        **{source: pair for source, pair in streams.items() if pair.queue},
        "inbound": QueuePair(settings.inbound_queue, settings.inbound_dead_letter_queue),
        **{name: QueuePair(queues[name], dead[name]) for name in names()},
    }
