"""Raw webhooks: in the table, or in the bucket where they are large."""

import random
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.adapters.dynamodb.table_keys import shard
from chat4all.adapters.dynamodb.webhooks import ARRIVAL_SHARDS, MOST_BYTES, MOST_SHARDS_READ, DynamoWebhooks
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.bootstrap import runtime
from chat4all.domain.errors import Unavailable
from chat4all.domain.pages import TimeCursor, decode_cursor, encode_cursor
from chat4all.domain.webhooks import Arrivals, StoredWebhook, WebhookId
from tests.integration.aws import Aws
from tests.integration.permissions import Recorder

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, GetItemOutputTypeDef


class NoBucket:
    def put(self, key: str, body: bytes) -> None:
        pytest.fail("a small webhook needs no bucket")

    def get(self, key: str) -> bytes:
        pytest.fail("a small webhook needs no bucket")

    def delete(self, key: str) -> None:
        pytest.fail("a small webhook needs no bucket")


def webhook(
    body: bytes,
    received_at: str = "2026-01-31T12:00:00.000Z",
    channel: str = "whatsapp",
    account: str = "main",
) -> StoredWebhook:
    return StoredWebhook(WebhookId(channel, account, received_at, uuid.uuid4().hex), body, 1_800_000_000)


def item_key(raw_webhook: StoredWebhook) -> "Mapping[str, AttributeValueTypeDef]":
    channel, account, received_at, digest = msgspec.structs.astuple(raw_webhook.webhook_id)
    partition = f"default#{channel}#{account}#{received_at[:13]}#{shard(digest, ARRIVAL_SHARDS)}"
    return {"partition": {"S": partition}, "record": {"S": f"{received_at}#{digest}"}}


def item_of(aws: Aws, raw_webhook: StoredWebhook) -> dict[str, object]:
    table = aws.output("Data.WebhooksTable")
    found = aws.dynamodb.get_item(TableName=table, Key=item_key(raw_webhook))
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


def as_a_client_has_it(cursor: TimeCursor) -> TimeCursor:
    """Encode the cursor as an answer has it, and decode it as the next request does."""
    return decode_cursor(encode_cursor(cursor), TimeCursor)


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
        page = webhooks.arrived(arrivals, as_a_client_has_it(page.cursor), limit)
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


@pytest.mark.parametrize("gone", [False, True])
def test_a_page_reads_a_limited_number_of_shards(aws: Aws, channel: str, *, gone: bool) -> None:
    table = aws.output("Data.WebhooksTable")
    webhooks = DynamoWebhooks(table, NoBucket())
    hours = MOST_SHARDS_READ // ARRIVAL_SHARDS
    stored = [webhook(b"{}", f"2026-01-31T{hour:02d}:30:00.000Z", channel) for hour in range(hours + 2)]
    for raw_webhook in stored:
        webhooks.store(raw_webhook)
    arrivals = Arrivals((channel,), "2026-01-31T00:00:00.000Z", "2026-01-31T23:00:00.000Z")
    if gone:
        for raw_webhook in stored[:hours]:
            aws.dynamodb.delete_item(TableName=table, Key=item_key(raw_webhook))

    first = webhooks.arrived(arrivals, None, 100)
    assert first.cursor is not None
    second = webhooks.arrived(arrivals, as_a_client_has_it(first.cursor), 100)

    assert first.webhook_ids == (
        () if gone else tuple(raw_webhook.webhook_id for raw_webhook in stored[:hours])
    )
    assert second.webhook_ids == tuple(raw_webhook.webhook_id for raw_webhook in stored[hours:])
    assert second.cursor is None


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The recorder of the calls that the test makes."""
    recorder = Recorder()
    recorder.listen(monkeypatch)
    with recorder.running("webhooks"):
        yield recorder


def queried(recorder: Recorder) -> list[str]:
    """Return the partitions that were queried."""
    return [
        value["S"]
        for call in recorder.calls
        if call.operation == "Query"
        for value in call.parameters["ExpressionAttributeValues"].values()
        if value["S"].startswith("default#")
    ]


def put(recorder: Recorder) -> list[tuple[str, str]]:
    """Return the keys of the rows that were put, in the order of the calls."""
    items = [call.parameters["Item"] for call in recorder.calls if call.operation == "PutItem"]
    return [(item["partition"]["S"], item["record"]["S"]) for item in items]


def hour_row(channel: str, hour: str, account: str = "main") -> tuple[str, str]:
    """Return the key of the row that lists an hour."""
    return f"default#{channel}#hours", f"{hour}#{account}"


def listed_hour(aws: Aws, channel: str) -> "GetItemOutputTypeDef":
    """Read the row that lists noon."""
    partition, record = hour_row(channel, "2026-01-31T12")
    return aws.dynamodb.get_item(
        TableName=aws.output("Data.WebhooksTable"),
        Key={"partition": {"S": partition}, "record": {"S": record}},
    )


def test_a_replay_of_a_month_reads_only_the_shards_of_the_hours_with_webhooks(
    aws: Aws, channel: str, recorder: Recorder
) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    stored = [webhook(b"{}", f"2026-01-{day}:30:00.000Z", channel) for day in ("03T04", "27T21")]
    for raw_webhook in stored:
        webhooks.store(raw_webhook)

    found = webhooks.arrived(
        Arrivals((channel,), "2026-01-01T00:00:00.000Z", "2026-01-31T00:00:00.000Z"), None, 100
    )

    assert found.webhook_ids == tuple(raw_webhook.webhook_id for raw_webhook in stored)
    assert found.cursor is None
    hours = [f"default#{channel}#main#{raw_webhook.webhook_id.received_at[:13]}" for raw_webhook in stored]
    shards = {f"{hour}#{number}" for hour in hours for number in range(ARRIVAL_SHARDS)}
    assert sorted(queried(recorder)) == sorted({f"default#{channel}#hours"} | shards)


def test_the_webhooks_of_all_accounts_are_found(aws: Aws, channel: str) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    stored = [
        webhook(b"{}", f"2026-01-31T{hour}:0{minute}:00.000Z", channel, account)
        for hour, minute, account in (
            ("12", 0, "main"),
            ("12", 1, "second"),
            ("12", 2, "main"),
            ("14", 0, "second"),
        )
    ]
    for raw_webhook in stored:
        webhooks.store(raw_webhook)

    found, _ = walked(webhooks, Arrivals((channel,), "2026-01-31T00", "2026-02-01T00"), 2)

    assert found == [raw_webhook.webhook_id for raw_webhook in stored]
    assert [webhooks.get(webhook_id) for webhook_id in found] == stored


def test_each_process_looks_once_whether_an_hour_is_listed(
    aws: Aws, channel: str, recorder: Recorder
) -> None:
    stored = [webhook(b"{}", f"2026-01-31T12:0{minute}:00.000Z", channel) for minute in range(4)]
    later = webhook(b"{}", "2026-01-31T13:00:00.000Z", channel)
    processes = [DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket()) for _ in range(2)]

    for number, raw_webhook in enumerate(stored):
        processes[number % 2].store(raw_webhook)
    processes[0].store(later)

    noon, one_o_clock = (hour_row(channel, f"2026-01-31T{hour}") for hour in (12, 13))
    looked = [call.parameters["Key"] for call in recorder.calls if call.operation == "GetItem"]
    assert [(row["partition"]["S"], row["record"]["S"]) for row in looked] == [noon, noon, one_o_clock]
    assert [row for row in put(recorder) if row[0] == noon[0]] == [noon, one_o_clock]
    found, _ = walked(processes[0], Arrivals((channel,), "2026-01-31T00", "2026-02-01T00"), 100)
    assert found == [raw_webhook.webhook_id for raw_webhook in (*stored, later)]


def test_an_hour_that_two_processes_list_at_the_same_time_is_read_once(
    aws: Aws, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat4all.adapters.dynamodb.webhooks._exists", lambda *_: False)
    stored = [webhook(b"{}", f"2026-01-31T12:0{minute}:00.000Z", channel) for minute in range(2)]
    processes = [DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket()) for _ in stored]

    for process, raw_webhook in zip(processes, stored, strict=True):
        process.store(raw_webhook)

    found, _ = walked(processes[0], Arrivals((channel,), "2026-01-31T00", "2026-02-01T00"), 100)
    assert found == [raw_webhook.webhook_id for raw_webhook in stored]


class Died(Exception):
    """The process died."""


def test_a_process_that_dies_after_it_listed_an_hour_loses_nothing(
    aws: Aws, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = aws.output("Data.WebhooksTable")
    raw_webhook = webhook(b"{}", channel=channel)
    arrivals = Arrivals((channel,), "2026-01-31T00", "2026-02-01T00")

    def die(*_: object) -> bool:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("chat4all.adapters.dynamodb.webhooks.saved", die)
        with pytest.raises(Died):
            DynamoWebhooks(table, NoBucket()).store(raw_webhook)

    webhooks = DynamoWebhooks(table, NoBucket())
    assert "Item" in listed_hour(aws, channel)
    assert walked(webhooks, arrivals, 3) == ([], 1)
    webhooks.store(raw_webhook)  # the provider received no answer, and repeats its webhook
    assert walked(webhooks, arrivals, 3) == ([raw_webhook.webhook_id], 1)


def test_a_webhook_whose_hour_could_not_be_listed_is_not_stored(
    aws: Aws, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    raw_webhook = webhook(b"{}", channel=channel)

    def die(*_: object) -> bool:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("chat4all.adapters.dynamodb.webhooks.WebhookRow.save", die)
        with pytest.raises(Died):
            webhooks.store(raw_webhook)

    assert webhooks.get(raw_webhook.webhook_id) is None
    webhooks.store(raw_webhook)
    found, _ = walked(webhooks, Arrivals((channel,), "2026-01-31T00", "2026-02-01T00"), 3)
    assert found == [raw_webhook.webhook_id]


def test_an_hour_is_listed_for_longer_than_its_last_webhook_is_kept(aws: Aws, channel: str) -> None:
    first = webhook(b"{}", "2026-01-31T12:00:00.000Z", channel)
    last = replace(webhook(b"{}", "2026-01-31T12:59:59.999Z", channel), expires_at=first.expires_at + 3_599)
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())

    for raw_webhook in (first, last):
        webhooks.store(raw_webhook)

    assert int(listed_hour(aws, channel)["Item"]["expires_at"]["N"]) > last.expires_at


@pytest.mark.parametrize(
    "until", ["2026-01-31T12:00:00.000Z", "2026-01-31T11:59:59.000Z", "0297-11-11T00:00:00.000Z"]
)
def test_of_a_time_that_ends_before_it_begins_nothing_is_listed(
    aws: Aws, recorder: Recorder, channel: str, until: str
) -> None:
    webhooks = DynamoWebhooks(aws.output("Data.WebhooksTable"), NoBucket())
    arrivals = Arrivals((channel,), "2026-01-31T12:00:01.000Z", until)
    webhooks.store(webhook(b"{}", arrivals.since, channel))

    assert walked(webhooks, arrivals, 3) == ([], 1)
    # DynamoDB refuses a query between two values that are the wrong way round; moto does not.
    assert [call for call in recorder.calls if call.operation == "Query"] == []
