"""Mutations of JSON, of forms, and of the bytes of a webhook.

No mutation makes two messages of one: whatever stands in the place of a provider's id is as unique as the id.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlencode

from tests.webhooks.drawing import Draw, Json

_MOST_MUTATIONS: Final = 3
_MOST_BYTES: Final = 100_000
_STRANGE: Final = (
    "\x00", "\x07", "\x1b[31m", "\r\n", "\u202e", "\u2066", "\u200b", "\ufeff", "\ud83d", "\udc00", "\uffff",
    "\ufffe", "e\u0301" * 20, "\u0300" * 50, "🏳️‍🌈" * 9, "'\"\\", "{}[]", "\u2028", "|#:", "../..", "\x7f\x85",
)  # fmt: skip
_IDS: Final = frozenset({"id", "mid", "message_id", "original_message_id", "update_id"})
_NAMES: Final = _IDS | {
    *(
        "mime_type",
        "sha256",
        "url",
        "file_id",
        "file_unique_id",
        "username",
        "object",
        "field",
        "status",
        "type",
    ),
    *("from", "to", "from_user_id", "group_id", "business_connection_id", "chat", "sender", "recipient"),
    *("first_name", "last_name", "title", "profile"),
}
"""The fields in which nobody says anything: ids, types, addresses, and names, which are learnt only once."""
_FILE_NAMES: Final = frozenset({"filename", "file_name"})
"""Of the name of a file, only the end is kept, and no path."""
_TIME_NAMES: Final = frozenset({"timestamp", "date", "edit_date", "time"})
_TIMES: Final = (
    0, -1, 1, 10**9, "0", "-5", "", "yesterday", "2026-11-29T12:00:00Z", 4_102_444_800, 10**18, "9" * 20,
    1.5, True, None, float("nan"), float("inf"),
)  # fmt: skip


class _Twin(str):
    """The name of a field that an object has twice: a different key with the same text."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class _Place:
    """A value in a JSON document, and the list or object that holds it."""

    def __init__(self, holder: Json, key: Json) -> None:
        self.holder = holder
        self.key = key

    @property
    def value(self) -> Json:
        return self.holder[self.key]

    @value.setter
    def value(self, value: Json) -> None:
        self.holder[self.key] = value


def mutated(draw: Draw, document: Json, message: int, sealed: str | None = None) -> Json:
    """Return the document with some mutations; new texts in it have marks of the message.

    The field `sealed` of the document stays as it is.
    """
    root = [copy.deepcopy(document)]
    for _ in range(draw.random.randint(1, _MOST_MUTATIONS)):
        places = list(_places(root, sealed))
        draw.choice(_MUTATIONS)(draw, draw.choice(places), message)
    return root[0]


def mutated_form(draw: Draw, form: dict[str, str], message: int) -> bytes:
    """Return the form with some mutations, encoded."""
    fields = list(form.items())
    for _ in range(draw.random.randint(1, _MOST_MUTATIONS)):
        place = draw.random.randrange(len(fields))
        name, text = fields[place]
        match draw.random.randrange(8):
            case 0 if len(fields) > 1:
                del fields[place]
            case 1:
                fields[place] = (name, "")
            case 2:
                fields.append((name, f"{text}{draw.number()}"))
            case 3:
                fields.append((f"{name}OfTheFuture", draw.words(message)))
            case 4:
                fields[place] = (f"{name}OfTheFuture", text)
            case 5:
                fields[place] = (name, text + draw.choice(_STRANGE))
            case 6:
                fields[place] = (name, text + "x" * draw.choice((2_000, 70_000)))
            case _:
                draw.random.shuffle(fields)
    body = urlencode(fields, errors="surrogatepass").encode()
    return body + draw.choice((b"", b"", b"", b"", b"&Extra=%E9", b"&&", b"&Extra", b"&%00=%00"))


def encoded(document: Json) -> bytes:
    """Encode JSON as a provider might: with escapes, where an object may have a field twice."""
    return json.dumps(document).encode()


def broken(draw: Draw, body: bytes) -> bytes:
    """Return the bytes in a wrong encoding, cut, or with a wrong byte."""
    text = body.decode()
    place = draw.random.randrange(len(body))
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: b"\xef\xbb\xbf" + body,
        lambda: text.encode("utf-16"),
        lambda: body[:place] + b"\xe9" + body[place:],
        lambda: body[:place],
        lambda: body[:place] + bytes([draw.random.randrange(256)]) + body[place + 1 :],
        lambda: b"",
        lambda: body + (body if body[:1] == b"{" else b"="),
        lambda: b"[" * 20_000 + body,
        lambda: text.replace("1", "1" * 400, 1).encode(),
        lambda: text.encode("unicode_escape"),
    )
    return draw.choice(changes)()


def _places(holder: Json, sealed: str | None) -> Iterator[_Place]:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    for key in keys:
        if key == sealed:
            continue
        yield _Place(holder, key)
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key], sealed)


def _removed(draw: Draw, place: _Place, message: int) -> None:
    if isinstance(place.holder, dict):
        del place.holder[place.key]
    else:
        place.value = None


def _null(draw: Draw, place: _Place, message: int) -> None:
    place.value = None


def _other_type(draw: Draw, place: _Place, message: int) -> None:
    number = draw.number()
    place.value = draw.choice(
        (True, False, "", [], {}, -number, number * 10**25, number + 0.5, str(number), f"{number}" * 40)
    )


def _spelled(draw: Draw, place: _Place, message: int) -> None:
    """Write a number as a text, and a text of digits as a number."""
    value = place.value
    if isinstance(value, int | float):
        place.value = str(value)
    elif isinstance(value, str) and value.isascii() and value.isdigit():
        place.value = int(value)


def _wrapped(draw: Draw, place: _Place, message: int) -> None:
    depth = draw.choice((1, 1, 2, 40, 200))
    for _ in range(depth):
        place.value = draw.choice(([place.value], {"value": place.value}))


def _strange(draw: Draw, place: _Place, message: int) -> None:
    if isinstance(place.value, str):
        strange = draw.choice(_STRANGE)
        if str(place.key) in _FILE_NAMES and {"/", "\\"} & set(strange):
            return
        place.value = draw.choice((place.value + strange, strange + place.value))


def _long(draw: Draw, place: _Place, message: int) -> None:
    match place.value:
        case str() as text if str(place.key) not in _FILE_NAMES:
            place.value = text + draw.choice(("x", "é", "👍", "\x01")) * draw.choice((300, 5_000, 70_000))
        case list() as parts if parts:
            size = len(json.dumps(parts))
            place.value = parts * min(draw.choice((3, 30, 3_000)), 1 + _MOST_BYTES // size)


def _added(draw: Draw, place: _Place, message: int) -> None:
    words = draw.words(message)
    value = draw.choice((words, [words], {"text": words}, {words: 1}))
    if isinstance(place.value, dict):
        place.value[f"field_{draw.number()}"] = value
    elif isinstance(place.value, list):
        place.value.append(value)


def _renamed(draw: Draw, place: _Place, message: int) -> None:
    if isinstance(place.holder, dict):
        place.holder[f"{place.key}_of_the_future"] = place.holder.pop(place.key)


def _twice(draw: Draw, place: _Place, message: int) -> None:
    if isinstance(place.holder, dict):
        words = place.value if str(place.key) in _NAMES else draw.words(message)
        twin = draw.choice((place.value, None, [place.value], words))
        place.holder[_Twin(place.key)] = twin


def _swapped(draw: Draw, place: _Place, message: int) -> None:
    if isinstance(place.holder, dict):
        other = draw.choice(list(place.holder))
        if {str(place.key), str(other)} & _NAMES:
            return
        place.holder[place.key], place.holder[other] = place.holder[other], place.value


def _another_time(draw: Draw, place: _Place, message: int) -> None:
    if not isinstance(place.holder, dict):
        return
    for name in [name for name in place.holder if str(name) in _TIME_NAMES]:
        place.holder[name] = draw.choice(_TIMES)


def _other_kind(draw: Draw, place: _Place, message: int) -> None:
    if isinstance(place.holder, dict) and "type" in place.holder:
        place.holder["type"] = draw.choice(
            ("text", "image", "interactive", "edit", "revoke", "system", f"k{message}")
        )


_MUTATIONS: Final[tuple[Callable[[Draw, _Place, int], None], ...]] = (
    _removed, _null, _other_type, _other_type, _spelled, _wrapped, _strange, _strange, _long, _added,
    _renamed, _twice, _swapped, _another_time, _other_kind,
)  # fmt: skip


def texts_of(body: bytes) -> str:
    """Return the texts that a reader of JSON finds in a webhook: of a field that is there twice the last."""
    try:
        return json.dumps(json.loads(body.decode("utf-8-sig", errors="replace"), strict=False))
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
