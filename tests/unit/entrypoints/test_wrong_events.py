"""Events that a function does not handle: it says what it was given, and counts and changes nothing."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest
from chalice.app import Chalice

from chat4all.domain.events import ChatEvent
from chat4all.entrypoints.http.function_url import on_both_fronts
from chat4all.entrypoints.http.serving import serving
from chat4all.entrypoints.invocation import Handler, WrongEvent, described
from chat4all.entrypoints.queues.batches import Batch, HandBack, Received
from chat4all.entrypoints.queues.chat_events import RecordsOrReplay
from chat4all.entrypoints.queues.consuming import consuming
from chat4all.entrypoints.queues.files import FileEvents
from chat4all.entrypoints.queues.stream_consumer import StreamConsumer
from chat4all.entrypoints.scheduled import scheduled
from chat4all.services.files.inspect_file import InspectFile
from chat4all.services.recovery.replay_messages import ReplayMessages
from tests.fakes.cloud import Counters
from tests.fakes.guardduty import event as guardduty_event
from tests.fakes.visibility import RecordedVisibility
from tests.unit.entrypoints.test_file_events import Context, RecordedInspections, records

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SQS = {"eventSource": "aws:sqs", "messageId": "m", "receiptHandle": "h", "body": "{}", "attributes": {}}
S3 = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": "files/secret"}}}
KINESIS = {"eventSource": "aws:kinesis", "eventID": "shard:1"}
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
REQUEST = {"resource": "/v1/health", "requestContext": {"httpMethod": "GET", "resourcePath": "/v1/health"}}
NO_EVENTS: tuple[object, ...] = (
    {},
    None,
    [],
    "Records",
    7,
    {"Records": []},
    {"Records": None},
    {"Records": {"eventSource": "aws:sqs"}},
    {"Records": ["one"]},
    {"Records": [S3]},
    {"Records": [{"eventSource": "aws:sqs"}]},
    {"Records": [{**SQS, "body": None}]},
    {"records": [SQS]},
    {"key1": "value1", "key2": "value2", "key3": "value3"},
    {"detail-type": ["Scheduled Event"]},
    {"requestContext": None},
    {"requestContext": []},
    {"requestContext": {}, "version": "2.0"},
)


class Functions:
    """The functions' handlers, over services that must not be called."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.handled: list[object] = []
        self.inspections = RecordedInspections()
        sqs = cast("SQSClient", RecordedVisibility())
        count = self.counters.count

        def handle(event: ChatEvent, _record: Received) -> HandBack | None:
            self.handled.append(event)
            return None

        def run() -> Counter[str]:
            self.handled.append("relay")
            return Counter()

        queue = consuming(count, Batch(ChatEvent, handle, sqs, "queue"), 5_000)
        stream = consuming(
            count,
            StreamConsumer(ChatEvent, handle, sqs, queue_url="queue", dead_letter_queue_url="dead"),
            5_000,
        )
        app = Chalice(app_name="chat4all-test", configure_logs=False)
        self.by_name: Mapping[str, Handler] = {
            "files": FileEvents(
                cast("InspectFile", self.inspections), sqs, count, queue_url="queue", bucket="files-bucket"
            ),
            "channel": queue,
            "inbound": queue,
            "status": stream,
            "router": RecordsOrReplay(stream, cast("ReplayMessages", self.handled.append), count),
            "relay": scheduled(run),
            "api": serving(count, app),
            "webhooks": serving(count, on_both_fronts(app, ())),
        }


@pytest.fixture
def functions() -> Functions:
    return Functions()


EVERY = ("files", "channel", "inbound", "status", "router", "relay", "api", "webhooks")


@pytest.mark.parametrize(
    ("name", "event"),
    [
        pytest.param(name, event, id=f"{name} {str(event)[:40]}")
        for name in EVERY
        for event in NO_EVENTS
        # Operators call relay with an empty object.
        if (name, event) != ("relay", {})
    ],
)
def test_an_event_of_no_known_form_is_refused(functions: Functions, name: str, event: Any) -> None:  # noqa: ANN401
    with pytest.raises(WrongEvent) as refused:
        functions.by_name[name](event, Context())

    assert described(event) in str(refused.value)
    assert (functions.handled, functions.inspections.events) == ([], [])
    assert functions.counters.counts == {}


@pytest.mark.parametrize("name", EVERY)
def test_the_event_of_another_function_is_refused(functions: Functions, name: str) -> None:
    """The owner of each event is left out."""
    events: dict[str, Any] = {
        "files": guardduty_event("NO_THREATS_FOUND"),
        "relay": SCHEDULE,
        "api webhooks": REQUEST,
        "router": {"replay": "all"},
        "nobody": {"Records": [S3]},
        "no stream": {"Records": [KINESIS]},
    }
    for owner, event in events.items():
        if name in owner.split():
            continue
        with pytest.raises(WrongEvent):
            functions.by_name[name](event, Context())

    assert (functions.handled, functions.counters.counts) == ([], {})


@pytest.mark.parametrize("missing", ["detail", "s3ObjectDetails", "scanResultDetails"])
def test_a_scan_result_without_its_parts_is_refused_and_not_counted(
    functions: Functions, missing: str
) -> None:
    event = guardduty_event("NO_THREATS_FOUND")
    (event if missing in event else event["detail"]).pop(missing)

    with pytest.raises(
        WrongEvent, match=f"it was given an event 'GuardDuty.*missing required field `{missing}`"
    ):
        functions.by_name["files"](event, Context())

    assert (functions.inspections.verdicts, functions.counters.counts) == ([], {})


def test_a_scan_result_about_another_object_is_counted_and_changes_nothing(functions: Functions) -> None:
    assert (
        functions.by_name["files"](guardduty_event("THREATS_FOUND", key="quarantine/f1"), Context()) is None
    )

    assert functions.counters.counts == {"ScanResults": 1}


def test_no_value_of_the_event_is_repeated() -> None:
    event = {"token": "secret", "Records": [S3]}

    for described_event in (described(event), described({"token": "secret"})):
        assert "secret" not in described_event


@pytest.mark.parametrize(
    ("event", "form"),
    [
        ({}, "an empty object"),
        (None, "no object, but a value of the type NoneType"),
        ({"Records": [S3, S3]}, "2 records of aws:s3"),
        ({"Records": [{}]}, "1 record of None"),
        (SCHEDULE, "an event 'Scheduled Event' of 'aws.events'"),
        ({"key1": 1, "key2": 2}, "an object with the keys 'key1', 'key2'"),
        ({f"k{number}": 1 for number in range(12)}, "and 2 more"),
    ],
)
def test_the_form_is_described(event: object, form: str) -> None:
    assert form in described(event)


def test_what_a_function_handles_it_takes(functions: Functions) -> None:
    assert functions.by_name["relay"]({}, Context()) == {}
    assert functions.by_name["relay"](SCHEDULE, Context()) == {}
    assert functions.by_name["files"](records('{"type":"stored","file_id":"a"}'), Context()) == {
        "batchItemFailures": []
    }
