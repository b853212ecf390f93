"""Declare a route beside its view, and bind views to a chalice app.

A declaration contains everything that a client has to know. `chat4all_local.generate` derives from it the
API's description, the routes of template.yaml and the tables of docs/api.md.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType
from typing import Final, TypeVar, cast

import msgspec
from chalice.app import Chalice, Request, Response

from chat4all.domain.errors import (
    Chat4AllError,
    Invalid,
    MissingScope,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from chat4all.entrypoints.http.answers import Answer, broken, refuse, respond, trace_id
from chat4all.entrypoints.http.bodies import LONGEST_ID, MOST_BODY_BYTES, body_of, query_of, raw_body_of
from chat4all.entrypoints.http.cursors import SignedCursors
from chat4all.services.access.authenticate import Authenticate

V = TypeVar("V", bound=Callable[..., Answer])
Example = Mapping[str, object] | str

JSON: Final = "application/json"

_OWNER: Final = "chat4all.key_id"

_log = logging.getLogger(__name__)


class Returns(msgspec.Struct, frozen=True):
    """An answer of a route to a request that it does not refuse.

    `shape` is the Struct of the JSON; None: the answer is a text, or JSON of no Struct. `headers` maps the
    headers of this answer to their meaning. `meaning` describes the answer; if it is empty, the docstring of
    `shape` does.
    """

    shape: type[msgspec.Struct] | None
    example: Example | None = None
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = {}
    meaning: str = ""


class Route(msgspec.Struct, frozen=True):
    """The declaration of a method of a path.

    `name` is the name of the operation in the description and of the event in template.yaml. `scope` is what
    a key needs; None: the route needs no key. The view gets the request, each path parameter by its name,
    `query` and `body`. A body of `bytes` is passed on unchanged; any other has at most `most_bytes`. `errors`
    are the errors that no other field of the declaration implies.
    """

    name: str
    method: str
    path: str
    scope: str | None
    summary: str
    returns: tuple[Returns, ...]
    errors: tuple[type[Chat4AllError], ...]
    query: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | type[bytes] | None
    needs_body: bool
    example: Example | None
    view: Callable[..., Answer]
    most_bytes: int

    @property
    def parameters(self) -> list[str]:
        """Return the names of the path's parameters."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def refusals(self) -> list[type[Chat4AllError]]:
        """Return every error that the route may answer with, sorted by HTTP status and code."""
        found: set[type[Chat4AllError]] = {Chat4AllError, *self.errors}
        if self.scope is not None:
            found |= {Unauthenticated, MissingScope, Unavailable}
        if self.parameters:
            found.add(NotFound)
        if self.query is not None or self.body is not None:
            found.add(Invalid)
        if self.body not in {None, bytes}:
            found |= {TooLarge, UnsupportedMedia}
        return sorted(found, key=lambda error: (error.http_status, error.code))


_DECLARED: Final[dict[Callable[..., Answer], Route]] = {}


def route(
    name: str,
    method: str,
    path: str,
    *returns: Returns,
    summary: str,
    scope: str | None = None,
    errors: tuple[type[Chat4AllError], ...] = (),
    query: type[msgspec.Struct] | None = None,
    body: type[msgspec.Struct] | type[bytes] | None = None,
    needs_body: bool = True,
    example: Example | None = None,
    most_bytes: int = MOST_BODY_BYTES,
) -> Callable[[V], V]:
    """Declare the decorated view as a route; `example` shows its body. Route explains the fields."""

    def declared(view: V) -> V:
        _DECLARED[view] = Route(
            name,
            method,
            path,
            scope,
            summary,
            returns,
            errors,
            query,
            body,
            needs_body,
            example,
            view,
            most_bytes,
        )
        return view

    return declared


def routes_of(resource: type) -> list[Route]:
    """Return the routes that a class of views declares, in their order."""
    functions = (member for member in vars(resource).values() if isinstance(member, FunctionType))
    return [_DECLARED[function] for function in functions if function in _DECLARED]


def bind(
    app: Chalice, resources: Iterable[object], authenticate: Authenticate | None, cursors: SignedCursors
) -> None:
    """Register every route of the resources, each an instance of a class of views."""
    for resource in resources:
        for declared in routes_of(type(resource)):
            register = app.route(
                declared.path, methods=[declared.method], name=declared.name, content_types=["*/*"]
            )
            register(_answering(app, declared, MethodType(declared.view, resource), authenticate, cursors))


def owner_of(request: Request) -> str:
    """Return the id of the key of the request; the route must need a key."""
    return str(request.context[_OWNER])


def _answering(
    app: Chalice,
    declared: Route,
    view: Callable[..., Answer],
    authenticate: Authenticate | None,
    cursors: SignedCursors,
) -> Callable[..., Response]:
    def respond_to(**parameters: str) -> Response:
        request = cast("Request", app.current_request)  # is set while a view runs
        trace = trace_id(request.context)
        try:
            if declared.scope is not None and authenticate is not None:
                key = authenticate(_presented_key(request), declared.scope)
                request.context[_OWNER] = key.key_id
            _check(parameters)
            given = _given(request, declared)
            opened = {name: cursors.opened(declared.name, parameters, part) for name, part in given.items()}
            answer = view(request, **parameters, **opened)
            for part in given.values():
                answer = cursors.sealed(declared.name, parameters, part, answer)
            return respond(answer, trace)
        except Chat4AllError as error:
            level = logging.INFO if error.http_status < 500 else logging.ERROR
            _log.log(
                level, "%s %s: %s", declared.method, declared.path, error.code, exc_info=level > logging.INFO
            )
            return refuse(error, trace)
        except Exception:  # noqa: BLE001 - the outermost edge: every error gets an answer
            _log.exception("%s %s failed", declared.method, declared.path)
            return broken(trace)

    return respond_to


def _given(request: Request, declared: Route) -> dict[str, object]:
    """Read the arguments that the declaration gives the view: `query`, `body`, both or none."""
    given: dict[str, object] = {}
    if declared.query is not None:
        given["query"] = query_of(request, declared.query)
    if declared.body is not None:
        given["body"] = _body(request, declared, declared.body)
    return given


def _body(
    request: Request, declared: Route, kind: type[msgspec.Struct] | type[bytes]
) -> msgspec.Struct | bytes:
    if issubclass(kind, bytes):
        return raw_body_of(request)
    if not declared.needs_body and not raw_body_of(request):
        return kind()
    return body_of(request, kind, declared.most_bytes)


def _check(parameters: Mapping[str, str]) -> None:
    """Raise NotFound for a path parameter that is longer than any id; DynamoDB would refuse it as a key."""
    if any(len(text) > LONGEST_ID for text in parameters.values()):
        raise NotFound("There is nothing of this name.")


def _presented_key(request: Request) -> str | None:
    key: str | None = request.headers.get("x-api-key")
    if key:
        return key
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
