"""JSON of strangers stays valid within its bytes, and says what it leaves out."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from chat4all.domain.bounded_json import bounded_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


def raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


@given(JSON, st.integers(100, 400))
def test_the_result_is_json_within_the_bytes(value: object, most_bytes: int) -> None:
    bounded = bounded_json(raw(value), most_bytes)

    assert len(bytes(bounded)) <= most_bytes
    decoded = msgspec.json.decode(bounded)
    if len(bytes(raw(value))) <= most_bytes:
        assert decoded == value


def test_a_list_keeps_its_first_elements_and_says_how_many_are_missing() -> None:
    bounded = msgspec.json.decode(bounded_json(raw(list(range(1_000))), 200))

    *kept, omitted = bounded
    assert kept == list(range(len(kept)))
    assert omitted == {"omitted": 1_000 - len(kept)}


def test_a_text_is_cut_at_a_character() -> None:
    bounded = msgspec.json.decode(bounded_json(raw({"a": "é" * 1_000, "b": 1}), 400))

    assert bounded["b"] == 1
    assert set(bounded["a"]) == {"é", "…"}


@pytest.mark.parametrize(
    "data", [b"[" * 5_000, b'{"a":' + b"1" * 200, b"\xff" * 200, b"[" * 5_000 + b"]" * 5_000]
)
def test_what_cannot_be_read_is_counted(data: bytes) -> None:
    assert msgspec.json.decode(bounded_json(Raw(data), 100)) == {"omitted": len(data)}


@pytest.mark.parametrize("character", ["👩‍👩‍👧", "🇧🇷", "e\u0301\u0323", "👍🏽"])
def test_texts_and_names_are_cut_between_what_a_reader_sees_as_characters(character: str) -> None:
    bounded = msgspec.json.decode(
        bounded_json(raw({character * 500: character * 500, **{str(n): 1 for n in range(50)}}), 1_000)
    )

    ((name, text), *_) = bounded.items()
    assert name.replace(character, "") == ""
    assert text.replace(character, "") in ("…", "")
