"""The headers and the shape that every answer has."""

import msgspec
import pytest
from chalice.app import Chalice, Request

from chat4all.domain import errors
from chat4all.domain.errors import Chat4AllError, Detail
from chat4all.entrypoints.http.answers import Answer
from chat4all.entrypoints.http.cursors import SignedCursors
from chat4all.entrypoints.http.routes import Returns, bind, route
from tests.integration.http.gateway import REQUEST_ID, Context, Gateway


class Body(msgspec.Struct):
    text: str


def gateway(answer: Answer | Exception) -> Gateway:
    """Make an API whose only view gives this answer."""

    class Views:
        @route("GetThing", "GET", "/v1/thing", Returns(Body), summary="Read the thing")
        def get(self, request: Request) -> Answer:
            if isinstance(answer, Exception):
                raise answer
            return answer

    app = Chalice(app_name="test", configure_logs=False)
    bind(app, [Views()], authenticate=None, cursors=SignedCursors(lambda: b"key"))
    return Gateway(app, description=None)


def test_a_struct_is_json_and_a_text_is_text() -> None:
    json = gateway(Answer(Body("é😀"), 201, {"x-own": "yes"})).get("/v1/thing")
    text = gateway(Answer("12345")).get("/v1/thing")

    assert (json.status, json.json, json.headers["x-own"]) == (201, {"text": "é😀"}, "yes")
    assert json.headers["content-type"] == "application/json"
    assert (text.text, text.headers["content-type"]) == ("12345", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Invalid, 400, "VALIDATION_ERROR"),
        (errors.Unauthenticated, 401, "UNAUTHENTICATED"),
        (errors.Forbidden, 403, "FORBIDDEN"),
        (errors.NotFound, 404, "NOT_FOUND"),
        (errors.Conflict, 409, "CONFLICT"),
        (errors.TooLarge, 413, "TOO_LARGE"),
        (errors.UnsupportedMedia, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (errors.NotPossible, 422, "NOT_POSSIBLE"),
        (errors.Throttled, 429, "THROTTLED"),
        (errors.Unavailable, 503, "UNAVAILABLE"),
    ],
)
def test_every_error_has_its_status_and_one_form(error: type[Chat4AllError], status: int, code: str) -> None:
    answer = gateway(error("No.", Detail("a.b[0]", "is wrong"), retry_after=7)).get("/v1/thing")

    assert answer.refused(status, code) == ["a.b[0]"]
    assert answer.headers["retry-after"] == "7"


def test_an_error_may_have_a_code_of_its_own() -> None:
    gateway(errors.GroupFull("No.")).get("/v1/thing").refused(409, "GROUP_FULL")


def test_what_nobody_foresaw_is_told_without_its_inside() -> None:
    app = gateway(ValueError("the secret inside"))._app
    event = {
        "multiValueQueryStringParameters": None,
        "headers": {},
        "pathParameters": None,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/v1/thing", "requestId": REQUEST_ID},
        "body": None,
        "stageVariables": None,
    }

    answer = app(event, Context())

    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert msgspec.json.decode(answer["body"])["trace_id"] == REQUEST_ID


def test_the_trace_is_x_rays_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    )

    answer = gateway(Answer("x")).get("/v1/thing")

    assert answer.headers["x-trace-id"] == "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize("header", [None, "", "Sampled=1", "nonsense"])
def test_without_x_ray_it_is_the_requests_id(monkeypatch: pytest.MonkeyPatch, header: str | None) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    if header is not None:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    assert gateway(Answer("x")).get("/v1/thing").headers["x-trace-id"] == REQUEST_ID
