"""The conversation that gets a person's message, however many conversations the person is in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.conversation import Conversation, ConversationState, ConversationType, Origin
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.person import INBOX_USER_ID
from chat4all.services.directory.manage_conversations import NewConversation
from chat4all.services.inbound.take_inbound import inbound_message_id
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.product import AGENT, ANA, BEN, Product

COUNTS = (0, 1, 24, 25, 26, 200)
STATES = tuple(ConversationState)
TEXT = InboundMessage("ana@pigeon", "hers-1", Text("only for you"), "2026-01-31T12:00:00.000Z")


@pytest.fixture
def product() -> Product:
    product = Product()
    for user in (AGENT, ANA, BEN):
        product.directory.create(user)
    return product


def begin(product: Product, kind: ConversationType) -> Conversation:
    members = ("agent", "ana") if kind is ConversationType.ONE_TO_ONE else ("agent", "ana", "ben")
    return product.manage_conversations.create(NewConversation(kind, members))


def begin_others(product: Product, count: int, kind: ConversationType, state: ConversationState) -> None:
    for _ in range(count):
        other = begin(product, kind)
        if state is ConversationState.ARCHIVED:
            product.manage_conversations.set_state(other.conversation_id, state)


def place_of(
    product: Product, event: InboundMessage = TEXT, channel: str = "pigeon", *, account: str = ACCOUNT
) -> Conversation:
    """Let Ana write; return the conversation that gets her message."""
    product.take(WebhookEvent(channel, account, "webhook", event))
    stored = product.message(inbound_message_id(channel, account, event.provider_message_id))
    return product.conversation(stored.conversation_id)


def passed_on(product: Product) -> list[str]:
    """Return the users to whom the words went."""
    return [recipient.user_id for event in product.events.submitted for recipient in event.recipients]


def is_inbox(conversation: Conversation) -> bool:
    return {participant.user_id for participant in conversation.participants} == {INBOX_USER_ID, "ana"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("after", COUNTS)
@pytest.mark.parametrize("before", COUNTS)
def test_groups_never_get_words_of_a_person_with_a_1to1_conversation(
    product: Product, before: int, after: int, state: ConversationState
) -> None:
    begin_others(product, before, ConversationType.GROUP, state)
    talk = begin(product, ConversationType.ONE_TO_ONE)
    begin_others(product, after, ConversationType.GROUP, state)

    assert place_of(product).conversation_id == talk.conversation_id
    assert passed_on(product) == []


@pytest.mark.parametrize("count", COUNTS)
def test_archived_1to1_conversations_do_not_hide_the_active(product: Product, count: int) -> None:
    talk = begin(product, ConversationType.ONE_TO_ONE)
    begin_others(product, count, ConversationType.ONE_TO_ONE, ConversationState.ARCHIVED)

    assert place_of(product).conversation_id == talk.conversation_id


@pytest.mark.parametrize("count", COUNTS)
def test_without_a_1to1_conversation_only_a_single_group_is_certain(product: Product, count: int) -> None:
    begin_others(product, count, ConversationType.GROUP, ConversationState.ACTIVE)

    place = place_of(product)

    assert is_inbox(place) is (count != 1)
    assert passed_on(product) == (["ben"] if count == 1 else [])


@pytest.mark.parametrize("count", [1, 25])
def test_after_a_1to1_conversation_has_ended_private_words_stay_private(product: Product, count: int) -> None:
    talk = begin(product, ConversationType.ONE_TO_ONE)
    place_of(product)
    begin_others(product, count, ConversationType.GROUP, ConversationState.ACTIVE)
    product.manage_conversations.set_state(talk.conversation_id, ConversationState.ARCHIVED)

    place = place_of(product, replace(TEXT, provider_message_id="hers-2"))

    assert is_inbox(place)
    assert passed_on(product) == []


def test_the_group_that_a_person_wrote_in_is_theirs_on_that_account_alone(product: Product) -> None:
    product.directory.link("ana", replace(ANA.identities[0], account=SECOND_ACCOUNT, address="ana@pigeon-2"))
    group = begin(product, ConversationType.GROUP)
    place_of(product)
    begin_others(product, 30, ConversationType.GROUP, ConversationState.ACTIVE)

    again = place_of(product, replace(TEXT, provider_message_id="hers-2"))
    elsewhere = place_of(product, replace(TEXT, address="ana@pigeon-2"), account=SECOND_ACCOUNT)

    assert again.conversation_id == group.conversation_id
    assert is_inbox(elsewhere)


def test_a_group_that_was_left_gets_no_more_words(product: Product) -> None:
    for user_id in ("cy", "di"):
        product.directory.create(replace(BEN, user_id=user_id, identities=()))
    members = ("agent", "ana", "ben", "cy")
    group = product.manage_conversations.create(NewConversation(ConversationType.GROUP, members))
    place_of(product)
    product.manage_conversations.remove_participant(group.conversation_id, "ana")

    assert is_inbox(place_of(product, replace(TEXT, provider_message_id="hers-2")))


@pytest.mark.parametrize("archived", [0, 1, 30])
def test_many_ended_inboxes_cost_no_more_reads_than_none(product: Product, archived: int) -> None:
    for number in range(archived):
        inbox = place_of(product, replace(TEXT, provider_message_id=f"before-{number}"))
        product.manage_conversations.set_state(inbox.conversation_id, ConversationState.ARCHIVED)
    product.conversations.reads = 0

    assert is_inbox(place_of(product))
    assert product.conversations.reads <= 4


def test_a_quote_on_another_account_between_two_first_words_opens_no_second_inbox(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        begin(product, ConversationType.GROUP)
    before = product.conversations.places("ana")
    product.conversations.record_writing("ana", Origin("telex", "main", "ana@telex"), "a group")
    first = place_of(product)
    seen, now = [before], product.conversations.places
    monkeypatch.setattr(product.conversations, "places", lambda user_id: seen.pop() if seen else now(user_id))

    second = place_of(product, replace(TEXT, provider_message_id="hers-2"))

    assert is_inbox(first)
    assert second.conversation_id == first.conversation_id


def test_after_a_quote_in_a_group_words_stay_there_only_without_a_1to1_conversation(product: Product) -> None:
    group = begin(product, ConversationType.GROUP)
    place_of(product)
    talk = begin(product, ConversationType.ONE_TO_ONE)
    quoting = replace(TEXT, provider_message_id="hers-2", quoted_provider_message_id="hers-1")

    assert place_of(product, quoting).conversation_id == group.conversation_id
    unquoted = replace(TEXT, provider_message_id="hers-3")
    assert place_of(product, unquoted).conversation_id == talk.conversation_id
    product.manage_conversations.set_state(talk.conversation_id, ConversationState.ARCHIVED)
    assert is_inbox(place_of(product, replace(TEXT, provider_message_id="hers-4")))


def test_after_a_quote_in_an_older_1to1_words_stay_there_at_once(
    product: Product,
) -> None:
    older = begin(product, ConversationType.ONE_TO_ONE)
    place_of(product)
    newer = begin(product, ConversationType.ONE_TO_ONE)
    assert place_of(product, replace(TEXT, provider_message_id="hers-2")).conversation_id == (
        newer.conversation_id
    )
    quoting = replace(TEXT, provider_message_id="hers-3", quoted_provider_message_id="hers-1")

    assert place_of(product, quoting).conversation_id == older.conversation_id
    unquoted = replace(TEXT, provider_message_id="hers-4")
    assert place_of(product, unquoted).conversation_id == older.conversation_id


@pytest.mark.parametrize("groups", [1, 2])
def test_a_quote_that_leads_nowhere_never_leads_into_a_group(product: Product, groups: int) -> None:
    begin_others(product, groups, ConversationType.GROUP, ConversationState.ACTIVE)
    product.conversations.record_writing(
        "ana", Origin("pigeon", "main", "ana@pigeon"), product.conversations.of_user("ana", None, 1)[0][1]
    )

    place = place_of(product, replace(TEXT, quoted_provider_message_id="nobody knows it"))

    assert is_inbox(place)
    assert passed_on(product) == []


def test_an_answer_to_an_archived_private_message_never_leads_into_a_group(product: Product) -> None:
    talk = begin(product, ConversationType.ONE_TO_ONE)
    place_of(product)
    group = begin(product, ConversationType.GROUP)
    product.conversations.record_writing("ana", Origin("pigeon", "main", "ana@pigeon"), group.conversation_id)
    product.manage_conversations.set_state(talk.conversation_id, ConversationState.ARCHIVED)
    answer = replace(TEXT, provider_message_id="hers-2", quoted_provider_message_id="hers-1")

    assert is_inbox(place_of(product, answer))
    assert passed_on(product) == []


def test_a_1to1_that_begins_meanwhile_gets_the_words_instead_of_an_inbox(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, now = [product.conversations.places("ana")], product.conversations.places
    talk = begin(product, ConversationType.ONE_TO_ONE)
    monkeypatch.setattr(
        product.conversations, "places", lambda user_id: before.pop() if before else now(user_id)
    )
    monkeypatch.setattr(product.conversations, "of_user", lambda *_: [])

    assert place_of(product).conversation_id == talk.conversation_id


def test_webhooks_in_parallel_open_one_inbox(product: Product) -> None:
    events = [replace(TEXT, provider_message_id=f"hers-{number}") for number in range(16)]

    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(lambda event: place_of(product, event), events))

    assert len({place.conversation_id for place in places}) == 1
    assert is_inbox(places[0])
