"""Generated webhooks over the real stores and queues: rows, keys and records hold whatever comes."""

import base64
from collections.abc import Iterator
from typing import Any, Final

import pytest

from chat4all.channels.registry import names
from tests.integration.aws import Aws
from tests.integration.http.test_webhooks import signed
from tests.integration.world import World, a_world
from tests.webhooks.check import faults
from tests.webhooks.drawing import Draw
from tests.webhooks.story import story

COUNT: Final = 75
FUNCTIONS: Final = ("inbound", "router", "status")
"""The functions of messages. The files of these people do not exist."""


class OverTheStores:
    def __init__(self, world: World, channel: str) -> None:
        self._world = world
        self._channel = channel

    def send(self, body: bytes, *, is_signed: bool) -> int:
        proof = signed(self._channel, body)
        answer = self._world.webhooks.request(
            "POST",
            f"/v1/webhooks/{self._channel}",
            base64.b64encode(body).decode(),
            headers=proof if is_signed else {name: f"{text}0" for name, text in proof.items()},
            base64=True,
        )
        return answer.status

    def settle(self) -> None:
        self._world.product.pump_some(*FUNCTIONS)

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        api = self._world.api
        gateway = self._world.webhooks.with_key(api._key) if path == "webhooks" else api
        return gateway.get(f"/v1/{path}", **query).json


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    with a_world(aws) as made:
        yield made


@pytest.mark.parametrize("channel", names())
def test_every_webhook_is_answered_and_every_text_is_kept(world: World, channel: str) -> None:
    first = (names().index(channel) + 1) * 100_000
    webhooks = list(story(channel, Draw(f"stores {channel}", first), COUNT))

    found = faults(OverTheStores(world, channel), webhooks, settle_every=25)

    assert not found, "\n".join(found)
    for name in ("inbound", "router"):
        counts = world.product.aws.sqs.get_queue_attributes(
            QueueUrl=world.product.aws.sqs.get_queue_url(QueueName=world.product.queue_of[name])["QueueUrl"],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        assert set(counts.values()) == {"0"}, name
