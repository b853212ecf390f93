"""Reading a list page by page."""

from collections.abc import Callable

from chat4all.domain.pages import TimeCursor

Read = Callable[[TimeCursor | None, int], list[tuple[TimeCursor, str]]]


def walked(read: Read, limit: int) -> list[str]:
    """Return every id that the pages show. Fails if an id is shown twice."""
    seen: list[str] = []
    after: TimeCursor | None = None
    while True:
        page = read(after, limit)
        assert len(page) <= limit
        seen += [item_id for _, item_id in page]
        assert len(seen) == len(set(seen))
        if len(page) < limit:
            return seen
        after = page[-1][0]
