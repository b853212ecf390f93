"""A person who has seen a message has seen everything before it."""

from collections.abc import Sequence
from typing import Final

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundMessage, InboundStatus, StatusUpdate, WebhookEvent
from chat4all.domain.received import Author, AuthorKind
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.record_status import Recorded
from tests.fakes.connector import ACCOUNT
from tests.fakes.product import AGENT, ANA, BEN, Product

AT: Final = "2026-01-31T12:00:09.000Z"
IDS: Final = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(9)]


def send_all(product: Product) -> None:
    """Send every delivery that was requested; the provider's ids are `message-id#part`."""
    deliver = product.deliver()
    for requested in product.events.requested:
        product.connector.answers = [Sent(f"{requested.message_id}#{requested.part}")]
        outcome = deliver(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)
    product.events.requested.clear()


def say(product: Product, *texts: str, first: int = 0) -> None:
    for number, text in enumerate(texts, start=first):
        product.say(text, message_id=IDS[number])
        product.route_submitted()
        send_all(product)


def a_talk(*texts: str) -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    say(product, *texts)
    return product


def seen(named: str, status: Status = Status.READ) -> StatusUpdate:
    return StatusUpdate("pigeon", "main", status, AT, named, covers_earlier=True)


def statuses_of(product: Product, numbers: Sequence[int]) -> list[Status]:
    return [product.message(IDS[number]).status for number in numbers]


@pytest.mark.parametrize("last", range(4))
def test_what_was_seen_covers_what_came_before_and_nothing_later(last: int) -> None:
    product = a_talk("one", "two", "three", "four")

    assert product.record(seen(f"{IDS[last]}#0")) is Recorded.DONE

    read = [Status.READ] * (last + 1)
    assert statuses_of(product, range(4)) == read + [Status.SENT] * (3 - last)


def test_a_status_of_one_message_covers_no_other() -> None:
    product = a_talk("one", "two")

    product.record(replace(seen(f"{IDS[1]}#0"), covers_earlier=False))

    assert statuses_of(product, range(2)) == [Status.SENT, Status.READ]


def test_the_parts_of_long_texts_are_covered_one_by_one() -> None:
    product = a_talk("x" * 30, "y" * 30)

    product.record(seen(f"{IDS[1]}#0"))

    assert statuses_of(product, range(2)) == [Status.READ, Status.SENT]
    parts = [part.status for part in product.deliveries.of_message(IDS[1])]
    assert parts[0] is Status.READ
    assert set(parts[1:]) == {Status.SENT}

    product.record(seen(f"{IDS[1]}#{len(parts) - 1}"))

    assert statuses_of(product, range(2)) == [Status.READ, Status.READ]


def test_a_delivery_that_failed_or_waits_was_not_seen() -> None:
    product = a_talk("one")
    product.say("two", message_id=IDS[1])
    product.route_submitted()
    product.connector.answers = [SendError(Outcome.PERMANENT, "131026", "Not possible.")]
    outcome = product.deliver()(product.events.requested.pop())
    assert isinstance(outcome, Settled)
    product.record(outcome.update)
    product.say("three", message_id=IDS[2])
    product.route_submitted()
    product.events.requested.clear()
    say(product, "four", first=3)

    product.record(seen(f"{IDS[3]}#0"))

    assert statuses_of(product, range(4)) == [Status.READ, Status.FAILED, Status.PENDING, Status.READ]


def test_words_of_the_person_in_between_do_not_end_the_search() -> None:
    product = a_talk("one")
    for number in range(7):
        words = InboundMessage("ana@pigeon", f"hers-{number}", Text("hm"), AT)
        product.take(WebhookEvent("pigeon", ACCOUNT, "digest", words))
    say(product, "two", first=1)

    product.record(seen(f"{IDS[1]}#0"))

    assert statuses_of(product, range(2)) == [Status.READ, Status.READ]


def test_the_search_ends_where_the_person_has_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    product = a_talk(*(f"{number}" for number in range(6)))
    product.record(seen(f"{IDS[3]}#0"))
    looked_at: list[DeliveryId] = []
    get = product.deliveries.get

    def watched(delivery_id: DeliveryId) -> DeliveryPart | None:
        looked_at.append(delivery_id)
        return get(delivery_id)

    monkeypatch.setattr(product.deliveries, "get", watched)

    product.record(seen(f"{IDS[5]}#0"))

    assert {named.message_id for named in looked_at} == {IDS[4], IDS[3]}
    assert statuses_of(product, range(6)) == [Status.READ] * 6


def test_what_was_left_by_a_process_that_died_is_covered_by_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = a_talk("one", "two", "three", "four")
    advance, left = product.deliveries.advance, [2]

    def dying(delivery_id: DeliveryId, update: StatusUpdate) -> DeliveryPart | None:
        if not left[0]:
            raise Unavailable("The database did not answer; try again.")
        left[0] -= 1
        return advance(delivery_id, update)

    with monkeypatch.context() as patched:
        patched.setattr(product.deliveries, "advance", dying)
        with pytest.raises(Unavailable):
            product.record(seen(f"{IDS[3]}#0"))
    assert statuses_of(product, range(4)) == [Status.READ, Status.SENT, Status.SENT, Status.READ]

    product.record(seen(f"{IDS[3]}#0"))

    assert statuses_of(product, range(4)) == [Status.READ] * 4


def test_in_a_group_only_the_person_who_saw_it_has_read_it() -> None:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    for number in range(2):
        product.say("hello", message_id=IDS[number])
        product.route_submitted()
    deliver = product.deliver()
    for requested in product.events.requested:
        product.connector.answers = [Sent(f"{requested.message_id} to {requested.recipient.user_id}")]
        outcome = deliver(requested)
        assert isinstance(outcome, Settled)
        product.record(outcome.update)

    product.record(seen(f"{IDS[1]} to ana"))

    by_person = {
        (part.message_id, part.recipient_id): part.status
        for number in range(2)
        for part in product.deliveries.of_message(IDS[number])
    }
    assert by_person == {
        (IDS[0], "ana"): Status.READ,
        (IDS[1], "ana"): Status.READ,
        (IDS[0], "ben"): Status.SENT,
        (IDS[1], "ben"): Status.SENT,
    }
    assert statuses_of(product, range(2)) == [Status.SENT, Status.SENT]


def own(name: str, at: str = AT) -> WebhookEvent:
    words = InboundMessage("ana@pigeon", name, Text("typed in the app"), at, author=Author(AuthorKind.OWN))
    return WebhookEvent("pigeon", ACCOUNT, "digest", words)


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.READ])
def test_a_receipt_moves_a_message_that_our_side_wrote_in_the_app(status: Status) -> None:
    product = a_talk()
    product.take(own("ours-1"))
    event = InboundStatus("ana@pigeon", status, AT, "ours-1")

    for _ in range(2):
        product.handle_events([WebhookEvent("pigeon", ACCOUNT, "digest", event)])

    message = product.messages.find("pigeon", ACCOUNT, "ours-1")
    assert message is not None
    assert [change.status for change in message.status_history] == [Status.SENT, status]
    assert (product.events.updates, product.relay()["MessagesRepublished"]) == ([], 0)


def test_a_receipt_moves_no_message_of_the_person() -> None:
    product = a_talk()
    words = InboundMessage("ana@pigeon", "hers-1", Text("hm"), AT)
    product.take(WebhookEvent("pigeon", ACCOUNT, "digest", words))

    assert product.record(seen("hers-1")) is Recorded.UNKNOWN

    message = product.messages.find("pigeon", ACCOUNT, "hers-1")
    assert message is not None
    assert message.status is Status.DELIVERED


def test_what_was_sent_and_what_was_typed_in_the_app_cover_each_other() -> None:
    product = a_talk("one")
    product.take(own("ours-1"))
    product.take(own("ours-2"))

    product.record(seen("ours-2"))

    typed = [product.messages.find("pigeon", ACCOUNT, name) for name in ("ours-1", "ours-2")]
    assert [message and message.status for message in typed] == [Status.READ, Status.READ]
    assert statuses_of(product, [0]) == [Status.READ]

    product.take(own("ours-3"))
    say(product, "two", first=1)
    product.record(seen(f"{IDS[1]}#0"))

    typed = [product.messages.find("pigeon", ACCOUNT, "ours-3")]
    assert [message and message.status for message in typed] == [Status.READ]
