"""A batch of a queue, handled conversation by conversation."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Unavailable
from chat4all.entrypoints.queues.batches import LONGEST_WAIT_S, MOST_ENTRIES, Batch, HandBack, Record

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

WAIT_S = 10.0


class Word(msgspec.Struct):
    text: str

    @property
    def ids(self) -> dict[str, str]:
        return {"message_id": self.text}


class Visibility:
    """A fake SQS with what a batch needs: it accepts only receipts that it gave out."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.waits: list[tuple[str, int]] = []
        self.requests = 0
        self.broken = False
        self.refused: set[str] = set()

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto's names
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        assert QueueUrl == "the queue"
        assert 1 <= len(Entries) <= MOST_ENTRIES
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        self.requests += 1
        if self.broken:
            raise EndpointConnectionError(endpoint_url="https://sqs")
        failed = []
        for entry in Entries:
            assert entry["ReceiptHandle"] in self.known
            assert 0 <= entry["VisibilityTimeout"] <= LONGEST_WAIT_S
            if entry["ReceiptHandle"] in self.refused:
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": "ReceiptHandleIsInvalid"})
            else:
                self.waits.append((entry["ReceiptHandle"], entry["VisibilityTimeout"]))
        return {"Failed": failed} if failed else {}


def record(name: str, group: str = "a", *, body: str | None = None, receives: int = 1) -> dict[str, object]:
    return {
        "messageId": name,
        "receiptHandle": f"receipt of {name}",
        "body": body if body is not None else f'{{"text": "{name}"}}',
        "attributes": {"MessageGroupId": group, "ApproximateReceiveCount": str(receives)},
        "md5OfBody": "ignored",
        "eventSource": "aws:sqs",
    }


class Run:
    """A run of a batch; `outcomes` has the outcome of a record by its name."""

    def __init__(self, **outcomes: HandBack | Exception) -> None:
        self.handled: list[str] = []
        self.client = Visibility()
        self._outcomes = outcomes
        self._lock = threading.Lock()

    def __call__(
        self, records: Sequence[dict[str, object]], in_time: Callable[[], bool] = lambda: True
    ) -> list[str]:
        self.client.known = {str(queue_record["receiptHandle"]) for queue_record in records}
        batch = Batch(Word, self._handle, cast("SQSClient", self.client), "the queue")
        answer = batch({"Records": list(records)}, in_time)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def _handle(self, word: Word, _record: Record) -> HandBack | None:
        with self._lock:
            self.handled.append(word.text)
        outcome = self._outcomes.get(word.text)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_what_is_handled_is_not_named() -> None:
    run = Run()

    assert run([record("1"), record("2"), record("3", "b")]) == []
    assert sorted(run.handled) == ["1", "2", "3"]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=10))
def test_each_group_is_handled_in_its_order(groups: list[str]) -> None:
    run = Run()
    run([record(f"{group}{index}", group) for index, group in enumerate(groups)])

    for group in set(groups):
        mine = [int(name[1:]) for name in run.handled if name[0] == group]
        assert mine == sorted(mine)
    assert len(run.handled) == len(groups)


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=10),
    st.sets(st.integers(0, 9)),
    st.sampled_from([HandBack(7), Unavailable("no"), ValueError("broken")]),
)
def test_after_a_failure_the_rest_of_its_group_is_handed_back_in_order_and_the_others_go_on(
    groups: list[str], failing: set[int], outcome: HandBack | Exception
) -> None:
    names = [f"{group}{index}" for index, group in enumerate(groups)]
    run = Run(**{name: outcome for index, name in enumerate(names) if index in failing})

    failed = run([record(name, group) for name, group in zip(names, groups, strict=True)])

    for group in set(groups):
        mine = [name for name in names if name[0] == group]
        first = next((place for place, name in enumerate(mine) if int(name[1:]) in failing), len(mine))
        assert [name for name in run.handled if name[0] == group] == mine[: first + 1]
        assert [name for name in failed if name[0] == group] == mine[first:]
        assert [receipt for receipt, _ in run.client.waits if receipt[11] == group] == [
            f"receipt of {name}" for name in mine[first:]
        ]


def test_groups_are_handled_side_by_side() -> None:
    met = threading.Barrier(2, timeout=WAIT_S)

    def meet(_word: Word, _record: Record) -> None:
        met.wait()

    batch = Batch(Word, meet, cast("SQSClient", Visibility()), "the queue")

    assert batch({"Records": [record("1", "a"), record("2", "b")]}, lambda: True) == {"batchItemFailures": []}


def test_a_record_is_handed_back_for_as_long_as_it_says() -> None:
    run = Run(**{"1": HandBack(6.2)})

    assert run([record("1"), record("2")]) == ["1", "2"]
    assert run.client.waits == [("receipt of 1", 7), ("receipt of 2", 7)]


def test_the_waits_of_a_batch_cost_one_request_for_ten_records() -> None:
    run = Run(**{str(number): HandBack(number) for number in range(12)})

    run([record(str(number), group=str(number)) for number in range(12)])

    assert sorted(run.client.waits) == sorted((f"receipt of {number}", number) for number in range(12))
    assert run.client.requests == 2


def test_a_batch_that_is_handled_asks_for_no_wait() -> None:
    run = Run()

    run([record("1")])

    assert run.client.requests == 0


@pytest.mark.parametrize(("asked", "given_"), [(-1.0, 0), (0.0, 0), (0.1, 1), (1e9, LONGEST_WAIT_S)])
def test_the_wait_is_one_that_sqs_takes(asked: float, given_: int) -> None:
    run = Run(**{"1": HandBack(asked)})

    run([record("1")])

    assert run.client.waits == [("receipt of 1", given_)]


@pytest.mark.parametrize(("receives", "wait_s"), [(1, 1), (2, 2), (5, 16), (7, 60), (100, 60), (5_000, 60)])
def test_a_failing_record_waits_longer_each_time(receives: int, wait_s: int) -> None:
    run = Run(**{"1": ValueError("broken")})

    run([record("1", receives=receives)])

    assert run.client.waits == [("receipt of 1", wait_s)]


@pytest.mark.parametrize("body", ["", "no JSON", "[]", '{"text": 5}', "\ud800", "[" * 100_000])
def test_what_cannot_be_decoded_is_handed_back_and_stops_only_its_group(body: str) -> None:
    run = Run()

    failed = run([record("1", "a", body=body), record("2", "a"), record("3", "b")])

    assert failed == ["1", "2"]
    assert run.handled == ["3"]


def in_time_for(records: int) -> Callable[[], bool]:
    answers: Iterator[bool] = iter([True] * records)
    return lambda: next(answers, False)


def test_what_was_not_begun_in_time_is_handed_back_at_once() -> None:
    run = Run()

    failed = run([record("1"), record("2"), record("3")], in_time_for(1))

    assert (run.handled, failed) == (["1"], ["2", "3"])
    assert run.client.waits == [("receipt of 2", 0), ("receipt of 3", 0)]


def test_if_sqs_does_not_take_the_wait_the_record_is_named_all_the_same() -> None:
    run = Run(**{"1": HandBack(5)})
    run.client.broken = True

    assert run([record("1")]) == ["1"]


def test_a_wait_that_sqs_refuses_leaves_the_others_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    run = Run(**{"1": HandBack(5), "2": HandBack(5)})
    run.client.refused = {"receipt of 1"}

    assert run([record("1", "a"), record("2", "b")]) == ["1", "2"]

    assert run.client.waits == [("receipt of 2", 5)]
    (line,) = caplog.records
    assert ids_of(line) == {"record_id": "1", "group": "a"}
    assert "ReceiptHandleIsInvalid" in line.getMessage()


def test_a_record_without_a_group_is_its_own() -> None:
    alone = record("1")
    alone["attributes"] = {}
    other = record("2")
    other["attributes"] = {}
    run = Run(**{"1": HandBack(1)})

    assert run([alone, other]) == ["1"]


def ids_of(line: logging.LogRecord) -> dict[str, object]:
    known = ("record_id", "group", "message_id")
    return {field: vars(line)[field] for field in known if field in vars(line)}


@pytest.mark.parametrize("outcome", [Unavailable("no"), ValueError("broken")])
def test_the_line_of_a_failed_record_has_the_ids_of_the_record_and_of_its_event(
    outcome: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(**{"1": outcome})

    run([record("1", "a")])

    (line,) = caplog.records
    assert ids_of(line) == {"record_id": "1", "group": "a", "message_id": "1"}


def test_the_line_of_a_record_that_cannot_be_decoded_has_the_ids_of_the_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Run()([record("1", "a", body="no JSON")])

    (line,) = caplog.records
    assert ids_of(line) == {"record_id": "1", "group": "a"}


def test_the_line_of_a_wait_that_sqs_does_not_take_has_the_ids_of_the_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Run(**{"1": HandBack(5)})
    run.client.broken = True

    run([record("1", "a")])

    (line,) = caplog.records
    assert ids_of(line) == {"record_id": "1", "group": "a"}
