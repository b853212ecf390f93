"""Make the Lambda handler of a function that answers HTTP requests."""

from typing import Any, Final

import msgspec

from chat4all.entrypoints.invocation import Count, Handler, LambdaContext, WrongEvent, fields_of

TAKES: Final = "requests of API Gateway or of its function URL"


def serving(count: Count, app: Handler) -> Handler:
    """Make the handler: it counts the answers of `app` by the first digit of their status.

    The handler raises WrongEvent for an event that is no request: nobody waits for an answer to it.
    """

    def handle(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        if not _is_request(event):
            raise WrongEvent(TAKES, event)
        try:
            answer = app(event, context)
        except (KeyError, msgspec.ValidationError) as error:
            # The views catch their own errors, so these are about the event.
            raise WrongEvent(TAKES, event, repr(error)) from error
        count(f"Answers{answer['statusCode'] // 100}xx")
        return answer

    return handle


def _is_request(event: object) -> bool:
    """Return whether the event names a route of API Gateway, or the method of a function URL's request."""
    context = fields_of(fields_of(event).get("requestContext"))
    return "resourcePath" in context or "http" in context
