"""An answer to a hostile body takes time in proportion to it, repeats little of it, and names the field."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
import pytest
from chalice.app import Request

from chat4all.domain.errors import Invalid
from chat4all.domain.text import LONGEST_QUOTE
from chat4all.entrypoints.http.bodies import MOST_BODY_BYTES, body_of
from chat4all.entrypoints.http.conversations import PatchConversation, PostConversation, PostParticipant
from chat4all.entrypoints.http.dead_letters import PostRedrive
from chat4all.entrypoints.http.files import PostComplete, PostFile
from chat4all.entrypoints.http.messages import PostMessage
from chat4all.entrypoints.http.users import PostIdentity, PostUser
from chat4all.entrypoints.http.webhooks import PostReplay
from tests.unit.growth import MOST, TIMES, growth
from tests.unit.http.test_bodies import request

KINDS: Final[tuple[type[msgspec.Struct], ...]] = (
    PatchConversation,
    PostComplete,
    PostConversation,
    PostFile,
    PostIdentity,
    PostMessage,
    PostParticipant,
    PostRedrive,
    PostReplay,
    PostUser,
)
NAMES: Final = ("x", "`", " - at `$", '" - at `$"', "field `", "\\", "\n", "é")
LENGTH: Final = 10_000
"""The characters of the shorter input. The longer input stays within the limit of bodies, even in UTF-8."""
INNER: Final = {PostUser: "identities", PostComplete: "parts"}
"""The kinds that hold a list of objects, and the name of that list."""

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
every_name = pytest.mark.parametrize("unit", NAMES, ids=repr)


def text_of(unit: str, length: int) -> str:
    """Repeat the unit and add a line feed, which `.` does not match and `$` allows at the end."""
    return unit * (length // len(unit)) + "\n"


def reading(kind: type[msgspec.Struct], body: bytes) -> Callable[[], object]:
    assert len(body) <= MOST_BODY_BYTES
    asked: Request = request(body.decode())

    def read() -> None:
        with suppress(Invalid):
            body_of(asked, kind)

    return read


def refusal(kind: type[msgspec.Struct], body: object) -> Invalid:
    with pytest.raises(Invalid) as refused:
        body_of(request(msgspec.json.encode(body).decode()), kind)
    return refused.value


@every_kind
@every_name
def test_time_grows_no_faster_than_the_name_of_a_field(kind: type[msgspec.Struct], unit: str) -> None:
    def work(length: int) -> Callable[[], object]:
        return reading(kind, msgspec.json.encode({text_of(unit, length): 1}))

    assert growth(work, LENGTH) <= MOST


@pytest.mark.parametrize("kind", INNER, ids=lambda kind: kind.__name__)
@every_name
def test_time_grows_no_faster_than_the_name_of_an_inner_field(kind: type[msgspec.Struct], unit: str) -> None:
    def work(length: int) -> Callable[[], object]:
        return reading(kind, msgspec.json.encode({INNER[kind]: [{text_of(unit, length): 1}]}))

    assert growth(work, LENGTH) <= MOST


@every_kind
@every_name
def test_time_grows_no_faster_than_a_value(kind: type[msgspec.Struct], unit: str) -> None:
    for field in kind.__struct_encode_fields__:

        def work(length: int, field: str = field) -> Callable[[], object]:
            return reading(kind, msgspec.json.encode({field: text_of(unit, length)}))

        assert growth(work, LENGTH) <= MOST, field


@every_kind
def test_time_grows_no_faster_than_a_number(kind: type[msgspec.Struct]) -> None:
    for field in kind.__struct_encode_fields__:

        def work(length: int, field: str = field) -> Callable[[], object]:
            return reading(kind, b'{"%b":%b}' % (field.encode(), b"1" * length))

        assert growth(work, LENGTH) <= MOST, field


@every_kind
@pytest.mark.parametrize("unit", ["[", '{"a":', '{"metadata":', '{"template":['])
@pytest.mark.parametrize("known", [True, False])
def test_time_grows_no_faster_than_the_depth(kind: type[msgspec.Struct], unit: str, *, known: bool) -> None:
    first = kind.__struct_encode_fields__[0] if known else "unknown"

    def work(length: int) -> Callable[[], object]:
        return reading(kind, b'{"%b":%b' % (first.encode(), unit.encode() * (length // len(unit))))

    assert growth(work, LENGTH) <= MOST


@every_kind
def test_time_grows_no_faster_than_the_number_of_fields(kind: type[msgspec.Struct]) -> None:
    for field in kind.__struct_encode_fields__:

        def work(length: int, field: str = field) -> Callable[[], object]:
            return reading(kind, msgspec.json.encode({field: {f"f{n}": "x" for n in range(length // 20)}}))

        assert growth(work, LENGTH) <= MOST, field


@every_kind
@pytest.mark.parametrize("item", ["x", {"part_number": 1, "etag": "x"}, {"channel": "x", "address": "x"}])
def test_time_grows_no_faster_than_the_number_of_items(kind: type[msgspec.Struct], item: object) -> None:
    for field in kind.__struct_encode_fields__:

        def work(length: int, field: str = field) -> Callable[[], object]:
            return reading(kind, msgspec.json.encode({field: [item] * (length // 40)}))

        assert growth(work, LENGTH) <= MOST, field


@every_kind
@every_name
def test_what_an_error_repeats_of_a_body_is_cut(kind: type[msgspec.Struct], unit: str) -> None:
    long = text_of(unit, TIMES * LENGTH)
    bodies: list[object] = [{long: 1}, *({field: long} for field in kind.__struct_encode_fields__)]
    if kind in INNER:
        bodies.append({INNER[kind]: [{long: 1}]})
    for body in bodies:
        try:
            body_of(request(msgspec.json.encode(body).decode()), kind)
        except Invalid as refused:
            longest = LONGEST_QUOTE + len(f"{INNER.get(kind, '')}[0].")
            texts = [
                refused.message,
                *(text for detail in refused.details for text in (detail.field, detail.issue)),
            ]
            assert max(map(len, texts)) <= longest


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = ""


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    count: int = 0
    inner: Inner = Inner()
    colour: str = ""
    ids: dict[int, int] = {}


LIKE_A_PATH: Final = (
    "x` - at `$.inner",
    "x` - at `$.count`",
    "x` - at `$[0].count",
    "x` - at `$[0].count`",
    "x` - at `key` in `$[0].count`",
    "field `count`",
    "`",
    "`$[0]",
    " - at ",
    "Object contains unknown field `count`",
)


@pytest.mark.parametrize("name", LIKE_A_PATH)
@pytest.mark.parametrize("inner", [True, False])
def test_a_name_that_reads_like_a_path_is_no_path(name: str, *, inner: bool) -> None:
    refused = refusal(Outer, {"inner": {name: 1}} if inner else {name: 1})

    assert [(detail.field, detail.issue) for detail in refused.details] == [
        (f"inner.{name}" if inner else name, f"Object contains unknown field `{name}`")
    ]


@pytest.mark.parametrize("text", LIKE_A_PATH)
def test_a_value_that_reads_like_a_path_is_no_path(text: str) -> None:
    refused = refusal(PostUser, {"type": text})

    assert [(detail.field, detail.issue) for detail in refused.details] == [
        ("type", f"Invalid enum value '{text}'")
    ]


@pytest.mark.parametrize("text", LIKE_A_PATH)
def test_a_name_of_any_length_leaves_the_path_before_it_as_it_is(text: str) -> None:
    for times, items in itertools.product((1, 20, 200), (1, 1_000)):
        identities: list[dict[str, object]] = [{"channel": "x", "address": "y"}] * (items - 1)
        refused = refusal(PostUser, {"identities": [*identities, {text * times: 1}]})

        assert refused.details[0].field.startswith(f"identities[{items - 1}].{text}")


def test_a_wrong_key_is_named_by_the_object_that_has_it() -> None:
    refused = refusal(Outer, {"ids": {"x": 1}})

    assert [detail.field for detail in refused.details] == ["ids"]
