"""Conversations, by the adapter and by its fake."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.domain.conversation import (
    JOINING,
    Conversation,
    ConversationState,
    ConversationType,
    Participant,
)
from chat4all.services.directory.ports import Conversations
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.integration.stores.paging import walked

LATER = "2026-01-31T13:00:00.000Z"
PLACE = "00000000000000000005"


@pytest.fixture
def made(conversations: Conversations, new_id: Callable[[], str]) -> Conversation:
    members = (agent(new_id()), customer(new_id()), customer(new_id()), customer(new_id()))
    conversation = replace(
        conversation_of(*members, conversation_id=new_id(), kind=ConversationType.GROUP),
        title="Título 😀",
        metadata={"ticket": "7", "": "an empty name"},
    )
    conversations.create(conversation, ())
    return conversation


def read(conversations: Conversations, conversation: Conversation) -> Conversation:
    found = conversations.get(conversation.conversation_id)
    assert found is not None
    return found


def test_it_is_read_as_it_was_created(conversations: Conversations, made: Conversation) -> None:
    assert read(conversations, made) == made


def test_creating_it_again_changes_nothing(conversations: Conversations, made: Conversation) -> None:
    conversations.create(replace(made, title="another"), ())

    assert read(conversations, made) == made


def test_unknown_ones_are_none_or_left_out(conversations: Conversations, made: Conversation) -> None:
    assert conversations.get("unknown") is None
    assert conversations.get_many([]) == []
    assert conversations.get_many(["unknown", made.conversation_id, made.conversation_id]) == [made]


def test_a_participant_joins_and_leaves(
    conversations: Conversations, made: Conversation, new_id: Callable[[], str]
) -> None:
    joining = Participant(new_id(), LATER, 4, PLACE)

    assert conversations.add_participant(made, joining)
    joined = read(conversations, made)
    assert joined.participants == (*made.participants, joining)
    assert joined.version == 2
    assert [conversation_id for _, conversation_id in conversations.of_user(joining.user_id, None, 10)] == [
        made.conversation_id
    ]

    assert conversations.remove_participant(joined, joining.user_id)
    assert read(conversations, made).participants == made.participants
    assert conversations.of_user(joining.user_id, None, 10) == []


def test_a_change_of_what_has_changed_is_refused(
    conversations: Conversations, made: Conversation, new_id: Callable[[], str]
) -> None:
    assert conversations.set_state(made, ConversationState.ARCHIVED)
    archived = read(conversations, made)
    joining = Participant(new_id(), LATER, 0)

    assert not conversations.set_state(made, ConversationState.ACTIVE)
    assert not conversations.add_participant(made, joining)
    assert not conversations.remove_participant(made, made.participants[-1].user_id)
    assert read(conversations, made) == archived
    assert conversations.of_user(joining.user_id, None, 10) == []


def test_a_joining_participant_gets_a_place(
    conversations: Conversations, made: Conversation, new_id: Callable[[], str]
) -> None:
    joining = Participant(new_id(), LATER, 4, JOINING)
    conversations.add_participant(made, joining)
    place = (made.conversation_id, joining.user_id, LATER)

    conversations.place_participant(*place, PLACE)
    placed = read(conversations, made)
    conversations.place_participant(*place, "9" * 20)

    assert placed.participant(joining.user_id) == replace(joining, joined_after=PLACE)
    assert placed.version == 3
    assert read(conversations, made) == placed
    assert [one for _, one in conversations.of_user(joining.user_id, None, 10)] == [made.conversation_id]


def test_only_this_join_gets_the_place(
    conversations: Conversations, made: Conversation, new_id: Callable[[], str]
) -> None:
    joining = Participant(new_id(), LATER, 4, JOINING)
    conversations.add_participant(made, joining)
    before = read(conversations, made)

    conversations.place_participant(made.conversation_id, joining.user_id, NOW, PLACE)
    conversations.place_participant(made.conversation_id, new_id(), LATER, PLACE)

    assert read(conversations, made) == before


def test_a_join_of_an_unknown_conversation_has_no_place(
    conversations: Conversations, new_id: Callable[[], str]
) -> None:
    unknown = new_id()

    conversations.place_participant(unknown, new_id(), LATER, PLACE)

    assert conversations.get(unknown) is None


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_a_users_conversations_come_latest_joined_first_with_ties(
    conversations: Conversations, new_id: Callable[[], str], limit: int
) -> None:
    me = customer(new_id())
    expected = []
    for number in range(7):
        joined_at = f"2026-02-01T00:00:00.00{number // 3}Z"  # three in each millisecond
        conversation = conversation_of(agent(new_id()), conversation_id=new_id())
        conversation = replace(
            conversation, participants=(*conversation.participants, Participant(me.user_id, joined_at, 0))
        )
        conversations.create(conversation, ())
        expected.append((joined_at, conversation.conversation_id))

    seen = walked(lambda after, most: conversations.of_user(me.user_id, after, most), limit)

    assert seen == [conversation_id for _, conversation_id in sorted(expected, reverse=True)]


def test_all_conversations_come_latest_created_first_with_ties(
    conversations: Conversations, new_id: Callable[[], str]
) -> None:
    made = []
    for number in range(5):
        created_at = f"2099-01-01T00:00:00.00{number // 2}Z"
        conversation = replace(
            conversation_of(agent(NOW), conversation_id=new_id()),
            created_at=created_at,
        )
        conversations.create(conversation, ())
        made.append((created_at, conversation.conversation_id))

    seen = walked(conversations.latest, 25)

    mine = [seen_id for seen_id in seen if seen_id in {conversation_id for _, conversation_id in made}]
    assert mine == [conversation_id for _, conversation_id in sorted(made, reverse=True)]


def test_a_hundred_participants_are_kept(conversations: Conversations, new_id: Callable[[], str]) -> None:
    members = [customer(new_id()) for _ in range(100)]
    large = conversation_of(*members, conversation_id=new_id(), kind=ConversationType.GROUP)

    conversations.create(large, ())

    assert read(conversations, large) == large
    found = [conversations.of_user(member.user_id, None, 1)[0][1] for member in (members[0], members[99])]
    assert found == [large.conversation_id] * 2


def test_how_far_was_read_never_goes_back(
    conversations: Conversations, made: Conversation, new_id: Callable[[], str]
) -> None:
    person = new_id()
    assert conversations.read_up_to(made.conversation_id, person) is None

    for sequence, known in (("2", "2"), ("3", "3"), ("1", "3"), ("3", "3")):
        conversations.record_read(made.conversation_id, person, sequence)
        assert conversations.read_up_to(made.conversation_id, person) == known
    assert conversations.read_up_to(made.conversation_id, new_id()) is None
