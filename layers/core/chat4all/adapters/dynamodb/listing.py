"""Pages of an index ordered by time, newest or oldest first, with ties broken by id."""

from collections.abc import Iterable
from typing import NamedTuple

from chat4all.domain.pages import TimeCursor, TimeOrder


class TimeIndexEntry(NamedTuple):
    at: str
    item_id: str


def page_of(
    entries: Iterable[TimeIndexEntry],
    after: TimeCursor | None,
    limit: int,
    order: TimeOrder = TimeOrder.NEWEST_FIRST,
) -> list[tuple[TimeCursor, str]]:
    """Return the first `limit` entries past `after`.

    `entries` come in time order, from the cursor's time on. DynamoDB's order within a millisecond is unknown,
    so that this function sorts the entries of each millisecond.
    """
    page: list[tuple[TimeCursor, str]] = []
    for same_time in _by_time(entries):
        for entry in sorted(same_time, reverse=order is TimeOrder.NEWEST_FIRST):
            if after is not None and not _past(entry, after, order):
                continue
            page.append((TimeCursor(entry.at, entry.item_id), entry.item_id))
            if len(page) == limit:
                return page
    return page


def _by_time(entries: Iterable[TimeIndexEntry]) -> Iterable[list[TimeIndexEntry]]:
    same_time: list[TimeIndexEntry] = []
    for entry in entries:
        if same_time and same_time[0].at != entry.at:
            yield same_time
            same_time = []
        same_time.append(entry)
    if same_time:
        yield same_time


def _past(entry: TimeIndexEntry, after: TimeCursor, order: TimeOrder) -> bool:
    position = (after.at, after.item_id)
    return entry > position if order is TimeOrder.OLDEST_FIRST else entry < position
