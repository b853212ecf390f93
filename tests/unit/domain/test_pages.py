"""Cursors: our own cursors are read, all other texts are refused."""

import base64

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat4all.domain.errors import Invalid
from chat4all.domain.pages import SequenceCursor, TimeCursor, decode_cursor, encode_cursor

MILLISECONDS = st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z")
KINDS = [TimeCursor, SequenceCursor]


def spelled(value: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


@given(MILLISECONDS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_time_cursor_comes_back(at: str, item_id: str) -> None:
    cursor = TimeCursor(at, item_id)

    assert decode_cursor(encode_cursor(cursor), TimeCursor) == cursor


@given(st.text("0123456789", min_size=1, max_size=56))
def test_a_sequence_cursor_comes_back(sequence: str) -> None:
    assert decode_cursor(encode_cursor(SequenceCursor(sequence)), SequenceCursor) == SequenceCursor(sequence)


@given(MILLISECONDS, st.integers(1))
def test_a_cursor_is_safe_in_a_url(at: str, number: int) -> None:
    text = encode_cursor(TimeCursor(at, f"?/&{number}+ "))

    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text())
@example(text="")
@example(text="\ud800")
@example(text="ä")
@example(text="A")
@example(text=base64.b64encode(b"[" * 100_000).decode())
@example(text=base64.b64encode(b"1" * 5_000).decode())
@example(text=base64.b64encode(b"[" + b"1" * 5_000 + b"]").decode())
def test_anything_else_is_invalid_and_nothing_worse(kind: type[msgspec.Struct], text: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(text, kind)

    assert [detail.field for detail in refused.value.details] == ["cursor"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SequenceCursor, ["2026-01-31T12:00:00.000Z", "an-id"]),
        (SequenceCursor, ["1" * 57]),
        (SequenceCursor, ["-1"]),
        (SequenceCursor, [""]),
        (SequenceCursor, ["1\n"]),
        (SequenceCursor, ["1", "2"]),
        (SequenceCursor, [1]),
        (TimeCursor, [5]),
        (TimeCursor, ["", "an-id"]),
        (TimeCursor, ["yesterday", "an-id"]),
        (TimeCursor, ["2026-01-31T12:00:00.000Z\n", "an-id"]),
        (TimeCursor, ["2026-01-31T12:00:00.000Z", ""]),
        (TimeCursor, ["2026-01-31T12:00:00.000Z", "an-id", "more"]),
        (TimeCursor, {"at": "2026-01-31T12:00:00.000Z", "item_id": "an-id"}),
    ],
)
def test_a_cursor_made_by_hand_is_invalid_where_the_database_could_not_use_it(
    kind: type[msgspec.Struct], value: object
) -> None:
    with pytest.raises(Invalid):
        decode_cursor(spelled(value), kind)
