"""Make the Lambda handler of a queue's or stream's function."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chat4all.entrypoints.invocation import Count, Handler, LambdaContext, WrongEvent, fields_of

TAKES: Final = "records of its queue or stream"

Consumer = Callable[[dict[str, Any], Callable[[], bool]], dict[str, Any]]
"""A consumer takes Lambda's event, and a function that returns whether there is time left.

It returns the answer with its `batchItemFailures`.
"""


def consuming(count: Count, batch: Consumer, needed_ms: int) -> Handler:
    """Make the handler: a record is begun only while `needed_ms` are left for it.

    The handler raises WrongEvent for an event without records, or with records of another form.
    """

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        number = _number_of_records(event)
        try:
            answer = batch(event, lambda: context.get_remaining_time_in_millis() > needed_ms)
        except msgspec.ValidationError as error:
            raise WrongEvent(TAKES, event, str(error)) from error
        count("Records", number)
        count("HandedBack", len(answer["batchItemFailures"]))
        return answer

    return handle


def _number_of_records(event: object) -> int:
    records = fields_of(event).get("Records")
    if not isinstance(records, list) or not records:
        raise WrongEvent(TAKES, event)
    return len(records)
