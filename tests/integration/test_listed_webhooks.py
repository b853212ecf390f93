"""The webhooks that have an outcome, in the table of the raw webhooks."""

import uuid
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.listed_webhooks import OUTCOME_SHARDS, DynamoListedWebhooks
from chat4all.adapters.dynamodb.webhooks import DynamoWebhooks
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.bootstrap import runtime
from chat4all.domain.errors import Unavailable
from chat4all.domain.pages import TimeCursor
from chat4all.domain.webhooks import (
    Arrivals,
    ListedWebhook,
    OutcomeQuery,
    StoredWebhook,
    WebhookId,
    WebhookOutcome,
)
from tests.integration.aws import Aws
from tests.integration.permissions import Recorder

IGNORED, UNREADABLE = WebhookOutcome.IGNORED, WebhookOutcome.UNREADABLE
DAY = ("2026-01-31T00:00:00.000Z", "2026-02-01T00:00:00.000Z")
EXPIRES_AT = 1_800_000_000


@pytest.fixture
def channel() -> str:
    """A channel that nobody else has."""
    return f"pigeon-{uuid.uuid4().hex}"


@pytest.fixture
def listed(aws: Aws) -> DynamoListedWebhooks:
    return DynamoListedWebhooks(aws.output("Data.WebhooksTable"))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The recorder of the calls that the test makes."""
    recorder = Recorder()
    recorder.listen(monkeypatch)
    with recorder.running("webhooks"):
        yield recorder


def webhook(
    channel: str,
    received_at: str = "2026-01-31T12:00:00.000Z",
    outcome: WebhookOutcome = IGNORED,
    account: str = "main",
) -> ListedWebhook:
    place = WebhookId(channel, account, received_at, uuid.uuid4().hex)
    return ListedWebhook(place, outcome, 1, {"account_update": 2, "größe 🙂\x00": 1}, None, EXPIRES_AT)


def query(*channels: str, since: str = DAY[0], until: str = DAY[1]) -> OutcomeQuery:
    return OutcomeQuery(IGNORED, channels, since, until)


def walked(listed: DynamoListedWebhooks, asked: OutcomeQuery, limit: int) -> list[ListedWebhook]:
    found: list[ListedWebhook] = []
    after: TimeCursor | None = None
    while page := listed.listing(asked, after, limit):
        found += page
        last = page[-1].webhook_id
        after = TimeCursor(last.received_at, str(last))
    return found


def test_a_webhook_is_listed_whole_and_once(listed: DynamoListedWebhooks, channel: str) -> None:
    first = webhook(channel)
    unreadable = replace(webhook(channel, outcome=UNREADABLE), ignored={}, reason="It is no pigeon.")

    for entry in (first, first, unreadable):
        listed.put(entry)

    assert listed.listing(query(channel), None, 10) == [first]
    assert listed.listing(replace(query(channel), outcome=UNREADABLE), None, 10) == [unreadable]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_pages_have_each_webhook_once_the_latest_first(
    listed: DynamoListedWebhooks, channel: str, limit: int
) -> None:
    channels = (f"{channel}-1", f"{channel}-2")
    entries = [
        webhook(channels[number % 2], f"2026-01-31T12:{number // 4:02d}:00.000Z") for number in range(20)
    ]
    for entry in entries:
        listed.put(entry)

    found = walked(listed, query(*channels), limit)

    latest_first = sorted(
        entries, key=lambda entry: (entry.webhook_id.received_at, str(entry.webhook_id)), reverse=True
    )
    assert found == latest_first
    assert walked(listed, query(channels[0]), limit) == [
        entry for entry in latest_first if entry.webhook_id.channel == channels[0]
    ]


def test_a_list_of_a_time_includes_both_ends(listed: DynamoListedWebhooks, channel: str) -> None:
    entries = [webhook(channel, f"2026-01-31T1{hour}:00:00.000Z") for hour in range(5)]
    for entry in entries:
        listed.put(entry)

    asked = query(channel, since=entries[1].webhook_id.received_at, until=entries[3].webhook_id.received_at)

    assert listed.listing(asked, None, 10) == [entries[3], entries[2], entries[1]]


def test_of_a_time_that_ends_before_it_begins_nothing_is_read(
    listed: DynamoListedWebhooks, channel: str, recorder: Recorder
) -> None:
    assert listed.listing(query(channel, since=DAY[1], until=DAY[0]), None, 10) == []
    # DynamoDB refuses a query between two values that are the wrong way round; moto does not.
    assert recorder.calls == []


def test_the_same_bytes_to_two_accounts_at_once_are_two_entries(
    listed: DynamoListedWebhooks, channel: str
) -> None:
    first = webhook(channel)
    second = replace(first, webhook_id=replace(first.webhook_id, account="second"))
    for entry in (first, second):
        listed.put(entry)

    assert listed.listing(query(channel), None, 10) == [second, first]


def test_a_removed_webhook_is_not_listed(listed: DynamoListedWebhooks, channel: str) -> None:
    entry, other = webhook(channel), webhook(channel)
    for kept in (entry, other):
        listed.put(kept)

    for _ in range(2):
        listed.remove(entry.webhook_id, IGNORED)
        listed.remove(other.webhook_id, UNREADABLE)

    assert listed.listing(query(channel), None, 10) == [other]


def test_an_entry_is_one_small_row_in_a_shard_and_expires_with_its_webhook(
    aws: Aws, listed: DynamoListedWebhooks, channel: str, recorder: Recorder
) -> None:
    entry = webhook(channel)

    listed.put(entry)

    (call,) = recorder.calls
    item = call.parameters["Item"]
    shards = {f"default#{channel}#ignored#{number}" for number in range(OUTCOME_SHARDS)}
    assert item["partition"]["S"] in shards
    assert item["expires_at"] == {"N": str(EXPIRES_AT)}
    assert sum(len(str(value).encode()) for value in item.values()) < 1_024


def test_a_replay_of_a_time_does_not_meet_the_entries(
    aws: Aws, listed: DynamoListedWebhooks, channel: str
) -> None:
    bucket = S3Bodies(runtime.s3, aws.output("Data.WebhooksBucket"))
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), bucket)
    entry = webhook(channel)
    webhooks.store(StoredWebhook(entry.webhook_id, b"{}", EXPIRES_AT))
    listed.put(entry)

    found = webhooks.arrived(Arrivals((channel,), *DAY), None, 10)

    assert found.webhook_ids == (entry.webhook_id,)


def test_a_table_that_does_not_answer_is_unavailable(aws: Aws, channel: str) -> None:
    broken = DynamoListedWebhooks("no-such-table")
    entry = webhook(channel)

    with pytest.raises(Unavailable):
        broken.put(entry)
    with pytest.raises(Unavailable):
        broken.remove(entry.webhook_id, IGNORED)
    with pytest.raises(Unavailable):
        broken.listing(query(channel), None, 10)

    DynamoListedWebhooks(aws.output("Data.WebhooksTable"))
