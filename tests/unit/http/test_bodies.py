"""Reading requests: a value, or an error that names the field."""

import sys

import msgspec
import pytest
from chalice.app import Request

from chat4all.domain.errors import Invalid, TooLarge, UnsupportedMedia
from chat4all.domain.pages import TimeOrder
from chat4all.domain.person import UserType
from chat4all.entrypoints.http.bodies import (
    DEFAULT_PAGE,
    MOST_BODY_BYTES,
    Id,
    PageQuery,
    body_of,
    query_of,
)


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Body(msgspec.Struct, forbid_unknown_fields=True):
    count: int
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


class Loose(msgspec.Struct):
    any: object
    count: int


class Query(PageQuery, frozen=True, rename={"user_id": "user"}):
    user_id: Id | None = None
    sort: TimeOrder = TimeOrder.NEWEST_FIRST
    kind: UserType | None = None


class Needing(msgspec.Struct, frozen=True):
    channel: str


def request(
    body: str | None = None, *, query: dict[str, list[str]] | None = None, content_type: str | None = None
) -> Request:
    event = {
        "multiValueQueryStringParameters": query,
        "headers": {"Content-Type": content_type} if content_type is not None else {},
        "pathParameters": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/"},
        "body": body,
        "stageVariables": None,
    }
    return Request(event, None)


def fields(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [detail.field for detail in refused.value.details]


def test_a_body_is_read_as_its_type() -> None:
    body = body_of(request('{"count": 1, "inner": {"name": "x"}}'), Body)

    assert body == Body(1, Inner("x"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"count": "1"}', "count"),
        ('{"count": 1.5}', "count"),
        ('{"count": 1, "inner": {"name": 5}}', "inner.name"),
        ('{"count": 1, "inner": {}}', "inner.name"),
        ('{"count": 1, "many": [{"name": "x"}, {"name": null}]}', "many[1].name"),
        ('{"count": 1, "other": 2}', "other"),
        ('{"count": 1, "inner": {"name": "x", "other": 2}}', "inner.other"),
        ("{}", "count"),
        ("[]", ""),
    ],
)
def test_a_wrong_value_is_named_by_its_path(body: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        body_of(request(body), Body)

    assert fields(refused) == [field]
    assert refused.value.details[0].issue
    assert "`" not in refused.value.details[0].field


@pytest.mark.parametrize("body", [None, "", "{", "[" * 100_000, '{"count": 1}x', "\ud800"])
def test_what_is_no_json_is_invalid(body: str | None) -> None:
    with pytest.raises(Invalid):
        body_of(request(body), Body)


def test_no_depth_is_too_much_for_the_search_of_the_field() -> None:
    """The search reads the body one level deeper. A body just within the stack's limit was once a 500."""
    for depth in range(sys.getrecursionlimit()):
        with pytest.raises(Invalid):
            body_of(request(f'{{"any": {"[" * depth}{"]" * depth}, "count": "x"}}'), Loose)


def test_the_largest_body_is_read_and_a_larger_one_is_not() -> None:
    padding = " " * (MOST_BODY_BYTES - len('{"count": 1}'))

    assert body_of(request('{"count": 1}' + padding), Body).count == 1
    with pytest.raises(TooLarge):
        body_of(request('{"count": 1}' + padding + " "), Body)


def test_the_size_is_counted_in_bytes() -> None:
    with pytest.raises(TooLarge):
        body_of(request('"' + "😀" * (MOST_BODY_BYTES // 4) + '"'), Body)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/jsonx", "application", ";application/json"]
)
def test_another_content_type_is_unsupported(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia):
        body_of(request('{"count": 1}', content_type=content_type), Body)


@pytest.mark.parametrize("content_type", [None, "application/json", "APPLICATION/JSON ; charset=UTF-8"])
def test_json_is_json_however_it_is_named(content_type: str | None) -> None:
    assert body_of(request('{"count": 1}', content_type=content_type), Body).count == 1


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("100", 100)])
def test_a_limit_is_read(text: str, expected: int) -> None:
    assert query_of(request(query={"limit": [text]}), Query).limit == expected


def test_without_a_limit_it_is_the_usual_one() -> None:
    assert query_of(request(), Query).limit == DEFAULT_PAGE


@pytest.mark.parametrize("text", ["0", "101", "-1", "+1", "", " 1", "007", "1e1", "5.0", "٣", "9" * 5_000])
def test_another_limit_is_invalid(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        query_of(request(query={"limit": [text]}), Query)

    assert fields(refused) == ["limit"]


def test_of_a_parameter_that_comes_twice_the_last_counts() -> None:
    assert query_of(request(query={"cursor": ["1", "2"]}), Query).cursor == "2"
    assert query_of(request(query={"limit": ["1"]}), Query).cursor is None
    assert query_of(request(), Query).cursor is None


@pytest.mark.parametrize("name", ["colour", "Limit", "user_id", "limit ", "$[0].limit", "x" * 5_000])
def test_a_parameter_that_nobody_declared_is_refused_by_its_name(name: str) -> None:
    """A misspelled filter would list everything."""
    with pytest.raises(Invalid) as refused:
        query_of(request(query={"limit": ["5"], name: ["blue"]}), Query)

    (detail,) = refused.value.details
    assert detail.field.startswith(name[:20])
    assert len(detail.field) < 300


def test_a_choice_is_one_of_its_values() -> None:
    assert query_of(request(query={"sort": ["asc"]}), Query).sort is TimeOrder.OLDEST_FIRST
    assert query_of(request(), Query).sort is TimeOrder.NEWEST_FIRST
    with pytest.raises(Invalid) as refused:
        query_of(request(query={"sort": ["up` - at `$[0].cursor"]}), Query)
    assert fields(refused) == ["sort"]


@pytest.mark.parametrize("text", ["null", "NULL", "", "NONE"])
def test_null_is_no_value_of_a_choice(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        query_of(request(query={"kind": [text]}), Query)

    assert fields(refused) == ["kind"]
    assert query_of(request(), Query).kind is None
    assert query_of(request(query={"cursor": ["null"]}), Query).cursor == "null"


@pytest.mark.parametrize("text", ["", "x" * 129])
def test_an_id_is_neither_empty_nor_endless(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        query_of(request(query={"user": [text]}), Query)

    assert fields(refused) == ["user"]
    assert query_of(request(), Query).user_id is None
    assert query_of(request(query={"user": ["x" * 128]}), Query).user_id == "x" * 128


def test_a_parameter_that_is_needed_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        query_of(request(), Needing)

    assert fields(refused) == ["channel"]
