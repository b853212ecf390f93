"""Queries of DynamoDB that visit the items of their page, and not every item of their partition.

MiniStack sorts all items of a partition for each query, evaluates the key condition on each of them, and then
takes a page. Here the order of a large partition is kept from one query to the next, a page begins where the
condition and the cursor say, and ends when it is full. `_query` itself has no seam for this: three statements
in its middle are replaced by a call (PATCH), and nothing else of it changes.
"""

import inspect
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ministack.services import dynamodb

SMALLEST: Final = 64
"""The items of a partition whose order is kept. A smaller one is sorted for each query."""
MOST_PARTITIONS: Final = 1_000

_FROM: Final = "    members = _index_members(table).get(index_name) if index_name else None\n"
_TO: Final = "    candidates, has_more = _paginate_evaluated_items(candidates, limit, table, index_name)\n"
_PATCH: Final = """\
    try:
        candidates, has_more = _paginate_evaluated_items(
            _in_order_from_cursor(table, index_name, pk_val, data), limit, table, index_name)
    except ValueError as exc:
        return error_response_json("ValidationException", str(exc), 400)
"""

Item = dict[str, Any]
Table = dict[str, Any]
Order = tuple[Any, ...]
"""What MiniStack orders an index by: the values of the sort key, then of the table's key."""
Place = tuple[Order, Any, Any]
"""The order of an item, and its key in the table's items."""


@dataclass
class _Kept:
    """The orders of a table's large partitions, by the index (None is the table) and the partition's key."""

    items: Mapping[Any, Mapping[Any, Item]]
    places: "OrderedDict[tuple[str | None, Any], list[Place]]" = field(default_factory=OrderedDict)


_kept: Final[dict[int, _Kept]] = {}
"""By the identity of the table."""

_set_item = dynamodb._set_item  # noqa: SLF001 (MiniStack has no public names for them; its version is locked)
_remove_item = dynamodb._remove_item  # noqa: SLF001


def install() -> None:
    """Patch MiniStack's query, and let writes maintain the orders."""
    source = inspect.getsource(dynamodb._query)  # noqa: SLF001
    before, _, rest = source.partition(_FROM)
    _, _, after = rest.partition(_TO)
    if not (before and after):
        raise RuntimeError("this MiniStack has another _query: check whether it needs this correction")
    dynamodb._in_order_from_cursor = _in_order_from_cursor  # noqa: SLF001
    exec(compile(before + _PATCH + after, dynamodb.__file__, "exec"), vars(dynamodb))  # noqa: S102 (its own text)
    dynamodb._set_item = _set  # noqa: SLF001
    dynamodb._remove_item = _remove  # noqa: SLF001
    for name in ("_update_table", "_delete_table"):
        setattr(dynamodb, name, _forgetting(getattr(dynamodb, name)))


def _forgetting(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Forget all orders when a table is changed: it may get other indexes."""

    def forget_and_change(request: object) -> object:
        _kept.clear()
        return change(request)

    return forget_and_change


def _in_order_from_cursor(
    table: Table, index: str | None, partition: object, query: Mapping[str, Any]
) -> Iterator[Item]:
    """Yield the items that match the key condition, in the query's order, after its ExclusiveStartKey.

    Raises ValueError for a condition that DynamoDB refuses.
    """
    keys = _order_keys(table, index)
    places = _places(table, index, partition, keys)
    first, last = _range(places, table, index, query)
    is_forward, cursor = query.get("ScanIndexForward", True), query.get("ExclusiveStartKey")
    if cursor:
        order = _order(cursor, keys)
        if is_forward:
            first = max(first, bisect_right(places, order, key=_order_of))
        else:
            last = min(last, bisect_left(places, order, key=_order_of))
    span = range(first, last) if is_forward else range(last - 1, first - 1, -1)
    for number in span:
        _, base_partition, base_sort = places[number]
        item = table["items"].get(base_partition, {}).get(base_sort)
        if item is not None and _matches(item, query, table, index):
            yield item


def _matches(item: Item, query: Mapping[str, Any], table: Table, index: str | None) -> bool:
    if conditions := query.get("KeyConditions"):
        partition_name, _, _ = dynamodb._resolve_index_keys(table, index)  # noqa: SLF001
        return bool(dynamodb._evaluate_key_conditions_item(item, conditions, partition_name))  # noqa: SLF001
    return bool(
        dynamodb._evaluate_condition(  # noqa: SLF001
            query.get("KeyConditionExpression", ""),
            item,
            query.get("ExpressionAttributeValues", {}),
            query.get("ExpressionAttributeNames", {}),
            slot="KeyConditionExpression",
        )
    )


def _range(
    places: Sequence[Place], table: Table, index: str | None, query: Mapping[str, Any]
) -> tuple[int, int]:
    """Return the first place that can match the condition on the sort key, and the place after the last.

    The condition itself is evaluated later, so the range may be too wide, as it is for rare conditions.
    """
    names = _sort_names(table, index)
    first, end = 0, len(places)
    if len(names) != 1:
        return first, end
    values, aliases = query.get("ExpressionAttributeValues", {}), query.get("ExpressionAttributeNames", {})
    kind = dynamodb._get_attr_type(table, names[0])  # noqa: SLF001
    condition = dynamodb._tokenize(query.get("KeyConditionExpression", ""))  # noqa: SLF001
    for clause in dynamodb._key_condition_clauses(condition):  # noqa: SLF001
        name, lowest, highest = _bounds(clause)
        if aliases.get(name, name) != names[0]:
            continue
        if lowest:
            value = dynamodb._sort_key_value(values[lowest], kind)  # noqa: SLF001
            first = bisect_left(places, value, key=_sort_value_of)
        if highest:
            value = dynamodb._sort_key_value(values[highest], kind)  # noqa: SLF001
            end = bisect_right(places, value, key=_sort_value_of)
    return first, end


def _bounds(clause: Sequence[tuple[str, str]]) -> tuple[str, str, str]:
    """Return the attribute of a condition, and the names of its lowest and highest value; empty for none."""
    kinds = tuple(text.upper() if kind == "IDENT" else kind for kind, text in clause[1:])
    texts = [text for _, text in clause]
    match kinds:
        case ("EQ", "VALUE_REF"):
            return texts[0], texts[2], texts[2]
        case ("LT" | "LE", "VALUE_REF"):
            return texts[0], "", texts[2]
        case ("GT" | "GE", "VALUE_REF"):
            return texts[0], texts[2], ""
        case ("BETWEEN", "VALUE_REF", "AND", "VALUE_REF"):
            return texts[0], texts[2], texts[4]
    return "", "", ""


def _places(
    table: Table, index: str | None, partition: object, keys: Sequence[tuple[str, str]]
) -> list[Place]:
    """Return the places of a partition in their order. Writes maintain the list of a large partition."""
    kept = _kept.get(id(table))
    if kept is None or kept.items is not table["items"]:
        kept = _kept[id(table)] = _Kept(table["items"])
    known = kept.places.get((index, partition))
    if known is not None:
        kept.places.move_to_end((index, partition))
        return known
    items = table["items"]
    if index is None:
        members = [(partition, sort) for sort in items.get(partition, ())]
    else:
        members = list(dynamodb._index_members(table)[index].get(partition, ()))  # noqa: SLF001
    places = sorted(((_order(items[base][sort], keys), base, sort) for base, sort in members), key=_order_of)
    if len(places) >= SMALLEST:
        kept.places[index, partition] = places
        if len(kept.places) > MOST_PARTITIONS:
            kept.places.popitem(last=False)
    return places


def _set(table: Table, partition: object, sort: object, item: Item) -> Item | None:
    """Store an item, and move it in the kept orders."""
    old: Item | None = _set_item(table, partition, sort, item)
    _move(table, partition, sort, old, item)
    return old


def _remove(table: Table, partition: object, sort: object) -> Item | None:
    """Remove an item, also from the kept orders."""
    old: Item | None = _remove_item(table, partition, sort)
    _move(table, partition, sort, old, None)
    return old


def _move(table: Table, partition: object, sort: object, old: Item | None, new: Item | None) -> None:
    kept = _kept.get(id(table))
    if kept is None or not kept.places:
        return
    if kept.items is not table["items"]:
        del _kept[id(table)]
        return
    for index in (None, *(name for name, _, _ in dynamodb._index_key_schemas(table))):  # noqa: SLF001
        keys = _order_keys(table, index)
        was = _key_and_place(table, index, (partition, sort), old, keys)
        becomes = _key_and_place(table, index, (partition, sort), new, keys)
        if was == becomes:
            continue
        if was is not None and (places := kept.places.get((index, was[0]))) is not None:
            at = bisect_left(places, was[1][0], key=_order_of)
            while places[at] != was[1]:
                at += 1
            del places[at]
        if becomes is not None and (places := kept.places.get((index, becomes[0]))) is not None:
            insort(places, becomes[1], key=_order_of)


def _key_and_place(
    table: Table,
    index: str | None,
    base: tuple[object, object],
    item: Item | None,
    keys: Sequence[tuple[str, str]],
) -> tuple[object, Place] | None:
    """Return the partition of the index that has the item, and its place there; None if it has no place."""
    if item is None:
        return None
    key: object = base[0]
    if index is not None:
        names = dynamodb._index_key_lists(dynamodb._index_def(table, index))  # noqa: SLF001
        key = dynamodb._index_partition(item, *names)  # noqa: SLF001
    return None if key is None else (key, (_order(item, keys), *base))


def _sort_names(table: Table, index: str | None) -> list[str]:
    if index is not None:
        _, names = dynamodb._index_key_lists(dynamodb._index_def(table, index))  # noqa: SLF001
        return list(names)
    return [table["sk_name"]] if table["sk_name"] else []


def _order_keys(table: Table, index: str | None) -> Sequence[tuple[str, str]]:
    """Return the names and types of what orders the partition."""
    keys: Sequence[tuple[str, str]] = dynamodb._index_order_keys(table, _sort_names(table, index))  # noqa: SLF001
    return keys


def _order(item: Item, keys: Sequence[tuple[str, str]]) -> Order:
    return tuple(dynamodb._index_order_value(item, name, kind) for name, kind in keys)  # noqa: SLF001


def _order_of(place: Place) -> Order:
    return place[0]


def _sort_value_of(place: Place) -> Any:  # noqa: ANN401 (a text, a number or bytes)
    return place[0][0]
