"""The request units of reads and writes, by the rules of DynamoDB's documentation."""

import pytest

from chat4all_local.metering.units import Index, Item, Table, item_bytes, read_units, write_units

WHOLE = Index(("conversation", "number"), None)
KEYS = Index(("listed_as",), frozenset({"id", "listed_as"}))
TABLE = Table(("id",), (WHOLE, KEYS))


def text(size: int) -> Item:
    """Make an item of so many bytes."""
    return {"id": {"S": "x" * (size - 2)}}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, 0),
        ({"id": {"S": "é"}}, 4),
        ({"n": {"N": "0"}}, 2),
        ({"n": {"N": "12345"}}, 5),
        ({"n": {"N": "-12.50"}}, 5),
        ({"b": {"B": b"1234"}}, 5),
        ({"b": {"B": "MTIzNA=="}}, 5),
        ({"t": {"BOOL": True}}, 2),
        ({"t": {"NULL": True}}, 2),
        ({"l": {"L": [{"S": "ab"}, {"S": "c"}]}}, 1 + 3 + 3 + 2),
        ({"m": {"M": {"key": {"S": "value"}}}}, 1 + 3 + 1 + 3 + 5),
        ({"s": {"SS": ["ab", "c"]}}, 4),
    ],
)
def test_the_size_of_an_item(item: Item, expected: int) -> None:
    assert item_bytes(item) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, text(1_024), 1),
        (None, text(1_025), 2),
        (text(3_000), text(10), 3),
        (text(10), None, 1),
        (None, None, 1),
        (text(2_000), text(2_000), 2),
    ],
    ids=["new", "over a KB", "became smaller", "deleted", "nothing to delete", "refused"],
)
def test_a_write_costs_the_larger_of_the_items(
    before: Item | None, after: Item | None, expected: int
) -> None:
    assert write_units(Table(("id",), ()), before, after) == expected


def listed(as_: str | None, **more: str) -> Item:
    item = {"id": {"S": "1"}} | {name: {"S": value} for name, value in more.items()}
    return item if as_ is None else {**item, "listed_as": {"S": as_}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, listed(None), 0),
        (None, listed("PENDING"), 1),
        (listed("PENDING"), listed(None), 1),
        (listed("PENDING"), listed("PENDING", other="changed"), 0),
        (listed("PENDING"), listed("FAILED"), 2),
    ],
    ids=["not in it", "comes", "goes", "not projected", "another key"],
)
def test_an_index_of_keys_costs_its_entry_s_changes(
    before: Item | None, after: Item | None, expected: int
) -> None:
    assert write_units(TABLE, before, after) == 1 + expected


def test_an_index_of_everything_costs_as_much_as_the_item() -> None:
    message = {"conversation": {"S": "c"}, "number": {"S": "1"}, "text": {"S": "x" * 3_000}}

    assert write_units(TABLE, None, {"id": {"S": "1"}, **message}) == 3 + 3


@pytest.mark.parametrize(
    ("sizes", "consistent", "expected"),
    [
        ([], False, 0.5),
        ([4_096], True, 1),
        ([4_097], True, 2),
        ([2_000, 2_000], False, 0.5),
        ([9_000], False, 1.5),
    ],
)
def test_a_query_adds_up_its_items_before_it_rounds(
    sizes: list[int],
    consistent: bool,  # noqa: FBT001 - a case of the table
    expected: float,
) -> None:
    assert read_units(map(text, sizes), consistent=consistent) == expected
