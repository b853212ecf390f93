"""A request through a function URL reaches the app as the same request through API Gateway does."""

import base64
from typing import Any, Final, cast

import pytest
from chalice.app import Chalice, Request

from chat4all.entrypoints.http.bodies import raw_body_of
from chat4all.entrypoints.http.function_url import on_both_fronts, raw_query
from chat4all.entrypoints.http.routes import routes_of
from chat4all.entrypoints.http.webhooks import WebhookViews
from chat4all.entrypoints.invocation import LambdaContext

CONTEXT: Final = cast("LambdaContext", None)
CALLED: Final = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/v1/webhooks/sms",
    "rawQueryString": "",
    "headers": {
        "content-length": "3",
        "x-amzn-tls-version": "TLSv1.3",
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "x-forwarded-for": "203.0.113.10",
        "x-amzn-tls-cipher-suite": "TLS_AES_128_GCM_SHA256",
        "x-amzn-trace-id": "Root=1-6898a9bd-7a3f52ef6cacd3d3157f2ef5",
        "host": "a1b2c3d4.lambda-url.us-east-1.on.aws",
        "content-type": "application/json",
        "user-agent": "TwilioProxy/1.1",
    },
    "requestContext": {
        "accountId": "anonymous",
        "apiId": "a1b2c3d4",
        "domainName": "a1b2c3d4.lambda-url.us-east-1.on.aws",
        "domainPrefix": "a1b2c3d4",
        "http": {
            "method": "POST",
            "path": "/v1/webhooks/sms",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.10",
            "userAgent": "TwilioProxy/1.1",
        },
        "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
        "routeKey": "$default",
        "stage": "$default",
        "time": "31/Jan/2026:12:00:00 +0000",
        "timeEpoch": 1769860800000,
    },
    "body": "a=1",
    "isBase64Encoded": False,
}
"""https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads"""


class App:
    """Stands for the chalice app, and keeps the request that it was given."""

    def __init__(self) -> None:
        self.event: dict[str, Any] = {}

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        self.event = event
        return {"statusCode": 200}


def came(**changes: object) -> Request:
    """Return what the app gets of the event with the changes."""
    app = App()
    handle = on_both_fronts(cast("Chalice", app), routes_of(WebhookViews))
    assert handle({**CALLED, **changes}, CONTEXT) == {"statusCode": 200}
    return Request(app.event, None)


def test_a_request_has_the_route_that_api_gateway_would_name() -> None:
    request = came()

    assert (request.method, request.path) == ("POST", "/v1/webhooks/{channel}")
    assert request.uri_params == {"channel": "sms"}
    assert request.context["path"] == "/v1/webhooks/sms"
    assert request.context["requestId"] == "e1506fd5-9e7b-434f-bd42-4f8fa224b599"
    assert request.headers["Content-Type"] == "application/json"


def test_an_encoded_path_is_kept_and_its_parameter_decoded() -> None:
    request = came(rawPath="/v1/webhooks/a%20b%2Fc")

    assert request.context["path"] == "/v1/webhooks/a%20b%2Fc"
    assert request.uri_params == {"channel": "a b/c"}


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("", None),
        ("a=1", {"a": ["1"]}),
        ("b=2&a=1&b=3", {"b": ["2", "3"], "a": ["1"]}),
        ("empty=&flag", {"empty": [""], "flag": [""]}),
        ("a%20b=1%262%3D%C3%A4&c=d+e", {"a b": ["1&2=ä"], "c": ["d e"]}),
        ("hub.mode=subscribe&hub.challenge=1", {"hub.mode": ["subscribe"], "hub.challenge": ["1"]}),
        ("%zz=%ff", {"%zz": ["�"]}),
    ],
)
def test_the_query_is_decoded_and_also_kept_as_it_was_sent(
    raw: str, decoded: dict[str, list[str]] | None
) -> None:
    request = came(rawQueryString=raw, queryStringParameters={"ignored": "since it joins repeated values"})

    assert raw_query(request) == raw
    assert (request.query_params and dict(request.query_params._dict)) == decoded


@pytest.mark.parametrize("sent", [b"a=1", b"", b"\x00\xff", "é👋".encode()])
def test_a_body_in_base64_is_decoded(sent: bytes) -> None:
    assert raw_body_of(came(body=base64.b64encode(sent).decode(), isBase64Encoded=True)) == sent


def test_a_body_of_text_is_the_text() -> None:
    assert raw_body_of(came(body='{"text": "é👋"}')) == '{"text": "é👋"}'.encode()


def test_a_body_may_be_absent() -> None:
    called = {name: value for name, value in CALLED.items() if name not in {"body", "isBase64Encoded"}}
    app = App()

    on_both_fronts(cast("Chalice", app), routes_of(WebhookViews))(called, CONTEXT)

    assert raw_body_of(Request(app.event, None)) == b""


def test_cookies_are_a_header_again() -> None:
    assert came(cookies=["a=1", "b=2"]).headers["cookie"] == "a=1; b=2"
    assert "cookie" not in came().headers


def test_a_repeated_header_has_all_its_values() -> None:
    headers = {**cast("dict[str, str]", CALLED["headers"]), "x-hub-signature-256": "sha256=1,sha256=2"}

    assert came(headers=headers).headers["x-hub-signature-256"] == "sha256=1,sha256=2"


def test_the_host_is_the_function_urls_own() -> None:
    headers = {"host": "elsewhere.example"}

    assert came(headers=headers).headers["host"] == "a1b2c3d4.lambda-url.us-east-1.on.aws"


@pytest.mark.parametrize("version", [{}, {"version": "1.0"}])
def test_an_event_of_api_gateway_is_passed_on_unchanged(version: dict[str, str]) -> None:
    app, event = App(), {**version, "resource": "/v1/webhooks/replay", "httpMethod": "POST"}

    on_both_fronts(cast("Chalice", app), routes_of(WebhookViews))(event, CONTEXT)

    assert app.event is event
