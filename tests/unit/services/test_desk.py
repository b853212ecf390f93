"""Conversations at the desk: changes, lists, whose turn it is, snoozes, and idle conversations."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType
from chat4all.domain.desk import Control, Desk, DeskChanges, DeskQuery, DeskStatus, Priority, Writer
from chat4all.domain.errors import ActNotPossible, Conflict, ConversationNotFound, Invalid, Unavailable
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.kinds import Reaction
from chat4all.domain.pages import Page
from chat4all.domain.person import UserType
from chat4all.domain.purpose import Purpose
from chat4all.domain.status import Status
from chat4all.services.directory.change_desk import ChangeDesk
from chat4all.services.directory.list_conversations import (
    MOST_LOOKED_AT,
    ConversationOrder,
    ConversationQuery,
)
from chat4all.services.directory.manage_conversations import NewConversation
from chat4all.services.messaging.record_activity import RecordActivity
from chat4all.services.recovery.tend_desks import ArchiveIdle, WakeSnoozed
from tests.fakes.connector import ACCOUNT
from tests.fakes.conversations import MemoryConversations
from tests.fakes.people import NOW
from tests.fakes.product import AGENT, ANA, BEN, Product, a_message

IDLE = timedelta(days=90)
_NUMBERS = count(1)


@pytest.fixture
def product() -> Product:
    product = Product()
    for user in (AGENT, ANA, BEN):
        product.directory.create(user)
    return product


@pytest.fixture
def talk(product: Product) -> str:
    return begin(product).conversation_id


def begin(product: Product, *members: str) -> Conversation:
    kind = ConversationType.GROUP if len(members) > 2 else ConversationType.ONE_TO_ONE
    return product.manage_conversations.create(NewConversation(kind, members or ("agent", "ana")))


def person_writes(product: Product, words: str = "hello") -> None:
    event = InboundMessage("ana@pigeon", f"hers-{next(_NUMBERS)}", Text(words), iso(product.clock()))
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook", event))
    product.route_all()


def agent_writes(
    product: Product, talk: str, purpose: Purpose = Purpose.SERVICE, *, is_to_many: bool = False
) -> None:
    new = a_message(message_id=product.ids(), conversation_id=talk)
    product.accept(replace(new, purpose=purpose), is_to_many=is_to_many)
    product.route_all()


def change(product: Product, talk: str, if_version: int | None = None, **changes: object) -> Desk:
    return product.change_desk(talk, DeskChanges(**changes), if_version).desk  # type: ignore[arg-type]


def desk_of(product: Product, talk: str) -> Desk:
    return product.conversation(talk).desk


# Changes


def test_attributes_are_changed_and_the_conversation_keeps_its_version(product: Product, talk: str) -> None:
    before = product.conversation(talk)

    desk = change(product, talk, assignee="agent", labels=("a",), priority=Priority.HIGH)

    after = product.conversation(talk)
    assert after.desk == desk == Desk(assignee="agent", labels=("a",), priority=Priority.HIGH, version=1)
    assert after == before.with_desk(desk)


@pytest.mark.parametrize("assignee", ["ana", "nobody"])
def test_only_an_agent_is_assigned(product: Product, talk: str, assignee: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(product, talk, assignee=assignee)

    assert [detail.field for detail in refused.value.details] == ["assignee"]


def test_a_conversation_that_is_not_there_is_not_found(product: Product) -> None:
    with pytest.raises(ConversationNotFound):
        change(product, "unknown", team="sales")


def test_a_change_of_another_version_is_refused(product: Product, talk: str) -> None:
    change(product, talk, 0, team="sales")

    with pytest.raises(Conflict) as refused:
        change(product, talk, 0, team="billing")

    assert refused.value.code == "DESK_CHANGED"
    assert desk_of(product, talk).team == "sales"


class Racing(MemoryConversations):
    """A store in which another request changes the labels before each of the first writes."""

    def __init__(self, known: MemoryConversations, races: int) -> None:
        self.__dict__.update(known.__dict__)
        self._races = races

    def save(self, conversation: Conversation, desk: Desk) -> bool:
        if self._races:
            self._races -= 1
            known = self.get(conversation.conversation_id)
            assert known is not None
            labels = (*known.desk.labels, str(self._races))
            super().save(known, replace(known.desk, labels=labels, version=known.desk.version + 1))
        return super().save(conversation, desk)


def test_two_requests_at_once_both_count(product: Product, talk: str) -> None:
    racing = Racing(product.conversations, races=2)
    change_desk = ChangeDesk(racing, racing, product.directory, product.clock)

    desk = change_desk(talk, DeskChanges(team="sales"), None).desk

    assert (desk.team, desk.labels, desk.version) == ("sales", ("1", "0"), 3)


def test_endless_races_are_unavailable_and_no_error_of_ours(product: Product, talk: str) -> None:
    racing = Racing(product.conversations, races=100)

    with pytest.raises(Unavailable):
        ChangeDesk(racing, racing, product.directory, product.clock)(talk, DeskChanges(team="x"), None)


# Whose turn it is


def test_a_person_waits_until_a_human_answers(product: Product, talk: str) -> None:
    person_writes(product)
    asked_at = iso(product.clock())
    product.clock.advance(5)
    person_writes(product, "are you there?")
    assert desk_of(product, talk).waiting_since == asked_at

    agent_writes(product, talk)

    assert desk_of(product, talk).waiting_since is None


def test_an_answer_that_is_refused_ends_no_wait(product: Product, talk: str) -> None:
    person_writes(product)
    message_id = product.accept(a_message(message_id=product.ids(), conversation_id=talk)).message.message_id
    product.manage_users.unlink("ana", "pigeon", "ana@pigeon")
    product.manage_conversations.set_state(talk, ConversationState.ARCHIVED)
    product.manage_conversations.set_state(talk, ConversationState.ACTIVE)

    product.route_all()

    assert product.message(message_id).status is Status.FAILED
    assert desk_of(product, talk).waiting_since is not None


@pytest.mark.parametrize(("purpose", "is_to_many"), [(Purpose.MARKETING, False), (Purpose.SERVICE, True)])
def test_a_message_to_many_answers_nobody(
    product: Product, talk: str, purpose: Purpose, *, is_to_many: bool
) -> None:
    person_writes(product)

    agent_writes(product, talk, purpose, is_to_many=is_to_many)

    assert desk_of(product, talk).waiting_since is not None


@pytest.mark.parametrize("status", [DeskStatus.PENDING, DeskStatus.RESOLVED, DeskStatus.SNOOZED])
def test_a_persons_message_reopens_the_conversation(product: Product, talk: str, status: DeskStatus) -> None:
    change(product, talk, status=status)

    agent_writes(product, talk)
    assert desk_of(product, talk).status is status
    person_writes(product)

    assert desk_of(product, talk).status is DeskStatus.OPEN


@pytest.mark.parametrize(("hours", "is_reopened"), [(23, True), (24, True), (25, False), (24 * 200, False)])
def test_imported_history_and_very_late_messages_do_not_reopen(
    product: Product, talk: str, hours: int, *, is_reopened: bool
) -> None:
    change(product, talk, status=DeskStatus.RESOLVED)
    sent_at = iso(product.clock() - timedelta(hours=hours))

    event = InboundMessage("ana@pigeon", f"hers-{next(_NUMBERS)}", Text("hello"), sent_at)
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook", event))
    product.route_all()

    desk = desk_of(product, talk)
    assert (desk.status is DeskStatus.OPEN, desk.waiting_since is not None) == (is_reopened, is_reopened)


def test_a_reaction_asks_and_answers_nothing(product: Product, talk: str) -> None:
    agent_writes(product, talk)
    change(product, talk, status=DeskStatus.RESOLVED)
    said = product.events.submitted[-1].message.message_id

    new = a_message(message_id=product.ids(), conversation_id=talk, sender_id="ana", reply_to=said)
    product.accept(replace(new, content=Reaction("👍")))
    product.route_all()
    desk = desk_of(product, talk)
    assert (desk.status, desk.waiting_since) == (DeskStatus.RESOLVED, None)

    person_writes(product)
    submitted = product.events.submitted[-1]
    ours = replace(submitted, message=replace(submitted.message, content=Reaction("👍")), writer=Writer.HUMAN)
    record = RecordActivity(product.conversations, product.desks, product.clock)
    assert record(product.conversation(talk), ours).desk.waiting_since is not None


def test_the_same_record_again_does_not_reopen(product: Product, talk: str) -> None:
    group = begin(product, "agent", "ana", "ben").conversation_id
    product.accept(replace(a_message(message_id=product.ids(), conversation_id=group), sender_id="ana"))
    event = product.events.submitted[-1]
    product.route_all()
    change(product, group, status=DeskStatus.RESOLVED)

    product.route(event, product.events.number_of(event))

    assert desk_of(product, group).status is DeskStatus.RESOLVED


def test_a_lively_conversation_costs_a_write_a_minute_and_no_read(product: Product, talk: str) -> None:
    agent_writes(product, talk)
    product.clock.advance(61)
    writes, reads = product.conversations.desk_writes, product.conversations.reads

    for _ in range(10):
        agent_writes(product, talk)
        product.clock.advance(1)

    assert product.conversations.desk_writes - writes == 1
    # The router reads the conversation for each message, and the memory of the API reads it every 10 seconds.
    assert product.conversations.reads - reads <= 10 + 2


def test_a_message_to_a_desk_that_changes_meanwhile_is_recorded(product: Product, talk: str) -> None:
    change(product, talk, status=DeskStatus.RESOLVED)
    product.accept(replace(a_message(message_id=product.ids(), conversation_id=talk), sender_id="ana"))
    product.change_desk(talk, DeskChanges(team="sales"), None)

    product.route_all()

    desk = desk_of(product, talk)
    assert (desk.status, desk.team) == (DeskStatus.OPEN, "sales")


# Bots


@pytest.fixture
def bots(product: Product) -> str:
    """Begin a conversation of a bot."""
    product.directory.create(replace(AGENT, user_id="bot", type=UserType.BOT))
    return begin(product, "bot", "ana").conversation_id


def bot_writes(product: Product, talk: str) -> str:
    new = replace(a_message(message_id=product.ids(), conversation_id=talk), sender_id="bot")
    return product.accept(new).message.message_id


def test_a_bot_is_refused_while_a_human_has_the_conversation(product: Product, bots: str) -> None:
    with pytest.raises(Conflict) as refused:
        bot_writes(product, bots)
    assert refused.value.code == "HUMAN_IN_CONTROL"

    change(product, bots, controlled_by=Control.BOT)
    message_id = bot_writes(product, bots)
    product.route_all()
    assert product.message(message_id).status is Status.PENDING
    assert [event.recipient.user_id for event in product.events.requested] == ["ana"]

    change(product, bots, controlled_by=Control.HUMAN)
    with pytest.raises(Conflict):
        bot_writes(product, bots)


def test_a_bot_changes_and_reacts_to_nothing_while_a_human_has_the_conversation(
    product: Product, bots: str
) -> None:
    change(product, bots, controlled_by=Control.BOT)
    person_writes(product)
    message_id = bot_writes(product, bots)
    product.route_all()
    change(product, bots, controlled_by=Control.HUMAN)
    reaction = replace(
        a_message(message_id=product.ids(), conversation_id=bots),
        sender_id="bot",
        content=Reaction("👍"),
        reply_to=message_id,
    )
    acts: tuple[Callable[[], object], ...] = (
        lambda: product.change.edit(message_id, "bot", Text("other words"), None),
        lambda: product.change.delete(message_id, "bot"),
        lambda: product.accept(reaction),
    )

    for act in acts:
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "HUMAN_IN_CONTROL"
    assert product.message(message_id).content == a_message().content

    # A hand-over that the memory of a process does not know yet counts.
    change(product, bots, controlled_by=Control.BOT)
    with suppress(ActNotPossible):
        product.change.edit(message_id, "bot", Text("other words"), None)
    change(product, bots, controlled_by=Control.HUMAN)
    with pytest.raises(Conflict):
        product.change.delete(message_id, "bot")


def test_a_bots_message_on_its_way_fails_when_a_human_takes_over(product: Product, bots: str) -> None:
    change(product, bots, controlled_by=Control.BOT)
    message_id = bot_writes(product, bots)
    change(product, bots, controlled_by=Control.HUMAN)

    product.route_all()

    message = product.message(message_id)
    assert (message.status, message.error_code) == (Status.FAILED, "HUMAN_IN_CONTROL")
    assert product.events.requested == []


def test_a_bot_answers_a_person_and_hands_over_one_who_waits(product: Product, bots: str) -> None:
    change(product, bots, controlled_by=Control.BOT)
    person_writes(product)
    bot_writes(product, bots)
    product.route_all()
    assert desk_of(product, bots).waiting_since is None

    product.clock.advance(5)
    desk = change(product, bots, controlled_by=Control.HUMAN)

    assert desk.waiting_since == iso(product.clock())


def test_a_persons_words_do_not_go_to_a_bots_channel_and_a_bot_may_be_assigned(
    product: Product, bots: str
) -> None:
    person_writes(product)

    assert product.events.requested == []
    assert change(product, bots, assignee="bot").assignee == "bot"


# Lists


def shown(page: Page[Conversation]) -> list[str]:
    return [conversation.conversation_id for conversation in page.items]


def every(product: Product, query: ConversationQuery, limit: int = 2) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = product.list_conversations(query, cursor, limit)
        assert len(page.items) <= limit
        found += shown(page)
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_inbox_is_sorted_by_the_last_activity(product: Product, limit: int) -> None:
    talks = [begin(product, "agent", "ana", "ben").conversation_id for _ in range(6)]
    order = [3, 0, 5, 1]
    for number in order:
        product.clock.advance(120)
        agent_writes(product, talks[number])
    product.manage_conversations.set_state(talks[1], ConversationState.ARCHIVED)

    listed = every(product, ConversationQuery(order=ConversationOrder.ACTIVE), limit)

    assert listed[:3] == [talks[5], talks[0], talks[3]]
    assert sorted(listed) == sorted(set(talks) - {talks[1]})


@pytest.mark.parametrize("order", ConversationOrder)
def test_filters_combine_in_both_orders(product: Product, order: ConversationOrder) -> None:
    talks = [begin(product, "agent", "ana", "ben").conversation_id for _ in range(5)]
    for number, talk in enumerate(talks):
        bot = Control.BOT if number == 1 else Control.HUMAN
        change(product, talk, assignee="agent", team="sales" if number < 3 else None, controlled_by=bot)
    change(product, talks[0], status=DeskStatus.PENDING)

    def listed(user_id: str | None = None, **fields: object) -> set[str]:
        desk = DeskQuery(**fields)  # type: ignore[arg-type]
        found = every(product, ConversationQuery(user_id, order, desk))
        assert len(found) == len(set(found))
        return set(found)

    assert listed(assignee="agent", team="sales") == set(talks[:3])
    assert listed(assignee="agent", team="sales", status=DeskStatus.OPEN) == set(talks[1:3])
    assert listed("ana", team="sales", controlled_by=Control.BOT) == {talks[1]}
    assert listed("ben", assignee="agent", status=DeskStatus.PENDING) == {talks[0]}
    assert listed(is_assigned=False) == set()


def test_few_matches_among_many_lead_on_over_short_pages(product: Product) -> None:
    talks = [begin(product).conversation_id for _ in range(MOST_LOOKED_AT + 5)]
    change(product, talks[0], team="sales")
    query = ConversationQuery(order=ConversationOrder.ACTIVE, desk=DeskQuery(team="sales"))

    first = product.list_conversations(query, None, 10)

    assert first.next_cursor is not None
    assert every(product, query) == [talks[0]]


# Snoozes and idle conversations


def test_a_resolved_one_can_be_snoozed_and_a_snoozed_one_resolved(product: Product, talk: str) -> None:
    change(product, talk, status=DeskStatus.RESOLVED)
    until = iso(product.clock() + timedelta(hours=1))

    assert change(product, talk, status=DeskStatus.SNOOZED, snoozed_until=until).snoozed_until == until
    assert change(product, talk, status=DeskStatus.RESOLVED).snoozed_until is None


def test_work_at_the_desk_is_no_activity(product: Product, talk: str) -> None:
    before = product.conversation(talk).active_at
    product.clock.advance(600)

    change(product, talk, labels=("a",), assignee="agent", status=DeskStatus.PENDING)
    product.manage_notes.write(talk, "agent", "VIP")

    assert product.conversation(talk).active_at == before


def test_a_snooze_ends_at_its_time(product: Product, talk: str) -> None:
    until = product.clock() + timedelta(hours=1)
    change(product, talk, status=DeskStatus.SNOOZED, snoozed_until=iso(until))
    wake = WakeSnoozed(product.conversations, product.conversations)

    assert wake(until - timedelta(seconds=1)).total() == 0
    assert wake(until).total() == 1
    assert wake(until).total() == 0

    desk = desk_of(product, talk)
    assert (desk.status, desk.snoozed_until, desk.active_at) == (DeskStatus.OPEN, None, iso(until))


def archive_idle(product: Product, after: timedelta | None = IDLE) -> int:
    return ArchiveIdle(product.conversations, product.conversations, after)(product.clock()).total()


def test_an_idle_conversation_is_archived_and_a_persons_message_brings_it_back(
    product: Product, talk: str
) -> None:
    person_writes(product)
    product.clock.advance(IDLE.total_seconds() + 60)
    assert archive_idle(product) == 1
    assert product.conversation(talk).state is ConversationState.ARCHIVED

    person_writes(product)

    assert product.conversation(talk).state is ConversationState.ACTIVE
    assert shown(product.list_conversations(ConversationQuery("ana"), None, 10)) == [talk]
    assert archive_idle(product) == 0


def test_a_conversation_that_was_archived_by_hand_stays_archived(product: Product, talk: str) -> None:
    person_writes(product)
    product.clock.advance(IDLE.total_seconds() + 60)
    archive_idle(product)
    product.manage_conversations.set_state(talk, ConversationState.ARCHIVED)

    person_writes(product)

    assert product.conversation(talk).state is ConversationState.ARCHIVED


def test_a_conversation_that_is_reactivated_by_hand_is_not_idle_at_once(product: Product, talk: str) -> None:
    product.clock.advance(IDLE.total_seconds() + 60)
    archive_idle(product)

    product.manage_conversations.set_state(talk, ConversationState.ACTIVE)

    assert archive_idle(product) == 0


@pytest.mark.parametrize("after", [None, IDLE + timedelta(days=2)])
def test_a_conversation_is_archived_neither_early_nor_if_that_is_off(
    product: Product, talk: str, after: timedelta | None
) -> None:
    product.clock.advance(IDLE.total_seconds())

    assert archive_idle(product, after) == 0


def test_a_snoozed_conversation_is_not_archived_nor_as_soon_as_it_wakes(product: Product, talk: str) -> None:
    until = product.clock() + timedelta(days=200)
    change(product, talk, status=DeskStatus.SNOOZED, snoozed_until=iso(until))
    product.clock.advance(timedelta(days=200).total_seconds())

    assert archive_idle(product) == 0
    WakeSnoozed(product.conversations, product.conversations)(product.clock())
    assert archive_idle(product) == 0


def test_a_message_that_was_accepted_before_the_archive_is_delivered(product: Product, talk: str) -> None:
    product.clock.advance(IDLE.total_seconds() + 60)
    message = product.accept(a_message(message_id=product.ids(), conversation_id=talk)).message
    archive_idle(product)

    product.route_all()

    assert product.message(message.message_id).status is Status.PENDING
    assert product.events.requested
    assert product.conversation(talk).state is ConversationState.ACTIVE


def test_a_person_whose_message_was_accepted_before_an_archive_by_hand_is_not_forgotten(
    product: Product, talk: str
) -> None:
    change(product, talk, status=DeskStatus.RESOLVED)
    event = InboundMessage("ana@pigeon", "hers", Text("wait!"), iso(product.clock()))
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook", event))
    product.manage_conversations.set_state(talk, ConversationState.ARCHIVED)

    product.route_all()

    found = product.conversation(talk)
    assert (found.state, found.desk.status) == (ConversationState.ACTIVE, DeskStatus.OPEN)
    assert found.desk.waiting_since is not None
    assert product.conversations.turns("ana")[0] == talk


def test_our_message_that_was_accepted_before_an_archive_by_hand_reactivates_nothing(
    product: Product, talk: str
) -> None:
    product.accept(a_message(message_id=product.ids(), conversation_id=talk))
    product.manage_conversations.set_state(talk, ConversationState.ARCHIVED)

    product.route_all()

    assert product.conversation(talk).state is ConversationState.ARCHIVED


def test_a_conversation_that_is_archived_by_an_erasure_stays_archived(product: Product, talk: str) -> None:
    event = InboundMessage("ana@pigeon", "hers", Text("wait!"), iso(product.clock()))
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook", event))
    known = product.conversation(talk)
    assert product.conversations.set_state(known, ConversationState.ARCHIVED)

    product.route_all()

    assert product.conversation(talk).state is ConversationState.ARCHIVED


def test_a_conversation_of_two_who_are_one_person_by_now_stays_archived(product: Product) -> None:
    pair = begin(product, "ana", "ben").conversation_id
    new = a_message(message_id=product.ids(), conversation_id=pair, sender_id="ana")
    message_id = product.accept(new).message.message_id
    product.manage_conversations.set_state(pair, ConversationState.ARCHIVED)
    product.merges.merge("ana", "ben", "key")

    product.route_all()

    assert product.conversation(pair).state is ConversationState.ARCHIVED
    assert product.message(message_id).sequence


def test_nothing_waits_and_everything_is_open_in_a_new_conversation(product: Product, talk: str) -> None:
    assert desk_of(product, talk) == Desk()
    assert product.conversation(talk).active_at == NOW
