"""Binding views to a chalice app: authentication, errors and the trace id in one place."""

import logging
from collections.abc import Callable, Mapping
from typing import Final, cast

import msgspec
from chalice.app import Chalice, Request, Response

from chat4all.domain.errors import Chat4AllError, NotFound
from chat4all.entrypoints.http.answers import Answer, broken, refuse, respond, trace_id
from chat4all.entrypoints.http.bodies import LONGEST_ID
from chat4all.services.access.authenticate import Authenticate

View = Callable[..., Answer]
"""Takes the request, and each path parameter by its name."""

_OWNER: Final = "chat4all.key_id"

_log = logging.getLogger(__name__)


class Route(msgspec.Struct, frozen=True):
    """One method of one path. `scope` is what a key needs; None: the view needs no key."""

    method: str
    path: str
    scope: str | None
    view: View


def bind(app: Chalice, routes: list[Route], authenticate: Authenticate | None) -> None:
    for route in routes:
        register = app.route(
            route.path, methods=[route.method], name=f"{route.method} {route.path}", content_types=["*/*"]
        )
        register(_answering(app, route, authenticate))


def owner_of(request: Request) -> str:
    """The id of the key that asks, in a view that needs one."""
    return str(request.context[_OWNER])


def _answering(app: Chalice, route: Route, authenticate: Authenticate | None) -> Callable[..., Response]:
    def answer(**parameters: str) -> Response:
        request = cast("Request", app.current_request)  # there is one while a view runs
        trace = trace_id(request)
        try:
            if route.scope is not None and authenticate is not None:
                request.context[_OWNER] = authenticate(_presented_key(request), route.scope).key_id
            _check(parameters)
            return respond(route.view(request, **parameters), trace)
        except Chat4AllError as error:
            level = logging.INFO if error.http_status < 500 else logging.ERROR
            _log.log(level, "%s %s: %s", route.method, route.path, error.code, exc_info=level > logging.INFO)
            return refuse(error, trace)
        except Exception:  # noqa: BLE001 - the edge: whatever went wrong, the client gets an answer
            _log.exception("%s %s failed", route.method, route.path)
            return broken(trace)

    return answer


def _check(parameters: Mapping[str, str]) -> None:
    """Nothing has so long a name, and DynamoDB would not even look for it."""
    if any(len(text) > LONGEST_ID for text in parameters.values()):
        raise NotFound("There is nothing of this name.")


def _presented_key(request: Request) -> str | None:
    key: str | None = request.headers.get("x-api-key")
    if key:
        return key
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
