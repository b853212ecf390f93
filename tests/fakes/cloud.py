"""The whole product over fakes: its functions, the FIFO queues between them, and processes that die.

Each batch of a function has the records of one group, so that a test runs the same way each time.
"""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from chat4all.adapters.failure_log import log_failure
from chat4all.adapters.queues.stream_failures import Pointer
from chat4all.domain.clock import parse_iso
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.events import ChatEvent, StatusUpdate, WebhookEvent, WebhookEvents
from chat4all.domain.files.file import FileEvent
from chat4all.entrypoints.queues.batches import Batch, HandBack, Received
from chat4all.entrypoints.queues.chat_events import ChatRecords
from chat4all.entrypoints.queues.deliveries import DeliveryBatch
from chat4all.entrypoints.queues.statuses import StatusRecords
from chat4all.entrypoints.queues.stream_batches import StreamBatch
from chat4all.entrypoints.queues.webhook_events import WebhookRecords
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.accounts.hear_reports import HearReports
from chat4all.services.directory.manage_conversations import ManageConversations
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.files.outgoing_file import OutgoingFile
from chat4all.services.inbound.answer_choice import AnswerChoice
from chat4all.services.inbound.find_place import FindPlace
from chat4all.services.inbound.follow_moves import FollowMoves
from chat4all.services.inbound.handle_events import HandleEvents
from chat4all.services.inbound.hear_consent import HearConsent
from chat4all.services.inbound.inbound_file import InboundFile
from chat4all.services.inbound.known_addresses import KnownAddresses
from chat4all.services.inbound.meet_person import MeetPerson
from chat4all.services.inbound.recognize_echo import BringBackEchoes, RecognizeEcho
from chat4all.services.inbound.take_inbound import TakeInbound
from chat4all.services.messaging.accept_message import Accepted, AcceptMessage, NewMessage
from chat4all.services.messaging.carry_out_act import CarryOutAct
from chat4all.services.messaging.change_message import ChangeMessage
from chat4all.services.messaging.check_consent import CheckConsent
from chat4all.services.messaging.circuit import ChannelCircuits, CircuitChanged
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.deliver import Deliver
from chat4all.services.messaging.deliver_signal import DeliverSignal
from chat4all.services.messaging.fall_back import ConfirmInTime, FallBack
from chat4all.services.messaging.hold_delivery import BringBackHeldDeliveries, DeliverOrHold
from chat4all.services.messaging.record_activity import RecordActivity
from chat4all.services.messaging.record_status import ApplyStatus, FollowDelivery, RecordStatus
from chat4all.services.messaging.route_act import RouteAct
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.messaging.try_again import TryAgain
from chat4all.services.recovery.redrive import Redrive
from chat4all.services.recovery.relay import Relay, RepublishMessages, RetryStatuses
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.connector import ACCOUNTS, CAPABILITIES, FakeConnector
from tests.fakes.conversations import MemoryConversations
from tests.fakes.dead_letters import MemoryDeadLetters
from tests.fakes.deliveries import MemoryDeliveries
from tests.fakes.directory import MemoryDirectory
from tests.fakes.events import QueuedEvents
from tests.fakes.fallbacks import MemoryFallbacks
from tests.fakes.fate import Died, Fate, Kind, Struck, fated
from tests.fakes.fifo import FifoQueue
from tests.fakes.files import FakeLinks, MemoryFiles, MemoryFileStore
from tests.fakes.fingerprints import keyed
from tests.fakes.held_deliveries import HeldTable, MemoryHeldDeliveries
from tests.fakes.kinesis import InTurn, Stream
from tests.fakes.message_table import MessageTable
from tests.fakes.messages import MemoryMessages
from tests.fakes.opt_outs import MemoryOptOuts
from tests.fakes.people import agent, conversation_of, customer, pair_customers
from tests.fakes.product import CLAIM_TIME
from tests.fakes.small_stores import MemoryAccounts, MemoryBreakers, MemoryEchoes, MemorySecrets, NoLimits
from tests.fakes.templates import MemoryTemplates

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

AGENT: Final = agent("agent")
ANA: Final = customer("ana", "pigeon")
BEN: Final = customer("ben", "telex")
CARLA: Final = customer("carla", "telex", "pigeon")
PAIR: Final = conversation_of(AGENT, ANA, conversation_id="pair")
GROUP: Final = conversation_of(AGENT, ANA, BEN, CARLA, conversation_id="group", kind=ConversationType.GROUP)
QUIET_S: Final = 4 * 3600
"""The time within which all work must be done, if no message waits to be given up."""


class Counters:
    """A stand-in for Telemetry."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def count(self, name: str, value: float = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + value


class Cloud:
    """The product's functions and queues. A process that dies is replaced by a new process.

    `fate` may be changed at any time. `stream` makes the queues or streams of chat-events and status-updates.
    """

    def __init__(
        self, fate: Fate | None = None, stream: Callable[[FakeClock], FifoQueue | Stream] = FifoQueue
    ) -> None:
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.fate: Fate = fate or Kind()
        self.struck = Struck()
        self.counters = Counters()
        self.in_time: Callable[[], bool] = lambda: True
        self.conversations = MemoryConversations()
        self.directory = MemoryDirectory()
        self.audit = MemoryAudit()
        self.table = MessageTable()
        self.breakers = MemoryBreakers()
        self.files = MemoryFiles()
        self.file_events: list[FileEvent] = []
        self.held = HeldTable()
        self.announced: list[CircuitChanged] = []
        self.connectors = {name: FakeConnector(capabilities) for name, capabilities in CAPABILITIES.items()}
        self.inbound = FifoQueue(self.clock)
        self.channel_queues = {name: FifoQueue(self.clock) for name in CAPABILITIES}
        self.queues: dict[str, FifoQueue | Stream] = {
            "chat-events": stream(self.clock),
            "status-updates": stream(self.clock),
            "inbound": self.inbound,
            **self.channel_queues,
        }
        self.given_up: list[Pointer] = []
        for user in (AGENT, ANA, BEN, CARLA):
            self.directory.create(user)
        for conversation in (PAIR, GROUP):
            self.conversations.create(conversation, pair_customers(conversation, AGENT, ANA, BEN, CARLA))
        self._start_processes()

    def post(self, new: NewMessage) -> Accepted | None:
        """Post a message. Return the 202's content, or None if the process died before the answer."""
        try:
            return self._accept(new)
        except Died:
            self._start_processes()
            return None

    def change(self, request: Callable[[ChangeMessage], Accepted]) -> Accepted | None:
        """Change a message. Return the 202's content, or None if the process died before the answer."""
        try:
            return request(self._change)
        except Died:
            self._start_processes()
            return None

    def manage(self, request: Callable[[ManageConversations], Conversation]) -> Conversation | None:
        """Make a request about a conversation. Return its answer, or None if the process died before."""
        try:
            return request(self._manage)
        except Died:
            self._start_processes()
            return None

    def redrive(self, message_id: str) -> bool:
        """Redrive a message, and return whether the operator got an answer."""
        try:
            self._redrive.message(message_id)
        except Died:
            self._start_processes()
            return False
        return True

    def provider_says(self, *events: WebhookEvent) -> bool:
        """Send the events of a webhook, and return whether the webhook got its 200."""
        try:
            self._handle_events(events)
        except Died:
            self._start_processes()
            return False
        return True

    def relay(self) -> None:
        try:
            self._relay()
        except Died:
            self._start_processes()

    def invoke(self, function: str, group: str) -> None:
        """Give one group's records to a function, as Lambda does."""
        queue: Any = self.queues[function]
        given = queue.receive(group)
        if not given:
            return
        event = {"Records": [record.as_lambda_record() for record in given]}
        try:
            answer = self._functions[function](event, self.in_time)
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            self._lambda.delete(queue, queue.done(given, failed))
        except Died:
            self._start_processes()

    def delete(self, queue: FifoQueue | Stream, done: list[Any]) -> None:
        for record in done:
            queue.delete(record)

    def work(self) -> list[tuple[str, str]]:
        """Return the function and the group of every batch that could be handled now."""
        return [(name, group) for name, queue in self.queues.items() for group in queue.groups()]

    def come_to_rest(self, source: random.Random | None = None, within_s: float = QUIET_S) -> None:
        """Run the functions in any order until no work is left; the clock moves meanwhile."""
        began = self.clock.monotonic()
        while (
            any(self.queues.values())
            or self.table.due_at
            or self.held.queues
            or self._parked_in_vain() is False
        ):
            assert self.clock.monotonic() - began < within_s, "it never comes to rest"
            work = self.work()
            if work:
                function, group = source.choice(work) if source else work[0]
                self.invoke(function, group)
            else:
                self._wait()

    def _parked_in_vain(self) -> bool:
        """Return whether no parked status names a delivery that is known."""
        deliveries = MemoryDeliveries(self.table)
        return not any(
            deliveries.find(
                parked.update.channel, parked.update.account, parked.update.provider_message_id or ""
            )
            for parked in self.table.parked.values()
        )

    def _wait(self) -> None:
        nexts = [queue.next_visible() for queue in self.queues.values()]
        soonest = min((at for at in nexts if at is not None), default=None)
        now = self.clock.monotonic()
        if soonest is not None:
            self.clock.advance(min(60.0, soonest - now))
        elif self.held.queues or self.table.parked or not self.table.due_at:
            self.clock.advance(60.0)
        else:
            due = parse_iso(min(self.table.due_at.values()))
            self.clock.advance(max(60.0, (due - self.clock()).total_seconds()))
        self.relay()

    def _start_processes(self) -> None:
        """Start every function anew, with nothing in its memory. Each function has a conversation cache."""
        conversations = self._fated(self.conversations, "conversations")
        directory = self._fated(self.directory, "directory")
        messages = self._fated(MemoryMessages(self.table), "messages")
        deliveries = self._fated(MemoryDeliveries(self.table), "deliveries")
        queued = QueuedEvents(
            self.queues["chat-events"],
            self.channel_queues,
            self.queues["status-updates"],
            self.inbound,
            self.file_events,
        )
        self._lambda = self._fated(self, "lambda")
        self._events = self._fated(queued, "events")
        self._accept, accept_in_router, accept_in_relay, accept_in_inbound = (
            AcceptMessage(
                messages=messages,
                events=self._events,
                conversation_cache=ConversationCache(conversations, directory, self.clock.monotonic),
                capabilities=CAPABILITIES,
                accounts=EnabledAccounts(
                    self._fated(MemoryAccounts(), "accounts"),
                    dict.fromkeys(CAPABILITIES, ""),
                    self.clock.monotonic,
                ),
                clock=self.clock,
            )
            for _ in range(4)
        )
        self._change = ChangeMessage(
            messages=messages,
            deliveries=deliveries,
            events=self._events,
            conversation_cache=ConversationCache(conversations, directory, self.clock.monotonic),
            capabilities=CAPABILITIES,
            prefers=self._accept.all_checks,
            clock=self.clock,
            new_id=self.ids,
        )
        fallbacks = self._fated(MemoryFallbacks(self.table), "fallbacks")
        fall_back = FallBack(fallbacks, self._events, self.clock)
        route = RouteMessage(
            messages=messages,
            conversations=conversations,
            events=self._events,
            fallbacks=fallbacks,
            accept=accept_in_router,
            route_act=RouteAct(messages, accept_in_router, self.clock),
            record_activity=RecordActivity(conversations, conversations, self.clock),
            capabilities=CAPABILITIES,
            clock=self.clock,
        )
        self._manage = ManageConversations(conversations, directory, self._events, self.clock, self.ids)
        self._follow = FollowDelivery(messages, deliveries)
        apply = ApplyStatus(messages, deliveries, self._follow, log_failure)
        circuits = {name: self._circuits(name) for name in CAPABILITIES}
        again = TryAgain(messages, deliveries, circuits, self.clock, lambda: 0.0)
        self._record = RecordStatus(apply, deliveries, fall_back, again, self.clock)
        self._handle_events = HandleEvents(apply, self._events)
        echoes = self._fated(MemoryEchoes(), "echoes")
        self._relay = Relay(
            self.clock,
            (
                RepublishMessages(messages, deliveries, accept_in_relay, self._follow),
                RetryStatuses(deliveries, self._record),
                ConfirmInTime(fallbacks, deliveries, fall_back, CAPABILITIES),
                BringBackHeldDeliveries(
                    self._fated(MemoryHeldDeliveries(self.held), "held_deliveries"), self._events
                ),
                BringBackEchoes(echoes, self._events, self.ids),
            ),
        )
        self._redrive = Redrive(
            messages=messages,
            deliveries=deliveries,
            dead_letters=MemoryDeadLetters(self.table),
            accept=self._accept,
            events=self._events,
            clock=self.clock,
        )
        addresses = KnownAddresses(directory, ACCOUNTS, CAPABILITIES)
        record_consent = RecordConsent(
            directory, self._fated(self.audit, "audit"), self.clock, keyed, MemoryOptOuts()
        )
        follow = FollowMoves(directory, conversations, addresses, record_consent, self.clock)
        take = TakeInbound(
            channels=CAPABILITIES,
            accept=accept_in_inbound,
            find_place=FindPlace(conversations, directory, messages, self.clock),
            answer_choice=AnswerChoice(messages, deliveries, CAPABILITIES),
            meet=MeetPerson(directory, addresses, follow, record_consent, clock=self.clock, new_id=self.ids),
            follow=follow,
            directory=directory,
            messages=messages,
            templates=MemoryTemplates(),
            file=InboundFile(self._fated(self.files, "files"), self._events, self.clock, timedelta(days=365)),
            is_echo=RecognizeEcho(
                conversations=conversations,
                directory=directory,
                messages=messages,
                deliveries=deliveries,
                parked=echoes,
                clock=self.clock,
            ),
            hear_reports=HearReports(MemoryAccounts()),
            hear=HearConsent(directory, addresses, record_consent, CAPABILITIES),
            clock=self.clock,
            keep_deleted_words=False,
        )
        self._functions: Mapping[str, Callable[[Mapping[str, Any], Callable[[], bool]], dict[str, Any]]] = {
            "chat-events": self._batch(ChatEvent, ChatRecords(route), "chat-events"),
            "status-updates": self._batch(
                StatusUpdate, StatusRecords(self._record, self.counters.count), "status-updates"
            ),
            "inbound": self._batch(WebhookEvents, WebhookRecords(take), "inbound"),
            **{name: self._channel(name, deliveries) for name in CAPABILITIES},
        }

    def _batch(
        self,
        kind: type[msgspec.Struct] | UnionType,
        handle: Callable[[Any, Received], HandBack | None],
        name: str,
    ) -> Batch[Any] | StreamBatch[Any]:
        queue = self.queues[name]
        if isinstance(queue, FifoQueue):
            return Batch(kind, handle, cast("SQSClient", queue), name)
        return StreamBatch(kind, handle, self.given_up.append, threads=InTurn(), sleep=self.clock.advance)

    def _circuits(self, name: str) -> ChannelCircuits:
        breakers = self._fated(self.breakers, "breakers")
        return ChannelCircuits(name, breakers, self.announced.append, self.clock, CLAIM_TIME)

    def _channel(
        self, name: str, deliveries: MemoryDeliveries
    ) -> Callable[[Mapping[str, Any], Callable[[], bool]], dict[str, Any]]:
        channel = self._fated(self.connectors[name], "connector")
        secrets = self._fated(MemorySecrets(), "secrets")
        circuits = self._circuits(name)
        deliver = Deliver(
            connector=channel,
            deliveries=deliveries,
            events=self._events,
            limiter=NoLimits(),
            circuits=circuits,
            secrets=secrets,
            file=OutgoingFile(
                self._fated(self.files, "files"),
                self._fated(MemoryFileStore(), "file store"),
                self._fated(FakeLinks(), "links"),
            ),
            check_consent=CheckConsent(self._fated(self.directory, "directory")),
            carry_out=CarryOutAct(
                channel,
                deliveries,
                self._fated(MemoryMessages(self.table), "messages"),
                self.clock,
                keep_deleted_words=False,
            ),
            clock=self.clock,
            new_id=self.ids,
            jitter=lambda: 0.5,
            claim_time=CLAIM_TIME,
        )
        return cast(
            "Callable[[Mapping[str, Any], Callable[[], bool]], dict[str, Any]]",
            DeliveryBatch(
                DeliverOrHold(
                    deliver, self._fated(MemoryHeldDeliveries(self.held), "held_deliveries"), self.clock
                ),
                self._events,
                cast("SQSClient", self.channel_queues[name]),
                name,
                self.counters.count,
                follow=self._follow,
                limiter=NoLimits(),
                deliver_signal=DeliverSignal(channel, NoLimits(), circuits, secrets, self.clock),
            ),
        )

    def _fated(self, port: Any, name: str) -> Any:  # noqa: ANN401 - any port, as itself
        return fated(port, name, lambda: self.fate, self.struck)
