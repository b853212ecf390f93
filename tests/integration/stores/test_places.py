"""The places of a person's messages, by the adapter and by its fake."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat4all.adapters.dynamodb import conversations as conversations_module
from chat4all.adapters.dynamodb.conversation_rows import PlacesRow, places_row
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Origin
from chat4all.domain.places import Places
from chat4all.services.directory.ports import Conversations
from tests.fakes.people import agent, conversation_of, customer
from tests.integration.aws import Aws

Begin = Callable[..., Conversation]


@pytest.fixture
def begin(conversations: Conversations, new_id: Callable[[], str]) -> Begin:
    """Begin a 1:1 conversation of an agent with the customer, or of both customers."""

    def begun(*customers: str) -> Conversation:
        members = [customer(user_id) for user_id in customers]
        if len(members) < 2:
            members = [agent(new_id()), *members]
        conversation = conversation_of(*members, conversation_id=new_id())
        conversations.create(conversation, customers)
        return conversation

    return begun


def one_to_one(conversations: Conversations, user_id: str) -> str | None:
    return conversations.places(user_id).one_to_one


def is_overtaken(conversations: Conversations, conversation: Conversation) -> bool:
    known = conversations.get(conversation.conversation_id)
    assert known is not None
    return known.overtaken


def change(conversations: Conversations, conversation: Conversation, state: ConversationState) -> None:
    known = conversations.get(conversation.conversation_id)
    assert known is not None
    assert conversations.set_state(known, state)


def test_a_person_nobody_wrote_to_has_no_places(
    conversations: Conversations, new_id: Callable[[], str]
) -> None:
    assert conversations.places(new_id()) == Places()


def test_a_group_and_the_conversations_of_agents_are_nobodys_1to1(
    conversations: Conversations, new_id: Callable[[], str]
) -> None:
    ana = customer(new_id())
    members = (agent(new_id()), ana, customer(new_id()))
    group = conversation_of(*members, conversation_id=new_id(), kind=ConversationType.GROUP)
    conversations.create(group, ())

    assert one_to_one(conversations, ana.user_id) is None
    assert not is_overtaken(conversations, group)


def test_the_latest_begun_is_the_persons_own_and_overtakes_the_others(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    first, second = begin(ana), begin(ana)

    assert one_to_one(conversations, ana) == second.conversation_id
    assert is_overtaken(conversations, first)
    assert not is_overtaken(conversations, second)


def test_a_turn_is_given_back(conversations: Conversations, begin: Begin, new_id: Callable[[], str]) -> None:
    ana = new_id()
    first, second = begin(ana), begin(ana)

    conversations.give_turn(first.conversation_id)
    conversations.give_turn(first.conversation_id)

    assert one_to_one(conversations, ana) == first.conversation_id
    assert not is_overtaken(conversations, first)
    assert is_overtaken(conversations, second)


def test_after_an_archived_conversation_comes_the_one_before_it(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    first, second, third = begin(ana), begin(ana), begin(ana)
    conversations.give_turn(first.conversation_id)

    order = []
    for conversation in (first, third, second):
        change(conversations, conversation, ConversationState.ARCHIVED)
        order.append(one_to_one(conversations, ana))

    assert order == [third.conversation_id, second.conversation_id, None]


def test_archiving_another_conversation_changes_nothing(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    first, second = begin(ana), begin(ana)

    change(conversations, first, ConversationState.ARCHIVED)
    conversations.give_turn(first.conversation_id)

    assert one_to_one(conversations, ana) == second.conversation_id
    change(conversations, second, ConversationState.ARCHIVED)
    assert one_to_one(conversations, ana) is None


def test_a_reactivated_conversation_is_the_persons_own_again(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    first, second = begin(ana), begin(ana)
    change(conversations, first, ConversationState.ARCHIVED)

    change(conversations, first, ConversationState.ACTIVE)

    assert one_to_one(conversations, ana) == first.conversation_id
    assert is_overtaken(conversations, second)


def test_two_customers_have_their_own_order(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana, ben = new_id(), new_id()
    both, hers = begin(ana, ben), begin(ana)

    assert one_to_one(conversations, ana) == hers.conversation_id
    assert one_to_one(conversations, ben) == both.conversation_id
    assert is_overtaken(conversations, both)
    conversations.give_turn(both.conversation_id)
    assert one_to_one(conversations, ana) == both.conversation_id


def test_the_same_conversation_created_again_changes_nothing(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    first, second = begin(ana), begin(ana)

    conversations.create(first, (ana,))

    assert one_to_one(conversations, ana) == second.conversation_id


def test_a_first_conversation_is_created_at_the_version_that_was_read_alone(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    first = conversation_of(agent(new_id()), customer(ana), conversation_id=new_id())
    late = conversation_of(agent(new_id()), customer(ana), conversation_id=new_id())

    assert conversations.create_first(first, ana, 0)
    assert not conversations.create_first(late, ana, 0)

    assert one_to_one(conversations, ana) == first.conversation_id
    assert conversations.get(late.conversation_id) is None
    assert [found for _, found in conversations.of_user(ana, None, 5)] == [first.conversation_id]


def test_a_1to1_that_begins_after_the_version_was_read_is_not_overtaken(
    aws: Aws, new_id: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ana = DynamoConversations(aws.output("Data.ConversationsTable")), new_id()
    first, rival = (
        conversation_of(agent(new_id()), customer(ana), conversation_id=new_id()) for _ in range(2)
    )
    rivals = [rival]

    def read_then_lose_the_race(user_id: str) -> PlacesRow:
        found = places_row(user_id)
        if rivals:
            store.create(rivals.pop(), (ana,))
        return found

    monkeypatch.setattr(conversations_module, "places_row", read_then_lose_the_race)

    assert not store.create_first(first, ana, 0)
    assert one_to_one(store, ana) == rival.conversation_id


def test_the_place_last_written_in_is_kept_by_channel_and_account(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    conversations.record_writing(ana, Origin("pigeon", "main", "ana@pigeon"), "first")
    conversation = begin(ana)
    conversations.record_writing(ana, Origin("telex", "main", "ana@telex"), "second")
    conversations.record_writing(ana, Origin("pigeon", "second line", "ana@pigeon"), "third")
    conversations.record_writing(ana, Origin("pigeon", "main", "ana@pigeon"), "fourth")

    places = conversations.places(ana)
    accounts = (("pigeon", "main"), ("telex", "main"), ("pigeon", "second line"), ("telex", "second line"))
    assert [places.last_written(Origin(*account, "ana")) for account in accounts] == [
        "fourth",
        "second",
        "third",
        None,
    ]
    assert places.one_to_one == conversation.conversation_id


def test_a_place_written_in_changes_nothing_of_the_1to1_conversations(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    begin(ana)
    before = conversations.places(ana)

    conversations.record_writing(ana, Origin("pigeon", "main", "ana@pigeon"), "somewhere")

    after = conversations.places(ana)
    assert (after.version, after.one_to_one) == (before.version, before.one_to_one)
    begin(ana)
    assert conversations.places(ana).last_written(Origin("pigeon", "main", "ana")) == "somewhere"


def heirs_of(conversations: Conversations, conversation: Conversation) -> list[str]:
    known = conversations.get(conversation.conversation_id)
    assert known is not None
    return [participant.user_id for participant in known.participants]


def test_a_conversation_is_handed_over_behind_the_heirs_own(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana, heir = new_id(), new_id()
    own, first, second = begin(heir), begin(ana), begin(ana)

    for _ in range(2):
        for conversation in (first, second):
            conversations.hand_over(conversation.conversation_id, ana, heir)

    assert heir in heirs_of(conversations, first)
    assert ana not in heirs_of(conversations, first)
    assert {listed for _, listed in conversations.of_user(heir, None, 9)} == {
        conversation.conversation_id for conversation in (own, first, second)
    }
    assert conversations.of_user(ana, None, 9) == []
    assert one_to_one(conversations, ana) is None
    assert one_to_one(conversations, heir) == own.conversation_id
    assert is_overtaken(conversations, first)

    conversations.give_turn(first.conversation_id)
    assert one_to_one(conversations, heir) == first.conversation_id
    change(conversations, first, ConversationState.ARCHIVED)
    assert one_to_one(conversations, heir) == own.conversation_id


def test_the_only_conversation_that_is_handed_over_is_the_heirs_1to1(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana, heir = new_id(), new_id()
    conversation = begin(ana)

    conversations.hand_over(conversation.conversation_id, ana, heir)

    assert one_to_one(conversations, heir) == conversation.conversation_id


def test_what_was_last_written_in_is_handed_over_unless_the_heir_wrote_elsewhere(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana, heir = new_id(), new_id()
    room, other = begin(ana), begin(new_id())
    topic = Origin("pigeon", "main", "there", "42")
    plain = Origin("pigeon", "main", "there")
    for origin in (topic, plain):
        conversations.record_writing(ana, origin, room.conversation_id)
    conversations.record_writing(heir, plain, other.conversation_id)

    conversations.hand_over(room.conversation_id, ana, heir)

    places = conversations.places(heir)
    assert places.last_written(topic) == room.conversation_id
    assert places.last_written(plain) == other.conversation_id


def test_an_archived_conversation_and_a_group_are_handed_over(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana, heir, ben = new_id(), new_id(), new_id()
    archived = begin(ana)
    change(conversations, archived, ConversationState.ARCHIVED)
    members = [agent(new_id()), customer(ana), customer(ben)]
    group = conversation_of(*members, kind=ConversationType.GROUP, conversation_id=new_id())
    conversations.create(group, ())

    for conversation in (archived, group):
        conversations.hand_over(conversation.conversation_id, ana, heir)

    assert one_to_one(conversations, heir) is None
    assert heirs_of(conversations, group)[1:] == [heir, ben]
    change(conversations, archived, ConversationState.ACTIVE)
    assert one_to_one(conversations, heir) == archived.conversation_id


def test_a_heir_who_takes_part_already_inherits_nothing(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana, heir = new_id(), new_id()
    both = begin(ana, heir)

    conversations.hand_over(both.conversation_id, ana, heir)

    assert heirs_of(conversations, both) == [ana, heir]


def test_whatever_happens_at_once_a_person_has_the_latest_active_conversation(
    conversations: Conversations, begin: Begin, new_id: Callable[[], str]
) -> None:
    ana = new_id()
    begun = [begin(ana) for _ in range(4)]

    def act(number: int) -> None:
        conversation = begun[number % 4]
        if number % 4 == 3:
            conversations.record_writing(
                ana, Origin("pigeon", f"line {number}", "ana@pigeon"), conversation.conversation_id
            )
        elif number == 8:
            change(conversations, conversation, ConversationState.ARCHIVED)
        else:
            conversations.give_turn(conversation.conversation_id)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(act, range(12)))

    own = one_to_one(conversations, ana)
    # The conversation that takes over from an archived one may stay marked: its next message gives it a turn.
    others = [conversation for conversation in begun[1:] if conversation.conversation_id != own]
    assert len(others) == 2
    assert all(is_overtaken(conversations, conversation) for conversation in others)
    assert len(conversations.places(ana).wrote) == 3
