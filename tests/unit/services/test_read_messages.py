"""Reading messages, histories, and the progress of a message."""

import json
from functools import partial

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Content, Text, Unsupported
from chat4all.domain.conversation import ConversationType
from chat4all.domain.errors import Forbidden, Invalid, NotFound
from chat4all.domain.message import Edit, Message
from chat4all.domain.pages import Page, TimeOrder
from chat4all.domain.received import Received
from chat4all.domain.status import Status
from chat4all.entrypoints.http.answers import Answer, respond
from chat4all.entrypoints.http.message_views import MessagePage, message_view
from chat4all.services.messaging.ports import MessageQuery
from chat4all.services.messaging.read_messages import exactly_one
from tests.fakes.people import agent, customer
from tests.fakes.product import AGENT, ANA, BEN, MESSAGE_ID, Product, a_delivery


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA, BEN, kind=ConversationType.GROUP)
    return product


def say(product: Product, count: int) -> list[str]:
    """Post `count` messages, two in each millisecond; return their ids, oldest first."""
    ids = []
    for number in range(count):
        product.clock.advance(number % 2)
        ids.append(product.say(message_id=product.ids()).message.message_id)
    return ids


def all_pages(read: object, *arguments: object, limit: int = 3) -> list[Message]:
    """Read all pages, and return their messages. Fails if the pages never end."""
    assert callable(read)
    shown: list[Message] = []
    cursor = None
    for _ in range(20):
        page: Page[Message] = read(*arguments, cursor, limit)
        assert len(page.items) <= limit
        shown += page.items
        cursor = page.next_cursor
        if cursor is None:
            return shown
    pytest.fail("the pages never end")


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7])
def test_a_history_shows_everything_once_newest_first(product: Product, count: int) -> None:
    ids = say(product, count)

    shown = all_pages(product.read.history, "conversation", None)

    assert [message.message_id for message in shown] == ids[::-1]


@pytest.mark.parametrize(
    ("content", "edits"),
    [
        (Text("\x01" * 10_000), ()),
        (
            Unsupported("poll", "\U0001f600" * 4096),
            (Edit(Text("\\" * 99_000), "2026"),),
        ),
    ],
)
def test_a_page_of_long_messages_is_one_that_lambda_takes(
    product: Product, content: Content, edits: tuple[Edit, ...]
) -> None:
    ids = say(product, 150)
    for message_id in ids:
        message = product.message(message_id)
        product.table.messages[message_id] = replace(message, content=content, edits=edits)
    searching = partial(product.read.search, MessageQuery(sender_id="agent"))

    by_number = partial(product.read.history, "conversation", None)
    by_time = partial(product.read.history_by_sent, "conversation", None)
    for read in (by_number, by_time, searching):
        shown: list[str] = []
        cursor = None
        while len(shown) < len(ids):
            page = read(cursor, 100)
            assert page.items
            answer = respond(Answer(MessagePage(tuple(message_view(item) for item in page.items), "c")), "t")
            assert len(json.dumps(answer.body)) < 6_000_000
            shown += [item.message_id for item in page.items]
            cursor = page.next_cursor
        assert (shown, cursor) == (ids[::-1], None)


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_a_history_by_time_shows_late_messages_where_they_were_sent(product: Product, limit: int) -> None:
    ids = say(product, 5)
    for message_id, seconds in zip(ids, (50, 10, 40, 30, 20), strict=True):
        message = product.message(message_id)
        received = Received(f"2026-01-31T11:59:{seconds}.000Z", "webhook")
        product.table.messages[message_id] = replace(message, received=received, late=True)

    shown = all_pages(product.read.history_by_sent, "conversation", None, limit=limit)

    assert [message.message_id for message in shown] == [ids[number] for number in (0, 2, 3, 4, 1)]


def test_what_is_said_while_paging_moves_nothing(product: Product) -> None:
    ids = say(product, 4)
    first = product.read.history("conversation", None, None, 2)
    say(product, 3)

    second = product.read.history("conversation", None, first.next_cursor, 2)

    assert [message.message_id for message in (*first.items, *second.items)] == ids[::-1]


def test_a_participant_sees_from_when_they_joined(product: Product) -> None:
    say(product, 2)
    product.directory.create(customer("carla", "pigeon"))
    product.manage_conversations.add_participant("conversation", "carla")
    later = say(product, 2)

    assert [
        all_page.message_id for all_page in all_pages(product.read.history, "conversation", "carla")
    ] == later[::-1]
    assert len(all_pages(product.read.history, "conversation", "ana")) == 4


def test_only_a_participant_sees_as_one(product: Product) -> None:
    with pytest.raises(Forbidden) as refused:
        product.read.history("conversation", "stranger", None, 10)

    assert refused.value.code == "NOT_A_PARTICIPANT"


def test_what_does_not_exist_is_not_found(product: Product) -> None:
    with pytest.raises(NotFound):
        product.read.history("unknown", None, None, 10)
    with pytest.raises(NotFound):
        product.read.get("unknown")
    with pytest.raises(NotFound):
        product.read.progress("unknown")


def test_a_cursor_of_another_list_is_invalid(product: Product) -> None:
    say(product, 4)
    cursor = product.read.search(MessageQuery(sender_id="agent"), None, 2).next_cursor

    sequence = product.read.history("conversation", None, None, 2).next_cursor
    by_time = product.read.history_by_sent("conversation", None, None, 2).next_cursor

    for other in (cursor, by_time):
        with pytest.raises(Invalid):
            product.read.history("conversation", None, other, 2)
    for other in (cursor, sequence):
        with pytest.raises(Invalid):
            product.read.history_by_sent("conversation", None, other, 2)


@pytest.mark.parametrize("order", TimeOrder)
@pytest.mark.parametrize("by", [{"sender_id": "agent"}, {"status": Status.PENDING}])
def test_a_search_shows_everything_once_in_time_order(
    product: Product, order: TimeOrder, by: dict[str, str]
) -> None:
    ids = say(product, 7)
    product.route_submitted()
    product.directory.create(agent("other"))
    query = replace(MessageQuery(order=order), **by)

    shown = all_pages(product.read.search, query)

    assert sorted(message.message_id for message in shown) == sorted(ids)
    times = [message.accepted_at for message in shown]
    assert times == sorted(times, reverse=order is TimeOrder.NEWEST_FIRST)


def test_progress_shows_the_deliveries_by_recipient_and_part(product: Product) -> None:
    product.say()
    deliver = product.deliver()
    for user_id, part in (("ben", 1), ("ana", 0), ("ben", 0)):
        deliver(a_delivery(user_id=user_id, part=part, part_count=2, recipient_count=2))

    progress = product.read.progress(MESSAGE_ID)

    assert [(delivery.recipient_id, delivery.part) for delivery in progress.deliveries] == [
        ("ana", 0),
        ("ben", 0),
        ("ben", 1),
    ]


@pytest.mark.parametrize(
    "criteria",
    [{"sender_id": None, "status": None}, {"sender_id": "agent", "status": "SENT"}],
)
def test_one_criterion_is_needed_and_not_two(criteria: dict[str, str | None]) -> None:
    with pytest.raises(Invalid):
        exactly_one(**criteria)


def test_one_criterion_is_enough() -> None:
    exactly_one(sender_id="agent", status=None)
