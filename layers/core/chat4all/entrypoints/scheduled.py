"""Make the Lambda handler of a function that a schedule calls."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from chat4all.entrypoints.invocation import Handler, LambdaContext, WrongEvent, fields_of

TAKES: Final = "events of its schedule, or an empty object"
_SCHEDULED: Final = "Scheduled Event"
"""https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html"""


def scheduled(run: Callable[[], Mapping[str, int]]) -> Handler:
    """Make the handler, which answers with the counts of `run`; it raises WrongEvent for any other event."""

    def handle(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
        if event != {} and not is_scheduled(event):
            raise WrongEvent(TAKES, event)
        return dict(run())

    return handle


def is_scheduled(event: object) -> bool:
    """Return whether a schedule sent the event."""
    return fields_of(event).get("detail-type") == _SCHEDULED
