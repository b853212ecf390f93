"""The plan of a message: each step has its own content, and is weighed again when its turn comes."""

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Media, Text, reworded
from chat4all.domain.conversation import ConversationType, Participant
from chat4all.domain.decisions import Decision, decisions_of
from chat4all.domain.errors import Invalid, NotPossible
from chat4all.domain.events import DeliveryRequested, Recipient, Route, StatusUpdate
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Button, Buttons
from chat4all.domain.person import Identity
from chat4all.domain.plan import Choose, Skipped, Step
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.waiting import Fallback
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.fall_back import NOT_CONFIRMED
from chat4all.services.messaging.record_status import Recorded
from tests.fakes.files import a_file
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product, a_message, an_event, over

OTHER_ID = "22222222-2222-4222-8222-222222222222"
CLOSED = SendError(Outcome.PERMANENT, "131047", "The window is closed.")
CARLA = customer("carla", "pigeon", "telex")
TIMEOUT_S = 300
BY_TELEX = Text("By telex")
SHORT = Text("A template")
PLAN = (*over("pigeon"), Step(content=SHORT), Step("telex", BY_TELEX))


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, CARLA)
    return product


def say(
    product: Product,
    *steps: Step,
    text: str = "hello",
    message_id: str = MESSAGE_ID,
    reply_to: str | None = None,
) -> None:
    product.accept(
        replace(
            a_message(text, message_id=message_id, steps=steps or PLAN, reply_to=reply_to),
            delivery_timeout_s=TIMEOUT_S,
        )
    )


def work(product: Product) -> None:
    """Route, deliver and record until no event is left."""
    product.route_all()
    while product.events.requested:
        requested = list(product.events.requested)
        product.events.requested.clear()
        for request in requested:
            deliver(product, request)
        product.route_all()


def deliver(product: Product, request: DeliveryRequested) -> None:
    outcome = product.deliver()(request)
    assert isinstance(outcome, Settled)
    assert product.record(outcome.update) is Recorded.DONE


def sent(product: Product) -> list[tuple[str, str]]:
    return [(submission.address, submission.content.text) for submission in product.connector.asked]


def decisions(product: Product, user_id: str = "carla") -> list[tuple[int, Decision, str | None]]:
    plan = product.read.progress(MESSAGE_ID).plan
    return [(one.step, one.decision, one.code) for one in plan if one.recipient_id == user_id]


def unlink(product: Product, channel: str) -> None:
    user = product.directory.get("carla")
    assert user is not None
    identity = next(identity for identity in user.identities if identity.channel == channel)
    product.directory.unlink(user, identity)


def report(
    status: Status, delivery_id: str, channel: str = "pigeon", code: str | None = None
) -> StatusUpdate:
    return StatusUpdate(channel, "main", status, "2026-01-31T12:00:05.000Z", None, delivery_id, code)


def test_each_step_goes_out_with_its_own_content_until_one_is_taken(product: Product) -> None:
    product.connector.answers = [CLOSED, CLOSED]
    say(product)
    work(product)

    assert sent(product) == [
        ("carla@pigeon", "hello"),
        ("carla@pigeon", SHORT.text),
        ("carla@telex", BY_TELEX.text),
    ]
    assert product.message().status is Status.SENT
    assert decisions(product) == [
        (0, Decision.TRIED, None),
        (1, Decision.TRIED, None),
        (2, Decision.TRIED, None),
    ]
    parts = product.read.progress(MESSAGE_ID).deliveries
    assert [(part.channel, part.step, part.status) for part in parts] == [
        ("pigeon", 0, Status.FAILED),
        ("pigeon", 1, Status.FAILED),
        ("telex", 2, Status.SENT),
    ]
    assert product.redrive.listing(None, None, 10).items == ()


def test_the_steps_after_the_one_that_was_taken_are_next(product: Product) -> None:
    product.connector.answers = [CLOSED]
    say(product)
    work(product)

    assert decisions(product) == [
        (0, Decision.TRIED, None),
        (1, Decision.TRIED, None),
        (2, Decision.NEXT, None),
    ]


def test_a_message_with_one_step_has_no_plan_and_no_fallback(product: Product) -> None:
    say(product, *over("pigeon"))
    work(product)

    assert product.read.progress(MESSAGE_ID).plan == ()
    assert product.table.fallbacks == {}


def test_the_steps_that_were_skipped_at_first_are_told(product: Product) -> None:
    say(product, Step("pigeon"), Step("pigeon"), Step("telex"))
    work(product)

    assert decisions(product) == [
        (0, Decision.TRIED, None),
        (1, Decision.SKIPPED, "REPEATED"),
        (2, Decision.NEXT, None),
    ]


def test_a_plan_with_one_possible_step_is_kept_as_it_was_chosen() -> None:
    product = Product()
    product.settle(AGENT, ANA)
    say(product, Step("telex"), Step("pigeon", SHORT))
    product.route_all()
    product.events.requested.clear()
    product.directory.link("ana", Identity("telex", "main", "ana@telex", NOW))

    product.clock.advance(DELIVERY_GRACE.total_seconds() + 60)
    product.relay()
    work(product)

    assert sent(product) == [("ana@pigeon", SHORT.text)]
    assert decisions(product, "ana") == [(0, Decision.SKIPPED, "NO_IDENTITY"), (1, Decision.TRIED, None)]


def test_statuses_of_two_steps_on_one_channel_are_kept_apart(product: Product) -> None:
    product.connector.answers = [Sent("first"), Sent("second")]
    say(product)
    work(product)
    product.record(report(Status.FAILED, f"{MESSAGE_ID}|carla|pigeon|0", code="131047"))
    work(product)

    # The provider reports the failure of the first step once more, and then the receipt of the second.
    product.record(report(Status.FAILED, f"{MESSAGE_ID}|carla|pigeon|0", code="131047"))
    product.record(report(Status.DELIVERED, f"{MESSAGE_ID}|carla|pigeon|0|0|1"))
    work(product)

    assert sent(product) == [("carla@pigeon", "hello"), ("carla@pigeon", SHORT.text)]
    assert product.message().status is Status.DELIVERED
    product.record(StatusUpdate("pigeon", "main", Status.READ, "2026-01-31T12:00:09.000Z", "second"))
    assert product.message().status is Status.READ
    assert [part.status for part in product.deliveries.of_message(MESSAGE_ID)] == [Status.FAILED, Status.READ]


def test_what_is_not_confirmed_in_time_goes_on_with_the_next_content_on_the_same_channel(
    product: Product,
) -> None:
    product.connector.answers = [Sent("first"), Sent("second")]
    say(product)
    work(product)
    product.clock.advance(TIMEOUT_S)
    assert product.relay()["FallbacksTaken"] == 1
    work(product)

    assert sent(product) == [("carla@pigeon", "hello"), ("carla@pigeon", SHORT.text)]
    first, second = product.deliveries.of_message(MESSAGE_ID)
    assert (first.error_code, second.status) == (NOT_CONFIRMED, Status.SENT)
    # The first message reaches the phone after all.
    product.record(report(Status.DELIVERED, str(first.delivery_id)))
    assert product.message().status is Status.DELIVERED


def test_a_step_whose_channel_the_person_has_left_is_skipped_in_its_turn(product: Product) -> None:
    product.connector.answers = [CLOSED, CLOSED]
    say(product, *over("pigeon"), Step("telex", BY_TELEX), Step("pigeon", SHORT))
    product.route_all()
    unlink(product, "telex")
    work(product)

    assert sent(product) == [("carla@pigeon", "hello"), ("carla@pigeon", SHORT.text)]
    assert decisions(product) == [
        (0, Decision.TRIED, None),
        (1, Decision.SKIPPED, "NO_IDENTITY"),
        (2, Decision.TRIED, None),
    ]
    assert (product.message().status, product.message().error_code) == (Status.FAILED, "131047")


def test_without_a_step_left_the_message_is_failed_and_is_a_dead_letter(product: Product) -> None:
    product.connector.answers = [CLOSED]
    say(product, *over("pigeon"), Step("telex", Text("é" * 20)))
    product.route_all()
    unlink(product, "telex")
    work(product)

    assert sent(product) == [("carla@pigeon", "hello")]
    assert decisions(product) == [(0, Decision.TRIED, None), (1, Decision.SKIPPED, "NO_IDENTITY")]
    assert (product.message().status, product.message().error_code) == (Status.FAILED, "NO_IDENTITY")
    (letter,) = product.redrive.listing(None, None, 10).items
    assert (letter.channel, letter.error_code) == ("telex", "NO_IDENTITY")

    with pytest.raises(NotPossible):
        product.redrive.message(MESSAGE_ID)
    product.directory.link("carla", Identity("telex", "main", "carla@new", NOW))
    product.redrive.one(letter.dead_letter_id)
    work(product)

    assert [address for address, _ in sent(product)] == ["carla@pigeon", *["carla@new"] * 2]
    assert product.message().status is Status.SENT


def test_a_refused_step_stays_refused_when_its_record_comes_again(product: Product) -> None:
    product.connector.answers = [CLOSED]
    say(product, *over("pigeon"), Step("telex", BY_TELEX))
    product.route_all()
    (request,) = product.events.requested
    product.events.requested.clear()
    deliver(product, request)
    (step,) = product.events.accepted
    unlink(product, "telex")
    product.route_all()
    product.directory.link("carla", Identity("telex", "main", "carla@telex", NOW))

    product.events.accepted.append(step)
    work(product)

    assert sent(product) == [("carla@pigeon", "hello")]
    assert product.message().status is Status.FAILED


def test_a_step_follows_a_person_to_their_new_address(product: Product) -> None:
    product.connector.answers = [CLOSED]
    say(product, *over("pigeon"), Step("telex", BY_TELEX))
    product.route_all()
    unlink(product, "telex")
    product.directory.link("carla", Identity("telex", "main", "carla@new", NOW))
    work(product)

    assert sent(product) == [("carla@pigeon", "hello"), ("carla@new", BY_TELEX.text)]


def test_each_recipient_of_a_group_has_a_plan_of_their_own() -> None:
    product = Product()
    ben = customer("ben", "telex")
    product.settle(AGENT, CARLA, ben, kind=ConversationType.GROUP)
    product.connector.answers = [CLOSED]
    say(product)
    work(product)

    assert sorted(sent(product)) == [
        ("ben@telex", BY_TELEX.text),
        ("carla@pigeon", SHORT.text),
        ("carla@pigeon", "hello"),
    ]
    assert decisions(product, "ben") == [
        (0, Decision.SKIPPED, "NO_IDENTITY"),
        (1, Decision.SKIPPED, "NO_IDENTITY"),
        (2, Decision.TRIED, None),
    ]
    assert product.message().status is Status.SENT


def test_a_customer_whom_no_step_reaches_refuses_the_message_for_all() -> None:
    product = Product()
    product.settle(AGENT, CARLA, customer("ben", "telex"), kind=ConversationType.GROUP)

    with pytest.raises(NotPossible) as refused:
        say(product, *over("pigeon"), Step(content=SHORT))

    assert refused.value.code == "NO_IDENTITY"
    assert "ben" in refused.value.details[0].issue


def test_the_steps_of_a_customer_who_speaks_in_a_group_come_with_their_name() -> None:
    product = Product()
    ben = customer("ben", "telex")
    product.settle(AGENT, CARLA, ben, kind=ConversationType.GROUP)
    product.connector.answers = [CLOSED]
    new = replace(a_message("Hi", sender_id="ben", steps=PLAN), delivery_timeout_s=TIMEOUT_S)
    product.accept(new)
    work(product)

    assert [text for _, text in sent(product)] == ["Ben: Hi", "Ben: A template"]


@pytest.mark.parametrize("changed", [True, False])
def test_a_message_that_is_routed_for_a_changed_conversation_keeps_the_contents_of_its_steps(
    *, changed: bool
) -> None:
    product = Product()
    ben = customer("ben", "telex")
    product.settle(AGENT, CARLA, ben, kind=ConversationType.GROUP)
    product.directory.create(customer("dora", "pigeon"))
    product.connector.answers = [CLOSED]
    product.accept(replace(a_message("Hi", sender_id="ben", steps=PLAN), delivery_timeout_s=TIMEOUT_S))
    if changed:
        conversation = product.conversation()
        product.conversations.add_participant(conversation, Participant("dora", NOW, 9))
    work(product)

    assert ("carla@pigeon", "Ben: A template") in sent(product)


def test_a_file_that_is_gone_goes_on_to_the_next_step(product: Product) -> None:
    picture = Attachment("file-1", "it.png", "image/png", 100)
    say(product, *over("pigeon"), Step(content=Media(picture)), Step(content=SHORT))
    product.connector.answers = [CLOSED]
    work(product)

    parts = product.deliveries.of_message(MESSAGE_ID)
    assert [(part.step, part.error_code) for part in parts] == [(0, "131047"), (1, "FILE_GONE"), (2, None)]
    assert sent(product)[-1] == ("carla@pigeon", SHORT.text)


def test_a_file_of_a_step_goes_out(product: Product) -> None:
    product.files.files["file-1"] = a_file()
    picture = Attachment("file-1", "it.png", "image/png", 100)
    product.connector.answers = [CLOSED]
    say(product, *over("pigeon"), Step(content=Media(picture, "look")))
    work(product)

    assert sent(product) == [("carla@pigeon", "hello"), ("carla@pigeon", "look")]


def test_a_step_of_several_parts_has_parts_and_dead_letters_of_its_own(product: Product) -> None:
    product.connector.answers = [CLOSED, Sent("a"), CLOSED]
    question = Buttons("Which of them?", (Button("1", "One"), Button("2", "Two")))
    say(product, Step("pigeon"), Step(content=question))
    work(product)

    assert product.message().status is Status.FAILED
    (letter,) = product.redrive.listing(None, None, 10).items
    assert letter.channel == "pigeon"
    product.redrive.one(letter.dead_letter_id)
    work(product)
    texts = [text for _, text in sent(product)]
    assert texts[0] == "hello"
    assert texts[2] == texts[3]
    assert product.message().status is Status.SENT


def test_a_failure_that_passes_redrives_the_parts_of_its_own_step(product: Product) -> None:
    product.connector.answers = [CLOSED, Sent("second")]
    say(product, Step("pigeon"), Step(content=SHORT))
    work(product)
    failed = replace(
        report(Status.FAILED, f"{MESSAGE_ID}|carla|pigeon|0|0|1", code="130429"), outcome=Outcome.THROTTLED
    )
    product.record(failed)

    parts = product.deliveries.of_message(MESSAGE_ID)
    assert [(part.step, part.status, part.round) for part in parts] == [
        (0, Status.FAILED, 0),
        (1, Status.PENDING, 1),
    ]
    product.clock.advance(120)
    product.relay()
    work(product)
    assert [text for _, text in sent(product)] == ["hello", SHORT.text, SHORT.text]


@pytest.mark.parametrize(
    ("answers", "quoted"),
    [
        ([], "pigeon-1"),
        ([CLOSED], "pigeon-1"),
        ([CLOSED, Sent("by template")], "by template"),
    ],
)
def test_a_quote_is_of_the_step_that_the_person_has(
    product: Product, answers: list[Sent | SendError], quoted: str
) -> None:
    product.connector.answers = answers
    say(product, *over("pigeon"), Step(content=SHORT))
    work(product)

    say(product, *over("pigeon"), message_id=OTHER_ID, reply_to=MESSAGE_ID)
    work(product)

    assert product.connector.asked[-1].quoted_provider_message_id == quoted


def test_what_a_person_has_read_covers_a_message_that_came_by_a_later_step(product: Product) -> None:
    product.connector.answers = [CLOSED, Sent("by template"), Sent("later")]
    say(product, *over("pigeon"), Step(content=SHORT))
    work(product)
    say(product, *over("pigeon"), message_id=OTHER_ID)
    work(product)

    seen = StatusUpdate("pigeon", "main", Status.READ, NOW, "later", covers_earlier=True)
    assert product.record(seen) is Recorded.DONE

    assert product.message().status is product.message(OTHER_ID).status is Status.READ


def test_two_steps_that_are_held_have_places_of_their_own(product: Product) -> None:
    say(product)
    product.route_all()
    (first,) = product.events.requested
    second = replace(first, recipient=replace(first.recipient, step=1, position=1), content=SHORT)

    assert first.place != second.place
    assert first.deduplication_id != second.deduplication_id
    product.held_deliveries.hold(first, NOW, first=True)
    product.held_deliveries.hold(second, NOW, first=False)
    (queue,) = product.held_deliveries.due(NOW, 10)
    assert product.held_deliveries.first_held(queue, 10) == [first, second]


def test_a_recipient_at_a_later_route_has_its_step() -> None:
    product = Product()
    product.settle(AGENT, CARLA)
    say(product, Step("pigeon"), Step("pigeon"), Step("telex", BY_TELEX))

    (event,) = product.events.submitted
    (to,) = event.recipients

    assert [(one.position, one.step) for one in to.routes] == [(0, 0), (1, 2)]
    assert isinstance(to.at(1), Recipient)


def test_steps_that_no_queue_holds_are_refused() -> None:
    product = Product()
    people = [customer(f"user-{number}", "telex") for number in range(90)]
    product.settle(AGENT, *people, kind=ConversationType.GROUP)
    long = Text("\U0001f600" * 9_000)

    with pytest.raises(Invalid) as refused:
        say(
            product,
            *over("telex"),
            *[Step(content=reworded(long, f"{number}{long.text}")) for number in range(6)],
        )

    assert refused.value.details[0].field == "fallback"
    assert product.events.submitted == []


@pytest.mark.parametrize(
    ("choose", "order"), [(Choose.IN_ORDER, [0, 1, 2, 3]), (Choose.CHEAPEST, [3, 1, 0, 2])]
)
def test_decisions_come_in_the_order_of_the_tries(choose: Choose, order: list[int]) -> None:
    to = Recipient(
        "carla",
        "pigeon",
        "main",
        "1",
        1,
        (Route("telex", "main", "2", step=1), Route("pigeon", "main", "1", step=0)),
        step=3,
        skipped=(Skipped(2, None, "NO_IDENTITY", "why"),),
    )
    skipped = Skipped(1, "telex", "NO_IDENTITY", "why")
    fallback = Fallback(an_event(to), 2, None, routed=True, skipped=(skipped,))

    decided = decisions_of(fallback, choose)

    assert [one.step for one in decided] == order
    assert {one.step: one.decision for one in decided} == {
        0: Decision.TRIED,
        1: Decision.SKIPPED,
        2: Decision.SKIPPED,
        3: Decision.TRIED,
    }
