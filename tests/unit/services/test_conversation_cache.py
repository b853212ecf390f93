"""The cache of conversations and their participants."""

import pytest

from chat4all.domain.conversation import ConversationState
from chat4all.domain.errors import NotFound
from chat4all.domain.person import Identity
from chat4all.services.messaging.conversation_cache import KEEP_S
from tests.fakes.people import NOW
from tests.fakes.product import AGENT, ANA, Product


def test_it_holds_the_conversation_and_its_participants() -> None:
    product = Product()
    conversation = product.settle(AGENT, ANA)

    snapshot = product.conversation_cache.recent("conversation")

    assert snapshot.conversation == conversation
    assert snapshot.users == {"agent": AGENT, "ana": ANA}


def test_the_conversation_is_read_again_only_on_demand() -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.conversation_cache.recent("conversation")
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)

    product.clock.advance(10 * KEEP_S)
    assert product.conversation_cache.recent("conversation").conversation.state is ConversationState.ACTIVE
    assert product.conversation_cache.fresh("conversation").conversation.state is ConversationState.ARCHIVED
    assert product.conversation_cache.recent("conversation").conversation.state is ConversationState.ARCHIVED


def test_the_users_are_read_again_after_their_time() -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.conversation_cache.recent("conversation")
    product.directory.link("ana", Identity("telex", "main", "ana@telex", NOW))

    product.clock.advance(KEEP_S - 1)
    assert product.conversation_cache.recent("conversation").users["ana"] == ANA
    product.clock.advance(1)
    assert (
        len(product.conversation_cache.recent("conversation").users["ana"].identities)
        == len(ANA.identities) + 1
    )


def test_a_conversation_that_does_not_exist_is_read_again() -> None:
    product = Product()
    with pytest.raises(NotFound):
        product.conversation_cache.recent("conversation")

    product.settle(AGENT, ANA)

    assert product.conversation_cache.recent("conversation").users
