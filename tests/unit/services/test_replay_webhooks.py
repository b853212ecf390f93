"""Replaying webhooks: the events of stored webhooks are published again."""

import msgspec
import pytest

from chat4all.domain.content import Text
from chat4all.domain.errors import Invalid, Unavailable
from chat4all.domain.events import InboundMessage
from chat4all.domain.inbound_limits import hashed
from chat4all.domain.webhooks import Arrivals, StoredWebhook
from chat4all.services.inbound.replay_webhooks import ReplayWebhooks
from tests.fakes.clock import FakeIds
from tests.fakes.connector import ACCOUNT, ACCOUNTS, SECOND_ACCOUNT, FakeConnector
from tests.fakes.events import RecordedEvents
from tests.fakes.small_stores import MemorySecrets, MemoryWebhooks

AT = "2026-01-31T12:00:00.000Z"
EVERYTHING = Arrivals(("pigeon",))


class Replaying:
    def __init__(self, *bodies: bytes) -> None:
        self.webhooks = MemoryWebhooks()
        self.events = RecordedEvents()
        connector = FakeConnector()
        self.replay = ReplayWebhooks(
            connector=lambda channel: connector if channel == "pigeon" else None,
            accounts=ACCOUNTS,
            webhooks=self.webhooks,
            events=self.events,
            secrets=MemorySecrets(),
            new_id=FakeIds(),
        )
        for number, body in enumerate(bodies):
            self.store(f"pigeon-{number}", body, f"2026-01-31T12:00:{number:02}.000Z")

    def store(
        self, webhook_id: str, body: bytes, at: str = AT, *, channel: str = "pigeon", account: str = ACCOUNT
    ) -> None:
        self.webhooks.store(StoredWebhook(webhook_id, channel, account, body, at, 0))

    def published(self) -> list[str]:
        return [webhook.event.provider_message_id for webhook in self.events.webhooks]


def texts(*ids: str) -> bytes:
    return msgspec.json.encode([InboundMessage("ana", name, Text("hello"), AT) for name in ids])


def test_every_event_is_published_in_the_order_of_arrival() -> None:
    replaying = Replaying(texts("1", "2"), texts("3"))

    replayed = replaying.replay.arrived(EVERYTHING, None, 100)

    assert (replayed.replayed, replayed.events, replayed.refused, replayed.next_cursor) == (2, 3, (), None)
    assert replaying.published() == ["1", "2", "3"]


def test_a_replayed_event_is_within_the_limits_as_a_received_one_is() -> None:
    replaying = Replaying(texts("x" * 3_000))

    replaying.replay(["pigeon-0"])

    (published,) = replaying.published()
    assert published == hashed(b"x" * 3_000)


def test_each_replay_has_a_name_of_its_own_since_sqs_drops_what_it_has_just_seen() -> None:
    replaying = Replaying(texts("1"))

    for _ in range(2):
        replaying.replay(["pigeon-0"])

    first, second = replaying.events.webhooks
    assert first.replay is not None
    assert first.replay != second.replay


def test_the_pages_of_a_replay_meet_every_webhook_once() -> None:
    replaying = Replaying(*(texts(str(number)) for number in range(7)))

    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = replaying.replay.arrived(EVERYTHING, cursor, 3)
        cursor, pages = page.next_cursor, pages + 1

    assert replaying.published() == [str(number) for number in range(7)]
    assert pages == 3


def test_what_cannot_be_replayed_is_named_and_holds_up_nothing() -> None:
    replaying = Replaying(b"garbage", texts("1"))
    replaying.store("telex-0", b"[]", channel="telex")

    replayed = replaying.replay(["pigeon-0", "unknown", "telex-0", "pigeon-1"])

    assert [refusal.webhook_id for refusal in replayed.refused] == ["pigeon-0", "unknown", "telex-0"]
    assert all(refusal.issue for refusal in replayed.refused)
    assert (replayed.replayed, replaying.published()) == (1, ["1"])


def test_a_replayed_event_names_the_account_that_received_the_webhook() -> None:
    replaying = Replaying()
    replaying.store("pigeon-second-0", texts("1"), account=SECOND_ACCOUNT)

    replaying.replay(["pigeon-second-0"])

    (published,) = replaying.events.webhooks
    assert published.account == SECOND_ACCOUNT


def test_a_webhook_of_an_account_that_is_not_listed_is_refused_and_stays_stored() -> None:
    replaying = Replaying(texts("1"))
    replaying.store("pigeon-third-0", texts("2"), account="third")

    replayed = replaying.replay(["pigeon-third-0", "pigeon-0"])

    (refused,) = replayed.refused
    assert refused.webhook_id == "pigeon-third-0"
    assert "third" in refused.issue
    assert replaying.webhooks.get("pigeon-third-0") is not None
    assert (replayed.replayed, replaying.published()) == (1, ["1"])


def test_one_named_twice_is_replayed_once() -> None:
    assert Replaying(texts("1")).replay(["pigeon-0", "pigeon-0"]).replayed == 1


def test_a_bad_cursor_is_refused() -> None:
    with pytest.raises(Invalid):
        Replaying().replay.arrived(EVERYTHING, "nonsense", 3)


def test_what_was_not_published_is_told() -> None:
    replaying = Replaying(texts("1"))
    replaying.events.broken = True

    with pytest.raises(Unavailable):
        replaying.replay(["pigeon-0"])
