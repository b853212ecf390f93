"""Accepting a message: it is submitted, stored and answered once."""

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
from chat4all.domain.message import Message
from chat4all.domain.person import Identity, User
from chat4all.domain.plan import Choose, Step
from chat4all.domain.status import Status
from chat4all.services.messaging.conversation_cache import CONVERSATION_KEEP_S
from tests.fakes.messages import MemoryMessages
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message, over

OTHER_ID = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def test_a_message_is_stored_pending_under_the_number_of_its_record(product: Product) -> None:
    accepted = product.accept(a_message("hello"))

    assert not accepted.replayed
    assert accepted.message == product.message()
    (event,) = product.events.submitted
    assert (accepted.message.sequence, accepted.message.status) == (
        product.events.number_of(event),
        Status.PENDING,
    )
    assert event.message == replace(accepted.message, sequence="")
    assert [recipient.address for recipient in event.recipients] == ["ana@pigeon"]


def test_messages_are_numbered_in_the_order_of_acceptance(product: Product) -> None:
    numbers = [product.say(message_id=product.ids()).message.sequence for _ in range(5)]

    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("customers", "channels", "named"),
    [
        ([customer("ana", "pigeon", "telex")], (), "pigeon"),
        ([customer("ana", "pigeon", "telex")], ("telex", "pigeon"), "telex"),
        ([ANA, BEN], (), None),
    ],
)
def test_a_message_names_the_channel_that_it_goes_over(
    customers: list[User], channels: tuple[str, ...], named: str | None
) -> None:
    product = Product()
    product.settle(AGENT, *customers, kind=ConversationType.GROUP)

    assert product.accept(a_message(steps=over(*channels))).message.channel == named


def test_a_message_to_agents_only_is_delivered_at_once() -> None:
    product = Product()
    product.settle(AGENT, agent("other"))

    accepted = product.say()

    product.route_submitted()
    assert accepted.message.status is product.message().status is Status.DELIVERED
    assert product.events.requested == []


def test_the_same_message_again_is_the_same_answer_and_nothing_more(product: Product) -> None:
    first = product.say()

    product.clock.advance(301)
    product.events.forget()
    again = product.say()

    assert again.replayed
    assert again.message == first.message
    product.route_submitted()
    assert len(product.events.requested) == 1


def test_the_same_id_with_another_body_is_refused_and_changes_nothing(product: Product) -> None:
    first = product.say("hello")

    with pytest.raises(Conflict) as refused:
        product.say("goodbye")

    assert refused.value.details[0].field == "message_id"
    product.route_submitted()
    assert product.message().content == first.message.content
    assert [requested.content for requested in product.events.requested] == [Text("hello")]


@pytest.mark.parametrize(
    "changed",
    [
        a_message("other"),
        a_message(steps=over("pigeon")),
        replace(a_message(), metadata={"ticket": "7"}),
        a_message(reply_to=OTHER_ID),
        a_message(steps=(Step(), Step(content=Text("another")))),
        replace(a_message(), choose=Choose.CHEAPEST),
    ],
)
def test_every_field_makes_it_another_body(product: Product, changed: object) -> None:
    product.say(message_id=OTHER_ID)
    product.say()

    with pytest.raises(Conflict):
        product.accept(changed)  # type: ignore[arg-type]


def test_a_message_that_the_queue_did_not_take_is_not_stored(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.say()
    product.events.broken = False

    assert product.messages.get(MESSAGE_ID) is None
    assert not product.say().replayed


def test_an_answer_of_before_stays_the_answer_after_the_conversation_is_archived(product: Product) -> None:
    first = product.say()
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)
    product.clock.advance(CONVERSATION_KEEP_S)

    again = product.say()

    assert again.replayed
    assert again.message.message_id == first.message.message_id


def test_another_body_under_a_known_id_is_a_conflict_in_an_archived_conversation_too(
    product: Product,
) -> None:
    product.say("hello")
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)
    product.clock.advance(CONVERSATION_KEEP_S)

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
        (None, a_message(steps=over("telex")), NotPossible, "NO_IDENTITY"),
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
    assert product.events.submitted == []


def test_a_reply_to_a_message_of_another_conversation_is_refused(product: Product) -> None:
    elsewhere = replace(product.say().message, message_id=OTHER_ID, conversation_id="elsewhere")
    product.messages.add(elsewhere)

    with pytest.raises(Invalid) as refused:
        product.say(message_id=product.ids(), reply_to=OTHER_ID)

    assert refused.value.details[0].field == "reply_to"


def test_a_reply_names_what_it_replies_to(product: Product) -> None:
    product.say(message_id=OTHER_ID)

    product.say(reply_to=OTHER_ID)

    product.route_submitted()
    assert product.events.requested[-1].reply_to == OTHER_ID


def test_a_customers_words_in_a_group_come_with_their_name() -> None:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)

    product.accept(a_message("hello", sender_id="ana"))

    (event,) = product.events.submitted
    assert event.content == Text("Ana: hello")
    assert [recipient.user_id for recipient in event.recipients] == ["ben"]
    assert product.message().content == Text("hello")


def test_words_in_a_group_without_recipients_reach_who_joined_since_the_group_was_read() -> None:
    product = Product()
    product.settle(AGENT, ANA, agent("eve"), kind=ConversationType.GROUP)
    product.accept(a_message("is anybody there?", sender_id="ana"))
    assert not product.events.submitted[-1].recipients
    product.directory.create(BEN)
    product.manage_conversations.add_participant("conversation", "ben")

    product.accept(a_message("hello", message_id=product.ids(), sender_id="ana"))

    assert [recipient.user_id for recipient in product.events.submitted[-1].recipients] == ["ben"]


def test_a_conversation_is_read_again_after_a_while(product: Product) -> None:
    product.say()
    reads = product.conversations.reads
    product.clock.advance(CONVERSATION_KEEP_S - 1)
    product.say(message_id=product.ids())
    assert product.conversations.reads == reads

    product.clock.advance(1)
    product.say(message_id=product.ids())
    assert product.conversations.reads == reads + 1


@pytest.mark.parametrize(
    ("refused_at_first", "change"),
    [
        (
            a_message(steps=over("telex")),
            lambda product: product.directory.link("ana", Identity("telex", "main", "ana@telex", NOW)),
        ),
        (
            a_message(sender_id="carla"),
            lambda product: product.conversations.add_participant(
                product.conversation(), Participant("carla", NOW, 2)
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


def test_of_two_posts_in_the_same_millisecond_one_is_a_repeat(product: Product) -> None:
    now = product.clock()
    product.accept._clock = lambda: now

    assert [product.say().replayed for _ in range(2)] == [False, True]


def test_a_message_that_router_stored_first_is_accepted_all_the_same(product: Product) -> None:
    class Overtaken(MemoryMessages):
        def add(self, message: Message) -> Message | None:
            product.route_submitted()
            return super().add(message)

    product.accept._messages = Overtaken(product.table)

    accepted = product.say()

    assert not accepted.replayed
    assert accepted.message == product.message()


def test_a_write_without_an_answer_is_one_message(product: Product) -> None:
    class Silent(MemoryMessages):
        def add(self, message: Message) -> Message | None:
            super().add(message)
            raise Unavailable("The database did not answer; try again.", retry_after=1)

    product.accept._messages = Silent(product.table)
    with pytest.raises(Unavailable):
        product.say()
    product.accept._messages = product.messages

    product.say()
    product.route_submitted()

    assert len(product.events.requested) == 1


PICTURE = Attachment("22222222-2222-4222-8222-222222222222", "it.png", "image/png", 400)


@pytest.mark.parametrize("content", ["look", ""])
def test_a_file_is_stored_with_its_message_and_submitted(product: Product, content: str) -> None:
    accepted = product.accept(a_message(content, file=PICTURE))

    assert accepted.message.content == product.message().content == Media(PICTURE, content)
    (event,) = product.events.submitted
    assert event.message.content == Media(PICTURE, content)
    assert product.accept.accepted_file(MESSAGE_ID, PICTURE.file_id) == PICTURE


def test_another_file_makes_it_another_body(product: Product) -> None:
    product.accept(a_message(file=PICTURE))

    for other in (a_message(), a_message(file=replace(PICTURE, file_id=OTHER_ID[::-1]))):
        with pytest.raises(Conflict):
            product.accept(other)


def test_a_file_that_the_only_channel_rejects_is_refused() -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))

    with pytest.raises(NotPossible) as refused:
        product.accept(a_message(file=PICTURE, steps=over("telex")))

    assert refused.value.code == "FILE_NOT_POSSIBLE"
    assert product.messages.get(MESSAGE_ID) is None


def test_a_step_that_rejects_the_file_is_skipped() -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))

    product.accept(a_message(file=PICTURE, steps=over("telex", "pigeon")))

    (event,) = product.events.submitted
    (recipient,) = event.recipients
    assert (recipient.channel, recipient.step, recipient.fallbacks) == ("pigeon", 1, ())
    assert [(skipped.step, skipped.code) for skipped in recipient.skipped] == [(0, "FILE_NOT_POSSIBLE")]


def test_a_step_that_memory_has_as_impossible_is_weighed_with_what_is_stored() -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon"))
    product.accept(a_message())
    product.directory.link("ana", Identity("telex", "main", "ana@telex", NOW))

    product.accept(a_message(message_id=OTHER_ID, steps=over("telex", "pigeon")))

    assert [recipient.channel for recipient in product.events.submitted[-1].recipients] == ["telex"]


def test_a_plan_of_which_every_step_is_possible_costs_no_read(product: Product) -> None:
    product.say()
    reads = product.conversations.reads

    product.accept(a_message(message_id=OTHER_ID, steps=(*over("pigeon"), Step(content=Text("again")))))

    assert product.conversations.reads == reads


def test_the_file_of_a_step_is_known_when_the_message_is_posted_again(product: Product) -> None:
    steps = (*over("pigeon"), Step(content=Media(PICTURE)))
    product.accept(a_message(steps=steps))

    assert product.accept.accepted_file(MESSAGE_ID, PICTURE.file_id) == PICTURE
    assert product.accept.accepted_file(MESSAGE_ID, OTHER_ID[::-1]) is None
    assert product.accept(a_message(steps=steps)).message.steps == steps


def test_of_a_message_that_is_not_there_no_file_is_known(product: Product) -> None:
    assert product.accept.accepted_file(MESSAGE_ID, PICTURE.file_id) is None


@pytest.mark.parametrize("again", ["hello", "other words"])
def test_a_repeated_post_gives_its_conversation_no_turn(product: Product, again: str) -> None:
    product.settle(AGENT, ANA)
    product.say()
    product.route_submitted()
    product.conversations.create(conversation_of(AGENT, ANA, conversation_id="later"), ["ana"])

    product.events.forget()
    with suppress(Conflict):
        product.say(again)
    product.route_submitted()

    assert product.conversations.places("ana").one_to_one == "later"
