"""A stored webhook is read as the provider sent it, until it expires."""

import pytest

from chat4all.domain.clock import iso
from chat4all.domain.errors import WebhookNotFound
from chat4all.domain.webhooks import KEEP, StoredWebhook, WebhookId
from chat4all.services.inbound.read_webhook import ReadWebhook
from tests.fakes.clock import FakeClock
from tests.fakes.small_stores import MemoryWebhooks


class Reading:
    def __init__(self) -> None:
        self.clock = FakeClock()
        webhooks = MemoryWebhooks()
        self.stored = StoredWebhook(
            webhook_id=WebhookId("pigeon", "main", iso(self.clock()), "abc"),
            body=b"\xff",
            expires_at=int((self.clock() + KEEP).timestamp()),
            query="a=1",
        )
        webhooks.store(self.stored)
        self.read = ReadWebhook(webhooks, self.clock)


def test_a_stored_webhook_is_read_whole() -> None:
    reading = Reading()

    assert reading.read(str(reading.stored.webhook_id)) == reading.stored


@pytest.mark.parametrize("webhook_id", ["", "abc", "|||", "pigeon|main|2026-01-31T12:00:00.000Z|def"])
def test_an_unknown_webhook_is_not_found(webhook_id: str) -> None:
    with pytest.raises(WebhookNotFound):
        Reading().read(webhook_id)


@pytest.mark.parametrize(("before_s", "is_found"), [(1, True), (0, False), (-60, False)])
def test_a_webhook_is_found_until_it_expires(before_s: float, is_found: bool) -> None:  # noqa: FBT001
    reading = Reading()
    reading.clock.advance(KEEP.total_seconds() - before_s)

    if is_found:
        assert reading.read(str(reading.stored.webhook_id)) == reading.stored
    else:
        with pytest.raises(WebhookNotFound):
            reading.read(str(reading.stored.webhook_id))
