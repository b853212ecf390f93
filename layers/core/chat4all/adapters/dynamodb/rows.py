"""The shared parts of all rows: settings, attributes, conditional writes, and DynamoDB's failures."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

import msgspec
from botocore.exceptions import ClientError
from pynamodb.attributes import Attribute
from pynamodb.connection import Connection
from pynamodb.constants import STRING
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chat4all.adapters import aws

if TYPE_CHECKING:
    from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate

T = TypeVar("T")

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_IN_A_TRANSACTION: Final = "TransactionConflictException"
_CONFLICTS: Final = 5
"""The tries of a write of a row that is in another request's transaction."""
_PAUSE_S: Final = 0.01
"""The longest pause before the second try; the longest pause before each later try is longer by as much."""
_REFUSALS: Final = frozenset({"None", "ConditionalCheckFailed", "TransactionConflict"})
"""Reasons of a canceled transaction that another write explains; all other reasons are faults."""


class TableSettings:
    """The settings of pynamodb: short timeouts, because a function has only seconds, and few retries."""

    table_name = ""
    connect_timeout_seconds = 2
    read_timeout_seconds = 5
    max_retry_attempts = 3
    max_pool_connections = 16


class StructsAttribute(Attribute[tuple[T, ...]], Generic[T]):
    """A tuple of msgspec Structs, as one JSON string that is read and written whole."""

    attr_type = STRING

    def __init__(self, kind: type[T], **options: Any) -> None:  # noqa: ANN401 - pynamodb's options
        super().__init__(**options)
        self._decoder = msgspec.json.Decoder(tuple[kind, ...])  # type: ignore[valid-type]

    def serialize(self, value: tuple[T, ...]) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> tuple[T, ...]:
        found: tuple[T, ...] = self._decoder.decode(value)
        return found


class StructAttribute(Attribute[T], Generic[T]):
    """A msgspec Struct, or a tagged union of them, as one JSON string."""

    attr_type = STRING

    def __init__(self, kind: type[T] | UnionType, **options: Any) -> None:  # noqa: ANN401 - pynamodb's options
        super().__init__(**options)
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def serialize(self, value: T) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> T:
        return self._decoder.decode(value)


class StringsAttribute(Attribute[dict[str, str]]):
    """A mapping of strings to strings, as one JSON string."""

    attr_type = STRING

    def serialize(self, value: dict[str, str]) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> dict[str, str]:
        return msgspec.json.decode(value, type=dict[str, str])


class _Shared:
    """The botocore client of the process.

    pynamodb would make a client for each kind of row, and each client costs 80 ms of cold start and 8 MB.
    """

    client: ClassVar["BotocoreBaseClientPrivate | None"] = None


def bind(table_name: str, *rows: type[Model]) -> None:
    """Set the table of the rows, and connect; call this once, when a function is wired."""
    for row in rows:
        row.Meta.table_name = table_name
        connection = connection_of(row)
        if _Shared.client is None:
            connection._local.session = aws.session()  # noqa: SLF001 - as below
            _Shared.client = connection.client
        connection._client = _Shared.client  # noqa: SLF001 - there is no public way to share it


def connection_of(row: type[Model]) -> Connection:
    """Return the connection for transactions."""
    return row._get_connection().connection  # noqa: SLF001 - the public way would make another client


def saved(row: Model, condition: Condition) -> bool:
    """Save the row; return False if the condition refused the write."""
    return _unless_refused(lambda: row.save(condition))


def updated(row: Model, actions: Sequence[Action], condition: Condition) -> bool:
    """Update the row, which then holds the new values; return False if the condition refused the write."""
    return _unless_refused(lambda: row.update(list(actions), condition=condition))


def deleted(row: Model, condition: Condition) -> bool:
    """Delete the row; return False if the condition refused the write."""
    return _unless_refused(lambda: row.delete(condition))


def as_read(attribute: Attribute[Any], read: object) -> Condition:
    """Return the condition that an attribute is as it was read; an empty one is not stored."""
    condition: Condition = attribute == read if read else attribute.does_not_exist()
    return condition


def committed(transaction: TransactWrite) -> bool:
    """Commit the transaction; return False if a condition refused it, or another write was in progress."""
    try:
        with transaction:
            pass  # pynamodb commits where the block ends
    except TransactWriteError as error:
        reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if code_of(error) != "TransactionCanceledException" or reasons - _REFUSALS:
            raise
        return False
    else:
        return True


def tries(most: int) -> Iterator[int]:
    """Yield the numbers of tries from 0 on; a short random pause before each later try keeps rivals apart."""
    for number in range(most):
        if number:
            time.sleep(random.uniform(0, number * _PAUSE_S))  # noqa: S311 - not for a secret
        yield number


def _unless_refused(write: Callable[[], object]) -> bool:
    for number in tries(_CONFLICTS):
        try:
            write()
        except PynamoDBException as error:
            code = code_of(error)
            if code == CONDITION_FAILED:
                return False
            if code != _IN_A_TRANSACTION or number == _CONFLICTS - 1:
                raise
        else:
            break
    return True


def code_of(error: PynamoDBException) -> str | None:
    """Return DynamoDB's error code; None if DynamoDB did not answer.

    pynamodb's `cause_response_code` fails on a reset connection.
    """
    cause = error.cause
    return cause.response.get("Error", {}).get("Code") if isinstance(cause, ClientError) else None


answering: Final = aws.answering(
    "The database did not answer; try again.", retry_after=1, failures=(PynamoDBException, *aws.FAILURES)
)
"""Turn DynamoDB's failures into Unavailable."""
