"""Logs, metrics and traces of a function: JSON lines, CloudWatch EMF, and X-Ray if it is enabled."""

import logging
import os
import sys
from typing import Any, Final

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from chat4all.entrypoints.invocation import Handler, LambdaContext

_PACKAGE: Final = "chat4all"
_NAMESPACE: Final = "Chat4All"
_LEVELS: Final = {**logging.getLevelNamesMapping(), "TRACE": logging.DEBUG}
"""Lambda uses Python's names of levels, and also TRACE."""


class Telemetry:
    """The telemetry of a function: every logger of its process, also of a library, writes through it.

    The service of its log lines and metrics is the stack, named by POWERTOOLS_SERVICE_NAME: an account may
    have several stacks.
    """

    def __init__(self, function: str) -> None:
        self._lines = _json_of_every_logger()
        self._function = function
        self._metrics = Metrics(namespace=_NAMESPACE)
        self._metrics.set_default_dimensions(function=function)
        _trace_aws_calls()

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add `value` to the metric of the function; further dimensions make a metric of its own."""
        if not dimensions:
            self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
            return
        every = {"function": self._function, **dimensions}
        with single_metric(name, MetricUnit.Count, value, namespace=_NAMESPACE, default_dimensions=every):
            pass  # the line of the metric is written where the block ends

    def observing(self, handler: Handler) -> Handler:
        """Wrap `handler`: every log line has its request id, and its metrics are written after every call."""

        def observed(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
            self._lines.append_keys(request_id=context.aws_request_id)
            try:
                return handler(event, context)
            finally:
                self._metrics.flush_metrics()

        return observed


def _json_of_every_logger() -> LambdaPowertoolsFormatter:
    """Make every record of the process a line of JSON, once, with all keys that the formatter appends.

    Powertools' Logger is Python's logger of the service's name. Our service is the stack, and a logger of
    the stack's name is the parent of `chat4all.*` only where the stack is called `chat4all`. So Powertools'
    formatter stands at the root, the ancestor of all loggers, and replaces Lambda's own handler, which
    writes text.

    The environment's level holds for the package. Libraries log from WARNING on, or from a higher level of
    the environment: below WARNING their records contain tokens and messages.
    """
    lines = LambdaPowertoolsFormatter(service=os.environ.get("POWERTOOLS_SERVICE_NAME"))
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(lines)
    level = _level()
    logging.getLogger(_PACKAGE).setLevel(level)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)
    return lines


def _level() -> int:
    """Return the package's level: Lambda's setting overrides the template's; an unknown level is INFO."""
    name = os.environ.get("AWS_LAMBDA_LOG_LEVEL") or os.environ.get("POWERTOOLS_LOG_LEVEL") or "INFO"
    return _LEVELS.get(name.upper(), logging.INFO)


def _trace_aws_calls() -> None:
    """Make X-Ray subsegments for each AWS call, if the template's TraceAwsCalls asks for them.

    Without subsegments, X-Ray still shows the functions and the queues between them: Lambda makes the
    segments, and botocore passes their id on.
    """
    if os.environ.get("TRACE_AWS_CALLS") == "true":
        from aws_xray_sdk.core import patch  # noqa: PLC0415 - half a cold start

        patch(("botocore",))
