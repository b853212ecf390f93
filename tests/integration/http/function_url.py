"""Requests as a function URL hands them to a function: events of the payload format 2.0."""

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from chalice.app import Chalice

from chat4all.entrypoints.http.function_url import on_both_fronts
from chat4all.entrypoints.http.routes import routes_of
from chat4all.entrypoints.http.webhooks import WebhookViews
from tests.integration.http.gateway import Gateway

URL_ID: Final = "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"
DOMAIN: Final = f"{URL_ID}.lambda-url.us-east-1.on.aws"
REQUEST_ID: Final = "e1506fd5-9e7b-434f-bd42-4f8fa224b599"
_TEXTS: Final = ("text/", "application/json", "application/xml", "application/javascript")
"""The types of bodies that are not encoded in base64."""


class FunctionUrl(Gateway):
    """The function URL of the webhooks function, which answers as the API is described."""

    def __init__(self, app: Chalice) -> None:
        super().__init__(app, handler=on_both_fronts(app, routes_of(WebhookViews)))

    def _event(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> dict[str, Any]:
        return event(method, path, (body or "").encode(), headers=headers, query=urlencode(query))


def event(
    method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None, query: str = ""
) -> dict[str, Any]:
    """Make an event. `path` and `query` are as they stand in the address that the client calls.

    AWS omits a body that is absent, and encodes bodies in base64 whose type is no text.
    """
    sent = {
        "host": DOMAIN,
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "x-forwarded-for": "203.0.113.10",
        **{name.lower(): text for name, text in (headers or {}).items()},
    }
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": URL_ID,
            "domainName": DOMAIN,
            "domainPrefix": URL_ID,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.10",
                "userAgent": "agent",
            },
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "time": "29/Nov/2026:06:06:12 +0000",
            "timeEpoch": 1795932372292,
        },
        "isBase64Encoded": False,
    }
    if body:
        is_text = sent.get("content-type", "").startswith(_TEXTS)
        made["isBase64Encoded"] = not is_text
        made["body"] = body.decode() if is_text else base64.b64encode(body).decode()
    return made
