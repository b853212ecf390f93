"""G8: the API requires a key with the right scope, and a webhook requires the provider's proof."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from chat4all.services.access.authenticate import SCOPES, new_key
from chat4all_local.api_keys import create_key, write
from chat4all_local.cloud.checkout import ROOT
from chat4all_local.simulators.control_api import JsonObject, Signature
from tests.channels import sample
from tests.e2e.api import Api, refusal
from tests.e2e.stage import CHANNELS, Stage

EVENT = re.compile(r'Method: (\w+), Path: "(/[^"]+)"')
OPEN = {
    ("GET", "/v1/health"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/v1/links/{token}"),
    ("GET", "/v1/webhooks/{channel}"),
    ("POST", "/v1/webhooks/{channel}"),
    ("GET", "/v1/webhooks/{channel}/{account}"),
    ("POST", "/v1/webhooks/{channel}/{account}"),
}
READS_BY_POST = {"/v1/audit/fingerprint"}
"""An address belongs into no path."""
FOR_BOTH = {"privacy", "identities:verify"}
"""Scopes that no key has by the way, because it may read or change something else."""
CHANGES_BY_GET = {"/v1/files/{file_id}/parts"}
"""Operations that read with GET but hand out addresses for changing an upload."""
TEMPLATE = (ROOT / "template.yaml").read_text()
ALL_ENDPOINTS = EVENT.findall(TEMPLATE)
ENDPOINTS = [endpoint for endpoint in ALL_ENDPOINTS if endpoint not in OPEN]
NEVER_GIVEN_OUT = "c4a_00000000_" + "A" * 43
BAD_KEYS = ["-", "secret", "c4a_", NEVER_GIVEN_OUT, "c4a_' OR 1=1", "c4a_*", "c4a_" + "x" * 6_000]
BAD_SIGNATURES: list[Signature] = [False, "wrong", "upper"]


@pytest.fixture(scope="module")
def apis_lacking(running_stage: Stage) -> Iterator[dict[str, Api]]:
    """Make a client for each scope whose key has every other scope."""
    cloud = running_stage.cloud
    table = cloud.aws.dynamodb()
    with ExitStack() as stack:
        apis = {}
        for lacking in SCOPES:
            scopes = [scope for scope in SCOPES if scope != lacking]
            apis[lacking] = Api(cloud.api_url, create_key(table, cloud.api_keys_table, "e2e", scopes))
            stack.callback(apis[lacking].close)
        yield apis


@pytest.fixture(scope="module")
def keyless(running_stage: Stage) -> Iterator[Api]:
    api = Api(running_stage.cloud.api_url, None)
    yield api
    api.close()


def some_path(template_path: str) -> str:
    return re.sub(r"\{\w+\}", "something", template_path).removeprefix("/v1")


def test_every_endpoint_is_among_those_tried() -> None:
    assert len(ALL_ENDPOINTS) == TEMPLATE.count("Type: Api\n") == len(ENDPOINTS) + len(OPEN)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_an_endpoint_without_a_valid_key_is_401(keyless: Api, method: str, path: str) -> None:
    presented = [{}, {"x-api-key": NEVER_GIVEN_OUT}, {"authorization": f"Bearer {NEVER_GIVEN_OUT}"}]

    answers = [keyless.call(method, some_path(path), headers=headers) for headers in presented]

    assert [answer.status_code for answer in answers] == [401] * len(presented)
    assert {refusal(answer).error for answer in answers} == {"UNAUTHENTICATED"}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_an_endpoint_needs_one_scope(apis_lacking: dict[str, Api], method: str, path: str) -> None:
    answers = {scope: api.call(method, some_path(path)) for scope, api in apis_lacking.items()}

    refused = [scope for scope, answer in answers.items() if answer.status_code in {401, 403}]
    [scope] = refused
    assert answers[scope].status_code == 403
    assert refusal(answers[scope]).error == "MISSING_SCOPE"
    reads = path in READS_BY_POST or (method == "GET" and path not in CHANGES_BY_GET)
    assert scope in FOR_BOTH or scope.endswith("read" if reads else "write")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_what_is_no_key_is_401(keyless: Api, key: str) -> None:
    answers = [
        keyless.call("GET", "/users", headers={"x-api-key": key}),
        keyless.call("GET", "/users", headers={"authorization": f"Bearer {key}"}),
        keyless.call("GET", "/users", headers={"authorization": f"Basic {key}"}),
    ]

    assert [answer.status_code for answer in answers] == [401] * 3


def test_a_disabled_key_is_401(stage: Stage, keyless: Api) -> None:
    key, record = new_key("e2e", frozenset(SCOPES), "2026-01-01T00:00:00.000Z")
    disabled = type(record)(
        record.key_id, record.key_hash, "e2e", record.scopes, record.created_at, disabled=True
    )
    write(stage.cloud.aws.dynamodb(), stage.cloud.api_keys_table, disabled)

    assert keyless.call("GET", "/users", headers={"x-api-key": key}).status_code == 401


def test_a_key_is_kept_as_its_hash_only(stage: Stage) -> None:
    table = stage.cloud.aws.dynamodb()
    kept = str(table.scan(TableName=stage.cloud.api_keys_table)["Items"])

    assert "key_hash" in kept
    assert stage.cloud.api_key not in kept
    assert stage.cloud.api_key.split("_", 2)[2] not in kept


def test_a_key_works_as_a_bearer_token_too(stage: Stage, keyless: Api) -> None:
    headers = {"authorization": f"Bearer {stage.cloud.api_key}"}

    assert keyless.call("GET", "/channels", headers=headers).status_code == 200


def test_a_link_that_was_never_given_out_leads_nowhere(keyless: Api) -> None:
    answer = keyless.call("GET", f"/links/{'A' * 43}")

    assert (answer.status_code, refusal(answer).error) == (404, "LINK_NOT_FOUND")


def test_health_needs_no_key_and_tells_no_secret(keyless: Api) -> None:
    answer = keyless.call("GET", "/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "UP"
    assert set(answer.json()["components"].values()) == {"UP"}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("signature", BAD_SIGNATURES)
def test_a_webhook_without_the_right_proof_is_401_and_leaves_nothing(
    stage: Stage, channel: str, signature: Signature
) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    stored_before = stored_webhooks(stage)

    answer = stage.simulators[channel].call_webhook(
        {"update_id": 1, "object": "page", "entry": []}, sign=signature
    )

    assert answer.status == 401, answer.body
    assert stored_webhooks(stage) == stored_before
    assert stage.history(talk) == []


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if sample(channel).SIGNS])
def test_a_body_changed_by_one_byte_is_401(stage: Stage, channel: str) -> None:
    """The added space changes no meaning, so that only a signature over the webhook can detect it."""
    body: JsonObject = {"object": "page", "entry": ""}

    tampered = stage.simulators[channel].call_webhook(body, tamper=True)
    untouched = stage.simulators[channel].call_webhook(body)

    assert (tampered.status, untouched.status) == (401, 200)


def test_a_signature_of_another_channel_is_401(stage: Stage) -> None:
    body = '{"object": "instagram", "entry": []}'
    whatsapp, instagram = stage.simulators["whatsapp"], stage.simulators["instagram"]
    instagram.configure(webhook_url=whatsapp.settings().webhook_url)

    answer = instagram.call_webhook(body)

    assert answer.status == 401


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_a_subscription_is_confirmed_with_its_challenge(stage: Stage, channel: str) -> None:
    assert stage.simulators[channel].verify().verified


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "query",
    [
        {"hub.mode": "subscribe", "hub.challenge": "the-challenge", "hub.verify_token": "guessed"},
        {"hub.mode": "subscribe", "hub.challenge": "the-challenge", "hub.verify_token": ""},
        {"hub.mode": "subscribe", "hub.challenge": "the-challenge"},
        {},
    ],
)
def test_a_subscription_with_another_token_is_refused(
    keyless: Api, channel: str, query: dict[str, str]
) -> None:
    answer = keyless.call("GET", f"/webhooks/{channel}", query=query)

    assert answer.status_code == 403
    assert "the-challenge" not in answer.text


def test_a_webhook_of_an_unknown_channel_is_404(keyless: Api) -> None:
    assert keyless.call("POST", "/webhooks/smoke-signals", {}).status_code == 404


def stored_webhooks(stage: Stage) -> int:
    table = f"{stage.cloud.stack}-webhooks"
    stage.settle()
    pages = stage.cloud.aws.dynamodb().get_paginator("scan").paginate(TableName=table, Select="COUNT")
    return sum(page["Count"] for page in pages)
