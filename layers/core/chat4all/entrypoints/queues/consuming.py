"""Make the Lambda handler of a queue's or stream's function."""

from collections.abc import Callable
from typing import Any

from chat4all.entrypoints.invocation import Count, Handler, LambdaContext

Consumer = Callable[[dict[str, Any], Callable[[], bool]], dict[str, Any]]
"""A consumer takes Lambda's event, and a function that returns whether there is time left.

It returns the answer with its `batchItemFailures`.
"""


def consuming(count: Count, batch: Consumer, needed_ms: int) -> Handler:
    """Make the handler: a record is begun only while `needed_ms` are left for it."""

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answer = batch(event, lambda: context.get_remaining_time_in_millis() > needed_ms)
        count("Records", len(event["Records"]))
        count("HandedBack", len(answer["batchItemFailures"]))
        return answer

    return handle
