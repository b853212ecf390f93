"""Answers that wait until what they say is stored, and refusals while nothing can be stored.

A request that reads waits, too: it may have seen a change that is not stored yet.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ministack import app

from ministack_server.journal import services
from ministack_server.journal.recorder import Recorder
from ministack_server.journal.services import Recorded
from ministack_server.journal.stores import Digests
from ministack_server.journal.writer import NotStored

Headers = dict[str, str]
Answer = tuple[int, Headers, Any]
Handler = Callable[[str, str, Headers, bytes, Mapping[str, Any]], Awaitable[Answer]]

_READS: Final = (
    "Get",
    "List",
    "Describe",
    "Search",
    "Query",
    "Scan",
    "Head",
    "BatchGet",
    "TransactGet",
    "Receive",
    "Filter",
    "Lookup",
    "Estimate",
    "Validate",
    "ChangeMessageVisibility",
    "Invoke",
    "Assume",
)
"""The beginnings of actions that change nothing that is recorded."""
_NOT_RECORDED: Final = frozenset({"PutLogEvents", "PutMetricData", "PutEvents", "PutRecord", "PutRecords"})
_OF_ITEMS_AND_MESSAGES: Final = frozenset(
    {
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
        "SendMessage",
        "SendMessageBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "PurgeQueue",
    }
)
"""The actions whose changes are recorded where they happen."""
_FORM: Final = "application/x-www-form-urlencoded"
"""The type of the requests that are answered with XML."""
_REST_WITH_XML: Final = frozenset({"s3", "cloudfront", "route53"})
_WITHOUT_ACTION: Final = ("lambda", "apigateway", "s3")
"""Services whose requests differ by their method."""


def install(recorder: Recorder, recorded: Recorded) -> None:
    """Let every service answer when its changes are stored."""
    answers = _Answers(recorder, recorded)
    for name, handler in app.SERVICE_HANDLERS.items():
        app.SERVICE_HANDLERS[name] = answers.stored(name, handler)


def record(recorder: Recorder, recorded: Recorded, names: list[str], *, at_stop: bool = False) -> None:
    """Record what has changed in the services' entries."""
    with recorder:
        for change in recorded.changes(names, at_stop=at_stop):
            recorder.record(*change)


class _Answers:
    def __init__(self, recorder: Recorder, recorded: Recorded) -> None:
        self._recorder = recorder
        self._recorded = recorded
        self._stacks = services.stacks()

    def stored(self, name: str, handler: Handler) -> Handler:
        writer = self._recorder.writer

        @wraps(handler)
        async def answer(
            method: str, path: str, headers: Headers, body: bytes, query: Mapping[str, Any]
        ) -> Answer:
            request = _Request(name, method, path, headers, body, query)
            action = _action(request)
            changes = not action.startswith(_READS) and action not in _NOT_RECORDED
            if changes and writer.problem:
                return _refusal(request, writer.problem)
            changes_entries = changes and action not in _OF_ITEMS_AND_MESSAGES
            before = self._entries_beside_deployment(name) if changes_entries else {}
            answered = await handler(method, path, headers, body, query)
            try:
                if before:
                    with self._recorder:
                        for change in self._recorded.changes_since(before):
                            self._recorder.record(*change)
                elif action not in _OF_ITEMS_AND_MESSAGES:
                    self._record_entries(name, changes=changes)
            except OSError as error:  # a file of code could not be written
                return _refusal(request, error.strerror or str(error))
            try:
                await writer.synced()
            except NotStored as error:
                return _refusal(request, str(error)) if changes else answered
            return answered

        return answer

    def _entries_beside_deployment(self, name: str) -> dict[str, Digests]:
        """Return the entries before a request that changes some while a stack is deployed; {} otherwise.

        A deployment is recorded at its end. What a request changes meanwhile is recorded with its answer.
        """
        if name == "cloudformation" or not services.deploying():
            return {}
        return self._recorded.digests(services.names_of(name))

    def _record_entries(self, name: str, *, changes: bool) -> None:
        """Record the entries of a service that a request has changed; of all services after a deployment.

        A deployment that is interrupted leaves the stack as it was before.
        """
        if not changes and name != "cloudformation":
            return
        stacks = services.stacks()
        if any(map(services.is_in_progress, stacks)):
            return
        if stacks != self._stacks:
            self._stacks = stacks
            record(self._recorder, self._recorded, services.names())
        elif changes:
            record(self._recorder, self._recorded, services.names_of(name))


class _Request(NamedTuple):
    """A request to the service with the name of its handler."""

    service: str
    method: str
    path: str
    headers: Headers
    body: bytes
    query: Mapping[str, Any]


def _action(request: _Request) -> str:
    """Return the action that a request names, or the word for its method."""
    if target := request.headers.get("x-amz-target", ""):
        return target.rpartition(".")[2]
    if request.service in _WITHOUT_ACTION:
        is_read = request.method in {"GET", "HEAD", "OPTIONS"} or "/invocations" in request.path
        return "Get" if is_read else request.method
    form = parse_qs(request.body.decode(errors="replace"))
    named = request.query.get("Action") or form.get("Action") or [request.method.title()]
    return str(named[0] if isinstance(named, list) else named)


def _refusal(request: _Request, why: str) -> Answer:
    """Return the answer of a service that fails internally: SDKs repeat such a request."""
    message = f"the local cloud cannot store the change: {why}"
    given_type = request.headers.get("content-type", "")
    if request.service in _REST_WITH_XML or given_type.startswith(_FORM):
        return 500, {"Content-Type": "text/xml"}, _xml_error(request.service, message)
    return (
        500,
        {
            "Content-Type": given_type or "application/x-amz-json-1.0",
            "x-amzn-errortype": "InternalServerError",
        },
        json.dumps({"__type": "InternalServerError", "message": message}).encode(),
    )


def _xml_error(service: str, message: str) -> bytes:
    error = f"<Code>InternalError</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        return f"<Error>{error}</Error>".encode()
    return f"<ErrorResponse><Error><Type>Receiver</Type>{error}</Error></ErrorResponse>".encode()
