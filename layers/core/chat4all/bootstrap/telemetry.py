"""Logs, metrics and traces of one function: JSON lines, CloudWatch EMF, X-Ray where it listens."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

SERVICE: Final = "chat4all"

Handler = Callable[[dict[str, Any], "LambdaContext"], Any]


class LambdaContext(Protocol):
    """What is used of Lambda's context."""

    @property
    def aws_request_id(self) -> str: ...

    @property
    def function_name(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class Telemetry:
    """One per function; `chat4all.*` loggers write through its logger."""

    def __init__(self, function: str) -> None:
        self.logger = Logger(service=SERVICE)
        self._metrics = Metrics(namespace="Chat4All", service=SERVICE)
        self._metrics.set_default_dimensions(function=function)
        _trace_aws_calls()

    def count(self, name: str, value: float = 1) -> None:
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)

    def observing(self, handler: Handler) -> Handler:
        """`handler`, with its request id in every log line and its metrics written after every call."""

        def observed(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
            self.logger.append_keys(request_id=context.aws_request_id)
            try:
                return handler(event, context)
            finally:
                self._metrics.flush_metrics()

        return observed


def in_time(context: LambdaContext, needed_ms: int) -> Callable[[], bool]:
    """Whether there are still `needed_ms` before Lambda ends the function."""
    return lambda: context.get_remaining_time_in_millis() > needed_ms


def count_batch(telemetry: Telemetry, event: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    telemetry.count("Records", len(event["Records"]))
    telemetry.count("HandedBack", len(answer["batchItemFailures"]))


def _trace_aws_calls() -> None:
    """Subsegments for each AWS call, where the template's TraceAwsCalls asks for them.

    Without them X-Ray shows the functions and the queues between them all the same: Lambda makes the
    segments, and botocore passes their id on.
    """
    if os.environ.get("TRACE_AWS_CALLS") == "true":
        from aws_xray_sdk.core import patch  # noqa: PLC0415 - half a cold start

        patch(("botocore",))
