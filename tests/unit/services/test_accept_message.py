"""Accepting a message: it is stored, published and answered once."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Media, Text
from chat4all.domain.conversation import ConversationState, ConversationType, Participant
from chat4all.domain.errors import (
    Chat4AllError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotPossible,
    Unavailable,
)
from chat4all.domain.files.file import Attachment
from chat4all.domain.person import Identity
from chat4all.domain.status import Status
from chat4all.services.messaging.accept_message import PUBLISH_GRACE
from chat4all.services.messaging.conversation_cache import KEEP_S
from tests.fakes.messages import MemoryMessages
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message

OTHER_ID = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def test_a_message_is_stored_pending_and_published(product: Product) -> None:
    accepted = product.accept(a_message("hello"))

    assert not accepted.replayed
    assert accepted.message == product.message()
    assert (accepted.message.sequence, accepted.message.status) == (1, Status.PENDING)
    (event,) = product.events.accepted
    assert (event.message_id, event.content.text) == (MESSAGE_ID, "hello")
    assert [recipient.address for recipient in event.recipients] == ["ana@pigeon"]


def test_messages_are_numbered_in_the_order_of_acceptance(product: Product) -> None:
    numbers = [product.say(message_id=product.ids()).message.sequence for _ in range(5)]

    assert numbers == [1, 2, 3, 4, 5]
    assert product.conversation().message_count == 5


def test_acceptance_is_the_conversations_last_activity(product: Product) -> None:
    product.clock.advance(60)

    accepted = product.say()

    assert product.conversation().last_activity_at == accepted.message.accepted_at != NOW


def test_a_message_to_agents_only_is_delivered_at_once() -> None:
    product = Product()
    product.settle(AGENT, agent("other"))

    accepted = product.say()

    assert accepted.message.status is Status.DELIVERED
    assert product.events.accepted == []
    assert not product.messages.is_unrouted(MESSAGE_ID)


def test_the_same_message_again_is_the_same_answer_and_nothing_more(product: Product) -> None:
    first = product.say()
    product.messages.mark_routed(MESSAGE_ID, "2099")

    again = product.say()

    assert again.replayed
    assert again.message.accepted_at == first.message.accepted_at
    assert len(product.events.accepted) == 1
    assert product.conversation().message_count == 1


def test_the_same_id_with_another_body_is_refused_and_changes_nothing(product: Product) -> None:
    first = product.say("hello")
    product.messages.mark_routed(MESSAGE_ID, "2099")

    with pytest.raises(Conflict) as refused:
        product.say("goodbye")

    assert refused.value.details[0].field == "message_id"
    assert product.message().content == first.message.content
    assert product.conversation().message_count == 1
    assert len(product.events.accepted) == 1


@pytest.mark.parametrize(
    "changed",
    [
        a_message("other"),
        a_message(channel="pigeon"),
        replace(a_message(), metadata={"ticket": "7"}),
        a_message(reply_to=OTHER_ID),
    ],
)
def test_every_field_makes_it_another_body(product: Product, changed: object) -> None:
    product.say(message_id=OTHER_ID)
    product.say()

    with pytest.raises(Conflict):
        product.accept(changed)  # type: ignore[arg-type]


def test_what_was_stored_and_not_published_is_published_by_the_repeat(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.say()
    product.events.broken = False

    again = product.say()

    assert again.replayed
    assert [event.message_id for event in product.events.accepted] == [MESSAGE_ID]
    assert product.conversation().message_count == 1


def test_what_was_stored_and_not_published_is_published_by_relay(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.say()
    product.events.broken = False

    product.clock.advance(PUBLISH_GRACE.total_seconds())
    relayed = product.relay()

    assert relayed["MessagesRepublished"] == 1
    assert [event.message_id for event in product.events.accepted] == [MESSAGE_ID]


def test_an_answer_of_before_stays_the_answer_after_the_conversation_is_archived(product: Product) -> None:
    first = product.say()
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)

    again = product.say()

    assert again.replayed
    assert again.message.message_id == first.message.message_id


def test_another_body_under_a_known_id_is_a_conflict_in_an_archived_conversation_too(
    product: Product,
) -> None:
    product.say("hello")
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)

    with pytest.raises(Conflict) as refused:
        product.say("goodbye")

    assert refused.value.code == "CONVERSATION_ARCHIVED"


def archive(product: Product) -> None:
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)


def forget_ana(product: Product) -> None:
    product.directory.unlink(ANA, ANA.identities[0])


@pytest.mark.parametrize(
    ("prepare", "message", "error", "code"),
    [
        (None, a_message(conversation_id="unknown"), NotFound, "CONVERSATION_NOT_FOUND"),
        (None, a_message(sender_id="stranger"), Forbidden, "NOT_A_PARTICIPANT"),
        (None, a_message(channel="telex"), NotPossible, "NO_IDENTITY"),
        (None, a_message(reply_to=OTHER_ID), Invalid, "VALIDATION_ERROR"),
        (archive, a_message(), Conflict, "CONVERSATION_ARCHIVED"),
        (forget_ana, a_message(), NotPossible, "NO_IDENTITY"),
    ],
)
def test_a_refused_message_leaves_nothing(
    product: Product,
    prepare: Callable[[Product], None] | None,
    message: object,
    error: type[Chat4AllError],
    code: str,
) -> None:
    if prepare:
        prepare(product)

    with pytest.raises(error) as refused:
        product.accept(message)  # type: ignore[arg-type]

    assert refused.value.code == code
    assert product.messages.get(MESSAGE_ID) is None
    assert product.events.accepted == []
    assert (product.conversation().sequence, product.conversation().message_count) == (0, 0)


def test_a_reply_to_a_message_of_another_conversation_is_refused(product: Product) -> None:
    elsewhere = replace(product.say().message, message_id=OTHER_ID, conversation_id="elsewhere")
    product.messages.add(elsewhere, None)

    with pytest.raises(Invalid) as refused:
        product.say(message_id=product.ids(), reply_to=OTHER_ID)

    assert refused.value.details[0].field == "reply_to"


def test_a_reply_names_what_it_replies_to(product: Product) -> None:
    product.say(message_id=OTHER_ID)

    product.say(reply_to=OTHER_ID)

    assert product.events.accepted[-1].reply_to == OTHER_ID


def test_a_customers_words_in_a_group_come_with_their_name() -> None:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)

    product.accept(a_message("hello", sender_id="ana"))

    (event,) = product.events.accepted
    assert event.content.text == "Ana: hello"
    assert [recipient.user_id for recipient in event.recipients] == ["ben"]
    assert product.message().content == Text("hello")


def test_a_snapshot_is_used_while_it_is_fresh(product: Product) -> None:
    product.say()
    product.clock.advance(KEEP_S - 1)
    stranger = customer("carla", "pigeon")
    product.directory.create(stranger)
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 0))

    product.say(message_id=OTHER_ID)

    # The version did not match, so the conversation was read again.
    assert [recipient.user_id for recipient in product.events.accepted[-1].recipients] == ["ana", "carla"]


@pytest.mark.parametrize(
    ("refused_at_first", "change"),
    [
        (
            a_message(channel="telex"),
            lambda product: product.directory.link("ana", Identity("telex", "main", "ana@telex", NOW)),
        ),
        (
            a_message(sender_id="carla"),
            lambda product: product.conversations.add_participant(
                product.conversation(), Participant("carla", NOW, 0)
            ),
        ),
    ],
)
def test_what_was_refused_is_accepted_as_soon_as_its_reason_is_gone(
    product: Product, refused_at_first: object, change: Callable[[Product], object]
) -> None:
    product.directory.create(agent("carla"))
    with pytest.raises((NotPossible, Forbidden)):
        product.accept(refused_at_first)  # type: ignore[arg-type]

    change(product)

    assert not product.accept(refused_at_first).replayed  # type: ignore[arg-type]


def test_a_reactivated_conversation_takes_messages_at_once(product: Product) -> None:
    archive(product)
    with pytest.raises(Conflict):
        product.say()

    product.conversations.set_state(product.conversation(), ConversationState.ACTIVE)

    assert not product.say().replayed


def test_a_conversation_that_never_stands_still_is_unavailable(product: Product) -> None:
    class Restless(type(product.conversations)):  # type: ignore[misc]
        def next_sequence(self, conversation_id: str, version: int, at: str) -> object:
            return super().next_sequence(conversation_id, version - 1, at)

    product.conversations.__class__ = Restless

    with pytest.raises(Unavailable) as refused:
        product.say()

    assert refused.value.retry_after == 1


class Ambiguous(MemoryMessages):
    """A database that stores the message, but loses its answer or refuses the client's own retry."""

    def __init__(self, product: Product, *, says: str) -> None:
        super().__init__(product.table)
        self._says = says

    def add(self, message: object, due_at: str | None) -> bool:
        super().add(message, due_at)  # type: ignore[arg-type]
        if self._says == "nothing":
            raise Unavailable("The database did not answer; try again.", retry_after=1)
        return False


@pytest.fixture
def ambiguous(product: Product, request: pytest.FixtureRequest) -> Product:
    product.accept._messages = Ambiguous(product, says=request.param)
    return product


@pytest.mark.parametrize("ambiguous", ["taken already"], indirect=True)
def test_a_write_that_the_database_took_twice_is_the_first_one(ambiguous: Product) -> None:
    accepted = ambiguous.say()

    assert not accepted.replayed
    assert [event.message_id for event in ambiguous.events.accepted] == [MESSAGE_ID]
    assert ambiguous.conversation().message_count == 1


@pytest.mark.parametrize("ambiguous", ["nothing"], indirect=True)
def test_a_write_that_was_taken_without_an_answer_is_counted_once(ambiguous: Product) -> None:
    with pytest.raises(Unavailable):
        ambiguous.say()
    ambiguous.accept._messages = ambiguous.messages

    assert ambiguous.say().replayed
    assert ambiguous.conversation().message_count == 1


def test_a_write_that_was_not_taken_is_not_counted(product: Product) -> None:
    class Broken(MemoryMessages):
        def add(self, message: object, due_at: str | None) -> bool:
            raise Unavailable("The database did not answer; try again.", retry_after=1)

    product.accept._messages = Broken(product.table)
    with pytest.raises(Unavailable):
        product.say()

    assert product.conversation().message_count == 0


PICTURE = Attachment("22222222-2222-4222-8222-222222222222", "it.png", "image/png", 400)


@pytest.mark.parametrize("content", ["look", ""])
def test_a_file_is_stored_with_its_message_and_published(product: Product, content: str) -> None:
    accepted = product.accept(a_message(content, file=PICTURE))

    assert accepted.message.content == product.message().content == Media(PICTURE, content)
    (event,) = product.events.accepted
    assert event.content == Media(PICTURE, content)
    assert product.accept.accepted_file(MESSAGE_ID) == PICTURE


def test_another_file_makes_it_another_body(product: Product) -> None:
    product.accept(a_message(file=PICTURE))

    for other in (a_message(), a_message(file=replace(PICTURE, file_id=OTHER_ID[::-1]))):
        with pytest.raises(Conflict):
            product.accept(other)


def test_a_file_is_published_again_with_its_message(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.accept(a_message("", file=PICTURE))
    product.events.broken = False

    product.clock.advance(PUBLISH_GRACE.total_seconds())
    product.relay()

    assert [event.content for event in product.events.accepted] == [Media(PICTURE)]


@pytest.mark.parametrize("channels", [("telex",), ("pigeon", "telex")])
def test_a_file_that_one_of_the_channels_rejects_is_refused(channels: tuple[str, ...]) -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))

    with pytest.raises(NotPossible) as refused:
        product.accept(replace(a_message(file=PICTURE), channels=channels))

    assert refused.value.code == "FILE_NOT_POSSIBLE"
    assert product.messages.get(MESSAGE_ID) is None


def test_of_a_message_that_is_not_there_no_file_is_known(product: Product) -> None:
    assert product.accept.accepted_file(MESSAGE_ID) is None


def test_a_message_that_can_not_get_its_turn_is_stored_and_counted_once(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.settle(AGENT, ANA)
    product.conversations.create(conversation_of(AGENT, ANA, conversation_id="later"), ["ana"])
    with monkeypatch.context() as patch:
        patch.setattr(product.conversations, "give_turn", unavailable)
        with pytest.raises(Unavailable):
            product.say()

    product.say()

    assert product.conversation().message_count == 1
    assert [event.message_id for event in product.events.accepted] == [MESSAGE_ID]


@pytest.mark.parametrize("again", ["hello", "other words"])
def test_a_repeated_post_gives_its_conversation_no_turn(product: Product, again: str) -> None:
    product.settle(AGENT, ANA)
    product.say()
    product.conversations.create(conversation_of(AGENT, ANA, conversation_id="later"), ["ana"])

    with suppress(Conflict):
        product.say(again)

    assert product.conversations.places("ana").one_to_one == "later"


def unavailable(*_: object) -> None:
    raise Unavailable("DynamoDB did not answer.")
