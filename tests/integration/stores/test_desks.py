"""The desk's attributes and the lists by them, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.people import DynamoPeople
from chat4all.domain.audit import AuditAction, AuditEntry
from chat4all.domain.conversation import Conversation, ConversationState
from chat4all.domain.desk import Desk, DeskStatus, Priority
from chat4all.domain.pages import TimeCursor
from chat4all.domain.person import User
from chat4all.services.directory.ports import Conversations, Desks, Directory, People
from tests.fakes.audit import MemoryAudit
from tests.fakes.conversations import MemoryConversations
from tests.fakes.directory import MemoryDirectory
from tests.fakes.merges import MemoryPeople
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.integration.aws import Aws

FULL = Desk(
    status=DeskStatus.SNOOZED,
    snoozed_until="2026-03-01T00:00:00.000Z",
    assignee="somebody",
    team="Vendas 😀",
    labels=("a", "#", ""),
    priority=Priority.LOW,
    active_at="2026-02-01T00:00:00.000Z",
    waiting_since=NOW,
    version=7,
)
MOST = 1_000


@pytest.fixture
def make(conversations: Conversations, new_id: Callable[[], str]) -> Callable[[], Conversation]:
    def made() -> Conversation:
        members = agent(new_id()), customer(new_id())
        conversation = conversation_of(*members, conversation_id=new_id())
        conversations.create(conversation, [members[1].user_id])
        return read(conversations, conversation)

    return made


def read(conversations: Conversations, conversation: Conversation) -> Conversation:
    found = conversations.get(conversation.conversation_id)
    assert found is not None
    return found


def in_status(desks: Desks, status: DeskStatus) -> list[str]:
    return [conversation_id for _, conversation_id in desks.by_activity([status], None, MOST)]


def test_a_desk_is_read_as_it_was_saved(
    conversations: Conversations, desks: Desks, make: Callable[[], Conversation]
) -> None:
    conversation = make()

    assert desks.save(conversation, FULL)

    assert read(conversations, conversation) == conversation.with_desk(FULL)
    assert conversations.get_many([conversation.conversation_id]) == [conversation.with_desk(FULL)]


def test_a_desk_that_changed_since_it_was_read_is_not_overwritten(
    conversations: Conversations, desks: Desks, make: Callable[[], Conversation]
) -> None:
    conversation = make()
    assert desks.save(conversation, Desk(team="sales"))

    assert not desks.save(conversation, FULL)

    assert read(conversations, conversation).desk == Desk(team="sales")


def test_a_conversation_is_listed_by_status_assignee_and_snooze(
    conversations: Conversations, desks: Desks, make: Callable[[], Conversation], new_id: Callable[[], str]
) -> None:
    conversation, assignee = make(), new_id()
    name = conversation.conversation_id
    assert name in in_status(desks, DeskStatus.OPEN)

    desks.save(conversation, replace(FULL, assignee=assignee))

    assert name not in in_status(desks, DeskStatus.OPEN)
    assert name in in_status(desks, DeskStatus.SNOOZED)
    assert [found for _, found in desks.of_assignee(assignee, None, MOST)] == [name]
    assert name in desks.sleeping_until(FULL.snoozed_until or "", MOST)
    assert name not in desks.sleeping_until("2026-02-28T23:59:59.999Z", MOST)

    conversation = read(conversations, conversation)
    desks.save(conversation, Desk(active_at=FULL.active_at))

    assert name in in_status(desks, DeskStatus.OPEN)
    assert name not in in_status(desks, DeskStatus.SNOOZED)
    assert desks.of_assignee(assignee, None, MOST) == []
    assert name not in desks.sleeping_until("2027", MOST)


def test_an_archived_conversation_is_in_no_list_until_it_comes_back(
    conversations: Conversations, desks: Desks, make: Callable[[], Conversation], new_id: Callable[[], str]
) -> None:
    conversation, assignee = make(), new_id()
    name = conversation.conversation_id
    assert desks.save(conversation, replace(FULL, assignee=assignee))

    conversation = read(conversations, conversation)
    assert conversations.set_state(conversation, ConversationState.ARCHIVED)
    assert name not in in_status(desks, DeskStatus.SNOOZED)
    assert desks.of_assignee(assignee, None, MOST) == []
    assert name not in desks.sleeping_until("2027", MOST)
    archived = read(conversations, conversation)
    assert desks.save(archived, replace(archived.desk, team="sales"))
    assert name not in in_status(desks, DeskStatus.SNOOZED)

    assert conversations.set_state(read(conversations, conversation), ConversationState.ACTIVE)
    assert name in in_status(desks, DeskStatus.SNOOZED)
    assert [found for _, found in desks.of_assignee(assignee, None, MOST)] == [name]
    assert name in desks.sleeping_until("2027", MOST)


def test_a_conversation_that_joins_another_leaves_the_lists_and_comes_back_with_the_undo(
    backend: str, aws: Aws, new_id: Callable[[], str]
) -> None:
    tables = [aws.output(f"Data.{name}Table") for name in ("Directory", "Conversations", "Audit")]
    memory, places = MemoryDirectory(), MemoryConversations()
    is_memory = backend == "memory"
    directory: Directory = memory if is_memory else DynamoDirectory(tables[0])
    conversations: Conversations = places if is_memory else DynamoConversations(tables[1])
    desks: Desks = places if is_memory else DynamoDesks(tables[1])
    people: People = MemoryPeople(memory, places, MemoryAudit()) if is_memory else DynamoPeople(*tables)
    ours, ana, ben, assignee = agent(new_id()), customer(new_id()), customer(new_id()), new_id()
    talks = []
    for user in (ana, ben):
        directory.create(user)
        talks.append(conversation_of(ours, user, conversation_id=new_id()))
        conversations.create(talks[-1], [user.user_id])
    name = talks[1].conversation_id
    assert desks.save(talks[1], replace(FULL, assignee=assignee))

    def listed() -> tuple[bool, bool, bool, bool]:
        return (
            name in in_status(desks, DeskStatus.SNOOZED),
            name in [found for _, found in desks.of_assignee(assignee, None, MOST)],
            name in desks.sleeping_until("2027", MOST),
            name in [found for turn in range(16) for found in desks.idle("2027", turn, MOST)],
        )

    def users() -> tuple[User, User]:
        kept, merged = (directory.get(user.user_id) for user in (ana, ben))
        assert kept is not None
        assert merged is not None
        return kept, merged

    def entry(action: AuditAction) -> AuditEntry:
        return AuditEntry(new_id(), NOW, action, f"user:{ben.user_id}", "key", {})

    assert people.merge(*users(), NOW, entry(AuditAction.USER_MERGE))
    assert listed() == (False, False, False, False)

    assert people.unmerge(*users(), entry(AuditAction.USER_UNMERGE))
    assert listed() == (True, True, True, False)
    assert read(conversations, talks[1]).desk == replace(FULL, assignee=assignee)


def test_a_state_is_saved_with_its_desk_unless_the_desk_changed(
    conversations: Conversations, desks: Desks, make: Callable[[], Conversation]
) -> None:
    conversation = make()
    idle = Desk(is_idle=True)
    desks.save(conversation, FULL)
    assert not conversations.set_state(conversation, ConversationState.ARCHIVED, idle)

    conversation = read(conversations, conversation)
    assert conversations.set_state(conversation, ConversationState.ARCHIVED, idle)

    archived = read(conversations, conversation)
    assert (archived.state, archived.desk) == (ConversationState.ARCHIVED, idle)
    assert conversations.set_state(archived, ConversationState.ARCHIVED, Desk())
    by_hand = read(conversations, conversation)
    assert (by_hand.state, by_hand.desk) == (ConversationState.ARCHIVED, Desk())
    assert conversations.set_state(by_hand, ConversationState.ACTIVE)


def test_the_latest_active_come_first_in_pages(
    desks: Desks, make: Callable[[], Conversation], new_id: Callable[[], str]
) -> None:
    assignee = new_id()
    made = [make() for _ in range(5)]
    for conversation, second in zip(made, (3, 1, 2, 2, 5), strict=True):
        active_at = f"2030-01-01T00:00:0{second}.000Z"
        desks.save(conversation, Desk(status=DeskStatus.PENDING, assignee=assignee, active_at=active_at))

    def paged(by_assignee: bool) -> list[tuple[str, str]]:  # noqa: FBT001 - one of two lists
        found: list[tuple[str, str]] = []
        after: TimeCursor | None = None
        while True:
            page = (
                desks.of_assignee(assignee, after, 2)
                if by_assignee
                else desks.by_activity([DeskStatus.PENDING, DeskStatus.RESOLVED], after, 2)
            )
            found += [(cursor.at, name) for cursor, name in page if cursor.at > "2030"]
            if len(page) < 2 or page[-1][0].at < "2030":
                return found
            after = page[-1][0]

    names = {conversation.conversation_id for conversation in made}
    for by_assignee in (True, False):
        found = [entry for entry in paged(by_assignee) if entry[1] in names]
        assert found == sorted(found, reverse=True)
        assert {name for _, name in found} == names


def test_idle_conversations_are_found_within_16_turns(desks: Desks, make: Callable[[], Conversation]) -> None:
    old, asleep, lively = make(), make(), make()
    desks.save(old, Desk(status=DeskStatus.RESOLVED, active_at="2001-01-01T00:00:00.000Z"))
    desks.save(asleep, Desk(status=DeskStatus.SNOOZED, active_at="2001-01-01T00:00:00.000Z"))

    found = {name for turn in range(16) for name in desks.idle("2001-01-02T00:00:00.000Z", turn, MOST)}

    assert old.conversation_id in found
    assert not {asleep.conversation_id, lively.conversation_id} & found
