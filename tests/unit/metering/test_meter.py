"""The meter, before a table in memory."""

from collections.abc import Mapping

import pytest

from chat4all_local.metering.meter import Call, Meter, Request
from chat4all_local.metering.units import Index, Item, Table

TABLES = {
    "stack-messages": Table(("id",), (Index(("listed_as",), frozenset({"id", "listed_as"})),)),
    "stack-limits": Table(("id",), ()),
}


class Store:
    """Tables in memory, whose writes a test makes by hand."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}

    def look(self, table: str, key: Item) -> Item | None:
        return self.items.get((table, str(key["id"]["S"])))

    def put(self, table: str, item: Item) -> dict[str, object]:
        self.items[table, str(item["id"]["S"])] = item
        return {}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def meter(store: Store) -> Meter:
    return Meter(TABLES, store.look)


def item(id_: str, **more: str) -> Item:
    return {"id": {"S": id_}, **{name: {"S": value} for name, value in more.items()}}


def dynamodb(operation: str, **parameters: object) -> Request:
    return Request("router", "dynamodb", operation, parameters)


def counted(meter: Meter) -> Call:
    (call,) = meter.taken()
    return call


def answered(meter: Meter, request: Request, answer: Mapping[str, object]) -> Call:
    meter.metered(request, lambda: answer, lambda made: made)
    return counted(meter)


def test_a_put_is_counted_with_its_index(meter: Meter, store: Store) -> None:
    listed = item("1", listed_as="PENDING")

    meter.metered(
        dynamodb("PutItem", TableName="stack-messages", Item=listed),
        lambda: store.put("stack-messages", listed),
        lambda made: made,
    )

    assert counted(meter) == Call("router", "dynamodb", "PutItem", "stack-messages", write_units=2)


def test_an_index_key_that_changes_is_two_writes(meter: Meter, store: Store) -> None:
    store.put("stack-messages", item("1", listed_as="PENDING"))

    meter.metered(
        dynamodb("UpdateItem", TableName="stack-messages", Key=item("1")),
        lambda: store.put("stack-messages", item("1", listed_as="FAILED")),
        lambda made: made,
    )

    assert counted(meter).write_units == 1 + 2


def test_a_refused_write_is_counted_and_still_refused(meter: Meter, store: Store) -> None:
    store.put("stack-messages", item("1", text="x" * 1_500))

    def refuse() -> object:
        raise LookupError

    with pytest.raises(LookupError):
        meter.metered(
            dynamodb("UpdateItem", TableName="stack-messages", Key=item("1")), refuse, lambda made: made
        )

    assert counted(meter).write_units == 2


def test_a_transaction_costs_twice(meter: Meter) -> None:
    writes = [
        {"Update": {"TableName": "stack-messages", "Key": item("1")}},
        {"Put": {"TableName": "stack-limits", "Item": item("2")}},
    ]

    assert answered(meter, dynamodb("TransactWriteItems", TransactItems=writes), {}).write_units == 4


def test_a_batch_costs_each_of_its_writes(meter: Meter) -> None:
    entries = {"stack-messages": [{"PutRequest": {"Item": item("1")}}, {"DeleteRequest": {"Key": item("2")}}]}

    call = answered(meter, dynamodb("BatchWriteItem", RequestItems=entries), {})

    assert (call.write_units, call.target) == (2, "stack-messages")


@pytest.mark.parametrize(("consistent", "expected"), [(False, 0.5), (True, 1)])
def test_a_get_costs_its_item(meter: Meter, consistent: bool, expected: float) -> None:  # noqa: FBT001 - a case
    asked = dynamodb("GetItem", TableName="stack-messages", Key=item("1"), ConsistentRead=consistent)

    assert answered(meter, asked, {"Item": item("1")}).read_units == expected
    assert answered(meter, asked, {}).read_units == expected


def test_a_query_costs_its_items_together(meter: Meter) -> None:
    found = [item(str(number), text="x" * 2_000) for number in range(4)]

    assert answered(meter, dynamodb("Query", TableName="stack-messages"), {"Items": found}).read_units == 1


def test_a_batch_of_reads_costs_each_key_found_or_not(meter: Meter) -> None:
    asked = {"stack-messages": {"Keys": [item("1"), item("2"), item("3")]}}
    found = {"Responses": {"stack-messages": [item("1", text="x" * 5_000)]}}

    assert answered(meter, dynamodb("BatchGetItem", RequestItems=asked), found).read_units == 1 + 0.5 + 0.5


def test_a_request_to_a_queue_is_counted_by_the_queue_s_name(meter: Meter) -> None:
    request = Request("api", "sqs", "SendMessage", {"QueueUrl": "http://sqs/1/stack-chat-events.fifo"})

    assert answered(meter, request, {}) == Call("api", "sqs", "SendMessage", "stack-chat-events.fifo")


def test_calls_are_taken_once(meter: Meter) -> None:
    answered(meter, dynamodb("GetItem", TableName="stack-messages", Key=item("1")), {})

    assert meter.taken() == []
