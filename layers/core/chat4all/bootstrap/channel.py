"""The function of a channel, wired with the connector of the channel that the environment names."""

import functools

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.limits import DynamoLimiter
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.operators import Operators
from chat4all.adapters.queues.sqs import Queues
from chat4all.adapters.s3.files import S3Files
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import runtime, streams
from chat4all.bootstrap.settings import ChannelSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import capabilities, connector, dependent_accounts
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.claims import claim_time
from chat4all.domain.public_addresses import public_address
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.deliveries import DeliveryBatch, TimeLeft, needed_ms
from chat4all.services.files.download_links import DownloadLinks
from chat4all.services.files.outgoing_file import OutgoingFile
from chat4all.services.messaging.carry_out_act import CarryOutAct
from chat4all.services.messaging.check_consent import CheckConsent
from chat4all.services.messaging.circuit import ChannelCircuits
from chat4all.services.messaging.deliver import Deliver
from chat4all.services.messaging.deliver_signal import DeliverSignal
from chat4all.services.messaging.hold_delivery import DeliverOrHold
from chat4all.services.messaging.record_status import FollowDelivery


def handler() -> Handler:
    settings = from_environment(ChannelSettings)
    telemetry = Telemetry(settings.channel)
    known = capabilities()
    sqs = runtime.sqs()
    claimed_for = claim_time(settings.consumer_timeout)
    circuits = ChannelCircuits(
        settings.channel,
        DynamoBreakers(settings.limits_table),
        Operators(settings.powertools_service_name, telemetry.count).circuit_changed,
        runtime.now,
        claimed_for,
    )
    files = DynamoFiles(settings.files_table)
    time_left = TimeLeft()
    deliveries = DynamoDeliveries(settings.messages_table)
    limiter = DynamoLimiter(settings.limits_table, known)
    events = streams.events(settings, sqs, Queues(inbound=settings.inbound_queue))
    channel = connector(settings.channel, HttpClient(), settings.base_url)
    messages = DynamoMessages(settings.messages_table)
    secrets = ManagedSecrets(lambda _channel: settings.channel_secret, dependent_accounts())
    deliver = Deliver(
        connector=channel,
        deliveries=deliveries,
        events=events,
        limiter=limiter,
        circuits=circuits,
        secrets=secrets,
        file=OutgoingFile(
            files,
            S3Files(runtime.s3, settings.files_bucket),
            DownloadLinks(
                files,
                functools.partial(public_address, settings.public_url, settings.api_id),
                runtime.now,
            ),
        ),
        check_consent=CheckConsent(DynamoDirectory(settings.directory_table)),
        carry_out=CarryOutAct(
            channel, deliveries, messages, runtime.now, keep_deleted_words=settings.keep_deleted_words
        ),
        clock=runtime.now,
        new_id=runtime.new_id,
        jitter=runtime.jitter,
        claim_time=claimed_for,
        in_time=time_left,
    )
    held_deliveries = DynamoHeldDeliveries(settings.messages_table, settings.limits_table)
    batch = DeliveryBatch(
        DeliverOrHold(deliver, held_deliveries, runtime.now),
        events,
        sqs,
        settings.channel_queue,
        telemetry.count,
        follow=FollowDelivery(messages, deliveries),
        limiter=limiter,
        deliver_signal=DeliverSignal(channel, limiter, circuits, secrets, runtime.now),
        time_left=time_left,
    )

    needed = needed_ms(known[settings.channel], settings.consumer_timeout)

    return telemetry.observing(consuming(telemetry.count, batch, needed))
