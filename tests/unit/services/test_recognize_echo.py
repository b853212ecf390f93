"""The echo of our own send is no message, even if it is faster than the record of the send."""

import pytest
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.message import Message
from chat4all.domain.received import Author, AuthorKind
from chat4all.domain.sending import Sent
from chat4all.domain.webhooks import WebhookId
from chat4all.services.inbound.recognize_echo import COMES_BACK, LONGEST_WAIT
from chat4all.services.inbound.take_inbound import inbound_message_id
from tests.fakes.connector import ACCOUNT
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product, a_delivery

COMES_BACK_S = COMES_BACK.total_seconds()


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    return product


def echo(product: Product, provider_message_id: str = "ours", *, sent_ago_s: float = 0) -> WebhookEvent:
    received_at = iso(product.clock())
    product.clock.advance(sent_ago_s)
    words = InboundMessage(
        "ana@pigeon", provider_message_id, Text("hello"), received_at, author=Author(AuthorKind.OWN)
    )
    webhook = WebhookId("pigeon", ACCOUNT, iso(product.clock()), "digest")
    return WebhookEvent("pigeon", ACCOUNT, str(webhook), words)


def own_message(product: Product, provider_message_id: str = "ours") -> Message | None:
    return product.messages.get(inbound_message_id("pigeon", ACCOUNT, provider_message_id))


def submit(product: Product) -> None:
    product.say()
    product.route_submitted()


def send(product: Product, provider_message_id: str = "ours") -> None:
    product.connector.answers = [Sent(provider_message_id)]
    product.deliver()(a_delivery())


def bring_back(product: Product, after_s: float = COMES_BACK_S) -> None:
    """Let the parked echoes come back through the queue."""
    product.clock.advance(after_s)
    product.relay()
    returned = list(product.events.webhooks)
    product.events.webhooks.clear()
    for received in returned:
        product.take(received)


def test_an_echo_that_is_faster_than_the_record_of_its_send_is_no_message(product: Product) -> None:
    submit(product)

    product.take(echo(product))
    assert own_message(product) is None
    send(product)
    bring_back(product)

    assert list(product.table.messages) == [MESSAGE_ID]
    assert product.echoes.parked == {}


def test_an_echo_is_recognized_while_the_index_does_not_show_the_send_yet(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(product)
    send(product)
    monkeypatch.setattr(product.messages, "find", lambda *_: None)

    product.take(echo(product))

    assert list(product.table.messages) == [MESSAGE_ID]
    assert product.echoes.parked == {}


def test_the_echo_of_a_later_file_of_an_album_is_no_message_before_its_record(product: Product) -> None:
    submit(product)
    product.connector.answers = [Sent("ours", ("ours", "second"))]
    product.deliver()(a_delivery(part_count=2))

    product.take(echo(product, "second"))

    assert list(product.table.messages) == [MESSAGE_ID]
    assert product.echoes.parked == {}


def test_words_from_the_app_come_at_once_while_nothing_is_on_its_way(product: Product) -> None:
    submit(product)
    send(product)

    product.take(echo(product, "theirs"))

    assert own_message(product, "theirs") is not None


def test_words_from_the_app_wait_for_the_record_of_another_send(product: Product) -> None:
    submit(product)

    product.take(echo(product, "theirs"))
    bring_back(product)
    assert own_message(product, "theirs") is None
    send(product)
    bring_back(product)

    assert own_message(product, "theirs") is not None
    assert len(product.table.messages) == 2


def test_words_from_the_app_wait_for_a_limited_time(product: Product) -> None:
    submit(product)

    product.take(echo(product, "theirs"))
    bring_back(product, LONGEST_WAIT.total_seconds())

    assert own_message(product, "theirs") is not None


def test_an_echo_that_comes_back_is_another_record_of_the_queue(product: Product) -> None:
    submit(product)
    received = echo(product)
    product.take(received)
    product.clock.advance(COMES_BACK_S - 1)
    product.relay()
    assert product.events.webhooks == []

    product.clock.advance(1)
    product.relay()

    (returned,) = product.events.webhooks
    assert returned.replay is not None
    assert replace(returned, replay=None) == received


@pytest.mark.parametrize("webhook", ["history", "no id"])
def test_old_words_of_our_side_never_wait(product: Product, webhook: str) -> None:
    submit(product)
    received = echo(product, sent_ago_s=7_200) if webhook == "history" else echo(product)

    product.take(replace(received, webhook_id="no id") if webhook == "no id" else received)

    assert own_message(product) is not None


def test_words_of_our_side_to_a_stranger_never_wait(product: Product) -> None:
    received = echo(product)

    product.take(replace(received, event=replace(received.event, address="stranger@pigeon")))

    assert own_message(product) is not None


def test_what_the_person_writes_does_not_keep_words_of_our_side_waiting(product: Product) -> None:
    words = InboundMessage("ana@pigeon", "hers", Text("hello"), iso(product.clock()))
    product.take(WebhookEvent("pigeon", ACCOUNT, "webhook", words))

    product.take(echo(product))

    assert own_message(product) is not None
