"""/v1/channels/{channel}/accounts: the accounts of the channels, and their credentials."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Final

import pytest
from aws_lambda_powertools.utilities.parameters import base

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.bootstrap.settings import ApiSettings
from chat4all.channels.registry import manifest_of
from chat4all.channels.telegram.connector import Telegram
from chat4all.domain.breaker import Breaker, Circuit, answered, refused
from chat4all.domain.sending import Outcome, SendError
from chat4all.services.messaging.connector import ChannelSecret, Proof
from tests.integration.aws import CHANNELS, Aws, secret_of
from tests.integration.http.conftest import a_key, a_phone, create_customer
from tests.integration.http.gateway import Gateway
from tests.integration.template import environment, functions

TOKEN: Final = "7000000002:never-shown"


class Provider:
    """The answers of Telegram to credentials."""

    def __init__(self) -> None:
        self.answer: Proof | SendError | None = None

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        return self.answer or Proof(secret.account_id, "acme_bot", "GREEN")


@pytest.fixture
def provider(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Answer for Telegram, and put the secret and the accounts back in the end."""
    variables = environment(functions(aws.template)["api"])
    for channel in CHANNELS:
        for suffix in ("SECRET", "BASE_URL"):
            monkeypatch.setenv(f"{channel.upper()}_{suffix}", variables[f"{channel.upper()}_{suffix}"])
    provider = Provider()
    monkeypatch.setattr(Telegram, "prove", provider.prove)
    secret_id = variables["TELEGRAM_SECRET"]
    before = aws.secrets.get_secret_value(SecretId=secret_id)["SecretString"]
    yield provider
    aws.secrets.put_secret_value(SecretId=secret_id, SecretString=before)
    table = variables["DIRECTORY_TABLE"]
    aws.dynamodb.delete_item(TableName=table, Key={"entry_id": {"S": "default#ACCOUNTS#telegram"}})
    base.clear_caches()  # type: ignore[no-untyped-call]


def a_bot() -> str:
    return str(uuid.uuid4().int % 10**10)


def path(account: str, channel: str = "telegram") -> str:
    return f"/v1/channels/{channel}/accounts/{account}"


def credentials(account: str, **changes: str) -> dict[str, object]:
    given = {"account_id": account, "access_token": TOKEN, "webhook_secret": "a-word", **changes}
    return {"credentials": given}


def stored(aws: Aws) -> dict[str, object]:
    name = environment(functions(aws.template)["api"])["TELEGRAM_SECRET"]
    found = json.loads(aws.secrets.get_secret_value(SecretId=name)["SecretString"])
    assert isinstance(found, dict)
    return found


def test_an_account_is_proved_stored_enabled_and_listed(api: Gateway, aws: Aws, provider: Provider) -> None:
    bot = a_bot()
    put = api.put(path(bot), credentials(bot, access_token=f" {TOKEN}\n"))

    assert (put.status, put.json["state"], put.json["name"]) == (200, "PROVED", "acme_bot")
    enabled = api.post(f"{path(bot)}/enable", {})
    listed = {each["channel"]: each["accounts"] for each in api.get("/v1/channels").json["channels"]}

    assert (enabled.status, enabled.json["state"]) == (200, "ENABLED")
    closed = {"state": "CLOSED", "since": None, "retry_at": None, "code": None, "reason": None}
    assert api.get(path(bot)).json == {**enabled.json, "problems": [], "circuit": closed}
    shown = {each["account"]: (each["state"], each["circuit"]["state"]) for each in listed["telegram"]}
    assert shown == {"main": ("ENABLED", "CLOSED"), bot: ("ENABLED", "CLOSED")}
    others = stored(aws)["accounts"]
    assert isinstance(others, dict)
    assert others[bot]["access_token"] == TOKEN
    assert TOKEN not in put.text + enabled.text + api.get(path(bot)).text


def test_an_account_that_the_provider_refuses_is_shown_with_the_code(
    api: Gateway, api_settings: ApiSettings, provider: Provider
) -> None:
    bot = a_bot()
    api.put(path(bot), credentials(bot))
    opened = Breaker(Circuit.OPEN, opens=1, since=1_770_000_000, retry_at=1_770_000_015, code="401")
    breakers = DynamoBreakers(api_settings.limits_table)

    assert breakers.save("telegram", bot, opened, 0)
    shown = api.get(path(bot)).json["circuit"]
    assert (shown["state"], shown["since"], shown["code"]) == ("OPEN", "2026-02-02T02:40:00.000Z", "401")

    assert breakers.save("telegram", bot, answered(1_770_000_020), 1)
    assert api.get(path(bot)).json["circuit"]["state"] == "CLOSED"


def test_a_refused_token_is_a_problem_until_another_one_is_proved(
    api: Gateway, api_settings: ApiSettings, provider: Provider
) -> None:
    bot, breakers, now = a_bot(), DynamoBreakers(api_settings.limits_table), time.time()
    api.put(path(bot), credentials(bot))
    assert breakers.save(
        "telegram", bot, refused(Breaker(), "401", "refuses the token", now + 1, credentials=True), 0
    )

    (problem,) = api.get(path(bot)).json["problems"]
    assert (problem["kind"], problem["code"]) == ("CREDENTIALS_REFUSED", "401")
    listed = {each["channel"]: each["accounts"] for each in api.get("/v1/channels").json["channels"]}
    assert [each["problems"] for each in listed["telegram"] if each["account"] == bot] == [[problem]]

    time.sleep(1.1)
    assert api.put(path(bot), credentials(bot)).status == 200
    shown = api.get(path(bot)).json
    assert (shown["problems"], shown["circuit"]["state"]) == ([], "OPEN")
    assert breakers.get("telegram", bot).breaker.retry_at < now + 10


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, ["credentials"]),
        ({"account_id": "1"}, ["credentials.access_token", "credentials.webhook_secret"]),
        (
            {"account_id": "1", "access_token": "\n", "webhook_secret": "x"},
            ["credentials.access_token"],
        ),
        (
            {"account_id": "1", "access_token": "a\r\nb", "webhook_secret": "ä", "verify_token": "x"},
            ["credentials.access_token", "credentials.webhook_secret", "credentials.verify_token"],
        ),
        (
            {"account_id": "1", "access_token": "x" * 1025, "webhook_secret": "x"},
            ["credentials.access_token"],
        ),
        ({"account_id": "2", "access_token": "x", "webhook_secret": "x"}, ["credentials.account_id"]),
    ],
)
def test_every_wrong_field_is_named(
    api: Gateway, provider: Provider, given: dict[str, str], fields: list[str]
) -> None:
    refused = api.put(path("1"), {"credentials": given}).refused(400, "VALIDATION_ERROR")

    assert refused == fields


@pytest.mark.parametrize("account", ["a%23b", "a%7Cb", "x" * 65, "%2E%2E%2Fmain"])
def test_an_account_whose_id_no_key_could_hold_is_refused(
    api: Gateway, provider: Provider, account: str
) -> None:
    api.put(path(account), credentials("1")).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [{}, {"credentials": "x"}, {"credentials": {"a": 1}}, {"grace_h": 25}, []])
def test_a_body_of_another_form_is_refused(api: Gateway, provider: Provider, body: object) -> None:
    api.put(path("1"), body).refused(400, "VALIDATION_ERROR")


def test_refused_credentials_change_nothing(api: Gateway, aws: Aws, provider: Provider) -> None:
    bot, before = a_bot(), stored(aws)
    provider.answer = SendError(Outcome.CHANNEL_PAUSED, "401", "refused")
    refused = api.put(path(bot), credentials(bot))

    refused.refused(422, "CREDENTIALS_REFUSED")
    assert "401" in refused.json["details"][0]["issue"]
    assert stored(aws) == before
    api.get(path(bot)).refused(404, "ACCOUNT_NOT_FOUND")


@pytest.mark.parametrize(
    "answer",
    [SendError(Outcome.RETRY, "NETWORK", "down"), SendError(Outcome.THROTTLED, "429", "slow", 7.2)],
)
def test_a_provider_that_does_not_judge_changes_nothing(
    api: Gateway, aws: Aws, provider: Provider, answer: SendError
) -> None:
    bot, before = a_bot(), stored(aws)
    provider.answer = answer
    put = api.put(path(bot), credentials(bot))

    put.refused(503, "UNAVAILABLE")
    assert int(put.headers["retry-after"]) == (8 if answer.retry_after_s else 5)
    assert stored(aws) == before


def test_the_token_of_another_bot_is_refused_with_its_field(api: Gateway, provider: Provider) -> None:
    bot = a_bot()
    provider.answer = Proof("999")
    refused = api.put(path(bot), credentials(bot)).refused(400, "VALIDATION_ERROR")

    assert refused == ["credentials.account_id"]


def test_one_bot_is_one_account(api: Gateway, provider: Provider) -> None:
    first = secret_of("telegram").account_id

    api.put(path(first), credentials(first)).refused(409, "ACCOUNT_DIFFERS")


def test_the_first_account_is_rotated_and_stays_the_same_bot(
    api: Gateway, aws: Aws, provider: Provider
) -> None:
    before = secret_of("telegram")
    rotated = api.put(path("main"), credentials(before.account_id, access_token="new"))

    assert (rotated.status, rotated.json["state"]) == (200, "ENABLED")
    assert (stored(aws)["access_token"], stored(aws)["former_webhook_secret"]) == (
        "new",
        before.webhook_secret,
    )
    other = a_bot()
    api.put(path("main"), credentials(other)).refused(409, "ACCOUNT_DIFFERS")
    api.delete(path("main")).refused(409, "ACCOUNT_ENABLED")


def test_only_a_disabled_account_is_removed_and_it_may_come_back(
    api: Gateway, aws: Aws, provider: Provider
) -> None:
    bot = a_bot()
    api.put(path(bot), credentials(bot))
    api.post(f"{path(bot)}/enable", {})
    api.delete(path(bot)).refused(409, "ACCOUNT_ENABLED")
    assert api.post(f"{path(bot)}/disable", {}).json["state"] == "DISABLED"
    assert api.put(path(bot), credentials(bot)).json["state"] == "DISABLED"

    assert api.delete(path(bot)).json["state"] == "REMOVED"
    others = stored(aws)["accounts"]
    assert isinstance(others, dict)
    assert others[bot] is None
    api.delete(path(bot)).refused(404, "ACCOUNT_NOT_FOUND")
    api.post(f"{path(bot)}/enable", {}).refused(404, "ACCOUNT_NOT_FOUND")
    assert api.put(path(bot), credentials(bot)).json["state"] == "PROVED"


def test_a_channel_that_is_not_there_has_no_accounts(api: Gateway, provider: Provider) -> None:
    for answer in (
        api.get(path("1", "carrier")),
        api.put(path("1", "carrier"), credentials("1")),
        api.post(f"{path('1', 'carrier')}/enable", {}),
        api.delete(path("1", "carrier")),
    ):
        answer.refused(404, "CHANNEL_NOT_FOUND")


def test_each_change_is_in_the_audit_trail_without_credentials(api: Gateway, provider: Provider) -> None:
    bot = a_bot()
    api.put(path(bot), credentials(bot))
    api.post(f"{path(bot)}/enable", {})
    api.post(f"{path(bot)}/disable", {})
    api.delete(path(bot))

    trail = api.get("/v1/audit", limit=100)
    subject = f"account:telegram:{bot}"
    actions = [entry["action"] for entry in trail.json["entries"] if entry["subject"] == subject]
    assert sorted(actions) == ["account.delete", "account.disable", "account.enable", "account.put"]
    assert TOKEN not in trail.text


def test_writing_needs_its_scope(api: Gateway, api_settings: ApiSettings, provider: Provider) -> None:
    reader = api.with_key(a_key(api_settings, "channels:read"))

    reader.put(path("1"), credentials("1")).refused(403, "MISSING_SCOPE")
    assert reader.get(path("main")).status == 200


def test_a_message_of_a_disabled_account_is_refused_until_it_is_enabled(
    api: Gateway, provider: Provider
) -> None:
    bot, chat = a_bot(), str(uuid.uuid4().int % 10**9 + 1)
    api.put(path(bot), credentials(bot))
    agent = api.post("/v1/users", {"type": "AGENT", "display_name": "Ada"}).json["user_id"]
    identity = {"channel": "telegram", "address": chat, "account": bot}
    customer = api.post("/v1/users", {"type": "CUSTOMER", "display_name": "Rami", "identities": [identity]})
    assert customer.json["identities"][0]["account"] == bot
    members = [agent, customer.json["user_id"]]
    talk = api.post("/v1/conversations", {"type": "1:1", "participants": members}).json["conversation_id"]
    body = {"conversation_id": talk, "sender_id": agent, "content": "hello"}

    refused = api.post("/v1/messages", body)
    refused.refused(422, "ACCOUNT_DISABLED")
    assert bot in refused.json["details"][0]["issue"]
    api.post(f"{path(bot)}/enable", {})
    assert api.post("/v1/messages", body).status == 202


def test_an_identity_names_an_account_of_its_channel(api: Gateway, provider: Provider) -> None:
    user = create_customer(api)
    phone = a_phone()
    identity = {"channel": "whatsapp", "address": phone, "account": "no-such-account"}
    refused = api.post(f"/v1/users/{user}/identities", identity).refused(400, "VALIDATION_ERROR")
    assert refused == ["account"]

    linked = api.post(f"/v1/users/{user}/identities", {**identity, "account": "main"})
    assert linked.status == 201
    named = f"/v1/users/{user}/identities/whatsapp/{phone}"
    api.request("DELETE", named, query={"account": "other"}).refused(404, "IDENTITY_NOT_FOUND")
    assert api.request("DELETE", named, query={"account": "main"}).status == 200


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_has_the_field_that_names_its_accounts(channel: str) -> None:
    manifest = manifest_of(channel)

    assert manifest.account_field in {field.name for field in manifest.secret}
