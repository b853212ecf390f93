"""A scheduled message is stored until its time, and accepted then, once."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.channel import KindRule
from chat4all.domain.clock import iso
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationState
from chat4all.domain.errors import Conflict, Invalid, MessageNotFound, NotFailed, NotScheduled, Unavailable
from chat4all.domain.kinds import Template
from chat4all.domain.message import Message
from chat4all.domain.pages import TimeOrder
from chat4all.domain.plan import Step
from chat4all.domain.purpose import Purpose
from chat4all.domain.scheduling import MOST_AHEAD
from chat4all.domain.status import Status
from chat4all.domain.waiting import BATCH
from chat4all.services.messaging.accept_message import Accepted
from chat4all.services.messaging.fill_template import KEEP
from chat4all.services.messaging.ports import MessageQuery
from tests.fakes.clock import BEGINNING
from tests.fakes.connector import CAPABILITIES
from tests.fakes.people import conversation_of, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message, over, statuses
from tests.fakes.templates import FakeCatalogue, account_template

IN_AN_HOUR = iso(BEGINNING + timedelta(hours=1))


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def schedule(
    product: Product, text: str = "hello", message_id: str = MESSAGE_ID, send_at: str = IN_AN_HOUR
) -> Accepted:
    return product.schedule(a_message(text, message_id=message_id, send_at=send_at))


def pass_to(product: Product, seconds: float = 3_601) -> None:
    product.clock.advance(seconds)
    product.relay()
    product.route_submitted()


def archive(product: Product) -> None:
    assert product.conversations.set_state(product.conversation(), ConversationState.ARCHIVED)


def test_until_its_time_a_scheduled_message_is_stored_and_not_submitted(product: Product) -> None:
    scheduled = schedule(product)
    pass_to(product, 3_599)

    assert not scheduled.replayed
    assert (product.message().status, product.message().send_at) == (Status.SCHEDULED, IN_AN_HOUR)
    assert statuses(product.message().status_history) == [Status.SCHEDULED]
    assert product.events.submitted == []
    assert product.read.history("conversation", None, None, 10).items == ()


def test_at_its_time_it_is_accepted_as_every_message(product: Product) -> None:
    schedule(product)

    pass_to(product)

    message = product.message()
    assert (message.status, message.sequence) == (Status.PENDING, product.events.numbers[0])
    assert message.accepted_at > IN_AN_HOUR
    assert [delivery.content.text for delivery in product.events.requested] == ["hello"]
    assert product.relay()["ScheduledAccepted"] == 0


@pytest.mark.parametrize(
    ("after", "issue"),
    [
        (timedelta(0), "must be in the future"),
        (-timedelta(days=1), "must be in the future"),
        (MOST_AHEAD + timedelta(milliseconds=1), "must be at most 365 days ahead"),
    ],
)
def test_a_time_that_is_past_or_too_far_ahead_is_refused(
    product: Product, after: timedelta, issue: str
) -> None:
    with pytest.raises(Invalid) as refused:
        schedule(product, send_at=iso(BEGINNING + after))

    assert [(detail.field, detail.issue) for detail in refused.value.details] == [("send_at", issue)]


def test_the_last_possible_time_is_a_year_ahead(product: Product) -> None:
    schedule(product, send_at=iso(BEGINNING + MOST_AHEAD))

    assert product.message().status is Status.SCHEDULED


def test_a_message_that_would_be_refused_now_is_not_scheduled(product: Product) -> None:
    archive(product)

    with pytest.raises(Conflict):
        schedule(product)

    assert product.messages.get(MESSAGE_ID) is None


@pytest.mark.parametrize("seconds", [0, 3_601])
def test_the_same_message_again_is_the_same_before_and_after_its_time(
    product: Product, seconds: float
) -> None:
    schedule(product)
    pass_to(product, seconds)

    again = schedule(product)

    assert again.replayed
    assert again.message == product.message()
    assert len(product.events.submitted) == (1 if seconds else 0)


@pytest.mark.parametrize("seconds", [0, 3_601])
@pytest.mark.parametrize(("text", "hours"), [("bye", 1), ("hello", 2)])
def test_another_body_under_the_same_id_is_a_conflict(
    product: Product, seconds: float, text: str, hours: int
) -> None:
    schedule(product)
    pass_to(product, seconds)

    with pytest.raises(Conflict):
        schedule(product, text, send_at=iso(BEGINNING + timedelta(hours=hours)))


@pytest.mark.parametrize("seconds", [0, 3_601])
def test_the_same_words_without_a_time_are_another_body(product: Product, seconds: float) -> None:
    schedule(product)
    pass_to(product, seconds)

    with pytest.raises(Conflict):
        product.say()
    product.route_submitted()
    pass_to(product)

    assert product.message().send_at == IN_AN_HOUR
    assert len(product.events.requested) == 1


def test_a_cancelled_message_is_never_sent_and_stays_cancelled(product: Product) -> None:
    schedule(product)

    cancelled = product.schedule.cancel(MESSAGE_ID)
    pass_to(product)

    assert statuses(cancelled.status_history) == [Status.SCHEDULED, Status.CANCELLED]
    assert product.schedule.cancel(MESSAGE_ID) == cancelled == product.message()
    assert product.events.submitted == []
    assert schedule(product).message.status is Status.CANCELLED


def test_what_was_accepted_or_never_scheduled_is_not_cancelled(product: Product) -> None:
    with pytest.raises(MessageNotFound):
        product.schedule.cancel(MESSAGE_ID)
    product.say()

    with pytest.raises(NotScheduled):
        product.schedule.cancel(MESSAGE_ID)

    assert product.message().status is Status.PENDING


def test_a_message_that_is_refused_at_its_time_tells_why(product: Product) -> None:
    schedule(product)
    archive(product)

    pass_to(product)

    message = product.message()
    assert (message.status, message.error_code) == (Status.FAILED, "CONVERSATION_ARCHIVED")
    assert statuses(message.status_history) == [Status.SCHEDULED, Status.FAILED]
    with pytest.raises(NotScheduled):
        product.schedule.cancel(MESSAGE_ID)
    with pytest.raises(NotFailed):
        product.redrive.message(MESSAGE_ID)


def test_the_process_dies_between_submit_and_store(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule(product)
    with monkeypatch.context() as dying:
        dying.setattr(product.messages, "add", _dies)
        product.clock.advance(3_601)
        with pytest.raises(Unavailable):
            product.relay()
    assert product.message().status is Status.SCHEDULED

    product.route_submitted()
    product.events.forget()
    pass_to(product)

    assert product.message().status is Status.PENDING
    assert len(product.events.requested) == 1


def test_a_message_that_is_cancelled_between_submit_and_store_is_not_sent(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(product)
    with monkeypatch.context() as dying:
        dying.setattr(product.messages, "add", _dies)
        product.clock.advance(3_601)
        with pytest.raises(Unavailable):
            product.relay()

    product.schedule.cancel(MESSAGE_ID)
    pass_to(product)

    assert product.message().status is Status.CANCELLED
    assert product.events.requested == []


def test_the_messages_of_a_conversation_go_in_the_order_of_time_and_id(product: Product) -> None:
    ids = [product.ids() for _ in range(6)]
    times = [IN_AN_HOUR, iso(BEGINNING + timedelta(minutes=30))]
    for number, message_id in enumerate(reversed(ids)):
        schedule(product, message_id=message_id, send_at=times[number % 2])

    pass_to(product)

    order = [event.message.message_id for event in product.events.submitted]
    assert order == sorted(ids, key=lambda message_id: (product.message(message_id).send_at, message_id))


def test_a_run_takes_a_batch_and_the_next_runs_take_the_rest(product: Product) -> None:
    for _ in range(BATCH + 20):
        schedule(product, message_id=product.ids())

    pass_to(product)

    assert len(product.events.submitted) == BATCH + 20


def test_while_the_queue_does_not_answer_the_other_conversations_go_on(product: Product) -> None:
    product.directory.create(BEN)
    product.conversations.create(conversation_of(AGENT, BEN, conversation_id="another"), ["ben"])
    first, second, other = (product.ids() for _ in range(3))
    for message_id in (first, second):
        schedule(product, message_id=message_id)
    product.schedule(a_message(message_id=other, conversation_id="another", send_at=IN_AN_HOUR))
    fails = [first]
    submit = product.events.message_submitted

    def broken_once(event: object) -> str:
        if fails and event.message.message_id in fails:  # type: ignore[attr-defined]
            fails.clear()
            raise Unavailable("the queue did not answer")
        return submit(event)  # type: ignore[arg-type]

    product.events.message_submitted = broken_once  # type: ignore[method-assign]
    product.clock.advance(3_601)
    with pytest.raises(Unavailable):
        product.relay()

    pass_to(product, 60)

    assert [event.message.message_id for event in product.events.submitted] == [other, first, second]


def test_scheduled_messages_are_listed_by_their_time_and_not_by_their_sender(product: Product) -> None:
    ids = [product.ids() for _ in range(3)]
    for hours, message_id in enumerate(reversed(ids), 1):
        schedule(product, message_id=message_id, send_at=iso(BEGINNING + timedelta(hours=hours)))

    query = MessageQuery(status=Status.SCHEDULED, order=TimeOrder.OLDEST_FIRST)
    listed = product.read.search(query, None, 10).items

    assert [message.message_id for message in listed] == list(reversed(ids))
    assert product.read.search(MessageQuery(sender_id="agent"), None, 10).items == ()


def _dies(message: Message) -> Message | None:
    raise Unavailable(f"{message.message_id} was not stored")


def test_a_scheduled_message_keeps_its_steps() -> None:
    product = Product()
    product.settle(AGENT, customer("ana", "pigeon", "telex"))
    steps = (*over("telex"), Step("pigeon", Text("in short")))
    product.schedule(a_message(steps=steps, send_at=IN_AN_HOUR))

    pass_to(product)

    (submitted,) = product.events.submitted
    assert submitted.message.steps == steps
    assert [(route.channel, route.step) for route in submitted.recipients[0].routes] == [
        ("telex", 0),
        ("pigeon", 1),
    ]


WITH_TEMPLATES = {
    **CAPABILITIES,
    "pigeon": replace(CAPABILITIES["pigeon"], kinds=kind_rules(KindRule("template"))),
}
TEMPLATE = Template("order_ready", "pt_BR", {"1": "Ana"})


@pytest.fixture
def templating() -> Product:
    product = Product(capabilities=WITH_TEMPLATES, catalogue=FakeCatalogue(account_template()))
    product.settle(AGENT, customer("ana", "pigeon", "telex"))
    return product


def schedule_template(product: Product, *steps: Step) -> None:
    new = replace(a_message(send_at=IN_AN_HOUR), content=TEMPLATE, steps=steps, delivery_timeout_s=300)
    product.schedule(product.fill_template(WITH_TEMPLATES)(new))


@pytest.mark.parametrize("status", ["PAUSED", "DISABLED", "REJECTED"])
def test_a_template_that_was_paused_meanwhile_is_refused_at_its_time(
    templating: Product, status: str
) -> None:
    schedule_template(templating)
    templating.catalogue.decide("order_ready", status)
    templating.clock.advance(KEEP.total_seconds())

    pass_to(templating, 1)

    message = templating.message()
    assert (message.status, message.error_code) == (Status.FAILED, "TEMPLATE_NOT_USABLE")
    assert templating.events.requested == []


def test_a_template_that_was_deleted_meanwhile_goes_by_the_next_step(templating: Product) -> None:
    schedule_template(templating, Step(), Step("telex", Text("Your order is ready.")))
    templating.catalogue.templates = []
    templating.clock.advance(KEEP.total_seconds())

    pass_to(templating, 1)

    assert [(each.recipient.channel, each.content.text) for each in templating.events.requested] == [
        ("telex", "Your order is ready.")
    ]
    assert [skipped.code for skipped in templating.events.submitted[0].recipients[0].skipped] == [
        "TEMPLATE_NOT_USABLE"
    ]


def test_a_template_that_is_for_marketing_by_now_asks_for_consent(templating: Product) -> None:
    schedule_template(templating)
    opted_out = Consent(
        "pigeon", Purpose.MARKETING, ConsentState.OPTED_OUT, iso(BEGINNING), ConsentSource.KEYWORD
    )
    assert templating.directory.save_consents(customer("ana", "pigeon", "telex"), (opted_out,))
    templating.catalogue.templates = [replace(account_template(), category="MARKETING")]
    templating.clock.advance(KEEP.total_seconds())

    pass_to(templating, 1)

    assert (templating.message().status, templating.message().error_code) == (Status.FAILED, "OPTED_OUT")


def test_a_template_has_the_words_of_its_time(templating: Product) -> None:
    schedule_template(templating)
    templating.catalogue.templates = [account_template(body="Oi, {{1}}!")]
    templating.clock.advance(KEEP.total_seconds())

    pass_to(templating, 1)

    assert templating.message().content.text == "Oi, Ana!"
    assert [each.content.text for each in templating.events.requested] == ["Oi, Ana!"]


def test_while_the_provider_is_silent_what_is_known_of_the_template_serves_and_it_is_asked_once(
    templating: Product,
) -> None:
    fill = templating.fill_template(WITH_TEMPLATES)
    for number in range(5):
        new = replace(a_message(message_id=f"{number}", send_at=IN_AN_HOUR), content=TEMPLATE)
        templating.schedule(fill(new))
    calls = templating.catalogue.calls
    templating.catalogue.broken = True
    templating.clock.advance(KEEP.total_seconds())

    pass_to(templating, 1)

    assert len(templating.events.requested) == 5
    assert templating.catalogue.calls == calls + 1
