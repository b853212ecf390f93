"""The two HTTP functions with their real wiring, over moto."""

import uuid
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest
from chalice.app import Chalice

from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import api as api_function
from chat4all.bootstrap import webhooks as webhooks_function
from chat4all.bootstrap.settings import ApiSettings, WebhookSettings
from chat4all.channels.registry import dependent_accounts
from chat4all.services.access.authenticate import SCOPES, new_key
from tests.fakes.counted import Counted
from tests.fakes.people import NOW
from tests.fakes.windows import just_now
from tests.integration.aws import CHANNELS, Aws
from tests.integration.http.function_url import FunctionUrl
from tests.integration.http.gateway import API_ID, Gateway
from tests.integration.template import REGION, environment, functions

PUBLIC_URL: Final = f"https://{API_ID}.execute-api.{REGION}.amazonaws.com/api"
"""The API's address at API Gateway, before `/v1`."""


@pytest.fixture(scope="package")
def api_settings(aws: Aws) -> ApiSettings:
    return msgspec.convert(environment(functions(aws.template)["api"]), ApiSettings, strict=False)


@pytest.fixture(scope="package")
def key(api_settings: ApiSettings) -> str:
    """Make an API key with every scope."""
    return a_key(api_settings, *SCOPES)


@pytest.fixture(scope="package")
def api(aws: Aws, api_settings: ApiSettings, key: str) -> Gateway:
    variables = {name: str(text) for name, text in environment(functions(aws.template)["api"]).items()}
    return Gateway(api_function.app(api_settings, variables).whole(), key)


@pytest.fixture(scope="package")
def counted() -> Counted:
    """The metrics of the function `webhooks`."""
    return Counted()


@pytest.fixture(scope="package")
def webhooks_app(aws: Aws, counted: Counted) -> Chalice:
    variables = environment(functions(aws.template)["webhooks"])
    names = {channel: variables[f"{channel.upper()}_SECRET"] for channel in CHANNELS}
    secrets = ManagedSecrets(names.__getitem__, dependent_accounts())
    return webhooks_function.app(msgspec.convert(variables, WebhookSettings), secrets, counted)


@pytest.fixture(scope="package")
def webhooks(webhooks_app: Chalice) -> Gateway:
    return Gateway(webhooks_app)


@pytest.fixture(scope="package", params=[Gateway, FunctionUrl], ids=["API Gateway", "function URL"])
def front(request: pytest.FixtureRequest, webhooks_app: Chalice) -> Gateway:
    """What the providers call."""
    made = request.param(webhooks_app)
    assert isinstance(made, Gateway)
    return made


@dataclass(frozen=True)
class Cast:
    """An agent, a customer on WhatsApp, and their conversation."""

    agent: str
    customer: str
    conversation: str
    phone: str


@pytest.fixture
def cast(api: Gateway) -> Cast:
    phone = a_phone()
    agent = api.post("/v1/users", {"type": "AGENT", "display_name": "Support"}).json["user_id"]
    customer = create_customer(api, "whatsapp", phone)
    conversation = api.post("/v1/conversations", {"type": "1:1", "participants": [agent, customer]})
    assert conversation.status == 201
    return Cast(agent, customer, conversation.json["conversation_id"], phone)


def create_customer(api: Gateway, channel: str | None = None, address: str = "") -> str:
    """Create a customer who has just written from the address, if they have one."""
    identity = {"channel": channel, "address": address, "wrote_at": just_now()}
    identities = [identity] if channel else []
    body = {"type": "CUSTOMER", "display_name": "Ana", "identities": identities}
    answer = api.post("/v1/users", body)
    assert answer.status == 201, answer.text
    return str(answer.json["user_id"])


def a_key(settings: ApiSettings, *scopes: str, disabled: bool = False) -> str:
    key, stored = new_key("test", frozenset(scopes), NOW)
    DynamoApiKeys(settings.api_keys_table).put(msgspec.structs.replace(stored, disabled=disabled))
    return key


def a_phone() -> str:
    """Make a phone number that no other test has. It is not Brazilian, since that would get a ninth digit."""
    return f"4915{uuid.uuid4().int % 10**9:09d}"
