"""Which conversation a person's words belong to."""

from msgspec.structs import replace

from chat4all.domain.inbox import choose_conversation
from chat4all.domain.records import Conversation, ConversationState, ConversationType
from tests.fakes.people import agent, conversation_of, customer

ANA = customer("ana", "pigeon")


def conversation(name: str, kind: ConversationType, last_activity_at: str) -> Conversation:
    one = conversation_of(agent("agent"), ANA, kind=kind)
    return replace(one, conversation_id=name, last_activity_at=last_activity_at)


OLD_PAIR = conversation("old pair", ConversationType.ONE_TO_ONE, "2026-01-01T00:00:00.000Z")
NEW_PAIR = conversation("new pair", ConversationType.ONE_TO_ONE, "2026-01-02T00:00:00.000Z")
OLD_GROUP = conversation("old group", ConversationType.GROUP, "2026-01-03T00:00:00.000Z")
NEW_GROUP = conversation("new group", ConversationType.GROUP, "2026-01-04T00:00:00.000Z")


def archived(one: Conversation) -> Conversation:
    return replace(one, state=ConversationState.ARCHIVED)


def test_the_latest_pair_comes_before_any_group() -> None:
    assert choose_conversation([OLD_PAIR, NEW_GROUP, NEW_PAIR, OLD_GROUP]) == NEW_PAIR


def test_without_a_pair_it_is_the_latest_group() -> None:
    assert choose_conversation([OLD_GROUP, NEW_GROUP]) == NEW_GROUP


def test_an_archived_one_is_not_chosen() -> None:
    assert choose_conversation([archived(NEW_PAIR), OLD_GROUP]) == OLD_GROUP
    assert choose_conversation([archived(NEW_PAIR)]) is None
    assert choose_conversation([]) is None
