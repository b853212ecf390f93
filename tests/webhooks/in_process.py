"""The way of a webhook in this process: its door, the queues, the functions' handlers, and the API.

The code is that of the functions `webhooks`, `inbound`, `router`, `status` and `api`, with the real channels,
over stores and queues in memory. tests/integration runs the same stories over the real stores.
"""

import base64
from collections.abc import Callable
from datetime import timedelta
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from chalice.app import Chalice

from chat4all.adapters.failure_log import log_failure
from chat4all.adapters.queues.sqs import Queues, SqsEvents
from chat4all.channels import registry
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.events import ChatEvent, StatusUpdate, WebhookEvents
from chat4all.entrypoints.http.addresses import addresses
from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.conversations import ConversationViews
from chat4all.entrypoints.http.cursors import SignedCursors
from chat4all.entrypoints.http.messages import MessageViews
from chat4all.entrypoints.http.routes import bind
from chat4all.entrypoints.http.users import UserViews
from chat4all.entrypoints.http.webhooks import WebhookViews
from chat4all.entrypoints.queues.batches import Batch, HandBack, Received
from chat4all.entrypoints.queues.chat_events import ChatRecords
from chat4all.entrypoints.queues.statuses import StatusRecords
from chat4all.entrypoints.queues.webhook_events import WebhookRecords
from chat4all.services.access.authenticate import SCOPES, Authenticate, new_key
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.accounts.hear_reports import HearReports
from chat4all.services.directory.change_desk import ChangeDesk
from chat4all.services.directory.list_conversations import ListConversations
from chat4all.services.directory.manage_conversations import ManageConversations
from chat4all.services.directory.manage_users import ManageUsers
from chat4all.services.directory.merge_users import MergeUsers
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.files.attach_file import AttachFile
from chat4all.services.inbound.answer_choice import AnswerChoice
from chat4all.services.inbound.find_place import FindPlace
from chat4all.services.inbound.follow_moves import FollowMoves
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.hear_consent import HearConsent
from chat4all.services.inbound.inbound_file import InboundFile
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.known_addresses import KnownAddresses
from chat4all.services.inbound.meet_person import MeetPerson
from chat4all.services.inbound.read_outcomes import ReadOutcomes
from chat4all.services.inbound.read_webhook import ReadWebhook
from chat4all.services.inbound.receive_webhook import ReceiveWebhook
from chat4all.services.inbound.recognize_echo import RecognizeEcho
from chat4all.services.inbound.replay_webhooks import ReplayWebhooks
from chat4all.services.inbound.take_inbound import TakeInbound
from chat4all.services.messaging.accept_message import AcceptMessage
from chat4all.services.messaging.circuit import ChannelCircuits
from chat4all.services.messaging.connector import ChannelSecret, Connector
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.count_unread import CountUnread
from chat4all.services.messaging.fall_back import FallBack
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.preview_message import PreviewMessage
from chat4all.services.messaging.read_messages import ReadMessages
from chat4all.services.messaging.record_activity import RecordActivity
from chat4all.services.messaging.record_status import ApplyStatus, FollowDelivery, RecordStatus
from chat4all.services.messaging.route_act import RouteAct
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.messaging.schedule_message import ScheduleMessage
from chat4all.services.messaging.try_again import TryAgain
from tests.channels import sample
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.conversations import MemoryConversations
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.directory import MemoryDirectory
from tests.fakes.fallbacks import MemoryFallbacks
from tests.fakes.files import MemoryFiles
from tests.fakes.fingerprints import keyed
from tests.fakes.merges import MemoryPeople
from tests.fakes.message_table import MessageTable
from tests.fakes.messages import MemoryMessages
from tests.fakes.opt_outs import MemoryOptOuts
from tests.fakes.people import NOW
from tests.fakes.small_stores import (
    MemoryAccounts,
    MemoryApiKeys,
    MemoryBreakers,
    MemoryEchoes,
    MemoryListedWebhooks,
    MemorySecrets,
    MemoryWebhooks,
    RecordedOutcomes,
)
from tests.fakes.templates import MemoryTemplates
from tests.integration.http.gateway import Gateway
from tests.webhooks.sqs import MemorySqs

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_CLAIM_TIME: Final = timedelta(seconds=35)


class InProcess:
    """A channel's webhooks and the API, over empty stores."""

    def __init__(self, channel: str, connector: Connector | None = None) -> None:
        """Set the connector, if it is not the channel's own."""
        self._channel = channel
        self._clock = FakeClock()
        self._connector = connector or registry.connector(channel, HttpClient(), "https://provider.example")
        self._secret = _secret_of(channel)
        self._webhooks = MemoryWebhooks()
        self.handed_back: list[str] = []
        """The bodies of records that a function could not handle."""
        names = registry.names()
        self._sqs = MemorySqs(self._clock, "chat-events", "status-updates", "inbound", "files", *names)
        self._wire()

    def send(self, body: bytes, *, is_signed: bool) -> int:
        """Send a webhook, and return the status of the answer."""
        proof = sample(self._channel).proof(self._secret, body)
        answer = self._door.request(
            "POST",
            f"/v1/webhooks/{self._channel}",
            base64.b64encode(body).decode(),
            headers=proof if is_signed else {name: f"{text}0" for name, text in proof.items()},
            base64=True,
        )
        return answer.status

    def settle(self) -> None:
        """Run the functions until their queues are empty."""
        while worked := [name for name in self._functions if self._run(name)]:
            if worked == ["status-updates"]:
                self._clock.advance(60.0)

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        gateway = self._door if path == "webhooks" else self._api
        answer = gateway.get(f"/v1/{path}", **query)
        assert answer.status == 200, answer.text
        return answer.json

    def _run(self, name: str) -> bool:
        queue = self._sqs.queues[name]
        for group in queue.groups():
            given = queue.receive(group)
            answer = self._functions[name](
                {"Records": [record.as_lambda_record() for record in given]}, lambda: True
            )
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for record in queue.done(given, failed):
                queue.delete(record)
            left = [record for record in given if record.record_id in failed]
            if name != "status-updates":
                self.handed_back += [record.body for record in left]
                for record in left:
                    queue.delete(record)
        return bool(queue)

    def _wire(self) -> None:
        clock, ids, templates = self._clock, FakeIds(), MemoryTemplates()
        conversations, directory, files = MemoryConversations(), MemoryDirectory(), MemoryFiles()
        table = MessageTable()
        messages, deliveries, fallbacks = (
            MemoryMessages(table),
            MemoryDeliveries(table),
            MemoryFallbacks(table),
        )
        client = cast("SQSClient", self._sqs)
        by_channel = {name: name for name in registry.names()}
        events = SqsEvents(client, Queues("chat-events", "status-updates", "inbound", by_channel, "files"))
        capabilities, accounts = registry.capabilities(), registry.accounts()
        conversation_cache = ConversationCache(conversations, directory, clock.monotonic)
        accept = AcceptMessage(
            messages=messages,
            events=events,
            conversation_cache=conversation_cache,
            capabilities=capabilities,
            accounts=EnabledAccounts(MemoryAccounts(), registry.dependent_accounts()),
            clock=clock,
        )
        follow = FollowDelivery(messages, deliveries)
        apply = ApplyStatus(messages, deliveries, follow, log_failure)
        circuits = {
            name: ChannelCircuits(name, MemoryBreakers(), lambda _: None, clock, _CLAIM_TIME)
            for name in by_channel
        }
        again = TryAgain(messages, deliveries, circuits, clock, lambda: 0.0)
        record = RecordStatus(apply, deliveries, FallBack(fallbacks, events, clock), again, clock)
        addresses_of = KnownAddresses(directory, accounts, capabilities)
        record_consent = RecordConsent(directory, MemoryAudit(), clock, keyed, MemoryOptOuts())
        follow_moves = FollowMoves(directory, conversations, addresses_of, record_consent, clock)
        take = TakeInbound(
            channels=by_channel,
            accept=accept,
            find_place=FindPlace(conversations, directory, messages, clock),
            answer_choice=AnswerChoice(messages, deliveries, capabilities),
            meet=MeetPerson(directory, addresses_of, follow_moves, record_consent, clock=clock, new_id=ids),
            follow=follow_moves,
            directory=directory,
            messages=messages,
            templates=templates,
            file=InboundFile(files, events, clock, timedelta(days=365)),
            is_echo=RecognizeEcho(
                conversations=conversations,
                directory=directory,
                messages=messages,
                deliveries=deliveries,
                parked=MemoryEchoes(),
                clock=clock,
            ),
            hear_reports=HearReports(MemoryAccounts()),
            hear=HearConsent(directory, addresses_of, record_consent, capabilities),
            clock=clock,
            keep_deleted_words=False,
        )
        route = RouteMessage(
            messages=messages,
            conversations=conversations,
            events=events,
            fallbacks=fallbacks,
            accept=accept,
            route_act=RouteAct(messages, accept, clock),
            record_activity=RecordActivity(conversations, conversations, clock),
            capabilities=capabilities,
            clock=clock,
        )

        def batch(
            kind: type[msgspec.Struct] | UnionType,
            handle: Callable[[Any, Received], HandBack | None],
            name: str,
        ) -> Batch[Any]:
            return Batch(kind, handle, client, name)

        self._functions = {
            "inbound": batch(WebhookEvents, WebhookRecords(take), "inbound"),
            "chat-events": batch(ChatEvent, ChatRecords(route), "chat-events"),
            "status-updates": batch(StatusUpdate, StatusRecords(record, lambda *_: None), "status-updates"),
        }
        key, known = new_key("test", frozenset(SCOPES), NOW)
        authenticate = Authenticate(MemoryApiKeys(known))
        handle, secrets = HandleEvents(apply, events), MemorySecrets(self._secret)
        listed = MemoryListedWebhooks()
        keep_outcome = KeepOutcome(listed, RecordedOutcomes())
        receive = ReceiveWebhook(
            connector=lambda _: self._connector,
            naming_accounts=registry.naming_accounts(),
            webhooks=self._webhooks,
            handle=handle,
            keep_outcome=keep_outcome,
            secrets=secrets,
            clock=clock,
        )
        replay = ReplayWebhooks(
            connector=lambda _: self._connector,
            naming_accounts=registry.naming_accounts(),
            webhooks=self._webhooks,
            handle=handle,
            keep_outcome=keep_outcome,
            secrets=secrets,
            clock=clock,
            new_id=ids,
        )
        audit = MemoryAudit()
        trail = AuditTrail(audit, clock, ids)
        cursors = SignedCursors(lambda: b"key")
        door = Chalice(app_name="webhooks", configure_logs=False)
        bind(
            door,
            [
                WebhookViews(
                    receive,
                    replay,
                    ReadOutcomes(listed, clock),
                    read_one=ReadWebhook(self._webhooks, clock),
                    channels=registry.names(),
                    audit=trail,
                )
            ],
            authenticate,
            cursors,
        )
        self._door = Gateway(door, key)
        read = ReadMessages(messages, deliveries, conversations, MemoryFallbacks(table), directory)
        channels = frozenset(by_channel)
        views = [
            MessageViews(
                accept,
                read,
                channels,
                ids,
                schedule=ScheduleMessage(messages, accept, clock),
                preview=PreviewMessage(
                    conversation_cache, messages, capabilities, accept.windows, accept.accounts
                ),
                attach=AttachFile(files),
                fill_template=FillTemplate(
                    known=templates,
                    catalogue=lambda _: None,
                    secrets=secrets,
                    messages=messages,
                    conversation_cache=conversation_cache,
                    capabilities=capabilities,
                    accounts=accounts,
                    enabled=accept.accounts,
                    clock=clock,
                ),
                addresses=addresses("https://api.example.com"),
            ),
            ConversationViews(
                ManageConversations(conversations, directory, events, clock, ids),
                ListConversations(conversations, conversations, directory),
                ChangeDesk(conversations, conversations, directory, clock),
                CountUnread(conversations, directory, messages),
                read,
                channels=channels,
            ),
            UserViews(
                ManageUsers(
                    directory,
                    lambda _, address: address,
                    accounts,
                    clock,
                    ids,
                    is_account=lambda *_: False,
                    recall=lambda *_: (),
                ),
                MergeUsers(directory, MemoryPeople(directory, conversations, audit), clock, ids, keyed),
                channels,
                clock,
                trail,
                fingerprint=keyed,
            ),
        ]
        api = Chalice(app_name="api", configure_logs=False)
        bind(api, views, authenticate, cursors)
        self._api = Gateway(api, key)


def _secret_of(channel: str) -> ChannelSecret:
    return ChannelSecret(
        account_id=sample(channel).ACCOUNT_ID,
        access_token="token",
        webhook_secret="webhook-secret",
        webhook_url=f"https://chat.example/v1/webhooks/{channel}",
    )
