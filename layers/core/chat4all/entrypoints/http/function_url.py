"""Serve the requests of a function URL, beside those of API Gateway.

A function URL sends events of the payload format 2.0, and chalice reads those of a REST API:
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import msgspec
from chalice.app import Chalice, Request

from chat4all.domain.errors import NotFound
from chat4all.entrypoints.http.answers import refuse, trace_id
from chat4all.entrypoints.http.routes import Route
from chat4all.entrypoints.invocation import Handler, LambdaContext

_VERSION: Final = "2.0"
_RAW_QUERY: Final = "rawQueryString"


class _Http(msgspec.Struct, frozen=True):
    method: str


class _Context(msgspec.Struct, frozen=True, rename="camel"):
    request_id: str
    domain_name: str
    http: _Http


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    """The used part of an event of the payload format 2.0.

    `raw_path` and `raw_query_string` are as the client sent them. The names of `headers` are in lower case;
    the values of a repeated header are joined by commas.
    """

    raw_path: str
    raw_query_string: str
    headers: dict[str, str]
    request_context: _Context
    cookies: tuple[str, ...] = ()
    body: str | None = None
    is_base64_encoded: bool = False


def on_both_fronts(app: Chalice, routes: Iterable[Route]) -> Handler:
    """Make a handler of the requests that come through API Gateway or through a function URL.

    A function URL passes on every path and method, so the handler compares them with `routes`, and answers
    others with 404. A route that needs a key is not served there: it stays behind API Gateway, which limits
    the rate of its requests.
    """
    served = [route for route in routes if route.scope is None]

    def handle(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's
        if event.get("version") != _VERSION:
            return app(event, context)
        called = msgspec.convert(event, _Event)
        for route in served:
            parameters = _parameters(route.path, called.raw_path)
            if parameters is not None and route.method == called.request_context.http.method:
                return app(_rest_event(called, route.path, parameters), context)
        refusal = NotFound("There is nothing of this name.")
        return refuse(refusal, trace_id({"requestId": called.request_context.request_id})).to_dict()

    return handle


def raw_query(request: Request) -> str | None:
    """Return the query as the client sent it; None if API Gateway has decoded it."""
    query: str | None = request.to_original_event().get(_RAW_QUERY)
    return query


def _parameters(resource: str, path: str) -> Mapping[str, str] | None:
    """Return the decoded parameters of a path; None if it is not a path of the resource."""
    names, texts = resource.split("/"), path.split("/")
    if len(names) != len(texts):
        return None
    parameters = {}
    for name, text in zip(names, texts, strict=True):
        if name.startswith("{") and text:
            parameters[name[1:-1]] = unquote(text)
        elif name != text:
            return None
    return parameters


def _rest_event(called: _Event, resource: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Build the event that a REST API would send, together with the query as the client sent it."""
    context = called.request_context
    headers = {**called.headers, "host": context.domain_name}
    if called.cookies:
        headers["cookie"] = "; ".join(called.cookies)
    return {
        "headers": headers,
        "multiValueQueryStringParameters": parse_qs(called.raw_query_string, keep_blank_values=True) or None,
        _RAW_QUERY: called.raw_query_string,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": context.http.method,
            "resourcePath": resource,
            "path": called.raw_path,
            "requestId": context.request_id,
        },
        "body": called.body,
        "isBase64Encoded": called.is_base64_encoded,
    }
