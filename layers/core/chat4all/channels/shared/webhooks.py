"""Decode a provider's webhook: strictly for the envelope, and each element of it by itself.

A malformed element is left out, and the other elements are kept.
"""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from chat4all.channels.shared.decoding import decoded
from chat4all.domain.clock import iso
from chat4all.domain.errors import Invalid
from chat4all.domain.inbound_limits import hashed
from chat4all.domain.received import NOTHING

ABSENT: Final = Raw()
_FIRST_MILLISECONDS: Final = 1e11
"""A larger time is in milliseconds: in seconds it would lie in the year 5138."""
_MOST_AHEAD: Final = timedelta(days=1)
"""How far a provider's clock may be ahead of this clock."""

T = TypeVar("T")


def read_envelope(body: bytes, kind: type[T]) -> T:
    """Return the whole webhook as `kind`; raise Invalid if it has another form."""
    envelope = decoded(_valid(body), kind)
    if envelope is None:
        raise Invalid("The webhook is not in the provider's form.")
    return envelope


def items(part: Raw) -> list[Raw]:
    """Return the elements of a list; return none if the JSON is not a list."""
    return decoded(part, list[Raw]) or []


def objects(part: Raw, kind: type[T]) -> Iterator[tuple[T, Raw]]:
    """Yield the elements of a list that are of the kind, each with its JSON."""
    for item in items(part):
        value = decoded(item, kind)
        if value is not None:
            yield value, item


def moment(part: Raw) -> str:
    """Return a provider's time (Unix seconds or milliseconds, as a number or digits) as ISO 8601 UTC.

    A time that is absent or impossible is replaced by the present: no message is dropped for its time. A time
    is impossible if it lies further in the future than clocks differ.
    """
    seconds, now = _seconds(part), datetime.now(UTC)
    try:
        at = now if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        at = now
    return iso(at if at <= now + _MOST_AHEAD else now)


def other_fields(part: Raw, understood: Collection[str]) -> Raw:
    """Return the JSON of the fields of an object that are not `understood`; null if there is no other field.

    A part that is no object is returned whole.
    """
    fields = decoded(part, dict[str, Raw])
    if fields is None:
        return part if bytes(part) else NOTHING
    others = {name: value for name, value in fields.items() if name not in understood}
    return Raw(msgspec.json.encode(others)) if others else NOTHING


def fields_of_type(part: Raw, types: Mapping[str, type]) -> list[str]:
    """Return the names of the fields of an object that have the type which is documented for them."""
    fields = decoded(part, dict[str, Raw]) or {}
    return [name for name, kind in types.items() if decoded(fields.get(name, ABSENT), kind) is not None]


def fingerprint(part: Raw) -> str:
    """Return an id for an event without an id: the same event, sent again, gets the same id."""
    return hashed(bytes(part))


def _valid(body: bytes) -> bytes:
    """Return the same JSON, valid in all its parts; bytes that are no JSON are returned as they are.

    msgspec does not look into the parts of a webhook that it keeps as they are. A single wrong byte in such a
    part would be found only when the event is queued, and the provider would send the webhook again for ever.
    JSON that is nested too deeply for the interpreter's stack is returned as it is, too.
    """
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _repaired(body)
    except RecursionError:
        return body
    return body


def _repaired(body: bytes) -> bytes:
    """Return the JSON with `\ufffd` for each wrong byte, and `?` for each half of a character.

    A half of a character is an emoji that somebody cut in two. A byte order mark is left out, and a number
    that JSON does not have, such as NaN, becomes a text.
    """
    try:
        text = body.decode("utf-8-sig", errors="replace")
        value = json.loads(text, parse_constant=str, parse_float=_finite, strict=False)
        return json.dumps(value, ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return body


def _finite(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _seconds(part: Raw) -> float | None:
    try:
        number = float(decoded(part, float) or decoded(part, str) or "")
    except ValueError:
        return None
    if not math.isfinite(number) or number <= 0:
        return None
    return number / 1000 if number > _FIRST_MILLISECONDS else number
