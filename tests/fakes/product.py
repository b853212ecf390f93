"""Every use case over fakes, in one process. Events are recorded instead of queued."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from chat4all.adapters.failure_log import log_failure
from chat4all.domain.channel import Capabilities
from chat4all.domain.content import Media, Text
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.events import DeliveryRequested, MessageAccepted, Recipient
from chat4all.domain.files.file import Attachment
from chat4all.domain.message import Message
from chat4all.domain.person import User
from chat4all.domain.plan import Step
from chat4all.domain.status import Status, StatusChange
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.accounts.hear_reports import HearReports
from chat4all.services.directory.change_desk import ChangeDesk
from chat4all.services.directory.list_conversations import ListConversations
from chat4all.services.directory.manage_conversations import ManageConversations
from chat4all.services.directory.manage_notes import ManageNotes
from chat4all.services.directory.manage_users import ManageUsers
from chat4all.services.directory.merge_users import MergeUsers
from chat4all.services.directory.ports import Desks
from chat4all.services.directory.record_consent import RecordConsent
from chat4all.services.files.attach_file import AttachFile
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
from chat4all.services.messaging.circuit import AccountCircuit, ChannelCircuits, CircuitChanged
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.count_unread import CountUnread
from chat4all.services.messaging.deliver import Deliver
from chat4all.services.messaging.deliver_signal import DeliverSignal
from chat4all.services.messaging.fall_back import ConfirmInTime, FallBack
from chat4all.services.messaging.fill_template import FillTemplate
from chat4all.services.messaging.hold_delivery import BringBackHeldDeliveries, DeliverOrHold
from chat4all.services.messaging.ports import Limiter
from chat4all.services.messaging.read_messages import ReadMessages
from chat4all.services.messaging.record_activity import RecordActivity
from chat4all.services.messaging.record_status import ApplyStatus, FollowDelivery, RecordStatus
from chat4all.services.messaging.route_act import RouteAct
from chat4all.services.messaging.route_message import RouteMessage
from chat4all.services.messaging.schedule_message import ScheduleMessage, SendScheduled
from chat4all.services.messaging.send_signals import SendSignals
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
from tests.fakes.events import RecordedEvents
from tests.fakes.fallbacks import MemoryFallbacks
from tests.fakes.files import FakeLinks, MemoryFiles, MemoryFileStore
from tests.fakes.fingerprints import keyed
from tests.fakes.held_deliveries import HeldTable, MemoryHeldDeliveries
from tests.fakes.merges import MemoryPeople
from tests.fakes.message_table import MessageTable
from tests.fakes.messages import MemoryMessages
from tests.fakes.notes import MemoryNotes
from tests.fakes.opt_outs import MemoryOptOuts
from tests.fakes.people import agent, conversation_of, customer, pair_customers
from tests.fakes.small_stores import MemoryAccounts, MemoryBreakers, MemoryEchoes, MemorySecrets, NoLimits
from tests.fakes.templates import FakeCatalogue, MemoryTemplates

MESSAGE_ID = "11111111-1111-4111-8111-111111111111"
NUMBER = "00000000000000000001"
"""The number of the first message."""
CLAIM_TIME = timedelta(seconds=35)
AGENT = agent("agent")
ANA = customer("ana", "pigeon")
BEN = customer("ben", "telex")


@dataclass
class Product:
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    conversations: MemoryConversations = field(default_factory=MemoryConversations)
    directory: MemoryDirectory = field(default_factory=MemoryDirectory)
    table: MessageTable = field(default_factory=MessageTable)
    events: RecordedEvents = field(default_factory=RecordedEvents)
    connector: FakeConnector = field(default_factory=FakeConnector)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    breakers: MemoryBreakers = field(default_factory=MemoryBreakers)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    files: MemoryFiles = field(default_factory=MemoryFiles)
    capabilities: Mapping[str, Capabilities] = field(default_factory=lambda: CAPABILITIES)
    templates: MemoryTemplates = field(default_factory=MemoryTemplates)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    other_desks: Desks | None = None
    """The store of the desks, if `conversations` is none."""
    announced: list[CircuitChanged] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._submitted_and_routed = 0
        self.desks = self.other_desks or self.conversations
        self.messages = MemoryMessages(self.table)
        self.deliveries = MemoryDeliveries(self.table)
        self.conversation_cache = ConversationCache(self.conversations, self.directory, self.clock.monotonic)
        self.accept = AcceptMessage(
            messages=self.messages,
            events=self.events,
            conversation_cache=self.conversation_cache,
            capabilities=self.capabilities,
            accounts=EnabledAccounts(self.accounts, dict.fromkeys(CAPABILITIES, ""), self.clock.monotonic),
            clock=self.clock,
        )
        self.schedule = ScheduleMessage(self.messages, self.accept, self.clock)
        self.echoes = MemoryEchoes()
        self.held_deliveries = MemoryHeldDeliveries(HeldTable())
        self.fallbacks = MemoryFallbacks(self.table)
        fall_back = FallBack(self.fallbacks, self.events, self.clock)
        self.route = RouteMessage(
            messages=self.messages,
            conversations=self.conversations,
            events=self.events,
            fallbacks=self.fallbacks,
            accept=self.accept,
            capabilities=self.capabilities,
            route_act=RouteAct(self.messages, self.accept, self.clock),
            record_activity=RecordActivity(self.conversations, self.desks, self.clock),
            clock=self.clock,
        )
        self.change = ChangeMessage(
            messages=self.messages,
            deliveries=self.deliveries,
            events=self.events,
            conversation_cache=self.conversation_cache,
            capabilities=CAPABILITIES,
            prefers=self.accept.all_checks,
            clock=self.clock,
            new_id=self.ids,
        )
        self.signals = SendSignals(
            messages=self.messages,
            conversations=self.conversations,
            events=self.events,
            conversation_cache=self.conversation_cache,
            capabilities=CAPABILITIES,
            accounts=self.accept.accounts,
            clock=self.clock,
            new_id=self.ids,
        )
        self.follow = FollowDelivery(self.messages, self.deliveries)
        self.apply = ApplyStatus(self.messages, self.deliveries, self.follow, log_failure)
        again = TryAgain(self.messages, self.deliveries, {"pigeon": self.circuits()}, self.clock, lambda: 0.0)
        self.record = RecordStatus(self.apply, self.deliveries, fall_back, again, self.clock)
        self.handle_events = HandleEvents(self.apply, self.events)
        self.relay = Relay(
            self.clock,
            (
                SendScheduled(self.messages, self.accept, self.fill_template(self.capabilities).again),
                RepublishMessages(self.messages, self.deliveries, self.accept, self.follow),
                RetryStatuses(self.deliveries, self.record),
                BringBackHeldDeliveries(self.held_deliveries, self.events),
                ConfirmInTime(self.fallbacks, self.deliveries, fall_back, self.capabilities),
                BringBackEchoes(self.echoes, self.events, self.ids),
            ),
        )
        self.dead_letters = MemoryDeadLetters(self.table)
        self.redrive = Redrive(
            messages=self.messages,
            deliveries=self.deliveries,
            dead_letters=self.dead_letters,
            accept=self.accept,
            events=self.events,
            clock=self.clock,
        )
        addresses = KnownAddresses(self.directory, ACCOUNTS, self.capabilities)
        self.opt_outs = MemoryOptOuts()
        self.record_consent = RecordConsent(self.directory, self.audit, self.clock, keyed, self.opt_outs)
        follow = FollowMoves(self.directory, self.conversations, addresses, self.record_consent, self.clock)
        self.take = TakeInbound(
            channels=CAPABILITIES,
            accept=self.accept,
            find_place=FindPlace(self.conversations, self.directory, self.messages, self.clock),
            answer_choice=AnswerChoice(self.messages, self.deliveries, self.capabilities),
            meet=MeetPerson(
                self.directory, addresses, follow, self.record_consent, clock=self.clock, new_id=self.ids
            ),
            follow=follow,
            directory=self.directory,
            messages=self.messages,
            templates=self.templates,
            file=InboundFile(self.files, self.events, self.clock, timedelta(days=365)),
            is_echo=RecognizeEcho(
                conversations=self.conversations,
                directory=self.directory,
                messages=self.messages,
                deliveries=self.deliveries,
                parked=self.echoes,
                clock=self.clock,
            ),
            hear_reports=HearReports(self.accounts),
            hear=HearConsent(self.directory, addresses, self.record_consent, CAPABILITIES),
            clock=self.clock,
            keep_deleted_words=False,
        )
        self.attach = AttachFile(self.files)
        self.read = ReadMessages(
            self.messages, self.deliveries, self.conversations, self.fallbacks, self.directory
        )
        self.manage_conversations = ManageConversations(
            self.conversations, self.directory, self.events, self.clock, self.ids
        )
        self.merges = MergeUsers(
            self.directory,
            MemoryPeople(self.directory, self.conversations, self.audit),
            self.clock,
            self.ids,
            keyed,
        )
        self.list_conversations = ListConversations(self.conversations, self.desks, self.directory)
        self.change_desk = ChangeDesk(self.conversations, self.desks, self.directory, self.clock)
        self.count_unread = CountUnread(self.conversations, self.directory, self.messages)
        self.manage_notes = ManageNotes(
            MemoryNotes(), self.conversations, self.directory, self.clock, self.ids
        )
        self.manage_users = ManageUsers(
            self.directory,
            lambda _channel, address: self.connector.canonical_address(address),
            ACCOUNTS,
            self.clock,
            self.ids,
            is_account=lambda channel, account: account in ACCOUNTS[channel],
            recall=lambda user, identities: self.record_consent.recall(user, identities, "api"),
        )

    def fill_template(
        self, capabilities: Mapping[str, Capabilities] = CAPABILITIES, remembered_s: float = 0.0
    ) -> FillTemplate:
        """Return the use case of a process of its own, over `catalogue`."""
        return FillTemplate(
            known=self.templates,
            catalogue=lambda channel: self.catalogue if capabilities[channel].has_templates else None,
            secrets=self.secrets,
            messages=self.messages,
            conversation_cache=self.conversation_cache,
            capabilities=capabilities,
            accounts=ACCOUNTS,
            enabled=self.accept.accounts,
            clock=self.clock,
            monotonic=self.clock.monotonic,
            remembered_s=remembered_s,
        )

    def deliver(
        self,
        limiter: Limiter | None = None,
        in_time: Callable[[], bool] = lambda: True,
    ) -> Deliver:
        return Deliver(
            connector=self.connector,
            deliveries=self.deliveries,
            events=self.events,
            limiter=limiter or NoLimits(),
            circuits=self.circuits(),
            secrets=self.secrets,
            file=OutgoingFile(self.files, MemoryFileStore(), FakeLinks()),
            check_consent=CheckConsent(self.directory),
            carry_out=CarryOutAct(
                self.connector, self.deliveries, self.messages, self.clock, keep_deleted_words=False
            ),
            clock=self.clock,
            new_id=self.ids,
            jitter=lambda: 0.0,
            claim_time=CLAIM_TIME,
            in_time=in_time,
        )

    def deliver_signal(self, limiter: Limiter | None = None) -> DeliverSignal:
        return DeliverSignal(self.connector, limiter or NoLimits(), self.circuits(), self.secrets, self.clock)

    def deliver_or_hold(self, limiter: Limiter | None = None) -> DeliverOrHold:
        return DeliverOrHold(self.deliver(limiter), self.held_deliveries, self.clock)

    def circuit(self, account: str = "main") -> AccountCircuit:
        """Return the breaker of an account as a process of its own sees it."""
        return self.circuits().of(account)

    def circuits(self) -> ChannelCircuits:
        return ChannelCircuits("pigeon", self.breakers, self.announced.append, self.clock, CLAIM_TIME)

    def settle(self, *members: User, kind: ConversationType = ConversationType.ONE_TO_ONE) -> Conversation:
        """Create the members and a conversation of them."""
        for member in members:
            self.directory.create(member)
        conversation = conversation_of(*members, kind=kind)
        self.conversations.create(conversation, pair_customers(conversation, *members))
        return conversation

    def conversation(self, conversation_id: str = "conversation") -> Conversation:
        found = self.conversations.get(conversation_id)
        assert found is not None
        return found

    def message(self, message_id: str = MESSAGE_ID) -> Message:
        found = self.messages.get(message_id)
        assert found is not None
        return found

    def route_submitted(self) -> None:
        """The router handles every message that was submitted since the last time, in order.

        After an error, the next call begins with the message that could not be handled.
        """
        for event in self.events.submitted[self._submitted_and_routed :]:
            self.route(event, self.events.number_of(event))
            self._submitted_and_routed += 1

    def route_all(self) -> None:
        """The router handles every message that was submitted, then every other event."""
        self.route_submitted()
        accepted = list(self.events.accepted)
        self.events.accepted.clear()
        for event in accepted:
            self.route(event, event.sequence)

    def say(
        self, content: str = "hello", *, message_id: str = MESSAGE_ID, reply_to: str | None = None
    ) -> Accepted:
        """Accept a message of the agent in the conversation."""
        return self.accept(a_message(content, message_id=message_id, reply_to=reply_to))


def over(*channels: str) -> tuple[Step, ...]:
    """Return the steps that try the channels in turn with the message's own content."""
    return tuple(map(Step, channels))


def a_content(text: str, file: Attachment | None = None) -> Text | Media:
    return Text(text) if file is None else Media(file, text)


def a_message(
    content: str = "hello",
    *,
    message_id: str = MESSAGE_ID,
    sender_id: str = "agent",
    conversation_id: str = "conversation",
    steps: tuple[Step, ...] = (),
    reply_to: str | None = None,
    file: Attachment | None = None,
    send_at: str | None = None,
) -> NewMessage:
    return NewMessage(
        message_id=message_id,
        conversation_id=conversation_id,
        sender_id=sender_id,
        content=a_content(content, file),
        steps=steps,
        reply_to=reply_to,
        send_at=send_at,
    )


def an_event(*recipients: Recipient, text: str = "hello", reply_to: str | None = None) -> MessageAccepted:
    return MessageAccepted(
        message_id=MESSAGE_ID,
        conversation_id="conversation",
        content=Text(text),
        recipients=recipients,
        accepted_at="2026-01-31T12:00:00.000Z",
        sequence=NUMBER,
        recipient_count=len(recipients),
        reply_to=reply_to,
    )


def a_delivery(
    text: str = "hello",
    *,
    message_id: str = MESSAGE_ID,
    user_id: str = "ana",
    number: int = 1,
    part: int = 0,
    part_count: int = 1,
    recipient_count: int = 1,
    reply_to: str | None = None,
    round_: int = 0,
    file: Attachment | None = None,
) -> DeliveryRequested:
    return DeliveryRequested(
        message_id=message_id,
        conversation_id="conversation",
        recipient=Recipient(user_id, "pigeon", "main", f"{user_id}@pigeon", number),
        content=a_content(text, file),
        part=part,
        part_count=part_count,
        recipient_count=recipient_count,
        round=round_,
        accepted_at="2026-01-31T12:00:00.000Z",
        sequence=NUMBER,
        reply_to=reply_to,
    )


def statuses(history: tuple[StatusChange, ...]) -> list[Status]:
    return [change.status for change in history]
