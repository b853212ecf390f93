"""Webhooks that have an outcome are listed page by page, the latest first, while they are stored."""

import pytest

from chat4all.domain.clock import iso
from chat4all.domain.errors import Invalid
from chat4all.domain.webhooks import KEEP, ListedWebhook, WebhookId, WebhookOutcome
from chat4all.services.inbound.read_outcomes import ReadOutcomes
from tests.fakes.clock import FakeClock
from tests.fakes.small_stores import MemoryListedWebhooks

IGNORED, UNREADABLE = WebhookOutcome.IGNORED, WebhookOutcome.UNREADABLE


class Listing:
    def __init__(self) -> None:
        self.listed = MemoryListedWebhooks()
        self.clock = FakeClock()
        self.read = ReadOutcomes(self.listed, self.clock)

    def add(self, name: str, outcome: WebhookOutcome = IGNORED, channel: str = "pigeon") -> str:
        """List a webhook, a second after the one before; return the time of its arrival."""
        self.clock.advance(1)
        at = iso(self.clock())
        place = WebhookId(channel, "main", at, name)
        self.listed.put(ListedWebhook(place, outcome, 0, {"poll": 1}, None, 0))
        return at

    def walk(
        self,
        *channels: str,
        outcome: WebhookOutcome = IGNORED,
        limit: int = 2,
        since: str | None = None,
        until: str | None = None,
    ) -> list[str]:
        """Return the names on all pages."""
        names: list[str] = []
        cursor: str | None = None
        while True:
            page = self.read(outcome, channels, cursor, limit, since=since, until=until)
            assert len(page.items) <= limit
            names += [webhook.webhook_id.digest for webhook in page.items]
            if page.next_cursor is None:
                return names
            cursor = page.next_cursor


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_the_pages_have_each_webhook_once_the_latest_first(limit: int) -> None:
    listing = Listing()
    for number in range(5):
        listing.add(str(number))

    assert listing.walk("pigeon", limit=limit) == ["4", "3", "2", "1", "0"]


def test_a_list_has_one_outcome_and_the_named_channels() -> None:
    listing = Listing()
    listing.add("a")
    listing.add("b", UNREADABLE)
    listing.add("c", channel="telex")

    assert listing.walk("pigeon") == ["a"]
    assert listing.walk("pigeon", "telex") == ["c", "a"]
    assert listing.walk("pigeon", "telex", outcome=UNREADABLE) == ["b"]


def test_a_list_of_a_time_includes_both_ends() -> None:
    listing = Listing()
    times = [listing.add(str(number)) for number in range(5)]

    assert listing.walk("pigeon", since=times[1], until=times[3]) == ["3", "2", "1"]


def test_a_webhook_that_is_no_longer_stored_is_not_listed() -> None:
    listing = Listing()
    listing.add("a")
    listing.clock.advance(KEEP.total_seconds() + 60)

    assert listing.walk("pigeon", since="1970-01-01T00:00:00.000Z") == []


def test_a_cursor_of_nobody_is_refused() -> None:
    with pytest.raises(Invalid):
        Listing().read(IGNORED, ("pigeon",), "nonsense", 2, since=None, until=None)
