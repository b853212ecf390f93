"""The API's description as OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.1.html."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

import msgspec

from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.errors import Chat4AllError, InvalidSignature
from chat4all.entrypoints.http.answers import ErrorBody
from chat4all.entrypoints.http.bodies import LONGEST_ID
from chat4all.entrypoints.http.routes import JSON, Returns, Route
from chat4all_local.generate.examples import example_of
from chat4all_local.generate.resources import Resource

Json = dict[str, object]
Refusal = type[Chat4AllError]

_ABOUT: Final = """\
Send a key as `X-API-Key`, or as `Authorization: Bearer`. `chat4all up` prints the key of a local cloud, and
`chat4all keys create` makes another key.

The API does not call your software. To receive what customers write, poll
`GET /v1/conversations/{conversation_id}/messages`. The history is newest first: read until a
`message_id` that you know.

JSON in snake_case, times in ISO 8601 UTC with milliseconds. A list takes `limit` and `cursor`, and answers
`next_cursor`, null on the last page. Every answer of a function carries `x-trace-id`. After a 502, 503 or 504
repeat the same request: a message with the same `message_id` is never sent twice.\
"""
_FIRST: Final = ("messages", "conversations", "users", "files")
"""The first resources of the description. The others follow in the order of their names."""
_SCHEMAS: Final = "#/components/schemas/"
_TRACE: Final[Json] = {"x-trace-id": {"$ref": "#/components/headers/Trace"}}
_GATEWAY: Final = {
    "429": (
        "GatewayThrottled",
        "API Gateway: too many requests. Repeat the request later.",
        "Too Many Requests",
    ),
    "502": ("GatewayFailed", "API Gateway: the function died. Repeat the request.", "Internal server error"),
    "504": (
        "GatewayTimedOut",
        "API Gateway: the function took too long. Repeat the request.",
        "Endpoint request timed out",
    ),
}
"""The answers of API Gateway instead of a function: the response's name, description and message."""
_GATEWAYS_SCHEMA: Final[Json] = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}


def document(resources: Sequence[Resource], channels: Sequence[Manifest]) -> Json:
    """Return the description of all routes; `channels` are those that send webhooks."""
    resources = sorted(resources, key=_place)
    routes = [route for resource in resources for route in resource.routes]
    schemas = _Schemas(routes)
    paths: dict[str, Json] = {}
    for resource in resources:
        for route in resource.routes:
            operations = paths.setdefault(route.path, {})
            operations[route.method.lower()] = _operation(resource, route, schemas, channels)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Chat4All", "version": "1", "description": _ABOUT},
        "servers": [{"url": ".", "description": "The place that this description is read from."}],
        "tags": [{"name": resource.title, "description": resource.summary} for resource in resources],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": _responses(routes),
            "headers": {
                "Trace": {
                    "description": "The trace of the request in X-Ray and in the logs.",
                    "schema": {"type": "string"},
                }
            },
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "Bearer": {"type": "http", "scheme": "bearer"},
                **{_proof(channel): _proof_scheme(channel) for channel in channels},
            },
        },
    }


def _place(resource: Resource) -> tuple[int, str]:
    place = _FIRST.index(resource.name) if resource.name in _FIRST else len(_FIRST)
    return place, resource.name


class _Schemas:
    """The schemas of every Struct that a route names.

    A client may leave out a field that has a default; an answer always has every field.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        bodies = _distinct(_body(route) for route in routes)
        queries = _distinct(route.query for route in routes)
        answers = _distinct(returned.shape for route in routes for returned in route.returns)
        _, found = msgspec.json.schema_components(
            [*bodies, *queries, *answers, ErrorBody],
            ref_template=_SCHEMAS + "{name}",
            schema_hook=_of_other,
        )
        self._queries = {kind.__name__: found.pop(kind.__name__) for kind in queries}
        taken = _reachable([kind.__name__ for kind in bodies], found)
        self.components: Json = {
            name: schema if name in taken else _always_whole(schema) for name, schema in sorted(found.items())
        }

    def parameters(self, query: type[msgspec.Struct]) -> list[Json]:
        """Return the fields of `query` as query parameters."""
        schema = self._queries[query.__name__]
        needed = schema.get("required", ())
        return [
            _parameter(name, "query", _without_null(field), required=name in needed)
            for name, field in schema["properties"].items()
        ]


def _of_other(kind: type) -> Json:
    """Return the schema of `object`, any JSON, for which msgspec has no schema."""
    if kind is not object:
        raise NotImplementedError
    return {"description": "Any JSON."}


def _distinct(kinds: Iterable[type[msgspec.Struct] | None]) -> list[type[msgspec.Struct]]:
    return list(dict.fromkeys(kind for kind in kinds if kind is not None))


def _body(route: Route) -> type[msgspec.Struct] | None:
    """Return the Struct of the body, if the body is a Struct."""
    return None if route.body is None or issubclass(route.body, bytes) else route.body


def _reachable(names: Sequence[str], schemas: Mapping[str, object]) -> set[str]:
    """Return `names`, and the names of all schemas that these refer to, directly or not."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _references(schemas[name])
    return found


def _references(schema: object) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix(_SCHEMAS)] if isinstance(schema.get("$ref"), str) else []
        return own + [name for value in schema.values() for name in _references(value)]
    if isinstance(schema, list):
        return [name for value in schema for name in _references(value)]
    return []


def _always_whole(schema: Mapping[str, object]) -> Json:
    """Return the schema of an answer: unlike a request, it has every field, even with a default."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return dict(schema)
    whole = {
        name: {key: value for key, value in field.items() if key != "default"}
        for name, field in properties.items()
    }
    return {**schema, "properties": whole, "required": list(whole)}


def _without_null(field: Mapping[str, object]) -> Json:
    """Return the schema of a query parameter, which may be missing but is never null."""
    schema = {key: value for key, value in field.items() if key not in {"anyOf", "default"}}
    options = field.get("anyOf")
    if isinstance(options, list):
        (option,) = (option for option in options if option != {"type": "null"})
        schema |= option
    return schema if field.get("default") is None else {**schema, "default": field["default"]}


def _proof(channel: Manifest) -> str:
    """Return the name of the security scheme for the webhooks of the channel's provider."""
    return f"{channel.logical_name}Webhook"


def _proof_scheme(channel: Manifest) -> Json:
    return {
        "type": "apiKey",
        "in": "header",
        "name": channel.webhook_proof,
        "description": f"The header with which the provider proves a webhook of {channel.title}.",
    }


def _operation(resource: Resource, route: Route, schemas: _Schemas, channels: Sequence[Manifest]) -> Json:
    described: Json = {
        "operationId": route.name,
        "tags": [resource.title],
        "summary": f"{route.summary}.",
        "parameters": [
            *(_path_parameter(name) for name in route.parameters),
            *(schemas.parameters(route.query) if route.query is not None else ()),
        ],
        "responses": {
            **_answers(route.returns),
            **{
                status: {"$ref": f"#/components/responses/{name}"}
                for status, (name, _, _) in _GATEWAY.items()
            },
            **{str(status): _named(refusals) for status, refusals in _by_status(route)},
        },
        "security": [],
    }
    if route.body is not None:
        described["requestBody"] = _request_body(route)
    if route.scope is not None:
        described["description"] = f"Needs a key with the scope `{route.scope}`."
        described["security"] = [{"ApiKey": [route.scope]}, {"Bearer": [route.scope]}]
    elif InvalidSignature in route.errors:
        described["description"] = "Needs no key: the header of the channel's provider proves the request."
        described["security"] = [{_proof(channel): []} for channel in channels]
    return described


def _path_parameter(name: str) -> Json:
    return _parameter(
        name, "path", {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}, required=True
    )


def _parameter(name: str, place: str, schema: Json, *, required: bool) -> Json:
    return {
        "name": name,
        "in": place,
        "required": required,
        "schema": schema,
        "example": example_of(name, schema),
    }


def _request_body(route: Route) -> Json:
    body = _body(route)
    content: Json = {} if body is None else {"schema": {"$ref": _SCHEMAS + body.__name__}}
    if route.example is not None:
        content["example"] = route.example
    content_type, required = ("*/*", True) if body is None else (JSON, route.needs_body)
    return {"required": required, "content": {content_type: content}}


def _answers(returns: Sequence[Returns]) -> Json:
    """Describe the answers by status; answers of one status differ in their content type."""
    ordered = sorted(returns, key=lambda returned: returned.status)
    grouped = groupby(ordered, key=lambda returned: returned.status)
    return {str(status): _answer(list(answers)) for status, answers in grouped}


def _answer(answers: Sequence[Returns]) -> Json:
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for returned in answers
        for name, meaning in returned.headers.items()
    }
    return {
        "description": " ".join(dict.fromkeys(_meaning_of(returned) for returned in answers)),
        "headers": {**_TRACE, **headers},
        "content": {returned.content_type: _content(returned) for returned in answers},
    }


def _meaning_of(returned: Returns) -> str:
    return returned.meaning or _first_line(returned.shape)


def _content(returned: Returns) -> Json:
    content: Json = {}
    if returned.shape is not None:
        content["schema"] = {"$ref": _SCHEMAS + returned.shape.__name__}
    elif returned.content_type != JSON:
        content["schema"] = {"type": "string"}
    if returned.example is not None:
        content["example"] = returned.example
    return content


def _by_status(route: Route) -> list[tuple[int, list[Refusal]]]:
    grouped = groupby(route.refusals, key=lambda refusal: refusal.http_status)
    return [(status, list(refusals)) for status, refusals in grouped]


def _name(refusals: Sequence[Refusal]) -> str:
    """Return the name of the response for some refusals, such as 404.FILE_NOT_FOUND.NOT_FOUND."""
    return ".".join([str(refusals[0].http_status), *(refusal.code for refusal in refusals)])


def _named(refusals: Sequence[Refusal]) -> Json:
    return {"$ref": f"#/components/responses/{_name(refusals)}"}


def _responses(routes: Sequence[Route]) -> Json:
    """Return the error responses by name."""
    refused = {_name(refusals): _refused(refusals) for route in routes for _, refusals in _by_status(route)}
    gateways = {
        name: {
            "description": meaning,
            "content": {JSON: {"schema": _GATEWAYS_SCHEMA, "example": {"message": message}}},
        }
        for name, meaning, message in _GATEWAY.values()
    }
    return {**dict(sorted(refused.items())), **gateways}


def _refused(refusals: Sequence[Refusal]) -> Json:
    codes = [refusal.code for refusal in refusals]
    own: Json = {
        "allOf": [
            {"$ref": _SCHEMAS + ErrorBody.__name__},
            {"type": "object", "properties": {"error": {"enum": codes}}},
        ]
    }
    meanings = [f"- `{refusal.code}`: {meaning(refusal)}" for refusal in refusals]
    gateways = _GATEWAY.get(str(refusals[0].http_status))
    if gateways is not None:
        own = {"anyOf": [own, _GATEWAYS_SCHEMA]}
        meanings.append(f"- {gateways[1]}")
    retry = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return {
        "description": "\n".join(meanings),
        "headers": {**_TRACE, **(retry if refusals[0].http_status in {429, 503} else {})},
        "content": {
            JSON: {
                "schema": own,
                "examples": {refusal.code: {"value": _error(refusal)} for refusal in refusals},
            }
        },
    }


def meaning(refusal: Refusal) -> str:
    """Return the meaning of an error in a sentence."""
    return _first_line(refusal)


def _first_line(kind: type | None) -> str:
    """Return the first line of a class's docstring."""
    return (kind.__doc__ or "").split("\n", 1)[0]


def _error(refusal: Refusal) -> ErrorBody:
    return ErrorBody(refusal.code, meaning(refusal), (), "1-6b02afff-1bbf42c1ab04231c5aa7ed13")
