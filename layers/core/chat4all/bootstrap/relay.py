"""The `relay` function: what the schedule does."""

from typing import Any

from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.sqs import Queues
from chat4all.bootstrap import world
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import RelaySettings, from_environment
from chat4all.bootstrap.telemetry import Handler, LambdaContext, Telemetry
from chat4all.services.record_status import RecordStatus
from chat4all.services.relay import PublishMessages, Relay, RetryStatuses


def handler() -> Handler:
    telemetry = Telemetry("relay")
    settings = from_environment(RelaySettings)
    accepting = Accepting(settings, Queues(chat_events=settings.chat_events_queue))
    deliveries = DynamoDeliveries(settings.messages_table)
    record = RecordStatus(accepting.messages, deliveries, world.now)
    relay = Relay(
        world.now,
        (
            PublishMessages(accepting.messages, deliveries, accepting.accept),
            RetryStatuses(deliveries, record),
        ),
    )

    def handle(_event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
        done = relay()
        for metric, count in done.items():
            telemetry.count(metric, count)
        return dict(done)

    return telemetry.observing(handle)
