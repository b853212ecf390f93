"""The number of a choice that went out as numbered text is an answer like a tap."""

from typing import Final

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.channel import KindRule
from chat4all.domain.content import Content, Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.kinds import Button, Buttons
from chat4all.domain.message import Message
from chat4all.domain.plan import Step
from chat4all.domain.received import Author, AuthorKind, Context
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.inbound.answer_choice import AnswerChoice
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.messaging.deliver import Settled
from tests.fakes.connector import ACCOUNT, CAPABILITIES, PIGEON
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message, over

AT: Final = "2026-01-31T12:00:00.000Z"
OFFER: Final = Buttons("When?", (Button("now", "Now"), Button("later", "Later")))
ANSWER: Final = InboundMessage("ana@pigeon", "hers-1", Text("2"), AT)
OTHER_ID: Final = "22222222-2222-4222-8222-222222222222"
FULL: Final = replace(PIGEON, kinds=kind_rules(KindRule("buttons"), KindRule("list")))


class Counting:
    """Messages that count how often a history is read."""

    def __init__(self, product: Product) -> None:
        self.reads = 0
        history = product.messages.history

        def counted(*given: object) -> list[Message]:
            self.reads += 1
            return history(*given)  # type: ignore[arg-type]

        product.messages.history = counted  # type: ignore[method-assign, assignment]


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def offer(product: Product, content: Content = OFFER, message_id: str = MESSAGE_ID, **fields: object) -> None:
    product.accept(replace(a_message(message_id=message_id), content=content, **fields))


def taken(product: Product, event: InboundMessage = ANSWER) -> Message:
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook-1", event))
    return product.message(inbound_message_id("pigeon", ACCOUNT, event.provider_message_id))


def is_answer(message: Message) -> bool:
    context = message.received.context if message.received else None
    return context is not None and context.payload is not None


@pytest.mark.parametrize("text", ["2", "2.", "2) Later", "later"])
def test_a_number_or_a_title_is_an_answer_like_a_tap(product: Product, text: str) -> None:
    offer(product)

    message = taken(product, replace(ANSWER, content=Text(text)))

    assert message.content == Text(text)
    assert message.reply_to == MESSAGE_ID
    assert message.received is not None
    assert message.received.context == Context(payload="later", title="Later")


def test_the_person_may_have_written_something_between(product: Product) -> None:
    offer(product)
    taken(product, replace(ANSWER, provider_message_id="hers-0", content=Text("let me think")))

    assert is_answer(taken(product))


def test_a_later_message_of_ours_ends_the_offer(product: Product) -> None:
    offer(product)
    offer(product, Text("How many people?"), OTHER_ID)

    assert not is_answer(taken(product))


@pytest.mark.parametrize("text", ["3", "2 pizzas", "hello there", "2nd"])
def test_other_words_are_no_answer(product: Product, text: str) -> None:
    offer(product)

    message = taken(product, replace(ANSWER, content=Text(text)))

    assert (is_answer(message), message.reply_to) == (False, None)


def test_an_offer_on_another_channel_is_not_answered_here(product: Product) -> None:
    product.directory.link("ana", replace(ANA.identities[0], channel="telex", address="ana@telex"))
    offer(product, steps=over("telex"))

    assert not is_answer(taken(product))


def test_the_choices_of_a_later_step_are_answered(product: Product) -> None:
    offer(product, Text("May we call you?"), steps=(*over("telex"), Step("pigeon", OFFER)))

    assert is_answer(taken(product))


def test_a_number_that_names_choices_of_two_steps_is_no_answer(product: Product) -> None:
    other = replace(OFFER, buttons=tuple(replace(known, id=f"{known.id}-2") for known in OFFER.buttons))
    offer(product, steps=(*over("pigeon"), Step("pigeon", other)))

    assert not is_answer(taken(product))


def test_where_buttons_are_shown_a_number_is_a_number(product: Product) -> None:
    product.take._answer_choice = AnswerChoice(
        product.messages, product.deliveries, {**CAPABILITIES, "pigeon": FULL}
    )
    offer(product)

    assert not is_answer(taken(product))


def test_a_quote_of_another_message_is_no_answer(product: Product) -> None:
    first = taken(product, replace(ANSWER, provider_message_id="hers-0", content=Text("hello you")))
    offer(product)

    message = taken(product, replace(ANSWER, quoted_provider_message_id="hers-0"))

    assert (is_answer(message), message.reply_to) == (False, first.message_id)


def test_in_a_group_the_words_of_others_end_the_offer(product: Product) -> None:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    offer(product)
    his = InboundMessage("ben@telex", "his-1", Text("one"), AT)
    product.take(WebhookEvent("telex", ACCOUNT, "webhook-1", his))

    assert not is_answer(taken(product))


def test_the_answer_goes_with_the_words_when_they_are_edited(product: Product) -> None:
    offer(product)
    taken(product)

    message = taken(
        product, replace(ANSWER, content=Text("sorry, none"), edited_at="2026-01-31T12:00:05.000Z")
    )

    assert message.content == Text("sorry, none")
    assert not is_answer(message)


def test_the_same_webhook_again_changes_nothing(product: Product) -> None:
    offer(product)
    first = taken(product)

    offer(product, Text("Thank you"), OTHER_ID)

    assert taken(product) == first


@pytest.mark.parametrize(
    ("capabilities", "event", "reads"),
    [
        (PIGEON, ANSWER, 1),
        (PIGEON, replace(ANSWER, content=Text("later")), 1),
        (PIGEON, replace(ANSWER, content=Text("a text of more than a title's length")), 0),
        (FULL, ANSWER, 1),
        (FULL, replace(ANSWER, content=Text("later")), 0),
        (FULL, replace(ANSWER, content=Text("100 thanks")), 0),
        (FULL, replace(ANSWER, context=Context(payload="a tap")), 0),
        (FULL, replace(ANSWER, author=Author(AuthorKind.OWN)), 0),
    ],
)
def test_only_what_could_be_an_answer_costs_a_read(
    product: Product, capabilities: object, event: InboundMessage, reads: int
) -> None:
    product.take._answer_choice = AnswerChoice(
        product.messages,
        product.deliveries,
        {**CAPABILITIES, "pigeon": capabilities},  # type: ignore[dict-item]
    )
    counting = Counting(product)

    taken(product, event)

    assert counting.reads == reads


SHORT: Final = replace(OFFER, text="So?")
SWAPPED: Final = Buttons("So?", (Button("later", "Later"), Button("now", "Now")))
ACT_ID: Final = "33333333-3333-4333-8333-333333333333"


def delivered(product: Product) -> None:
    """Route and deliver until nothing is requested; both channels answer as the fake provider does."""
    product.route_all()
    requested = list(product.events.requested)
    product.events.requested.clear()
    for request in requested:
        outcome = product.deliver()(request)
        assert isinstance(outcome, Settled)
        product.follow(outcome.delivery, outcome.at)


def swapped(product: Product) -> None:
    """Offer the choices to Ana and Ben, and then the same in another order, to whom an edit can reach."""
    offer(product, SHORT)
    delivered(product)
    product.change.edit(MESSAGE_ID, "agent", SWAPPED, ACT_ID)
    delivered(product)


def payload(message: Message) -> str | None:
    context = message.received.context if message.received else None
    return context.payload if context is not None else None


@pytest.fixture
def group() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    return product


def answered_by_ben(product: Product, text: str = "1") -> Message:
    event = InboundMessage("ben@telex", "his-1", Text(text), AT)
    product.take(WebhookEvent("telex", ACCOUNT, "webhook-2", event))
    return product.message(inbound_message_id("telex", ACCOUNT, "his-1"))


def test_where_an_edit_cannot_reach_the_person_the_former_numbers_count(group: Product) -> None:
    swapped(group)

    assert payload(answered_by_ben(group)) == "now"


def test_where_an_edit_reached_the_person_the_new_numbers_count(group: Product) -> None:
    swapped(group)

    assert payload(taken(group, replace(ANSWER, content=Text("1")))) == "later"


@pytest.mark.parametrize(("text", "meant"), [("1", None), ("now", "now")])
def test_where_an_edit_was_refused_only_what_all_versions_mean_alike_counts(
    group: Product, text: str, meant: str | None
) -> None:
    group.connector.act_answers = [SendError(Outcome.PERMANENT, "400", "Too old.")] * 2
    swapped(group)

    assert payload(taken(group, replace(ANSWER, content=Text(text)))) == meant


def test_what_went_out_again_after_an_edit_may_have_either_numbers(group: Product) -> None:
    swapped(group)
    for delivery_id, state in list(group.table.deliveries.items()):
        again = replace(state.delivery, round=1)
        group.table.deliveries[delivery_id] = replace(state, delivery=again)

    assert payload(answered_by_ben(group)) is None
