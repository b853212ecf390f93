"""A table's changes reach a function: filtered, gathered, in order, until it has handled them."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb, lambda_svc

from ministack_server import streams
from ministack_server.journal.changes import Contents
from ministack_server.journal.recorder import Recorder
from ministack_server.journal.writer import Writer

TABLE = "words"
ARN = f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}/stream/2026-11-30T08:00:00.000"
FILTER = {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"kind": {"S": ["MESSAGE"]}}}}'}]}


class Function:
    """A function that remembers its batches, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.failures = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def execute(self, _function: object, event: dict[str, Any]) -> dict[str, Any]:
        self.may_go_on.wait(5)
        self.batches.append([record["dynamodb"]["NewImage"]["number"]["N"] for record in event["Records"]])
        if self.failures:
            self.failures -= 1
            return {"error": True, "body": {"errorType": "Unavailable"}}
        return {"body": {}}


@pytest.fixture
def mapping() -> dict[str, Any]:
    return {
        "UUID": "one",
        "EventSourceArn": ARN,
        "FunctionName": "search",
        "BatchSize": 3,
        "Enabled": True,
        "FilterCriteria": FILTER,
    }


@pytest.fixture
def function(mapping: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    function = Function()
    table = {
        "TableName": TABLE,
        "TableArn": ARN.partition("/stream")[0],
        "LatestStreamArn": ARN,
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "pk_name": "id",
        "sk_name": "kind",
    }
    monkeypatch.setattr(dynamodb, "_tables", {TABLE: table})
    monkeypatch.setattr(
        lambda_svc,
        "_iter_all_esms",
        lambda: iter([(get_account_id(), get_region(), mapping)]),
    )
    monkeypatch.setattr(lambda_svc, "_get_func_record_for_qualifier", lambda *_: ({}, {}))
    monkeypatch.setattr(lambda_svc, "_execute_function", function.execute)
    monkeypatch.setattr(streams, "PAUSE_S", 0.05)
    yield function
    streams._waiting.clear()
    streams._first_at.clear()
    streams._pause_until.clear()
    streams.record(lambda *_: None, threading.RLock())


class Sink:
    def append(self, frame: bytes) -> None:
        """Take a frame of the journal, and store it nowhere."""


def write(*numbers: int, kind: str = "MESSAGE") -> None:
    for number in numbers:
        item = {"id": {"S": str(number)}, "kind": {"S": kind}, "number": {"N": str(number)}}
        streams.emit(TABLE, "INSERT", None, item)


def poll_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not done():
        assert time.monotonic() < deadline
        streams.poll()
        time.sleep(0.01)


def test_a_function_gets_the_records_that_its_filter_lets_through_in_their_order(function: Function) -> None:
    write(1, 2)
    write(8, 9, kind="STATE")
    write(3, 4)

    poll_until(lambda: len(function.batches) == 2)
    assert function.batches == [["1", "2", "3"], ["4"]]
    poll_until(lambda: not streams.waiting())


def test_a_batch_that_failed_comes_again_before_the_records_behind_it(function: Function) -> None:
    function.failures = 2
    write(1, 2, 3, 4)

    poll_until(lambda: len(function.batches) == 4)
    assert function.batches == [["1", "2", "3"]] * 3 + [["4"]]


def test_a_slow_function_holds_up_nobody_and_runs_once_at_a_time(function: Function) -> None:
    function.may_go_on.clear()
    write(1, 2, 3, 4)

    began = time.monotonic()
    assert streams.poll()
    assert not streams.poll()
    assert time.monotonic() - began < 1
    function.may_go_on.set()
    poll_until(lambda: len(function.batches) == 2)


def test_records_are_gathered_for_the_window_unless_the_batch_is_full(
    function: Function, mapping: dict[str, Any]
) -> None:
    mapping["MaximumBatchingWindowInSeconds"] = 60
    write(1, 2)
    assert not streams.poll()
    write(3)
    poll_until(lambda: function.batches == [["1", "2", "3"]])


def test_the_journal_has_the_records_that_wait(function: Function) -> None:
    contents = Contents()
    streams.record(lambda *change: contents.apply(change), threading.RLock())
    write(1, 2, 3, 4)
    poll_until(lambda: len(function.batches) == 1)
    poll_until(
        lambda: ([*streams.waiting()] != [] and len(streams.waiting()["one"]) == 1) or not streams.waiting()
    )
    kept = {mapping: [*records.values()] for mapping, records in contents.streams.items()}

    streams._waiting.clear()
    streams.restore(kept)

    poll_until(lambda: function.batches[-1] == ["4"])


def test_a_write_that_changes_nothing_makes_no_record(function: Function) -> None:
    item = {"id": {"S": "1"}, "kind": {"S": "MESSAGE"}, "number": {"N": "1"}}

    streams.emit(TABLE, "MODIFY", item, dict(item))

    assert streams.waiting() == {}


def test_changes_under_the_journals_lock_and_ends_of_batches_do_not_wait_for_each_other(
    function: Function,
) -> None:
    recorder = Recorder(cast("Writer", Sink()))
    streams.record(recorder.record, recorder)

    def change() -> None:
        for number in range(300):
            with recorder:
                time.sleep(0.0005)  # another thread takes the lock of streams meanwhile, if there is one
                write(number)

    changing = threading.Thread(target=change, daemon=True)
    changing.start()

    deadline = time.monotonic() + 30
    while changing.is_alive() or streams.waiting():
        assert time.monotonic() < deadline, "both threads wait for each other"
        streams.poll()
        time.sleep(0.001)
    assert sorted(int(name) for batch in function.batches for name in batch) == [*range(300)]
