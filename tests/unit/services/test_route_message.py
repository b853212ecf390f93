"""Routing a message: what the place of its record means, and whose channels it reaches."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationState, ConversationType, Participant
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import MessageSubmitted, ParticipantJoining, Recipient
from chat4all.domain.status import Status
from tests.fakes.messages import MemoryMessages
from tests.fakes.people import NOW, conversation_of, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, NUMBER, Product, a_message, an_event

TO = (Recipient("ana", "pigeon", "main", "ana@pigeon", 1), Recipient("ben", "telex", "main", "ben@telex", 2))
LATER = "00000000000000000009"
CARLA = customer("carla", "pigeon")


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    product.directory.create(CARLA)
    return product


def submitted(product: Product) -> MessageSubmitted:
    product.say("x" * 25)
    (event,) = product.events.submitted
    return event


def asked(product: Product) -> list[tuple[str, int]]:
    return [(requested.recipient.user_id, requested.part) for requested in product.events.requested]


def test_every_recipient_gets_their_parts_and_the_state_begins(product: Product) -> None:
    product.route(submitted(product), NUMBER)

    assert asked(product) == [("ana", 0), ("ana", 1), ("ben", 0)]
    assert product.message().routed
    assert {requested.sequence for requested in product.events.requested} == {NUMBER}


def test_a_record_that_comes_again_requests_the_same(product: Product) -> None:
    event = submitted(product)

    product.route(event, NUMBER)
    product.route(event, NUMBER)

    ids = [requested.deduplication_id for requested in product.events.requested]
    assert ids[:3] == ids[3:]


def test_what_a_queue_did_not_take_is_requested_when_the_record_comes_again(product: Product) -> None:
    event = submitted(product)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.route(event, NUMBER)
    product.events.broken = False

    product.route(event, NUMBER)

    assert asked(product) == [("ana", 0), ("ana", 1), ("ben", 0)]


def test_a_message_whose_api_died_is_stored_here(product: Product) -> None:
    event = submitted(product)
    product.table.messages.clear()

    product.route(event, NUMBER)

    assert product.message() == replace(event.message, sequence=NUMBER, routed=True)


def test_a_message_that_is_stored_here_long_after_its_acceptance_is_late(product: Product) -> None:
    event = submitted(product)
    product.table.messages.clear()
    product.clock.advance(11)

    product.route(event, NUMBER)

    assert product.message().late


def test_a_message_that_the_api_stores_at_the_same_moment_is_one(product: Product) -> None:
    event = submitted(product)

    class Late(MemoryMessages):
        def get(self, message_id: str) -> None:
            return None

    product.route._messages = Late(product.table)
    product.route(event, NUMBER)

    assert asked(product) == [("ana", 0), ("ana", 1), ("ben", 0)]


def test_the_second_record_of_a_message_is_dropped(product: Product) -> None:
    event = submitted(product)
    product.route(event, NUMBER)
    product.events.requested.clear()

    product.route(event, LATER)

    assert asked(product) == []
    assert product.message().sequence == NUMBER


def test_a_message_has_the_number_of_the_record_that_routes_it(product: Product) -> None:
    """A stream keeps both records of a repeated put. The process knows the number of the second record."""
    product.route(submitted(product), LATER)

    assert asked(product) == [("ana", 0), ("ana", 1), ("ben", 0)]
    assert {requested.sequence for requested in product.events.requested} == {LATER}
    assert product.message().sequence == LATER


def test_a_message_that_a_repeated_post_stored_with_an_earlier_number_is_late(product: Product) -> None:
    """SQS gives the repeated POST the number of the first, which was given before its acceptance."""
    event = submitted(product)
    stored = replace(product.message(), attempt="repeated", accepted_at="2026-01-31T12:04:00.000Z")
    product.table.messages[stored.message_id] = stored

    product.route(event, NUMBER)

    assert (product.message().late, product.message().sequence) == (True, NUMBER)
    assert asked(product) == [("ana", 0), ("ana", 1), ("ben", 0)]


def test_a_record_with_another_body_is_dropped_while_the_message_waits_for_its_own_record(
    product: Product,
) -> None:
    event = submitted(product)
    other = replace(
        event, message=replace(event.message, content=Text("other"), fingerprint="another"), content=None
    )

    product.route(other, LATER)
    assert asked(product) == []
    assert product.message().sequence == NUMBER
    product.route(event, NUMBER)

    assert asked(product) == [("ana", 0), ("ana", 1), ("ben", 0)]
    assert all(isinstance(sent.content, Text) for sent in product.events.requested)
    assert {set(sent.content.text).pop() for sent in product.events.requested} == {"x"}


def test_the_state_of_a_message_begins_before_a_delivery_is_in_a_queue(product: Product) -> None:
    event = submitted(product)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.route(event, NUMBER)

    # A channel's function may be faster than the router: a status of a message without a state is lost.
    assert product.message().routed


@pytest.mark.parametrize("stored_first", [True, False])
def test_of_two_bodies_under_one_id_the_stored_one_is_the_message(
    product: Product, *, stored_first: bool
) -> None:
    event = submitted(product)
    other = replace(
        event, message=replace(event.message, content=Text("other"), fingerprint="another"), content=None
    )
    first, second = (event, other) if stored_first else (other, event)
    if not stored_first:
        product.table.messages.clear()

    product.route(first, NUMBER)
    product.route(second, LATER)

    assert product.message().fingerprint == first.message.fingerprint
    assert {requested.sequence for requested in product.events.requested} == {NUMBER}


def leave(product: Product) -> None:
    product.conversations.remove_participant(product.conversation(), "ben")


def join(product: Product) -> None:
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 3, ""))


def join_later(product: Product) -> None:
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 3, LATER))


@pytest.mark.parametrize(
    ("change", "reached"),
    [(leave, {"ana"}), (join, {"ana", "ben", "carla"}), (join_later, {"ana", "ben"})],
)
def test_who_takes_part_when_the_record_comes_is_reached(
    product: Product, change: Callable[[Product], None], reached: set[str]
) -> None:
    event = submitted(product)

    change(product)
    product.route(event, NUMBER)

    assert {requested.recipient.user_id for requested in product.events.requested} == reached


def archive(product: Product) -> None:
    product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)


def remove_the_sender(product: Product) -> None:
    product.conversations.remove_participant(product.conversation(), "agent")


def forget_the_identity(product: Product) -> None:
    product.directory.unlink(ANA, ANA.identities[0])
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 3, ""))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (archive, "CONVERSATION_ARCHIVED"),
        (remove_the_sender, "NOT_A_PARTICIPANT"),
        (forget_the_identity, "NO_IDENTITY"),
    ],
)
def test_a_message_that_may_not_be_sent_any_more_fails_with_the_reason(
    product: Product, change: Callable[[Product], None], code: str
) -> None:
    event = submitted(product)

    change(product)
    product.route(event, NUMBER)

    assert (product.message().status, product.message().error_code) == (Status.FAILED, code)
    assert asked(product) == []


@pytest.mark.parametrize("change", [archive, remove_the_sender])
def test_a_routed_message_whose_record_comes_again_goes_to_those_who_still_take_part(
    product: Product, change: Callable[[Product], None]
) -> None:
    """Its deliveries may be in the queues already, so FAILED would be wrong."""
    event = submitted(product)
    product.route(event, NUMBER)
    before = asked(product)
    product.conversations.add_participant(product.conversation(), Participant("carla", NOW, 3, LATER))

    change(product)
    product.route(event, NUMBER)

    assert product.message().status is Status.PENDING
    assert asked(product) == [*before, *before]


def test_a_message_that_was_given_up_stays_failed_when_its_record_comes_again(product: Product) -> None:
    event = submitted(product)
    archive(product)
    product.route(event, NUMBER)

    product.conversations.set_state(product.conversation(), ConversationState.ACTIVE)
    product.route(event, NUMBER)

    assert product.message().status is Status.FAILED
    assert asked(product) == []


def test_a_message_in_an_overtaken_conversation_gives_it_the_turn() -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.conversations.create(conversation_of(AGENT, ANA, conversation_id="later"), ["ana"])
    assert product.conversations.places("ana").one_to_one == "later"

    product.say()
    product.route_submitted()

    assert product.conversations.places("ana").one_to_one == "conversation"


def test_a_turn_that_could_not_be_given_is_given_when_the_record_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = Product()
    product.settle(AGENT, ANA)
    product.conversations.create(conversation_of(AGENT, ANA, conversation_id="later"), ["ana"])
    product.say()
    (event,) = product.events.submitted
    with monkeypatch.context() as patch:
        patch.setattr(product.conversations, "give_turn", unavailable)
        with pytest.raises(Unavailable):
            product.route(event, NUMBER)
    assert asked(product) == []

    product.route(event, NUMBER)

    assert asked(product) == [("ana", 0)]
    assert product.conversations.places("ana").one_to_one == "conversation"


def test_a_join_takes_the_place_of_its_record(product: Product) -> None:
    joining = product.manage_conversations.add_participant("conversation", "carla").participant("carla")
    assert joining is not None
    before = product.say(message_id=product.ids()).message

    assert not joining.is_joining
    assert joining.sees(before.sequence)
    assert not joining.sees("0")


def test_a_join_whose_api_died_is_completed_here(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.manage_conversations.add_participant("conversation", "carla")
    joining = product.conversation().participant("carla")
    assert joining is not None
    assert joining.is_joining

    product.route(ParticipantJoining("conversation", "carla", joining.joined_at), NUMBER)

    placed = product.conversation().participant("carla")
    assert placed is not None
    assert placed.joined_after == NUMBER


def test_the_record_of_an_earlier_join_places_nobody(product: Product) -> None:
    """A participant who left and joined again does not see the messages of the time between."""
    product.manage_conversations.add_participant("conversation", "carla")
    (first,) = product.events.joining
    product.manage_conversations.remove_participant("conversation", "carla")
    product.clock.advance(1)
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.manage_conversations.add_participant("conversation", "carla")

    product.route(first, NUMBER)

    again = product.conversation().participant("carla")
    assert again is not None
    assert again.is_joining


def test_a_message_reaches_a_new_participant_only_after_their_join(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.manage_conversations.add_participant("conversation", "carla")
    product.events.broken = False

    product.say()
    product.route_submitted()

    assert {requested.recipient.user_id for requested in product.events.requested} == {"ana", "ben"}
    product.events.requested.clear()
    product.manage_conversations.add_participant("conversation", "carla")
    product.say(message_id=product.ids())
    product.route_submitted()
    assert {requested.recipient.user_id for requested in product.events.requested} == {"ana", "ben", "carla"}


def test_a_repeated_request_completes_a_join(product: Product) -> None:
    product.events.broken = True
    with pytest.raises(Unavailable):
        product.manage_conversations.add_participant("conversation", "carla")
    product.events.broken = False

    product.manage_conversations.add_participant("conversation", "carla")

    placed = product.conversation().participant("carla")
    assert placed is not None
    assert not placed.is_joining


def test_an_accepted_message_is_requested_with_its_own_number(product: Product) -> None:
    product.accept(a_message())

    product.route(an_event(*TO), LATER)

    assert {requested.sequence for requested in product.events.requested} == {NUMBER}
    assert product.events.requested[0].message_id == MESSAGE_ID


def unavailable(*_: object) -> None:
    raise Unavailable("DynamoDB did not answer.")
