"""The harness of the cases: it reports differences, and refuses cases that it cannot judge."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from chat4all.channels.registry import names
from tests.cases.case import FOLDER, PATHS, Case, Channel, File, read
from tests.cases.running import Response, difference, filled, run, value_at

STEPS = [{"do": "call", "request": "POST users", "body": {"name": "Ana"}, "save": {"ana": "user_id"}}]
EXPECTED = [{"see": "answer", "path": "users/$ana", "body": {"name": "Ana"}}]
OURS = {"100000000000002", "15550001234"}
"""The ids of our business account and of our number, which are in every webhook of WhatsApp."""
ADDRESS = re.compile(r"[-+]?[0-9]{9,}|[A-Z]{2}\.[A-Za-z0-9.]+")


class Users:
    """A product with users only."""

    def __init__(self) -> None:
        self.users: dict[str, Any] = {}
        self.settled = 0
        self.files: list[tuple[Channel, File]] = []
        self.receipts: list[tuple[Channel, bool]] = []

    def account(self, channel: Channel) -> str:
        return f"our-{channel}"

    def call(self, method: str, path: str, body: object) -> Response:
        if method == "POST":
            user_id = f"user-{len(self.users)}"
            self.users[f"/users/{user_id}"] = body
            return Response(201, {"user_id": user_id})
        return Response(200, self.users[path]) if path in self.users else Response(404, {"error": "GONE"})

    def webhook(self, channel: Channel, body: object) -> int:
        return 401

    def register(self, channel: Channel, address: str, name: str) -> None: ...

    def send_receipts(self, channel: Channel, *, are_sent: bool) -> None:
        self.receipts.append((channel, are_sent))

    def send_file(self, channel: Channel, file: File) -> None:
        self.files.append((channel, file))

    def awaited(self, ask: Callable[[], Response], is_whole: Callable[[Response], bool]) -> Response:
        del is_whole
        return ask()

    def settle(self) -> None:
        self.settled += 1

    def sent(self, channel: Channel, address: str) -> list[str]:
        return ["hello", "again"]


def a_case(**fields: object) -> Case:
    whole = {"title": "A", "channel": "whatsapp", "steps": STEPS, "expected": EXPECTED, **fields}
    return msgspec.json.decode(msgspec.json.encode(whole), type=Case)


def test_a_file_is_sent_and_handled_to_its_end() -> None:
    product = Users()
    file = {"do": "file", "address": "49", "kind": "document", "content_type": "text/plain", "data": "aGk="}

    assert run(a_case(steps=[*STEPS, file]), product) == []
    assert product.files == [("whatsapp", File("49", "document", "text/plain", "aGk="))]
    assert product.settled == 2


@pytest.mark.parametrize("then", [EXPECTED, [{"see": "answer", "path": "$nobody", "body": {}}]])
def test_a_silent_provider_reports_again_after_the_case(then: object) -> None:
    product = Users()
    silence = {"do": "receipts", "channel": "whatsapp", "are_sent": False}

    with suppress(LookupError):
        run(a_case(steps=[silence, *STEPS], expected=then), product)

    assert product.receipts == [("whatsapp", False), ("whatsapp", True)]


def test_a_case_that_comes_out_right_has_no_difference() -> None:
    product = Users()

    assert run(a_case(), product) == []
    assert product.settled == 1


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (
            {"see": "answer", "path": "users/$ana", "body": {"name": "Ben"}},
            "GET users/user-0.name: expected 'Ben', found 'Ana'",
        ),
        (
            {"see": "answer", "path": "users/$ana", "body": {"phone": "1"}},
            "GET users/user-0: has no 'phone'",
        ),
        ({"see": "answer", "path": "users/nobody", "body": {}}, "GET users/nobody: the status is 404"),
        (
            {"see": "sent", "channel": "whatsapp", "address": "49", "texts": ["hello"]},
            "sent to 49 on whatsapp: expected ['hello'], found ['hello', 'again']",
        ),
    ],
)
def test_a_difference_says_where_it_is(expected: object, line: str) -> None:
    assert run(a_case(expected=[expected]), Users()) == [line]


def test_a_missing_thing_can_be_expected() -> None:
    gone = {"see": "answer", "path": "users/nobody", "status": 404, "body": {"error": "GONE"}}

    assert run(a_case(expected=[gone]), Users()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"expected": []},
        {"steps": []},
        {"note": "an unknown field"},
        {"expected": [{"see": "answer", "path": "users"}]},
        {"steps": [{"do": "wait", "seconds": 3}]},
    ],
)
def test_what_can_not_be_judged_is_no_case(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        a_case(**fields)


@pytest.mark.parametrize("channel", names())
def test_a_case_may_be_of_every_channel(channel: str) -> None:
    sent = {"see": "sent", "channel": channel, "address": "49", "texts": ["hello", "again"]}

    assert run(a_case(channel=channel, expected=[sent]), Users()) == []


@pytest.mark.parametrize("channel", ["smoke-signals", "sms2", "an-sms", ""])
def test_a_case_of_no_channel_is_none(channel: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        a_case(channel=channel)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(LookupError):
        run(a_case(expected=[{"see": "answer", "path": "users/$ben", "body": {}}]), Users())


@pytest.mark.parametrize(
    "step", [{"do": "webhook", "body": {}}, {"do": "call", "request": "GET users/nobody"}]
)
def test_a_step_that_is_refused_ends_the_case(step: object) -> None:
    with pytest.raises(AssertionError):
        run(a_case(steps=[step], expected=EXPECTED), Users())


@pytest.mark.parametrize(
    ("expected", "found", "lines"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        ([{"a": 1}], [{"a": 1, "b": 2}], 0),
        ([1], [1, 2], 1),
        ([], {}, 1),
        (0, False, 1),
        (None, "", 1),
    ],
)
def test_objects_are_compared_in_part_and_lists_whole(expected: object, found: object, lines: int) -> None:
    assert len(difference("here", expected, found)) == lines


def test_names_are_filled_in_everywhere() -> None:
    value = {"a": ["$x and ${y", {"b": "$x"}], "c": 3, "d": "costs $5"}

    assert filled(value, {"x": "1"}) == {"a": ["1 and ${y", {"b": "1"}], "c": 3, "d": "costs $5"}
    assert filled("$x1, $x", {"x": "1", "x1": "2"}) == "2, 1"


def test_a_value_is_found_by_its_path() -> None:
    assert value_at({"a": [{"b": "c"}]}, "a.0.b") == "c"
    for nothing in ("a.0.c", "a.1", "d"):
        with pytest.raises(LookupError):
            value_at({"a": [{"b": "c"}], "d": None}, nothing)


def addresses(value: Any) -> set[str]:  # noqa: ANN401 - JSON
    """Return every address of a person in a case."""
    if isinstance(value, list):
        return {found for item in value for found in addresses(item)}
    if not isinstance(value, dict):
        return set()
    own = {str(value[key]) for key in ("address", "wa_id", "from", "From", "id") if key in value}
    inner = {found for item in value.values() for found in addresses(item)}
    return inner | {address for address in own if ADDRESS.fullmatch(address)} - OURS


def test_every_file_is_a_case_and_shares_no_address_with_another() -> None:
    used = Counter(address for path in PATHS for address in addresses(msgspec.json.decode(path.read_bytes())))

    assert all(read(path).title for path in PATHS)
    assert len(PATHS) >= 4
    assert [address for address, count in used.items() if count > 1] == []


def test_the_example_of_the_readme_is_a_case() -> None:
    text = (FOLDER / "README.md").read_text()
    example = text.split("```json\n")[1].split("```")[0]

    assert msgspec.json.decode(example, type=Case).title
