"""The recorded events in tests/events have AWS's form for the template's functions, which can decode them."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import pytest

from chat4all.adapters.media.guardduty import scan_result
from chat4all.channels.registry import connector, names
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.batches import BatchWork
from chat4all.domain.events import ChatEvent, DeliveryRequested, MessageSubmitted, StatusUpdate, WebhookEvents
from chat4all.domain.files.file import FileEvent
from chat4all.domain.privacy_work import EraseWork
from chat4all.entrypoints.queues.batches import Record
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from chat4all_local.simulators.credentials import BY_CHANNEL
from tests.integration.template import ACCOUNT, REGION, Template, functions, mappings

FOLDER: Final = Path(__file__).parents[2] / "events"
FILES: Final = sorted(FOLDER.glob("*.json"))
TEMPLATE: Final = Template()
FUNCTIONS: Final = functions(TEMPLATE)
BODIES: Final[dict[str, Any]] = {
    "router": ChatEvent,
    "inbound": WebhookEvents,
    "status": StatusUpdate,
    "files": FileEvent,
    "batches": BatchWork,
    "privacy": EraseWork,
    **dict.fromkeys(names(), DeliveryRequested),
}
"""The type of the events that a queue's function reads."""
FIFO_ATTRIBUTES: Final = {
    "ApproximateReceiveCount": r"[1-9]\d*",
    "SentTimestamp": r"\d{13}",
    "SenderId": ACCOUNT,
    "ApproximateFirstReceiveTimestamp": r"\d{13}",
    "MessageGroupId": r"[\w:|-]{1,128}",
    "MessageDeduplicationId": r"[\w:.|-]{1,128}",
    "SequenceNumber": r"\d{20}",
}
PROXY: Final = {
    "resource",
    "path",
    "httpMethod",
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "pathParameters",
    "stageVariables",
    "requestContext",
    "body",
    "isBase64Encoded",
}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""


def function_of(path: Path) -> str:
    return path.stem.partition("-")[0]


def read(path: Path) -> Any:  # noqa: ANN401 - whatever Lambda may send
    return msgspec.json.decode(path.read_bytes())


def named(path: Path) -> str:
    return path.stem


def requests() -> list[Path]:
    return [path for path in FILES if function_of(path) in {"api", "webhooks"}]


def batches() -> list[Path]:
    return [path for path in FILES if function_of(path) in BODIES and "Records" in read(path)]


def webhooks() -> list[Path]:
    return [
        path for path in requests() if read(path)["path"].startswith("/v1/webhooks/") and read(path)["body"]
    ]


def records(path: Path) -> Iterator[tuple[Any, Record]]:
    """Yield each record as it was recorded, and as our functions decode it."""
    for record in read(path)["Records"]:
        yield record, msgspec.convert(record, Record)


def test_every_function_has_an_event_and_every_event_a_function() -> None:
    assert {function_of(path) for path in FILES} == set(FUNCTIONS)


def test_every_event_is_looked_at_by_a_test_of_its_kind() -> None:
    others = {path.stem for path in FILES} - {path.stem for path in (*requests(), *batches())}

    assert others == {"relay", "search", "files-guardduty"}


def test_every_channel_has_a_webhook() -> None:
    assert {read(path)["pathParameters"]["channel"] for path in webhooks()} == set(names())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_of_the_machine_is_left(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"127\.0\.0\.1|localhost|(?<!\d)0{12}(?!\d)|/home/|/root/|/tmp/", text)


@pytest.mark.parametrize("path", requests(), ids=named)
def test_a_request_is_what_api_gateway_sends(path: Path) -> None:
    event = read(path)
    declared = {
        (trigger["Properties"]["Method"].upper(), trigger["Properties"]["Path"])
        for trigger in FUNCTIONS[function_of(path)]["Events"].values()
    }

    assert set(event) >= PROXY
    assert (event["httpMethod"], event["resource"]) in declared
    assert event["resource"].format(**(event["pathParameters"] or {})) == event["path"]
    assert event["requestContext"]["resourcePath"] == event["resource"]
    assert event["requestContext"]["path"] == f"/api{event['path']}"
    assert {name: [value] for name, value in event["headers"].items()} == event["multiValueHeaders"]
    query = event["queryStringParameters"] or {}
    assert {name: [value] for name, value in query.items()} == (
        event["multiValueQueryStringParameters"] or {}
    )
    assert event["isBase64Encoded"] is False
    if event["body"] is not None:
        assert int(event["headers"]["content-length"]) == len(event["body"].encode())
        assert read_fields(event)


def read_fields(event: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a body that is a form or JSON, as the request says."""
    if event["headers"]["content-type"].startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(event["body"], keep_blank_values=True, strict_parsing=True))
    return msgspec.json.decode(event["body"], type=dict[str, Any])


@pytest.mark.parametrize("path", webhooks(), ids=named)
def test_a_webhook_is_signed_by_its_provider_and_holds_events(path: Path) -> None:
    event = read(path)
    channel = event["pathParameters"]["channel"]
    secret = msgspec.convert(BY_CHANNEL[channel], ChannelSecret, from_attributes=True)
    provider = connector(channel, HttpClient(), "")
    body = event["body"].encode()

    request = WebhookRequest(
        f"https://{event['headers']['host']}{event['requestContext']['path']}", event["headers"], body
    )

    assert provider.verify(request, secret)
    assert not provider.verify(request, ChannelSecret("", "", "another"))
    assert provider.parse_webhook(body, secret).events


def test_a_subscription_is_confirmed() -> None:
    event = read(FOLDER / "webhooks-challenge.json")
    channel = event["pathParameters"]["channel"]
    secret = msgspec.convert(BY_CHANNEL[channel], ChannelSecret, from_attributes=True)
    query = event["queryStringParameters"]

    assert connector(channel, HttpClient(), "").challenge(query, secret) == query["hub.challenge"]


@pytest.mark.parametrize("path", batches(), ids=named)
def test_a_batch_is_what_sqs_fifo_sends(path: Path) -> None:
    mapping = mappings(TEMPLATE)[function_of(path)]

    assert 1 <= len(read(path)["Records"]) <= mapping["BatchSize"]
    for record, _ in records(path):
        assert record["eventSource"] == "aws:sqs"
        assert record["eventSourceARN"] == mapping["EventSourceArn"]
        assert record["awsRegion"] == REGION
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert set(record["attributes"]) == set(FIFO_ATTRIBUTES)
        for name, pattern in FIFO_ATTRIBUTES.items():
            assert re.fullmatch(pattern, record["attributes"][name]), name


@pytest.mark.parametrize("path", batches(), ids=named)
def test_no_two_records_of_a_batch_are_the_same_and_groups_are_in_order(path: Path) -> None:
    seen = [record for record, _ in records(path)]
    sequences = [record["attributes"]["SequenceNumber"] for record in seen]

    assert sequences == sorted(set(sequences))
    for name in ("messageId", "receiptHandle"):
        assert len({record[name] for record in seen}) == len(seen)
    assert len({record["attributes"]["MessageDeduplicationId"] for record in seen}) == len(seen)


@pytest.mark.parametrize("path", batches(), ids=named)
def test_a_record_decodes_as_what_its_function_reads(path: Path) -> None:
    kind = BODIES[function_of(path)]

    for record, seen in records(path):
        event = msgspec.json.decode(seen.body, type=kind)
        assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(record["body"])


@pytest.mark.parametrize("path", batches(), ids=named)
def test_a_record_is_grouped_and_named_as_its_event_says(path: Path) -> None:
    for record, seen in records(path):
        event = msgspec.json.decode(seen.body, type=BODIES[function_of(path)])
        named_by = record["attributes"]["MessageDeduplicationId"]
        match event:
            case MessageSubmitted():
                assert (seen.group, named_by) == (event.conversation_id, event.deduplication_id)
            case DeliveryRequested():
                assert (seen.group, named_by) == (event.group, event.deduplication_id)
            case BatchWork():
                assert (seen.group, named_by) == (event.batch_id, event.deduplication_id)
            case EraseWork():
                assert (seen.group, named_by) == (event.group, event.deduplication_id)
            case StatusUpdate() | WebhookEvents():
                # Hashes of the content before it was tidied.
                assert re.fullmatch(r"[0-9a-f]{64}", seen.group)
            case _:
                assert seen.group == event.file_id


@pytest.mark.parametrize("name", ["relay", "search"])
def test_the_schedule_is_what_eventbridge_sends(name: str) -> None:
    event = read(FOLDER / f"{name}.json")

    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert (event["version"], event["account"], event["region"]) == ("0", ACCOUNT, REGION)
    (rule,) = event["resources"]
    assert rule.startswith(
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/chat4all-{name.title()}FunctionEveryMinute"
    )


def test_guarddutys_result_is_about_a_file_of_ours() -> None:
    bucket = next(
        properties["BucketName"]
        for name, properties in TEMPLATE.resources("AWS::S3::Bucket").items()
        if name == "Data.FilesBucket"
    )

    assert scan_result(read(FOLDER / "files-guardduty.json"), bucket) is not None
