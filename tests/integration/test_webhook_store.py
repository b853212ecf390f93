"""Raw webhooks: in the table, or in the bucket where they are large."""

import random
import uuid
import zlib
from itertools import pairwise

import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.webhooks import MOST_BYTES, DynamoWebhooks
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.bootstrap import runtime
from chat4all.domain.errors import Unavailable
from chat4all.domain.webhooks import Arrivals, StoredWebhook
from tests.integration.aws import Aws


class NoBucket:
    def put(self, key: str, body: bytes) -> None:
        pytest.fail("a small webhook needs no bucket")

    def get(self, key: str) -> bytes:
        pytest.fail("a small webhook needs no bucket")


def webhook(body: bytes, received_at: str = "2026-01-31T12:00:00.000Z") -> StoredWebhook:
    return StoredWebhook(
        f"whatsapp-main-{uuid.uuid4()}", "whatsapp", "main", body, received_at, 1_800_000_000
    )


def item_of(aws: Aws, raw_webhook: StoredWebhook) -> dict[str, object]:
    table = aws.output("Data.WebhooksTable")
    found = aws.dynamodb.get_item(TableName=table, Key={"webhook_id": {"S": raw_webhook.webhook_id}})
    return {name: next(iter(value.values())) for name, value in found["Item"].items()}


@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)), b"x" * 1_000_000])
def test_the_very_bytes_are_kept(aws: Aws, body: bytes) -> None:
    raw_webhook = webhook(body)

    DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket()).store(raw_webhook)

    item = item_of(aws, raw_webhook)
    assert isinstance(item["body"], bytes)
    assert zlib.decompress(item["body"]) == body
    assert (item["channel"], item["account"], item["received_at"], item["expires_at"]) == (
        "whatsapp",
        "main",
        "2026-01-31T12:00:00.000Z",
        "1800000000",
    )


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

    webhooks.store(
        StoredWebhook(
            raw_webhook.webhook_id, "whatsapp", "main", b"{}", "2026-02-01T00:00:00.000Z", 1_900_000_000
        )
    )

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
    assert webhooks.get("whatsapp-unknown") is None
    aws.s3.delete_object(Bucket=aws.output("Data.WebhooksBucket"), Key=f"whatsapp/{large.webhook_id}")
    assert webhooks.get(large.webhook_id) is None


def test_those_of_a_time_are_listed_in_the_order_of_arrival_page_by_page(aws: Aws) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    year = random.Random().randrange(3000, 9000)  # noqa: S311 - a time nobody else has
    stored = [webhook(b"{}", f"{year}-01-01T00:00:{second // 2:02}.000Z") for second in range(20)]
    for raw_webhook in stored:
        webhooks.store(raw_webhook)
    arrivals = Arrivals(("whatsapp",), f"{year}-01-01T00:00:01.000Z", f"{year}-01-01T00:00:08.000Z")

    pages, after = [], None
    while page := webhooks.arrived(arrivals, after, 3):
        pages.append(page)
        after = page[-1][0]

    found = [entry for page in pages for entry in page]
    assert sorted(webhook_id for _, webhook_id in found) == sorted(
        raw_webhook.webhook_id for raw_webhook in stored[2:18]
    )
    assert all(earlier.at <= other.at for (earlier, _), (other, _) in pairwise(found))
    assert webhooks.arrived(Arrivals(("telegram",), arrivals.since, arrivals.until), None, 3) == []
