"""DynamoDB's changes: every item that is stored or removed, where the tables change."""

from functools import wraps
from typing import Any, Final

from ministack.services import dynamodb

from ministack_server.journal.recorder import Recorder, locked

_ATOMIC: Final = ("_transact_write_items", "_execute_transaction")
"""The operations whose changes are recovered together."""
_CONTENT: Final = frozenset({"items", "ItemCount", "TableSizeBytes", dynamodb._INDEX_MEMBERS})  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
_STORES: Final = (
    "tags",
    "ttl_settings",
    "pitr_settings",
    "kinesis_destinations",
    "contributor_insights",
    "backups",
    "resource_policies",
    "exports",
    "imports",
)

Table = dict[str, Any]


def install(recorder: Recorder) -> None:
    """Record every change of a table's items."""
    set_item = dynamodb._set_item  # noqa: SLF001
    remove_item = dynamodb._remove_item  # noqa: SLF001
    items_replaced = dynamodb._items_replaced  # noqa: SLF001

    @wraps(set_item)
    def recorded_set(table: Table, partition: str, sort: str, item: dict[str, Any]) -> dict[str, Any] | None:
        with recorder:
            before: dict[str, Any] | None = set_item(table, partition, sort, item)
            recorder.record("item", arn_of(table), partition, sort, item)
            return before

    @wraps(remove_item)
    def recorded_remove(table: Table, partition: str, sort: str) -> dict[str, Any] | None:
        with recorder:
            before: dict[str, Any] | None = remove_item(table, partition, sort)
            recorder.record("no-item", arn_of(table), partition, sort)
            return before

    @wraps(items_replaced)
    def recorded_replacement(table: Table) -> None:
        with recorder:
            items_replaced(table)
            recorder.record("items", arn_of(table), table["items"])

    dynamodb._set_item = recorded_set  # noqa: SLF001
    dynamodb._remove_item = recorded_remove  # noqa: SLF001
    dynamodb._items_replaced = recorded_replacement  # noqa: SLF001
    for name in _ATOMIC:
        setattr(dynamodb, name, locked(getattr(dynamodb, name), recorder))


def arn_of(table: Table) -> str:
    arn: str = table["TableArn"]
    return arn


def tables() -> list[Table]:
    """Return the tables of all accounts and regions."""
    return [table for _, table in dynamodb._tables.all_items()]  # noqa: SLF001


def stores() -> dict[str, Any]:
    """Return DynamoDB's stores, with the tables but without their items."""
    described = type(dynamodb._tables)()  # noqa: SLF001
    for (account, region, name), table in dynamodb._tables.all_items():  # noqa: SLF001
        description = {key: value for key, value in table.items() if key not in _CONTENT}
        described.set_scoped(account, region, name, description)
    return {"tables": described, **{store: getattr(dynamodb, f"_{store}") for store in _STORES}}
