"""Creating, changing and listing conversations."""

import pytest

from chat4all.domain.conversation import Conversation, ConversationState, ConversationType
from chat4all.domain.errors import Chat4AllError, Conflict, Invalid, NotFound, Unavailable
from chat4all.domain.message import Message
from chat4all.services.directory.list_conversations import ConversationQuery
from chat4all.services.directory.manage_conversations import NewConversation
from tests.fakes.people import agent, customer
from tests.fakes.product import Product, a_message


@pytest.fixture
def product() -> Product:
    product = Product()
    product.directory.create(agent("agent"))
    for number in range(101):
        product.directory.create(customer(f"user-{number}", "pigeon"))
    return product


def users(count: int) -> tuple[str, ...]:
    return tuple(f"user-{number}" for number in range(count))


def create(product: Product, *participants: str, kind: ConversationType) -> Conversation:
    return product.manage_conversations.create(NewConversation(kind, participants))


def a_group(product: Product, size: int = 3) -> Conversation:
    return create(product, *users(size), kind=ConversationType.GROUP)


def say(product: Product, group: Conversation) -> Message:
    """A customer says something in the group."""
    new = a_message(message_id=product.ids(), sender_id="user-0", conversation_id=group.conversation_id)
    return product.accept(new).message


def test_a_new_conversation_is_active_and_empty(product: Product) -> None:
    created = create(product, "agent", "user-1", kind=ConversationType.ONE_TO_ONE)

    assert product.manage_conversations.get(created.conversation_id) == created
    assert (created.state, created.version) == (ConversationState.ACTIVE, 1)
    assert product.read.history(created.conversation_id, None, None, 10).items == ()
    assert [participant.user_id for participant in created.participants] == ["agent", "user-1"]


@pytest.mark.parametrize(
    ("kind", "count", "possible"),
    [
        (ConversationType.ONE_TO_ONE, 1, False),
        (ConversationType.ONE_TO_ONE, 2, True),
        (ConversationType.ONE_TO_ONE, 3, False),
        (ConversationType.GROUP, 2, False),
        (ConversationType.GROUP, 3, True),
        (ConversationType.GROUP, 100, True),
        (ConversationType.GROUP, 101, False),
    ],
)
def test_a_conversation_has_its_number_of_participants(
    product: Product,
    kind: ConversationType,
    count: int,
    possible: bool,  # noqa: FBT001 - a column
) -> None:
    if possible:
        assert len(create(product, *users(count), kind=kind).participants) == count
    else:
        with pytest.raises(Invalid) as refused:
            create(product, *users(count), kind=kind)
        assert refused.value.details[0].field == "participants"


def test_nobody_is_in_a_conversation_twice(product: Product) -> None:
    with pytest.raises(Invalid):
        create(product, "agent", "agent", kind=ConversationType.ONE_TO_ONE)


def test_every_unknown_participant_is_named(product: Product) -> None:
    with pytest.raises(Invalid) as refused:
        create(product, "x", "agent", "y", kind=ConversationType.GROUP)

    assert refused.value.code == "UNKNOWN_USER"
    assert [detail.field for detail in refused.value.details] == ["participants[0]", "participants[2]"]
    assert product.list_conversations(ConversationQuery(), None, 10).items == ()


def test_an_unknown_conversation_is_not_found(product: Product) -> None:
    with pytest.raises(NotFound):
        product.manage_conversations.get("unknown")


@pytest.mark.parametrize("by_user", [None, "user-1"])
def test_pages_show_every_conversation_once_newest_first(product: Product, by_user: str | None) -> None:
    made = []
    for number in range(7):
        # Some conversations begin in the same millisecond.
        product.clock.advance(number % 2)
        made.append(a_group(product).conversation_id)

    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = product.list_conversations(ConversationQuery(by_user), cursor, 2)
        seen += [conversation.conversation_id for conversation in page.items]
        cursor = page.next_cursor

    assert cursor is None
    assert sorted(seen) == sorted(made)
    times = [product.conversation(conversation_id).created_at for conversation_id in seen]
    assert times == sorted(times, reverse=True)


def test_a_bad_cursor_is_invalid(product: Product) -> None:
    with pytest.raises(Invalid):
        product.list_conversations(ConversationQuery(), "nonsense", 10)


def test_a_conversation_is_archived_and_reactivated(product: Product) -> None:
    conversation_id = a_group(product).conversation_id
    manage = product.manage_conversations

    for state in (ConversationState.ARCHIVED, ConversationState.ARCHIVED, ConversationState.ACTIVE):
        assert manage.set_state(conversation_id, state).state is state


def test_a_new_participant_sees_from_now_on(product: Product) -> None:
    group = a_group(product)
    before = [say(product, group) for _ in range(4)]

    changed = product.manage_conversations.add_participant(group.conversation_id, "agent")
    after = say(product, group)

    joined = changed.participant("agent")
    assert joined is not None
    assert all(message.sequence < joined.joined_after < after.sequence for message in before)


def test_a_new_participant_has_a_number_of_their_own(product: Product) -> None:
    group = a_group(product, 4)
    product.manage_conversations.remove_participant(group.conversation_id, "user-1")

    changed = product.manage_conversations.add_participant(group.conversation_id, "agent")

    numbers = {participant.user_id: participant.number for participant in changed.participants}
    assert numbers == {"user-0": 0, "user-2": 2, "user-3": 3, "agent": 4}


def test_who_waits_for_a_place_sees_nothing_until_the_request_is_repeated(product: Product) -> None:
    group = a_group(product)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.manage_conversations.add_participant(group.conversation_id, "agent")
    product.events.broken = False
    message = say(product, group)
    joining = product.conversation(group.conversation_id).participant("agent")
    assert joining is not None
    assert not joining.sees(message.sequence)

    changed = product.manage_conversations.add_participant(group.conversation_id, "agent")
    joined = changed.participant("agent")

    assert joined is not None
    assert not joined.sees(message.sequence)
    assert joined.sees(say(product, group).sequence)


def test_who_is_in_already_is_added_once(product: Product) -> None:
    group = a_group(product)

    assert product.manage_conversations.add_participant(group.conversation_id, "user-1") == group


def test_a_participant_leaves(product: Product) -> None:
    group = a_group(product, 4)

    changed = product.manage_conversations.remove_participant(group.conversation_id, "user-1")

    assert not changed.has("user-1")


@pytest.mark.parametrize(
    ("size", "change", "user_id", "refusal"),
    [
        (100, "add_participant", "agent", (Conflict, "GROUP_FULL")),
        (3, "add_participant", "stranger", (Invalid, "UNKNOWN_USER")),
        (3, "remove_participant", "user-1", (Conflict, "GROUP_TOO_SMALL")),
        (4, "remove_participant", "agent", (NotFound, "NOT_A_PARTICIPANT")),
        (2, "add_participant", "agent", (Conflict, "NOT_A_GROUP")),
        (2, "remove_participant", "user-1", (Conflict, "NOT_A_GROUP")),
    ],
)
def test_a_change_that_is_not_possible_changes_nothing(
    product: Product, size: int, change: str, user_id: str, refusal: tuple[type[Chat4AllError], str]
) -> None:
    kind = ConversationType.ONE_TO_ONE if size == 2 else ConversationType.GROUP
    before = create(product, *users(size), kind=kind)

    error, code = refusal
    with pytest.raises(error) as refused:
        getattr(product.manage_conversations, change)(before.conversation_id, user_id)

    assert refused.value.code == code
    assert product.conversation(before.conversation_id) == before


@pytest.mark.parametrize("change", ["add_participant", "remove_participant", "set_state"])
def test_a_change_beside_another_one_is_to_be_repeated(
    product: Product, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = a_group(product, 4)
    stale = product.conversation(group.conversation_id)
    product.conversations.set_state(stale, ConversationState.ARCHIVED)
    monkeypatch.setattr(product.conversations, "get", lambda _conversation_id: stale)
    argument = {"add_participant": "agent", "remove_participant": "user-1"}.get(
        change, ConversationState.ARCHIVED
    )

    with pytest.raises(Unavailable) as refused:
        getattr(product.manage_conversations, change)(group.conversation_id, argument)

    assert refused.value.retry_after == 1
