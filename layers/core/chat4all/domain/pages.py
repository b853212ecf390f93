"""Pages of a list, and the opaque cursors between them."""

import base64
import binascii
import heapq
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

import msgspec

from chat4all.domain.errors import Detail, Invalid

T = TypeVar("T")
C = TypeVar("C")

_TIME: Final = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z"
_NUMBER: Final = r"\A[0-9]{1,56}\Z"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items of a list. `next_cursor` leads to the next page; the last page has None."""

    items: tuple[T, ...]
    next_cursor: str | None


class TimeCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The last item of a page of a list that is ordered by time; the id breaks ties."""

    at: Annotated[str, msgspec.Meta(pattern=_TIME)]
    item_id: Annotated[str, msgspec.Meta(min_length=1)]


class SequenceCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The last message of a page of a history."""

    sequence: Annotated[str, msgspec.Meta(pattern=_NUMBER)]


class SentCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The last message of a page of a history by time.

    The punctual messages that follow have numbers under `under`, if it is set.
    """

    sent_at: Annotated[str, msgspec.Meta(pattern=_TIME)]
    sequence: Annotated[str, msgspec.Meta(pattern=_NUMBER)]
    under: Annotated[str, msgspec.Meta(pattern=_NUMBER)] | None


class BatchCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """The index of the last recipient of a page."""

    after: Annotated[int, msgspec.Meta(ge=0, lt=10_000)]


class HistoryOrder(StrEnum):
    """The time by which a history is sorted, newest first."""

    ACCEPTED = "accepted_at"
    SENT = "sent_at"


def encode_cursor(cursor: msgspec.Struct | Mapping[str, msgspec.Struct]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_places(text: str, kind: type[C], conversation_id: str) -> dict[str, C]:
    """Return the last message of each conversation; without names, it is of the conversation itself.

    Raises Invalid if `text` is not a cursor.
    """
    named = Annotated[dict[str, kind], msgspec.Meta(min_length=1)]  # type: ignore[valid-type]
    places: C | dict[str, C] = decode_cursor(text, kind | named)  # type: ignore[arg-type]
    return places if isinstance(places, dict) else {conversation_id: places}


def decode_cursor(text: str, kind: type[C]) -> C:
    """Return the cursor that `text` encodes; raise Invalid if `text` is not a cursor."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=kind)
    except (UnicodeError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
        raise Invalid(
            "The cursor is not valid.", Detail("cursor", "must be a next_cursor of this API")
        ) from error


class TimeOrder(StrEnum):
    NEWEST_FIRST = "desc"
    OLDEST_FIRST = "asc"


def merged_entries(
    lists: Iterable[list[tuple[TimeCursor, str]]], limit: int, order: TimeOrder = TimeOrder.NEWEST_FIRST
) -> list[tuple[TimeCursor, str]]:
    """Return the first `limit` entries of several lists in this order, each item once."""
    entries = heapq.merge(
        *lists, key=lambda entry: (entry[0].at, entry[0].item_id), reverse=order is TimeOrder.NEWEST_FIRST
    )
    found: dict[str, TimeCursor] = {}
    for cursor, item_id in entries:
        found.setdefault(item_id, cursor)
        if len(found) == limit:
            break
    return [(cursor, item_id) for item_id, cursor in found.items()]
