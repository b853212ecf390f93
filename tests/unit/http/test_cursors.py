"""Cursors are signed, and work only for the list and the parameters that they came from."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Invalid
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.cursors import SignedCursors

CURSORS = SignedCursors(lambda: b"key of the tests")


class Query(msgspec.Struct, frozen=True):
    cursor: str | None = None
    limit: int = 50
    name: str | None = None


class Page(msgspec.Struct, frozen=True):
    next_cursor: str | None


def sealed(inner: str, query: Query, *, operation: str = "ListThings", path: str = "a") -> str:
    page = CURSORS.sealed(operation, {"id": path}, query, Answer(Page(inner))).body
    assert isinstance(page, Page)
    assert page.next_cursor is not None
    return page.next_cursor


def opened(cursor: str, query: Query, *, operation: str = "ListThings", path: str = "a") -> str | None:
    asked = msgspec.structs.replace(query, cursor=cursor)
    found = CURSORS.opened(operation, {"id": path}, asked)
    assert isinstance(found, Query)
    return found.cursor


@given(st.text(), st.text())
def test_a_cursor_of_the_same_query_is_opened(inner: str, name: str) -> None:
    assert opened(sealed(inner, Query(name=name)), Query(name=name, limit=7)) == inner


def test_the_cursor_of_the_request_does_not_bind_the_next() -> None:
    assert opened(sealed("2", Query("1")), Query()) == "2"


@given(st.text(), st.data())
def test_a_changed_cursor_is_refused(inner: str, data: st.DataObject) -> None:
    cursor = sealed(inner, Query())
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda character: character != cursor[place]))

    with pytest.raises(Invalid):
        opened(cursor[:place] + other + cursor[place + 1 :], Query())


@given(st.text())
def test_any_text_is_no_cursor(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        opened(text, Query())

    assert [detail.field for detail in refused.value.details] == ["cursor"]


def test_a_cursor_of_another_query_list_or_path_is_refused() -> None:
    cursor = sealed("1", Query(name="a"))

    for name in (None, "b", ""):
        with pytest.raises(Invalid):
            opened(cursor, Query(name=name))
    with pytest.raises(Invalid):
        opened(cursor, Query(name="a"), operation="ListOthers")
    with pytest.raises(Invalid):
        opened(cursor, Query(name="a"), path="b")


def test_a_cursor_of_another_key_is_refused() -> None:
    forged = SignedCursors(lambda: b"another").sealed("ListThings", {}, Query(), Answer(Page("1"))).body
    assert isinstance(forged, Page)

    with pytest.raises(Invalid):
        CURSORS.opened("ListThings", {}, Query(forged.next_cursor))


def test_a_last_page_needs_no_key() -> None:
    def no_key() -> bytes:
        raise AssertionError("The key was read.")

    cursors = SignedCursors(no_key)

    assert cursors.opened("ListThings", {}, Query()) == Query()
    assert cursors.sealed("ListThings", {}, Query(), Answer(Page(None))) == Answer(Page(None))
