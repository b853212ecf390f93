"""Reading a provider's webhook: strict on the envelope, forgiving on each thing in it.

A part is decoded on its own, so that what is malformed takes nothing else with it.
"""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from chat4all.channels.shared.decoding import decoded
from chat4all.domain.clock import iso
from chat4all.domain.errors import Invalid
from chat4all.domain.inbound_limits import hashed

RAW_LIMIT: Final = 100_000
"""Bytes of provider JSON kept in an event. Quoted once more in a queue's JSON they may double, and
the event shall stay below the 256 KiB of an SQS message."""
ABSENT: Final = Raw()
_FIRST_MILLISECONDS: Final = 1e11
"""Above it a time is in milliseconds: in seconds it would be the year 5138."""

T = TypeVar("T")


def read_envelope(body: bytes, kind: type[T]) -> T:
    """Decode the whole webhook as `kind`; raises Invalid."""
    envelope = decoded(body, kind) or decoded(_without_lone_surrogates(body), kind)
    if envelope is None:
        raise Invalid("The webhook is not in the provider's form.")
    return envelope


def items(part: Raw) -> list[Raw]:
    """Return the elements of a list, or an empty list if `part` is not a list."""
    return decoded(part, list[Raw]) or []


def objects(part: Raw, kind: type[T]) -> Iterator[tuple[T, Raw]]:
    """Yield the elements of a list that can be read as `kind`, each with its JSON."""
    for item in items(part):
        value = decoded(item, kind)
        if value is not None:
            yield value, item


def moment(part: Raw) -> str:
    """Return a provider's time (Unix seconds or milliseconds, as number or digits) as ISO 8601 UTC.

    An absent or odd time becomes the present: a message is not dropped for its time.
    """
    seconds = _seconds(part)
    try:
        at = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        at = datetime.now(UTC)
    return iso(at)


def kept(part: Raw) -> str:
    """The part's JSON, to be kept; a huge one is cut and put, as a string, under `truncated`."""
    data = bytes(part)
    if len(data) <= RAW_LIMIT:
        return data.decode(errors="replace")
    beginning = data[: RAW_LIMIT // 2].decode(errors="replace")
    return msgspec.json.encode({"truncated": beginning}).decode()


def fingerprint(part: Raw) -> str:
    """An id for what the provider gave none: the same event, sent again, has the same one."""
    return hashed(bytes(part))


def _without_lone_surrogates(body: bytes) -> bytes:
    """Return the same JSON with `?` for each half of a character, such as an emoji cut in two.

    msgspec refuses the whole webhook for one such half, with everything that others wrote in it.
    """
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return b""


def _seconds(part: Raw) -> float | None:
    try:
        number = float(decoded(part, float) or decoded(part, str) or "")
    except ValueError:
        return None
    if not math.isfinite(number) or number <= 0:
        return None
    return number / 1000 if number > _FIRST_MILLISECONDS else number
