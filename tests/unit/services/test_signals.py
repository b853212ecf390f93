"""Signals: a person's message is read, our side types."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.acts import Done, MarkingRead, Signal, SignalKind, Typing
from chat4all.domain.channel import LimitScope, RateLimit
from chat4all.domain.errors import ActNotPossible, ConversationNotFound, MessageNotFound, NotAParticipant
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.person import Identity
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.circuit import Attempt
from chat4all.services.messaging.deliver_signal import LATE, AskAgain, Dropped, Shown
from chat4all.services.messaging.send_signals import Signalled
from tests.fakes.people import NOW, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_message
from tests.fakes.small_stores import NotToBeAsked, OneBucket

PAUSED = SendError(Outcome.CHANNEL_PAUSED, "190", "The provider refuses our account.")


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def write(product: Product, name: str, user_id: str = "ana", channel: str = "pigeon") -> str:
    """Let a customer write a message; return its id."""
    message_id = f"{name}-{user_id}"
    product.accept(
        replace(
            a_message(name, message_id=message_id, sender_id=user_id),
            received_over=channel,
            account="main",
            provider_message_id=name,
        )
    )
    return message_id


def requested(product: Product) -> list[DeliveryRequested]:
    """The router handles all requests of signals; return what it puts into the channels' queues."""
    for event in product.events.signals:
        product.route(event, "1")
    product.events.signals.clear()
    found = [request for request in product.events.requested if request.signal is not None]
    product.events.requested.clear()
    return found


def signals(product: Product) -> list[Signal | None]:
    return [request.signal for request in requested(product)]


def test_the_latest_message_of_a_person_is_marked_as_read(product: Product) -> None:
    write(product, "first")
    latest = write(product, "second")
    product.say("an answer")

    marked = product.signals.read("conversation", None)

    assert (marked.message.message_id, marked.before) == (latest, False)
    assert signals(product) == [Signal(SignalKind.READ, "second")]


def test_a_later_read_never_goes_back(product: Product) -> None:
    first, second = write(product, "first"), write(product, "second")

    assert not product.signals.read("conversation", second).before
    assert product.signals.read("conversation", first).before
    assert product.signals.read("conversation", second).before

    assert signals(product) == [Signal(SignalKind.READ, "second")]


def test_a_read_that_the_queue_did_not_take_can_be_repeated(product: Product) -> None:
    write(product, "first")
    product.events.broken = True
    with pytest.raises(Exception, match="queue"):
        product.signals.read("conversation", None)
    product.events.broken = False

    assert not product.signals.read("conversation", None).before


def test_what_cannot_be_read_is_refused(product: Product) -> None:
    with pytest.raises(ActNotPossible):
        product.signals.read("conversation", None)
    with pytest.raises(ConversationNotFound):
        product.signals.read("elsewhere", None)
    with pytest.raises(MessageNotFound):
        product.signals.read("conversation", "unknown")
    product.say()
    with pytest.raises(ActNotPossible):
        product.signals.read("conversation", MESSAGE_ID)


def test_a_channel_that_shows_no_reading_refuses() -> None:
    product = Product()
    product.settle(AGENT, BEN)
    write(product, "first", "ben", "telex")

    with pytest.raises(ActNotPossible):
        product.signals.read("conversation", None)
    with pytest.raises(ActNotPossible):
        product.signals.typing("conversation", None, is_on=True)


def test_typing_is_shown_to_the_people_of_the_conversation(product: Product) -> None:
    shown = product.signals.typing("conversation", "agent", is_on=True)

    assert shown == [Signalled("ana", "pigeon")]
    assert signals(product) == [Signal(SignalKind.TYPING)]


def test_the_end_of_typing_asks_only_a_provider_that_can_be_told(product: Product) -> None:
    assert product.signals.typing("conversation", None, is_on=False)

    assert signals(product) == []


@pytest.mark.parametrize(
    "show",
    [
        lambda product: product.signals.read("conversation", None),
        lambda product: product.signals.typing("conversation", "agent", is_on=True),
    ],
)
def test_no_signal_goes_by_an_account_that_was_removed(
    product: Product, show: Callable[[Product], object]
) -> None:
    write(product, "hers-1")
    removed = ChannelAccount("main", AccountState.REMOVED)
    product.accounts.save("pigeon", {"main": removed}, 0)

    with pytest.raises(ActNotPossible) as refused:
        show(product)

    assert [detail.issue for detail in refused.value.details] == ["our account main of pigeon was removed"]


def test_a_stranger_does_not_type(product: Product) -> None:
    with pytest.raises(NotAParticipant):
        product.signals.typing("conversation", "stranger", is_on=True)


def test_a_signal_stands_in_no_queue_before_a_message(product: Product) -> None:
    product.signals.typing("conversation", None, is_on=True)
    (signal,) = requested(product)
    product.say()
    product.route_all()
    (message,) = product.events.requested

    assert signal.group != message.group


def typing(product: Product) -> DeliveryRequested:
    product.signals.typing("conversation", None, is_on=True)
    (request,) = requested(product)
    return request


def reading(product: Product) -> DeliveryRequested:
    write(product, "first")
    product.signals.read("conversation", None)
    (request,) = requested(product)
    return request


def show(product: Product, request: DeliveryRequested, bucket: OneBucket | None = None) -> object:
    assert request.signal is not None
    return product.deliver_signal(bucket)(request, request.signal)


def test_the_provider_shows_the_signals(product: Product) -> None:
    assert show(product, typing(product)) == Shown()
    assert show(product, reading(product)) == Shown()

    assert product.connector.acts == [
        Typing("main", "ana@pigeon", is_on=True),
        MarkingRead("main", "ana@pigeon", "first"),
    ]


@pytest.mark.parametrize("kind", SignalKind)
def test_a_late_signal_is_dropped_without_a_question(product: Product, kind: SignalKind) -> None:
    request = typing(product) if kind is SignalKind.TYPING else reading(product)
    product.clock.advance((LATE[kind] + timedelta(seconds=1)).total_seconds())
    assert request.signal is not None

    assert product.deliver_signal(NotToBeAsked())(request, request.signal) == Dropped("LATE")
    assert product.connector.asked_acts == []


def test_a_signal_waits_for_no_token(product: Product) -> None:
    bucket = OneBucket(RateLimit(LimitScope.ACCOUNT, interval_s=5.0, burst=1))
    bucket.wait_s("pigeon", "main", "", product.clock().timestamp())

    assert show(product, typing(product), bucket) == Dropped("LATE")
    assert isinstance(show(product, reading(product), bucket), AskAgain)
    assert product.connector.asked_acts == []


def test_no_signal_goes_to_a_provider_that_refuses_our_account(product: Product) -> None:
    product.circuit().report(Attempt.FREELY, "ana@pigeon", PAUSED)

    assert show(product, typing(product)) == Dropped("LATE")
    assert isinstance(show(product, reading(product)), AskAgain)
    assert product.connector.asked_acts == []


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (PAUSED, AskAgain(5.0)),
        (SendError(Outcome.RETRY, "500", "Later."), AskAgain(5.0)),
        (SendError(Outcome.THROTTLED, "4", "Slower.", retry_after_s=3.0), AskAgain(3.0)),
        (SendError(Outcome.THROTTLED, "4", "Slower.", retry_after_s=9000.0), Dropped("LATE")),
        (SendError(Outcome.PERMANENT, "131009", "Unknown."), Dropped("131009")),
    ],
)
def test_a_refused_signal_opens_no_circuit(product: Product, error: SendError, left: object) -> None:
    request = reading(product)
    product.connector.act_answers = [error, Done()]

    assert show(product, request) == left
    assert product.circuit().is_closed()


def test_a_refusal_is_judged_by_what_is_known_now() -> None:
    product = Product()
    product.settle(AGENT, customer("dan"))
    with pytest.raises(ActNotPossible):
        product.signals.typing("conversation", None, is_on=True)

    product.directory.link("dan", Identity("pigeon", "main", "dan@pigeon", NOW))

    assert product.signals.typing("conversation", None, is_on=True) == [Signalled("dan", "pigeon")]
