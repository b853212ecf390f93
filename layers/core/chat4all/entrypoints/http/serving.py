"""Make the Lambda handler of a function behind API Gateway."""

from typing import Any

from chalice.app import Chalice

from chat4all.entrypoints.invocation import Count, Handler, LambdaContext


def serving(count: Count, app: Chalice) -> Handler:
    """Make the handler: it counts the answers by the first digit of their status."""

    def handle(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        answer = app(event, context)
        count(f"Answers{answer['statusCode'] // 100}xx")
        return answer

    return handle
