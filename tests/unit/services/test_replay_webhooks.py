"""Replaying webhooks: the events of stored webhooks are published again."""

import msgspec
import pytest

from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.errors import Invalid, Unavailable
from chat4all.domain.events import InboundMessage
from chat4all.domain.inbound_limits import hashed
from chat4all.domain.webhooks import KEEP, StoredWebhook, WebhookId, WebhookOutcome
from chat4all.services.inbound.keep_outcome import KeepOutcome
from chat4all.services.inbound.replay_webhooks import ReplayWebhooks
from tests.fakes.clock import FakeIds
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT, FakeConnector
from tests.fakes.product import Product
from tests.fakes.small_stores import (
    SECRET,
    MemoryListedWebhooks,
    MemorySecrets,
    MemoryWebhooks,
    RecordedOutcomes,
)

AT = "2026-01-31T12:00:00.000Z"


class Replaying:
    def __init__(self, *bodies: bytes) -> None:
        self.webhooks = MemoryWebhooks()
        self.listed = MemoryListedWebhooks()
        self.outcomes = RecordedOutcomes()
        product = Product()
        self.events, self.clock = product.events, product.clock
        self.connector = connector = FakeConnector()
        self.replay = ReplayWebhooks(
            connector=lambda channel: connector if channel == "pigeon" else None,
            naming_accounts={"pigeon"},
            webhooks=self.webhooks,
            handle=product.handle_events,
            keep_outcome=KeepOutcome(self.listed, self.outcomes),
            secrets=MemorySecrets(SECRET, **{SECOND_ACCOUNT: SECRET}),
            clock=product.clock,
            new_id=FakeIds(),
        )
        for number, body in enumerate(bodies):
            product.clock.advance(1)
            self.store(WebhookId("pigeon", ACCOUNT, iso(product.clock()), str(number)), body)
        self.ids = [str(webhook_id) for webhook_id in self.webhooks.stored]

    def store(self, webhook_id: WebhookId, body: bytes) -> None:
        self.webhooks.store(StoredWebhook(webhook_id, body, 0))

    def published(self) -> list[str]:
        return [webhook.event.provider_message_id for webhook in self.events.webhooks]


def texts(*ids: str) -> bytes:
    return msgspec.json.encode([InboundMessage("ana", name, Text("hello"), AT) for name in ids])


def test_every_event_is_published_in_the_order_of_arrival() -> None:
    replaying = Replaying(texts("1", "2"), texts("3"))

    replayed = replaying.replay.arrived(("pigeon",), None, None, None, 100)

    assert (replayed.replayed, replayed.events, replayed.refused, replayed.next_cursor) == (2, 3, (), None)
    assert replaying.published() == ["1", "2", "3"]


def test_a_replayed_event_is_within_the_limits_as_a_received_one_is() -> None:
    replaying = Replaying(texts("x" * 3_000))

    replaying.replay(replaying.ids)

    (published,) = replaying.published()
    assert published == hashed(b"x" * 3_000)


def test_each_replay_has_a_name_of_its_own_since_sqs_drops_what_it_has_just_seen() -> None:
    replaying = Replaying(texts("1"))

    for _ in range(2):
        replaying.replay(replaying.ids)

    first, second = replaying.events.webhooks
    assert first.replay is not None
    assert first.replay != second.replay


def test_the_pages_of_a_replay_meet_every_webhook_once() -> None:
    replaying = Replaying(*(texts(str(number)) for number in range(7)))

    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = replaying.replay.arrived(("pigeon",), None, None, cursor, 3)
        cursor, pages = page.next_cursor, pages + 1

    assert replaying.published() == [str(number) for number in range(7)]
    assert pages == 3


def test_a_replay_of_a_time_leaves_out_what_arrived_before_and_after() -> None:
    replaying = Replaying(*(texts(str(number)) for number in range(5)))
    times = sorted(webhook_id.received_at for webhook_id in replaying.webhooks.stored)

    replaying.replay.arrived(("pigeon",), times[1], times[3], None, 10)

    assert replaying.published() == ["1", "2", "3"]


def test_a_replay_reads_no_time_of_which_nothing_is_stored() -> None:
    replaying = Replaying(texts("1"))
    replaying.clock.advance(KEEP.total_seconds() + 60)

    assert replaying.replay.arrived(("pigeon",), "1970-01-01T00:00:00.000Z", None, None, 10).replayed == 0


def test_what_cannot_be_replayed_is_named_and_holds_up_nothing() -> None:
    replaying = Replaying(b"garbage", texts("1"))
    telex = WebhookId("telex", ACCOUNT, AT, "digest")
    replaying.store(telex, b"[]")
    garbage, readable = replaying.ids
    missing = str(WebhookId("pigeon", ACCOUNT, AT, "missing"))

    replayed = replaying.replay([garbage, "unknown", missing, str(telex), readable])

    assert [refused.webhook_id for refused in replayed.refused] == [garbage, "unknown", missing, str(telex)]
    assert all(refusal.issue for refusal in replayed.refused)
    assert (replayed.replayed, replaying.published()) == (1, ["1"])


def test_a_replayed_event_names_the_account_that_received_the_webhook() -> None:
    replaying = Replaying()
    of_second = WebhookId("pigeon", SECOND_ACCOUNT, AT, "digest")
    replaying.store(of_second, texts("1"))

    replaying.replay([str(of_second)])

    (published,) = replaying.events.webhooks
    assert published.account == SECOND_ACCOUNT


def test_a_webhook_of_an_account_that_is_not_listed_is_refused_and_stays_stored() -> None:
    replaying = Replaying(texts("1"))
    of_third = WebhookId("pigeon", "third", AT, "digest")
    replaying.store(of_third, texts("2"))

    replayed = replaying.replay([str(of_third), *replaying.ids])

    (refused,) = replayed.refused
    assert refused.webhook_id == str(of_third)
    assert "third" in refused.issue
    assert replaying.webhooks.get(of_third) is not None
    assert (replayed.replayed, replaying.published()) == (1, ["1"])


def test_one_named_twice_is_replayed_once() -> None:
    replaying = Replaying(texts("1"))

    assert replaying.replay(replaying.ids * 2).replayed == 1


def test_a_bad_cursor_is_refused() -> None:
    with pytest.raises(Invalid):
        Replaying().replay.arrived(("pigeon",), None, None, "nonsense", 3)


def test_what_was_not_published_is_told() -> None:
    replaying = Replaying(texts("1"))
    replaying.events.broken = True

    with pytest.raises(Unavailable):
        replaying.replay(replaying.ids)


def listed(replaying: Replaying) -> dict[str, WebhookOutcome]:
    return {webhook_id.digest: outcome for webhook_id, outcome in replaying.listed.listed}


def test_a_replay_lists_each_webhook_by_its_present_outcome_and_counts_nothing_again() -> None:
    replaying = Replaying(b"garbage", texts("1"))
    replaying.connector.ignored = ("poll",)

    for _ in range(2):
        replaying.replay(replaying.ids)
        assert listed(replaying) == {"0": WebhookOutcome.UNREADABLE, "1": WebhookOutcome.IGNORED}

    replaying.connector.ignored = ()
    replaying.replay(replaying.ids)

    assert listed(replaying) == {"0": WebhookOutcome.UNREADABLE}
    assert replaying.outcomes.webhooks == []


def test_a_webhook_that_can_be_read_now_leaves_the_list_of_those_that_cannot() -> None:
    replaying = Replaying(b"garbage")
    replaying.connector.ignored = ("poll",)
    replaying.replay(replaying.ids)
    (webhook_id,) = replaying.webhooks.stored
    readable = msgspec.structs.replace(replaying.webhooks.stored[webhook_id], body=texts("1"))
    replaying.webhooks.stored[webhook_id] = readable

    replaying.replay(replaying.ids)

    assert listed(replaying) == {"0": WebhookOutcome.IGNORED}


def test_a_replay_that_could_not_be_listed_is_to_be_repeated() -> None:
    replaying = Replaying(texts("1"))
    replaying.listed.broken = True

    with pytest.raises(Unavailable):
        replaying.replay(replaying.ids)


def test_a_webhook_on_which_the_code_failed_is_read_after_the_correction() -> None:
    replaying = Replaying(texts("1"))
    replaying.connector.fault = TypeError()

    failed = replaying.replay(replaying.ids)
    assert [refused.issue for refused in failed.refused] == ["the channel's code failed: TypeError"]
    assert [listed.outcome for listed in replaying.listed.listed.values()] == [WebhookOutcome.UNREADABLE]
    assert len(replaying.outcomes.faults) == 1

    replaying.connector.fault = None
    assert replaying.replay(replaying.ids).events == 1
    assert replaying.published() == ["1"]
    assert replaying.listed.listed == {}
