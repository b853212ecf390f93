"""The meter of requests to AWS: it reads the items before and after each request, and counts the units."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from chat4all_local.metering.units import TRANSACTION, Item, Table, read_units, write_units

T = TypeVar("T")
Look = Callable[[str, Item], Item | None]
"""Read the item of a table that has a key. The meter does not count these reads."""

_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
_QUERIES: Final = frozenset({"Query", "Scan"})


class Request(msgspec.Struct, frozen=True):
    """A request of a function. `parameters` are DynamoDB's JSON, or as boto3 has them."""

    function: str
    service: str
    operation: str
    parameters: Mapping[str, Any]


class Call(msgspec.Struct, frozen=True):
    """A counted request. `target` is the table or queue, empty where a request names none."""

    function: str
    service: str
    operation: str
    target: str
    write_units: float = 0
    read_units: float = 0


class _Write(msgspec.Struct, frozen=True, rename="pascal"):
    table_name: str = ""
    item: Item | None = None
    key: Item | None = None


class _Batch(msgspec.Struct, frozen=True, rename="pascal"):
    request_items: dict[str, list[dict[str, _Write]]]


class _Transaction(msgspec.Struct, frozen=True, rename="pascal"):
    transact_items: list[dict[str, _Write]]


class _Read(msgspec.Struct, frozen=True, rename="pascal"):
    consistent_read: bool = False


class _KeysOfTable(msgspec.Struct, frozen=True, rename="pascal"):
    keys: list[Item]
    consistent_read: bool = False


class _BatchGet(msgspec.Struct, frozen=True, rename="pascal"):
    request_items: dict[str, _KeysOfTable]


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    item: Item | None = None
    items: list[Item] = []
    responses: dict[str, list[Item]] = {}


class _Target(msgspec.Struct, frozen=True, rename="pascal"):
    table_name: str = ""
    queue_url: str = ""
    request_items: dict[str, object] = {}

    @property
    def name(self) -> str:
        return self.table_name or self.queue_url.rsplit("/", 1)[-1] or "".join([*self.request_items][:1])


class Meter:
    """Counts requests.

    Writes wait for one another, so that the items before and after a write differ by this write alone.
    """

    def __init__(self, tables: Mapping[str, Table], look: Look) -> None:
        self._tables = tables
        self._look = look
        self._calls: list[Call] = []
        self._writes = threading.Lock()

    def taken(self) -> list[Call]:
        """Return the calls since the last time, in the order of their answers."""
        calls = self._calls
        self._calls = []
        return calls

    def metered(self, request: Request, make: Callable[[], T], answer_of: Callable[[T], object]) -> T:
        """Make the request with `make`, and count it; `answer_of` returns DynamoDB's answer as a mapping."""
        if request.service == "dynamodb" and request.operation in _WRITES:
            with self._writes:
                return self._written(request, make)
        made = make()
        answer = answer_of(made) if request.service == "dynamodb" else {}
        self._count(request, read=_read(request, msgspec.convert(answer, _Answer)))
        return made

    def _written(self, request: Request, make: Callable[[], T]) -> T:
        """A refused write is counted, too: DynamoDB charges for it."""
        writes = [(write.table_name, self._key(write)) for write in _writes(request)]
        before = [self._look(table, key) for table, key in writes]
        try:
            return make()
        finally:
            units = sum(
                write_units(self._tables[table], found, self._look(table, key))
                for (table, key), found in zip(writes, before, strict=True)
            )
            dear = TRANSACTION if request.operation == "TransactWriteItems" else 1
            self._count(request, written=dear * units)

    def _key(self, write: _Write) -> Item:
        return write.key if write.key is not None else self._tables[write.table_name].key(write.item or {})

    def _count(self, request: Request, *, written: float = 0, read: float = 0) -> None:
        target = msgspec.convert(request.parameters, _Target).name
        self._calls.append(Call(request.function, request.service, request.operation, target, written, read))


def _writes(request: Request) -> Iterable[_Write]:
    match request.operation:
        case "TransactWriteItems":
            transaction = msgspec.convert(request.parameters, _Transaction)
            return [write for item in transaction.transact_items for write in item.values()]
        case "BatchWriteItem":
            batch = msgspec.convert(request.parameters, _Batch)
            return [
                msgspec.structs.replace(write, table_name=table)
                for table, entries in batch.request_items.items()
                for entry in entries
                for write in entry.values()
            ]
    return [msgspec.convert(request.parameters, _Write)]


def _read(request: Request, answer: _Answer) -> float:
    if request.operation == "BatchGetItem":
        asked = msgspec.convert(request.parameters, _BatchGet).request_items
        return sum(_of_batch(keys, answer.responses.get(table, [])) for table, keys in asked.items())
    if request.operation in _QUERIES:
        items = answer.items
    elif request.operation == "GetItem":
        items = [answer.item] if answer.item is not None else []
    else:
        return 0
    return read_units(items, consistent=msgspec.convert(request.parameters, _Read).consistent_read)


def _of_batch(asked: _KeysOfTable, found: list[Item]) -> float:
    """Count each item by itself; a key without an item costs as much as the smallest item."""
    missing: list[Item] = [{}] * (len(asked.keys) - len(found))
    return sum(read_units([item], consistent=asked.consistent_read) for item in (*found, *missing))
