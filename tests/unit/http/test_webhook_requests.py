"""A webhook is verified as the provider sent it, although API Gateway passes its query decoded."""

from typing import cast

import pytest
from chalice.app import Request

from chat4all.entrypoints.http.audit_trail import AuditTrail
from chat4all.entrypoints.http.webhooks import WebhookViews
from chat4all.services.inbound.read_outcomes import ReadOutcomes
from chat4all.services.inbound.read_webhook import ReadWebhook
from chat4all.services.inbound.receive_webhook import Received, ReceiveWebhook
from chat4all.services.inbound.replay_webhooks import ReplayWebhooks
from chat4all.services.messaging.connector import WebhookRequest


class Receiving:
    """A stand-in for the use case, which keeps the request."""

    def __init__(self) -> None:
        self.request: WebhookRequest | None = None

    def __call__(self, channel: str, request: WebhookRequest) -> Received:
        self.request = request
        return Received(0, None)


def came(query: dict[str, list[str]] | None) -> WebhookRequest:
    """Return the request that the use case gets for a webhook with this query."""
    receiving = Receiving()
    views = WebhookViews(
        cast("ReceiveWebhook", receiving),
        cast("ReplayWebhooks", None),
        cast("ReadOutcomes", None),
        read_one=cast("ReadWebhook", None),
        channels=("sms",),
        audit=cast("AuditTrail", None),
    )
    event = {
        "multiValueQueryStringParameters": query,
        "headers": {"Host": "chat.example", "X-Twilio-Signature": "s"},
        "pathParameters": {"channel": "sms"},
        "requestContext": {
            "httpMethod": "POST",
            "resourcePath": "/v1/webhooks/{channel}",
            "path": "/v1/webhooks/sms",
        },
        "body": "a=1",
        "stageVariables": None,
    }
    views.post(Request(event, None), "sms", b"a=1")
    assert receiving.request is not None
    return receiving.request


@pytest.mark.parametrize(
    ("query", "url"),
    [
        (None, "https://chat.example/v1/webhooks/sms"),
        ({"b": ["2"], "a": ["1"]}, "https://chat.example/v1/webhooks/sms?b=2&a=1"),
        ({"a": ["1", "2"], "c": [""]}, "https://chat.example/v1/webhooks/sms?a=1&a=2&c="),
        ({"a b": ["1&2=ä"]}, "https://chat.example/v1/webhooks/sms?a+b=1%262%3D%C3%A4"),
    ],
)
def test_the_address_has_its_query_again(query: dict[str, list[str]] | None, url: str) -> None:
    assert came(query) == WebhookRequest(url, {"host": "chat.example", "x-twilio-signature": "s"}, b"a=1")
