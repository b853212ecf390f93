"""/v1/channels and /v1/health."""

import pytest

from chat4all.bootstrap import api as api_function
from chat4all.bootstrap.settings import ApiSettings
from tests.integration.http.gateway import Gateway


def test_every_channel_tells_what_it_can_do(api: Gateway) -> None:
    channels = api.get("/v1/channels").json["channels"]

    assert [one["channel"] for one in channels] == ["whatsapp", "telegram", "instagram"]
    for one in channels:
        can = api.get(one["capabilities_url"].removeprefix("/api")).json
        assert can["channel"] == one["channel"]
        assert can["text_length"] > 0
        assert can["text_unit"] in {"characters", "bytes"}
    api.get("/v1/channels/carrier/capabilities").refused(404, "CHANNEL_NOT_FOUND")


def test_health_needs_no_key(api: Gateway) -> None:
    answer = api.with_key(None).get("/v1/health")

    assert (answer.status, answer.json) == (
        200,
        {"status": "UP", "components": {"database": "UP", "queue": "UP"}},
    )


@pytest.mark.parametrize(
    ("broken", "component"),
    [({"chat_events_queue": "https://sqs.us-east-1.amazonaws.com/123456789012/gone.fifo"}, "queue")],
)
def test_health_names_what_is_down(api_settings: ApiSettings, broken: dict[str, str], component: str) -> None:
    variables = {name: getattr(api_settings, name) for name in api_settings.__struct_fields__}
    api = Gateway(api_function.app(ApiSettings(**{**variables, **broken})))

    answer = api.get("/v1/health")

    assert (answer.status, answer.json["status"]) == (503, "DOWN")
    assert answer.json["components"][component] == "DOWN"
