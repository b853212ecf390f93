"""/v1/channels and /v1/health."""

import pytest

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.bootstrap import api as api_function
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.channel import LengthUnit
from tests.integration.aws import CHANNELS
from tests.integration.http.conftest import PUBLIC_URL
from tests.integration.http.gateway import Gateway


def test_every_channel_tells_what_it_can_do(api: Gateway) -> None:
    channels = api.get("/v1/channels").json["channels"]

    assert [channel["channel"] for channel in channels] == list(CHANNELS)
    for channel in channels:
        can = api.get(channel["capabilities_url"].removeprefix(PUBLIC_URL)).json
        assert can["channel"] == channel["channel"]
        assert can["text_length"] > 0
        assert can["text_unit"] in set(LengthUnit)
    api.get("/v1/channels/carrier/capabilities").refused(404, "CHANNEL_NOT_FOUND")


def test_an_open_channel_is_shown_with_its_reason(api: Gateway, api_settings: ApiSettings) -> None:
    breakers = DynamoBreakers(api_settings.limits_table)
    paused = Breaker(
        Circuit.OPEN, since=1_770_000_000, retry_at=1_770_000_015, code="190", reason="The token has expired."
    )
    before = breakers.get("telegram", "main")
    assert breakers.save("telegram", "main", paused, before.version)

    shown = {channel["channel"]: channel["accounts"] for channel in api.get("/v1/channels").json["channels"]}
    health = api.get("/v1/health")

    breakers.save("telegram", "main", Breaker(), before.version + 1)
    (account,) = shown["telegram"]
    assert account["account"] == "main"
    assert account["state"] == "ENABLED"
    assert account["circuit"] == {
        "state": "OPEN",
        "since": "2026-02-02T02:40:00.000Z",
        "retry_at": "2026-02-02T02:40:15.000Z",
        "code": "190",
        "reason": "The token has expired.",
    }
    assert [account["circuit"]["state"] for account in shown["whatsapp"]] == ["CLOSED"]
    assert (health.status, health.json["channels"]["telegram"]) == (200, "OPEN")


def test_health_needs_no_key(api: Gateway) -> None:
    answer = api.with_key(None).get("/v1/health")

    assert (answer.status, answer.json) == (
        200,
        {
            "status": "UP",
            "components": {"database": "UP", "queue": "UP"},
            "channels": dict.fromkeys(CHANNELS, "CLOSED"),
        },
    )


@pytest.mark.parametrize(
    ("broken", "component"),
    [({"chat_events_queue": "https://sqs.us-east-1.amazonaws.com/123456789012/gone.fifo"}, "queue")],
)
def test_health_names_what_is_down(api_settings: ApiSettings, broken: dict[str, str], component: str) -> None:
    variables = {name: getattr(api_settings, name) for name in api_settings.__struct_fields__}
    api = Gateway(api_function.app(ApiSettings(**{**variables, **broken})).whole())

    answer = api.get("/v1/health")

    assert (answer.status, answer.json["status"]) == (503, "DOWN")
    assert answer.json["components"][component] == "DOWN"
