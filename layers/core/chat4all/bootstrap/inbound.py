"""The `inbound` function: turn webhook events into messages and status updates."""

from datetime import timedelta

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.sqs import Queues
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import InboundSettings, from_environment
from chat4all.bootstrap.telemetry import Handler, Telemetry, consuming
from chat4all.channels.registry import accounts
from chat4all.domain.events import WebhookEvent
from chat4all.entrypoints.queues.batches import Batch, HandBack, Record
from chat4all.services.inbound.find_place import FindPlace
from chat4all.services.inbound.inbound_file import InboundFile
from chat4all.services.inbound.take_inbound import EditTooEarly, TakeInbound

NEEDED_MS = 5_000
EDIT_WAIT_S = 2.0
EDIT_TRIES = 5


def handler() -> Handler:
    telemetry = Telemetry("inbound")
    settings = from_environment(InboundSettings)
    accepting = Accepting(settings, Queues(files=settings.files_queue))
    take = TakeInbound(
        accounts=accounts(),
        accept=accepting.accept,
        find_place=FindPlace(accepting.conversations, accepting.directory, accepting.messages, runtime.now),
        directory=accepting.directory,
        messages=accepting.messages,
        events=accepting.events,
        file=InboundFile(
            DynamoFiles(settings.files_table),
            accepting.events,
            runtime.now,
            timedelta(days=settings.file_retention_days),
        ),
        clock=runtime.now,
        new_id=runtime.new_id,
    )

    def handle(event: WebhookEvent, record: Record) -> HandBack | None:
        try:
            take(event)
        except EditTooEarly:
            if record.receive_count < EDIT_TRIES:
                return HandBack(EDIT_WAIT_S)
            telemetry.count("EditsOfUnknownMessages")
        return None

    batch = Batch(WebhookEvent, handle, accepting.sqs, settings.inbound_queue)

    return consuming(telemetry, batch, NEEDED_MS)
