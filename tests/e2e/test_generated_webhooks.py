"""Generated webhooks on the local cloud: each is answered, no queue stalls, and every text is kept."""

import time
from typing import Any, Final

import pytest

from chat4all.channels.registry import names
from tests.e2e.stage import Stage
from tests.webhooks.check import faults
from tests.webhooks.drawing import Draw
from tests.webhooks.story import Webhook, story

COUNT: Final = 50


class OnTheCloud:
    def __init__(self, stage: Stage, channel: str) -> None:
        self._stage = stage
        self._channel = channel

    def send(self, body: bytes, *, is_signed: bool) -> int:
        simulator = self._stage.simulators[self._channel]
        return simulator.call_webhook(body.decode(), sign=True if is_signed else "wrong").status

    def settle(self) -> None:
        self._stage.settle()

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        answer = self._stage.api.call("GET", f"/{path}", query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def is_text(webhook: Webhook) -> bool:
    """Return whether the control API of the simulators can take the webhook."""
    try:
        return bool(webhook.body.decode())
    except UnicodeDecodeError:
        return False


@pytest.mark.parametrize("channel", names())
def test_every_webhook_is_answered_and_every_text_is_kept(stage: Stage, channel: str) -> None:
    simulator = stage.simulators[channel]
    # The cloud is shared, and may have had these webhooks before.
    draw = Draw(
        f"cloud {channel}",
        int(time.time()) % 10**6 * 1000,
        account_id=simulator.settings().account_id,
        files_at=f"{simulator.base_url}/missing",
    )
    webhooks = [webhook for webhook in story(channel, draw, COUNT) if is_text(webhook)]

    found = faults(OnTheCloud(stage, channel), webhooks, settle_every=25)

    assert not found, "\n".join(found)
