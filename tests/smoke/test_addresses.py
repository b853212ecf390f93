"""The addresses in the API's answers can be followed as they are."""

import httpx

from tests.e2e.api import read
from tests.e2e.shapes import Accepted, Channels, Progress
from tests.e2e.stage import CHANNELS, Stage, message_body


def follow(stage: Stage, url: str) -> httpx.Response:
    """Request an absolute address with the API key alone."""
    return httpx.get(url, headers={"x-api-key": stage.cloud.api_key}, timeout=60.0, trust_env=False)


def test_status_url_leads_to_the_status_of_the_message(stage: Stage) -> None:
    talk = stage.talk(stage.customer("telegram"))
    accepted = read(stage.api.post_message(message_body(talk, "hello")), Accepted, 202)

    progress = read(follow(stage, accepted.status_url), Progress)

    assert progress.message_id == accepted.message_id


def test_capabilities_url_leads_to_what_the_channel_can_do(stage: Stage) -> None:
    listed = read(stage.api.call("GET", "/channels"), Channels).channels

    followed = {channel.channel: follow(stage, channel.capabilities_url) for channel in listed}

    assert set(followed) == set(CHANNELS)
    for name, answer in followed.items():
        assert (answer.status_code, answer.json()["channel"]) == (200, name)
