"""Webhooks arrive through a function URL: the same bytes, signatures and messages as through API Gateway."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from chat4all_local.cloud.provision import webhook_urls_of
from chat4all_local.cloud.settings import ALIAS
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.sms.webhooks import twilio_signature
from tests.channels.sms import webhook as sms
from tests.e2e.stage import CHANNELS, Stage
from tests.e2e.waiting import eventually

ADDRESS_IS_SIGNED: Final = ("sms",)
"""Their signatures are over the address that the secret names, which is API Gateway's on this cloud."""


@pytest.fixture
def function_url(stage: Stage) -> Iterator[str]:
    """Give `webhooks` the function URL that WebhookFront=FunctionUrl makes, and yield its local address."""
    functions, name = stage.cloud.aws.functions(), f"{stage.cloud.stack}-webhooks"
    made = functions.create_function_url_config(
        FunctionName=name, Qualifier=ALIAS, AuthType="NONE", InvokeMode="BUFFERED"
    )
    url_id, _, _ = urlsplit(made["FunctionUrl"]).netloc.partition(".")
    yield f"{stage.cloud.aws.endpoint}/_aws/lambda-url/{url_id}"
    functions.delete_function_url_config(FunctionName=name, Qualifier=ALIAS)


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if channel not in ADDRESS_IS_SIGNED])
def test_what_a_customer_writes_stands_in_the_conversation(
    stage: Stage, function_url: str, channel: str
) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    stage.simulators[channel].configure(webhook_url=f"{function_url}/v1/webhooks/{channel}")

    written = stage.simulators[channel].write(customer.address, "olá 👋🏽 שלום")

    [message] = eventually(lambda: stage.history(talk))
    assert written.webhook_statuses == [200]
    assert message.content.text == "olá 👋🏽 שלום"


def test_a_form_with_a_signed_query_stands_in_the_conversation(stage: Stage, function_url: str) -> None:
    customer = stage.customer("sms")
    talk = stage.talk(customer)
    fields = sms(AccountSid=BY_CHANNEL["sms"].account_id, From=customer.address, Body="olá & 👋🏽")
    body, query = urlencode(fields).encode(), "tenant=a%7Cb"
    address = f"{webhook_urls_of(stage.cloud)['sms']}?{query}"
    proof = twilio_signature(address, body, BY_CHANNEL["sms"].webhook_secret)

    def posted(query: str) -> httpx.Response:
        return httpx.post(
            f"{function_url}/v1/webhooks/sms?{query}",
            content=body,
            headers={"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": proof},
            trust_env=False,
        )

    assert posted("tenant=a%7Cc").status_code == 401
    assert posted(query).status_code == 200
    [message] = eventually(lambda: stage.history(talk))
    assert message.content.text == "olá & 👋🏽"


def test_a_subscription_is_confirmed(stage: Stage, function_url: str) -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": BY_CHANNEL["whatsapp"].verify_token,
    }

    answer = httpx.get(f"{function_url}/v1/webhooks/whatsapp", params=query, trust_env=False)

    assert (answer.status_code, answer.text) == (200, "1158201444")


@pytest.mark.parametrize("path", ["/v1/webhooks/replay", "/v1/health", "/"])
def test_no_other_route_is_behind_the_function_url(stage: Stage, function_url: str, path: str) -> None:
    key = {"x-api-key": stage.cloud.api_key}

    assert httpx.post(f"{function_url}{path}", headers=key, trust_env=False).status_code == 404
