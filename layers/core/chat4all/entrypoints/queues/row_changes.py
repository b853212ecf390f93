"""Make the Lambda handler of the function that follows the streams of tables, and that a schedule calls."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from chat4all.domain.errors import Unavailable
from chat4all.domain.search import Change
from chat4all.entrypoints.invocation import Count, Handler, LambdaContext, WrongEvent, fields_of
from chat4all.entrypoints.scheduled import is_scheduled

TAKES: Final = "records of DynamoDB's streams, events of its schedule, or an empty object"
SPARE_MS: Final = 10_000
"""The time that a step of the scheduled work may take."""
_SOURCE: Final = "aws:dynamodb"
_log: Final = logging.getLogger(__name__)

Record = Mapping[str, Any]


def following(
    row_key: Callable[[Record], object],
    change_of: Callable[[Iterable[Record]], Change],
    follow: Callable[[Sequence[Change]], None],
    go_on: Callable[[Callable[[], bool]], Mapping[str, int]],
    count: Count,
) -> Handler:
    """Make the handler. It raises Unavailable, so that Lambda gives it the whole batch again.

    A record that cannot be read is logged and counted, because it would hold up the records behind it. Its
    words are not logged. `go_on` works while there is time, and returns what it listed.
    """

    def changes(records: Iterable[Record]) -> list[Change]:
        rows: dict[object, list[Record]] = {}
        for record in records:
            rows.setdefault(row_key(record), []).append(record)
        found = []
        for key, of_row in rows.items():
            try:
                found.append(change_of(of_row))
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever the row has
                count("SearchRecordsSkipped")
                _log.error("the row %s cannot be read for the search: %s", key, type(error).__name__)
        return found

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
        if event == {} or is_scheduled(event):
            listed = dict(go_on(lambda: context.get_remaining_time_in_millis() > SPARE_MS))
            count("RowsIndexed", sum(listed.values()))
            return listed
        records = fields_of(event).get("Records")
        if not isinstance(records, list) or not all(map(_is_change, records)):
            raise WrongEvent(TAKES, event)
        found = changes(records)
        follow(found)
        count("RowsIndexed", len(found))
        return {"changes": len(found)}

    return handle


def _is_change(record: object) -> bool:
    fields = fields_of(record)
    keys = fields_of(fields_of(fields.get("dynamodb")).get("Keys"))
    return fields.get("eventSource") == _SOURCE and bool(keys)
