"""The webhooks function behind a function URL serves what providers call, and nothing else."""

import hashlib
from urllib.parse import urlencode

import pytest
from chalice.app import Chalice

from chat4all.entrypoints.http.function_url import on_both_fronts
from chat4all.entrypoints.http.routes import routes_of
from chat4all.entrypoints.http.webhooks import WebhookViews
from chat4all_local.simulators.sms.webhooks import twilio_signature
from tests.channels import sample
from tests.channels.sms import webhook as sms
from tests.integration.aws import Aws, secret_of
from tests.integration.http.function_url import REQUEST_ID, event
from tests.integration.http.gateway import Answer, Context, Gateway, Handler
from tests.integration.http.test_webhooks import signed, stored

FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}


@pytest.fixture(scope="module")
def called(webhooks_app: Chalice) -> Handler:
    return on_both_fronts(webhooks_app, routes_of(WebhookViews))


def test_a_form_in_base64_is_verified_and_stored_as_it_came(called: Handler, aws: Aws) -> None:
    body = sample("sms").text_webhook("Olá & 👋")
    sent = event("POST", "/v1/webhooks/sms", body, headers={**FORM, **signed("sms", body)})

    answer = Answer(called(sent, Context()))

    assert sent["isBase64Encoded"]
    assert answer.status == 200
    assert stored(aws, "sms", body) == body


@pytest.mark.parametrize(
    "query",
    ["delivery_id=1%7C2", "delivery_id=1%7c2&tenant=a+b", "a=2&a=1&empty=&flag", "a=~&b=%7E&c=(d)", "a=%"],
)
def test_twilios_signature_holds_over_the_query_as_it_was_sent(called: Handler, aws: Aws, query: str) -> None:
    body = urlencode(sms(Body=hashlib.sha256(query.encode()).hexdigest())).encode()
    secret = secret_of("sms")
    proof = twilio_signature(f"{secret.webhook_url}?{query}", body, secret.webhook_secret)
    sent = event("POST", "/v1/webhooks/sms", body, headers={**FORM, "X-Twilio-Signature": proof}, query=query)

    assert Answer(called(sent, Context())).status == 200
    Answer(called({**sent, "rawQueryString": f"{query}&b=3"}, Context())).refused(401, "INVALID_SIGNATURE")


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_metas_challenge_is_read_from_the_query(called: Handler, channel: str) -> None:
    token = secret_of(channel).verify_token
    query = f"hub.mode=subscribe&hub.challenge=1&hub.challenge=a%2Bb&hub.verify_token={token}"

    answer = Answer(called(event("GET", f"/v1/webhooks/{channel}", query=query), Context()))

    assert (answer.status, answer.text) == (200, "a+b")


def test_the_path_may_be_encoded(called: Handler, aws: Aws) -> None:
    body = sample("telegram").text_webhook("hello")

    answer = Answer(
        called(event("POST", "/v1/webhooks/tele%67ram", body, headers=signed("telegram", body)), Context())
    )

    assert answer.status == 200
    assert stored(aws, "telegram", body) == body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/v1/webhooks"),
        ("POST", "/v1/webhooks/"),
        ("POST", "/v1/webhooks/telegram/"),
        ("POST", "//v1/webhooks/telegram"),
        ("POST", "/api/v1/webhooks/telegram"),
        ("PUT", "/v1/webhooks/telegram"),
        ("HEAD", "/v1/webhooks/telegram"),
        ("GET", "/v1/health"),
        ("GET", "/v1/{channel}/telegram"),
    ],
)
def test_whatever_no_provider_calls_is_not_found(called: Handler, method: str, path: str) -> None:
    answer = Answer(called(event(method, path), Context()))

    answer.refused(404, "NOT_FOUND")
    assert answer.headers["x-trace-id"] == REQUEST_ID


def test_the_replay_stays_behind_api_gateway(called: Handler, key: str) -> None:
    sent = event("POST", "/v1/webhooks/replay", b"{}", headers={"X-API-Key": key})

    Answer(called(sent, Context())).refused(404, "CHANNEL_NOT_FOUND")


def test_the_events_of_api_gateway_reach_every_route(called: Handler, webhooks_app: Chalice) -> None:
    gateway = Gateway(webhooks_app, handler=called)

    gateway.post("/v1/webhooks/replay", {}).refused(401, "UNAUTHENTICATED")
