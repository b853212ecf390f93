"""Make the Lambda handler of a function that answers HTTP requests."""

from typing import Any

from chat4all.entrypoints.invocation import Count, Handler, LambdaContext


def serving(count: Count, app: Handler) -> Handler:
    """Make the handler: it counts the answers of `app` by the first digit of their status."""

    def handle(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        answer = app(event, context)
        count(f"Answers{answer['statusCode'] // 100}xx")
        return answer

    return handle
