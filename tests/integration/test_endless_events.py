"""Webhooks with fields that are too long are accepted, and the person's next message arrives."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import pytest

from chat4all.entrypoints.queues.statuses import UNKNOWN_TRIES
from tests.channels.instagram import webhook as instagram
from tests.channels.sms import webhook as sms
from tests.channels.telegram import webhook as telegram
from tests.channels.whatsapp import webhook as whatsapp
from tests.integration.aws import Aws
from tests.integration.world import World, a_world

LONG: Final = "w" * 3_000
ENDLESS: Final = "w" * 420_000
HUGE: Final = 10**3_000


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    with a_world(aws) as running:
        yield running


def value(webhook: dict[str, Any]) -> dict[str, Any]:
    """Return the value that a webhook of WhatsApp holds, so that a test can change it."""
    held: dict[str, Any] = webhook["entry"][0]["changes"][0]["value"]
    return held


def whatsapp_named(**profile: str) -> dict[str, Any]:
    webhook = whatsapp()
    value(webhook)["messages"][0]["from"] = "4915100000017"
    value(webhook)["contacts"] = [{"wa_id": "4915100000017", "profile": profile}]
    return webhook


def whatsapp_status(**status: str) -> dict[str, Any]:
    webhook = whatsapp()
    del value(webhook)["messages"]
    value(webhook)["statuses"] = [{"id": "wamid.1", "status": "delivered", **status}]
    return webhook


def instagram_event(**event: object) -> dict[str, Any]:
    webhook = instagram()
    del webhook["entry"][0]["messaging"][0]["message"]
    webhook["entry"][0]["messaging"][0] |= event
    return webhook


MESSAGES: Final[list[tuple[str, dict[str, Any]]]] = [
    ("whatsapp", whatsapp(id=LONG)),
    ("whatsapp", whatsapp(context={"id": LONG})),
    ("whatsapp", whatsapp(text={"body": ENDLESS})),
    ("whatsapp", whatsapp(type="image", image={"id": ENDLESS, "caption": "look"})),
    ("whatsapp", whatsapp(type="document", document={"id": "1", "filename": ENDLESS, "mime_type": ENDLESS})),
    ("whatsapp", whatsapp_named(name=" ", username=ENDLESS)),
    ("telegram", telegram(message_id=HUGE)),
    ("telegram", telegram(reply_to_message={"message_id": HUGE})),
    ("telegram", {"update_id": HUGE, "callback_query": {"from": {"id": 99, "first_name": "Ana"}}}),
    ("telegram", telegram(document={"file_id": "1", "file_size": HUGE})),
    ("instagram", instagram(reply_to={"mid": LONG})),
    ("instagram", instagram_event(postback={"mid": LONG, "title": "Yes"})),
    ("sms", sms(Body=ENDLESS)),
    ("sms", sms(MediaUrl0=ENDLESS, NumMedia="1")),
]
STATUSES: Final[list[tuple[str, dict[str, Any]]]] = [
    ("whatsapp", whatsapp_status(id=LONG)),
    ("whatsapp", whatsapp_status(biz_opaque_callback_data=f"{LONG}|a|whatsapp|0")),
    ("instagram", instagram_event(read={"mid": LONG})),
    ("instagram", instagram_event(delivery={"mids": [LONG, "m"]})),
]


def encoded(channel: str, webhook: dict[str, Any]) -> bytes:
    return urlencode(webhook).encode() if channel == "sms" else msgspec.json.encode(webhook)


def stuck(world: World, aws: Aws) -> list[str]:
    """Pass all records of the inbound queue to its function; return the bodies that it hands back."""
    bodies = aws.drained(aws.queue("InboundQueue"))
    assert bodies
    return world.product.hand("inbound", *bodies)


@pytest.mark.parametrize(
    ("channel", "webhook"), MESSAGES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_message_that_says_too_much_holds_nothing_up(
    world: World, aws: Aws, channel: str, webhook: dict[str, Any]
) -> None:
    assert world.hear(channel, encoded(channel, webhook)).status == 200

    assert stuck(world, aws) == []


@pytest.mark.parametrize(
    ("channel", "webhook"), STATUSES, ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_status_that_says_too_much_is_parked(
    world: World, aws: Aws, channel: str, webhook: dict[str, Any]
) -> None:
    aws.drained(aws.queue("StatusUpdatesQueue"))
    assert world.hear(channel, encoded(channel, webhook)).status == 200
    assert aws.drained(aws.queue("InboundQueue")) == []

    updates = aws.drained(aws.queue("StatusUpdatesQueue"))

    assert updates
    parked = len(world.deliveries.parked("9999", 100))
    assert world.product.hand("status", *updates, receives=UNKNOWN_TRIES) == []
    assert len(world.deliveries.parked("9999", 100)) == parked + len(updates)
