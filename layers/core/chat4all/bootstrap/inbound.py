"""The `inbound` function: turn the events of people into messages and edits."""

from datetime import timedelta

from chat4all.adapters.dynamodb.audit import DynamoAudit
from chat4all.adapters.dynamodb.cursor_keys import fingerprints
from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.echoes import DynamoEchoes
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.opt_outs import DynamoOptOuts
from chat4all.adapters.dynamodb.templates import DynamoTemplates
from chat4all.adapters.queues.sqs import Queues
from chat4all.bootstrap import runtime
from chat4all.bootstrap.accepting import Accepting
from chat4all.bootstrap.settings import InboundSettings, from_environment
from chat4all.bootstrap.telemetry import Telemetry
from chat4all.channels.registry import accounts, names
from chat4all.domain.events import WebhookEvents
from chat4all.entrypoints.invocation import Handler
from chat4all.entrypoints.queues.batches import Batch
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.webhook_events import NEEDED_MS, WebhookRecords
from chat4all.services.accounts.hear_reports import HearReports
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.inbound.answer_choice import AnswerChoice
from chat4all.services.inbound.find_place import FindPlace
from chat4all.services.inbound.follow_moves import FollowMoves
from chat4all.services.inbound.hear_consent import HearConsent
from chat4all.services.inbound.inbound_file import InboundFile
from chat4all.services.inbound.known_addresses import KnownAddresses
from chat4all.services.inbound.meet_person import MeetPerson
from chat4all.services.inbound.recognize_echo import RecognizeEcho
from chat4all.services.inbound.take_inbound import TakeInbound


def handler() -> Handler:
    telemetry = Telemetry("inbound")
    settings = from_environment(InboundSettings)
    accepting = Accepting(settings, Queues(files=settings.files_queue))
    addresses = KnownAddresses(accepting.directory, accounts(), accepting.capabilities)
    record_consent = RecordConsent(
        accepting.directory,
        DynamoAudit(settings.audit_table),
        runtime.now,
        fingerprints(settings.directory_table),
        DynamoOptOuts(settings.directory_table),
    )
    follow = FollowMoves(accepting.directory, accepting.conversations, addresses, record_consent, runtime.now)
    deliveries = DynamoDeliveries(settings.messages_table)
    take = TakeInbound(
        channels=names(),
        accept=accepting.accept,
        find_place=FindPlace(accepting.conversations, accepting.directory, accepting.messages, runtime.now),
        answer_choice=AnswerChoice(accepting.messages, deliveries, accepting.capabilities),
        meet=MeetPerson(
            accepting.directory,
            addresses,
            follow,
            record_consent,
            clock=runtime.now,
            new_id=runtime.new_id,
        ),
        follow=follow,
        directory=accepting.directory,
        messages=accepting.messages,
        templates=DynamoTemplates(settings.directory_table),
        file=InboundFile(
            DynamoFiles(settings.files_table),
            accepting.events,
            runtime.now,
            timedelta(days=settings.file_retention_days),
        ),
        is_echo=RecognizeEcho(
            conversations=accepting.conversations,
            directory=accepting.directory,
            messages=accepting.messages,
            deliveries=deliveries,
            parked=DynamoEchoes(settings.messages_table),
            clock=runtime.now,
        ),
        hear=HearConsent(accepting.directory, addresses, record_consent, accepting.capabilities),
        hear_reports=HearReports(accepting.accounts),
        clock=runtime.now,
        keep_deleted_words=settings.keep_deleted_words,
    )

    batch = Batch(WebhookEvents, WebhookRecords(take), accepting.sqs, settings.inbound_queue)

    return telemetry.observing(consuming(telemetry.count, batch, NEEDED_MS))
