"""The tables of docs/api.md: the endpoints of each resource, and the errors."""

from collections.abc import Iterator, Sequence

from chat4all.entrypoints.http.bodies import PageQuery
from chat4all.entrypoints.http.routes import Route
from chat4all_local.generate.openapi import meaning
from chat4all_local.generate.resources import Resource


def errors(resources: Sequence[Resource]) -> str:
    found = {error for resource in resources for route in resource.routes for error in route.refusals}
    ordered = sorted(found, key=lambda error: (error.http_status, error.code, error.__name__))
    return "| status | `error` | meaning |\n|---|---|---|\n" + "".join(
        f"| {error.http_status} | `{error.code}` | {meaning(error)} |\n" for error in ordered
    )


def endpoints(resource: Resource) -> str:
    return "| | scope | body | answer | |\n|---|---|---|---|---|\n" + "".join(
        f"| `{route.method} {_path(route)}` | {route.scope or 'none'} |{_body(route)} | {_statuses(route)} "
        f"| {route.summary} |\n"
        for route in resource.routes
    )


def _path(route: Route) -> str:
    paging = PageQuery.__struct_encode_fields__
    query = route.query.__struct_encode_fields__ if route.query is not None else ()
    asked = "&".join(f"{name}=" for name in query if name not in paging)
    return f"{route.path.removeprefix('/v1')}{'?' if asked else ''}{asked}"


def _body(route: Route) -> str:
    if route.body is None:
        return ""
    if issubclass(route.body, bytes):
        return " the provider's"
    return f" `{{{', '.join(_fields(route))}}}`"


def _fields(route: Route) -> Iterator[str]:
    """Yield the names of the body's fields; an optional field has a question mark."""
    if route.body is None or issubclass(route.body, bytes):
        return
    names = route.body.__struct_encode_fields__
    needed = len(names) - len(route.body.__struct_defaults__)
    for place, name in enumerate(names):
        yield name if place < needed else f"{name}?"


def _statuses(route: Route) -> str:
    return ", ".join(dict.fromkeys(str(returned.status) for returned in route.returns))
