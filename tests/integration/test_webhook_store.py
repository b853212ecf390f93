"""Raw webhooks: in the table, or in the bucket where they are large."""

import random
import uuid
import zlib

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.table_keys import shard
from chat4all.adapters.dynamodb.webhooks import ARRIVAL_SHARDS, MOST_BYTES, MOST_SHARDS_READ, DynamoWebhooks
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.bootstrap import runtime
from chat4all.domain.errors import Unavailable
from chat4all.domain.webhooks import Arrivals, StoredWebhook, WebhookId
from tests.integration.aws import Aws


class NoBucket:
    def put(self, key: str, body: bytes) -> None:
        pytest.fail("a small webhook needs no bucket")

    def get(self, key: str) -> bytes:
        pytest.fail("a small webhook needs no bucket")


def webhook(
    body: bytes, received_at: str = "2026-01-31T12:00:00.000Z", channel: str = "whatsapp"
) -> StoredWebhook:
    return StoredWebhook(WebhookId(channel, "main", received_at, uuid.uuid4().hex), body, 1_800_000_000)


def item_of(aws: Aws, raw_webhook: StoredWebhook) -> dict[str, object]:
    table = aws.output("Data.WebhooksTable")
    named = raw_webhook.webhook_id
    hour = f"default#{named.channel}#main#{named.received_at[:13]}#{shard(named.digest, ARRIVAL_SHARDS)}"
    item_key = {"partition": {"S": hour}, "record": {"S": f"{named.received_at}#{named.digest}"}}
    found = aws.dynamodb.get_item(TableName=table, Key=item_key)
    return {name: next(iter(value.values())) for name, value in found["Item"].items()}


@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)), b"x" * 1_000_000])
def test_the_very_bytes_are_kept(aws: Aws, body: bytes) -> None:
    raw_webhook = webhook(body)

    DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket()).store(raw_webhook)

    item = item_of(aws, raw_webhook)
    assert isinstance(item["body"], bytes)
    assert zlib.decompress(item["body"]) == body
    assert item["expires_at"] == "1800000000"


def test_the_query_of_its_address_is_kept(aws: Aws) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    asked = replace(webhook(b"{}"), query="delivery_id=1%7C2")

    webhooks.store(asked)

    assert webhooks.get(asked.webhook_id) == asked


def test_the_same_webhook_again_changes_nothing(aws: Aws) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    raw_webhook = webhook(b"{}")
    webhooks.store(raw_webhook)
    before = item_of(aws, raw_webhook)

    webhooks.store(StoredWebhook(raw_webhook.webhook_id, b"another", 1_900_000_000))

    assert item_of(aws, raw_webhook) == before


def test_a_large_one_lies_in_the_bucket_and_the_table_says_where(aws: Aws) -> None:
    body = random_bytes(MOST_BYTES + 10)
    large = webhook(body)
    bucket = aws.output("Data.WebhooksBucket")

    DynamoWebhooks(aws.output("Data.WebhooksTable"), S3Bodies(runtime.s3, bucket)).store(large)

    item = item_of(aws, large)
    assert "body" not in item
    assert aws.s3.get_object(Bucket=bucket, Key=str(item["object_key"]))["Body"].read() == body


def test_what_the_bucket_did_not_take_is_not_in_the_table(aws: Aws) -> None:
    large = webhook(random_bytes(MOST_BYTES + 10))
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), S3Bodies(runtime.s3, "no-such-bucket"))

    with pytest.raises(Unavailable):
        webhooks.store(large)

    with pytest.raises(KeyError):
        item_of(aws, large)


def test_a_table_that_does_not_answer_is_unavailable(aws: Aws) -> None:
    with pytest.raises(Unavailable):
        DynamoWebhooks("no-such-table", NoBucket()).store(webhook(b"{}"))
    DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())


def random_bytes(size: int) -> bytes:
    """Make bytes that cannot be compressed."""
    return random.Random(0).randbytes(size)  # noqa: S311 - noise


def test_it_is_found_again_with_its_very_bytes(aws: Aws) -> None:
    bucket = S3Bodies(runtime.s3, aws.output("Data.WebhooksBucket"))
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), bucket)
    small, large = webhook(bytes(range(256))), webhook(random_bytes(MOST_BYTES + 10))
    for raw_webhook in (small, large):
        webhooks.store(raw_webhook)

    assert webhooks.get(small.webhook_id) == small
    assert webhooks.get(large.webhook_id) == large
    assert webhooks.get(replace(small.webhook_id, digest="unknown")) is None
    aws.s3.delete_object(Bucket=aws.output("Data.WebhooksBucket"), Key=f"whatsapp/{large.webhook_id.digest}")
    assert webhooks.get(large.webhook_id) is None


def walked(webhooks: DynamoWebhooks, arrivals: Arrivals, limit: int) -> tuple[list[WebhookId], int]:
    """Return the webhooks of all pages, and the number of the pages."""
    found: list[WebhookId] = []
    page = webhooks.arrived(arrivals, None, limit)
    pages = 1
    while True:
        assert len(page.webhook_ids) <= limit
        found += page.webhook_ids
        if page.cursor is None:
            return found, pages
        page = webhooks.arrived(arrivals, page.cursor, limit)
        pages += 1


@pytest.fixture
def channel() -> str:
    """A channel that nobody else has."""
    return f"pigeon-{uuid.uuid4().hex}"


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_those_of_a_time_are_listed_in_the_order_of_arrival_page_by_page(
    aws: Aws, channel: str, limit: int
) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    times = [
        f"2026-01-31T{hour}:{minute}:00.000Z"
        for hour, minute in (
            ("11", "59"),
            ("12", "00"),
            ("12", "30"),
            ("12", "59"),
            ("13", "00"),
            ("14", "01"),
        )
    ]
    stored = [webhook(b"{}", at, channel) for at in times for _ in range(2)]
    for raw_webhook in stored:
        webhooks.store(raw_webhook)

    found, _ = walked(webhooks, Arrivals((channel,), times[1], times[4]), limit)

    assert found == sorted((raw_webhook.webhook_id for raw_webhook in stored[2:10]), key=str)


def test_those_of_several_channels_are_listed_together(aws: Aws, channel: str) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    channels = (f"{channel}-1", f"{channel}-2")
    times = [f"2026-01-31T12:00:0{second}.000Z" for second in range(4)]
    stored = [webhook(b"{}", at, channels[number % 2]) for number, at in enumerate(times)]
    for raw_webhook in stored:
        webhooks.store(raw_webhook)

    found, _ = walked(webhooks, Arrivals(channels, times[0], times[-1]), 3)

    assert found == [raw_webhook.webhook_id for raw_webhook in stored]


def test_a_page_reads_a_limited_number_of_shards(aws: Aws, channel: str) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    hours = MOST_SHARDS_READ // ARRIVAL_SHARDS
    last = webhook(b"{}", f"2026-01-31T{hours + 1}:30:00.000Z", channel)
    webhooks.store(last)
    arrivals = Arrivals((channel,), "2026-01-31T00:00:00.000Z", "2026-01-31T23:00:00.000Z")

    first = webhooks.arrived(arrivals, None, 3)

    assert first.webhook_ids == ()
    assert first.cursor is not None
    assert walked(webhooks, arrivals, 3) == ([last.webhook_id], 2)


def test_of_a_time_that_ends_before_it_begins_nothing_is_listed(aws: Aws, channel: str) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    arrivals = Arrivals((channel,), "2026-01-31T12:00:01.000Z", "2026-01-31T12:00:00.000Z")
    webhooks.store(webhook(b"{}", arrivals.since, channel))

    assert walked(webhooks, arrivals, 3) == ([], 1)
