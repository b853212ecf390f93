"""Requests as API Gateway passes them to a function, and answers as it accepts them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec
from chalice.app import Chalice

from tests.integration.http.description import COMMITTED, Description

API_ID: Final = "a1b2c3"
REQUEST_ID: Final = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


Handler = Callable[[dict[str, Any], Any], Any]


class Context:
    """Lambda's context, with the members that the functions use."""

    aws_request_id = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
    function_name = "chat4all-api"

    def __init__(self, timeout_s: int = 30) -> None:
        self._timeout_s = timeout_s

    def get_remaining_time_in_millis(self) -> int:
        return self._timeout_s * 1000


class Answer:
    """The answer that the client gets. Every answer must be well-formed, and none is a 500."""

    def __init__(self, proxied: Mapping[str, Any]) -> None:
        self.status: int = proxied["statusCode"]
        self.headers = {name.lower(): value for name, value in proxied["headers"].items()}
        self.text: str = proxied["body"]
        assert self.headers["x-trace-id"], "every answer carries its trace id"
        assert self.status != 500, self.text

    @property
    def json(self) -> Any:  # noqa: ANN401 - what a test expects of it, it asserts
        return msgspec.json.decode(self.text)

    def refused(self, status: int, code: str) -> list[str]:
        """Check the error's status, code and shape; return the fields that it names."""
        assert (self.status, self.json["error"]) == (status, code), self.text
        assert set(self.json) == {"error", "message", "details", "trace_id"}
        assert self.json["message"]
        assert self.json["trace_id"] == self.headers["x-trace-id"]
        assert all(set(detail) == {"field", "issue"} for detail in self.json["details"])
        return [detail["field"] for detail in self.json["details"]]


class Gateway:
    """API Gateway in front of a chalice app, of which it knows only the routes.

    Every answer is compared with `description`, which is None if the app is not the API.
    """

    def __init__(
        self,
        app: Chalice,
        key: str | None = None,
        handler: Handler | None = None,
        *,
        description: Description | None = COMMITTED,
    ) -> None:
        """Set the app, and the `handler` to invoke if it is not the app itself."""
        self._app = app
        self._key = key
        self._handler: Handler = handler or app
        self._description = description

    def with_key(self, key: str | None) -> "Gateway":
        return Gateway(self._app, key, self._handler, description=self._description)

    def get(self, path: str, **query: object) -> Answer:
        return self.request("GET", path, query={name: str(value) for name, value in query.items()})

    def post(self, path: str, body: object) -> Answer:
        return self.request("POST", path, msgspec.json.encode(body).decode())

    def put(self, path: str, body: object) -> Answer:
        return self.request("PUT", path, msgspec.json.encode(body).decode())

    def patch(self, path: str, body: object) -> Answer:
        return self.request("PATCH", path, msgspec.json.encode(body).decode())

    def delete(self, path: str) -> Answer:
        return self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        body: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        base64: bool = False,
    ) -> Answer:
        sent = {"content-type": "application/json", **(headers or {})}
        if self._key is not None:
            sent.setdefault("x-api-key", self._key)
        event = self._event(method, path, body, sent, query or {})
        event["isBase64Encoded"] = event["isBase64Encoded"] or base64
        answer = Answer(self._handler(event, Context()))
        if self._description is not None:
            resource, _ = self._route(path)
            self._description.check(method, resource, answer.status, answer.headers, answer.text)
        return answer

    def _event(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> dict[str, Any]:
        resource, parameters = self._route(path)
        return {
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": dict(headers),
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": dict(query) or None,
            "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
            "pathParameters": parameters or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": f"/api{path}",
                "stage": "api",
                "apiId": API_ID,
                "requestId": REQUEST_ID,
                "identity": {"sourceIp": "127.0.0.1"},
            },
            "body": body,
            "isBase64Encoded": False,
        }

    def _route(self, path: str) -> tuple[str, dict[str, str]]:
        """Find the route that matches the path. Like API Gateway, it prefers fixed names to parameters."""
        for route in sorted(self._app.routes, key=lambda template: template.count("{")):
            pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", route)
            match = re.fullmatch(pattern, path)
            if match:
                return route, {name: unquote(text) for name, text in match.groupdict().items()}
        raise AssertionError(f"API Gateway knows no {path}")


def in_path(text: str) -> str:
    return quote(text, safe="")
