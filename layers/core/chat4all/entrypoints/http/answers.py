"""The answers of the API: JSON with a trace id, and the same shape for every error."""

import os
from collections.abc import Mapping
from typing import Final

import msgspec
from chalice.app import Response

from chat4all.domain.errors import Chat4AllError, Detail

_TRACE_ENVIRONMENT: Final = "_X_AMZN_TRACE_ID"
"""The variable that Lambda sets for each invocation."""


class ErrorBody(msgspec.Struct, frozen=True):
    error: str
    message: str
    details: tuple[Detail, ...]
    trace_id: str


class Answer(msgspec.Struct, frozen=True):
    """The answer of a view: a Struct to encode, or a text."""

    body: msgspec.Struct | str
    status: int = 200
    headers: dict[str, str] = {}


def trace_id(context: Mapping[str, object]) -> str:
    """Return X-Ray's root id if the request is traced, else the request id of the request's context."""
    for field in os.environ.get(_TRACE_ENVIRONMENT, "").split(";"):
        if field.startswith("Root="):
            return field.removeprefix("Root=")
    return str(context.get("requestId", ""))


def respond(answer: Answer, trace: str) -> Response:
    plain = isinstance(answer.body, str)
    body = answer.body if isinstance(answer.body, str) else msgspec.json.encode(answer.body).decode()
    content_type = "text/plain; charset=utf-8" if plain else "application/json"
    headers: dict[str, str | list[str]] = {
        "Content-Type": content_type,
        "x-trace-id": trace,
        **answer.headers,
    }
    return Response(body=body, status_code=answer.status, headers=headers)


def refuse(error: Chat4AllError, trace: str) -> Response:
    headers: Mapping[str, str] = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    body = ErrorBody(error.code, error.message, error.details, trace)
    return respond(Answer(body, error.http_status, dict(headers)), trace)


def broken(trace: str) -> Response:
    body = ErrorBody("INTERNAL", "Something went wrong here; the request may be repeated.", (), trace)
    return respond(Answer(body, 500), trace)
