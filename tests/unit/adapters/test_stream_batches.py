"""A batch of a stream, handled conversation by conversation."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.adapters.queues.stream_failures import Pointer
from chat4all.domain.errors import Unavailable
from chat4all.entrypoints.queues.batches import HandBack, Received
from chat4all.entrypoints.queues.stream_batches import LONGEST_PAUSE_S, UNEXPECTED_TRIES, StreamBatch
from tests.fakes.kinesis import ARN, InTurn, lambda_record

WAIT_S = 10.0


class Word(msgspec.Struct):
    text: str

    @property
    def ids(self) -> dict[str, str]:
        return {"message_id": self.text}


def record(number: int, key: str = "a", *, data: bytes | None = None) -> dict[str, object]:
    return lambda_record(str(number), key, f'{{"text": "{number}"}}'.encode() if data is None else data)


class Run:
    """A run of a batch; `outcomes` has the outcomes of each record's tries. The last outcome is repeated."""

    def __init__(self, **outcomes: Sequence[HandBack | Exception | None]) -> None:
        self.handled: list[int] = []
        self.given_up: list[Pointer] = []
        self.pauses: list[float] = []
        self.no_failure_is_taken = False
        self._outcomes = {int(name[1:]): list(tries) for name, tries in outcomes.items()}

    def __call__(
        self, records: Sequence[dict[str, object]], in_time: Callable[[], bool] = lambda: True
    ) -> str | None:
        """Run the batch; return the sequence number from which Lambda repeats it."""
        batch = StreamBatch(Word, self._handle, self._give_up, threads=InTurn(), sleep=self.pauses.append)
        failures: list[dict[str, Any]] = batch({"Records": records}, in_time)["batchItemFailures"]
        assert len(failures) <= 1
        return failures[0]["itemIdentifier"] if failures else None

    def _handle(self, word: Word, record: Received) -> HandBack | None:
        self.handled.append(int(word.text))
        outcomes = self._outcomes.get(int(word.text), [None])
        outcome = outcomes[min(record.receive_count, len(outcomes)) - 1]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _give_up(self, pointer: Pointer) -> None:
        if self.no_failure_is_taken:
            raise Unavailable("no")
        self.given_up.append(pointer)


def in_time_for(questions: int) -> Callable[[], bool]:
    answers: Iterator[bool] = iter([True] * questions)
    return lambda: next(answers, False)


def test_all_is_well() -> None:
    run = Run()

    assert run([record(1), record(2, "b"), record(3)]) is None
    assert sorted(run.handled) == [1, 2, 3]
    assert run.pauses == []


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=10))
def test_each_key_is_handled_in_its_order(keys: list[str]) -> None:
    run = Run()
    run([record(number, key) for number, key in enumerate(keys)])

    for key in set(keys):
        mine = [number for number in run.handled if keys[number] == key]
        assert mine == sorted(mine)
    assert len(run.handled) == len(keys)


def test_keys_are_handled_side_by_side() -> None:
    met = threading.Barrier(2, timeout=WAIT_S)

    def meet(_word: Word, _record: Received) -> None:
        met.wait()

    batch = StreamBatch(Word, meet, lambda _: None)

    assert batch({"Records": [record(1, "a"), record(2, "b")]}, lambda: True) == {"batchItemFailures": []}


def test_what_waits_holds_up_only_its_key_and_is_tried_again() -> None:
    run = Run(n1=[HandBack(1.0), HandBack(2.0), None])

    assert run([record(1), record(2), record(3, "b")]) is None

    assert run.handled == [1, 3, 1, 1, 2]
    assert run.pauses == [1.0, 2.0]


def test_those_that_wait_do_so_together_and_never_for_long() -> None:
    waits: list[HandBack | Exception | None] = [HandBack(1.0), None]
    run = Run(n1=waits, n2=waits, n3=[HandBack(60.0), None])

    assert run([record(1, "a"), record(2, "b"), record(3, "c")]) is None

    assert run.pauses == [LONGEST_PAUSE_S]


def test_what_is_left_at_the_end_comes_again_from_the_lowest_on() -> None:
    # As text, "9" comes after "10".
    run = Run(n9=[Unavailable("no")], n10=[Unavailable("no")])

    assert run([record(8), record(9, "a"), record(10, "b"), record(11, "c")], in_time_for(12)) == "9"

    assert 11 in run.handled
    assert run.given_up == []


def test_what_was_not_begun_in_time_comes_again() -> None:
    run = Run()

    assert run([record(1), record(2), record(3)], in_time_for(1)) == "2"
    assert run.handled == [1]


def test_aws_not_answering_gives_nothing_up() -> None:
    run = Run(n1=[Unavailable("no")])

    assert run([record(1)], in_time_for(100)) == "1"
    assert run.given_up == []
    assert run.pauses[:4] == [1.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize("data", [b"", b"no JSON", b"[]", b'{"text": 5}', b"\xff\xfe"])
def test_what_cannot_be_decoded_is_given_up_at_once_and_blocks_nobody(data: bytes) -> None:
    run = Run()

    assert run([record(1, data=data), record(2), record(3, "b")]) is None

    assert run.given_up == [Pointer(ARN, "shardId-000000000000", "1", "1")]
    assert sorted(run.handled) == [2, 3]
    assert run.pauses == []


def test_what_fails_in_an_unforeseen_way_is_given_up_after_some_tries() -> None:
    run = Run(n1=[ValueError("broken")])

    assert run([record(1), record(2)]) is None

    assert run.handled == [1] * UNEXPECTED_TRIES + [2]
    assert [pointer.start_sequence_number for pointer in run.given_up] == ["1"]


def test_what_fails_once_in_an_unforeseen_way_is_not_given_up() -> None:
    run = Run(n1=[ValueError("broken"), None])

    assert run([record(1), record(2)]) is None
    assert (run.handled, run.given_up) == ([1, 1, 2], [])


def test_what_cannot_be_given_up_is_not_lost() -> None:
    run = Run()
    run.no_failure_is_taken = True

    assert run([record(1, data=b"no JSON"), record(2)], in_time_for(5)) == "1"
    assert run.handled == []


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
    st.integers(1, 40),
)
def test_nothing_before_the_answer_is_left_undone(keys: list[str], failing: set[int], time: int) -> None:
    run = Run(**{f"n{number}": [Unavailable("no")] for number in failing})

    again = run([record(number, key) for number, key in enumerate(keys)], in_time_for(time))

    end = len(keys) if again is None else int(again)
    done = set(run.handled) - failing
    assert set(range(end)) <= done
    for key in set(keys):
        mine = [number for number in range(len(keys)) if keys[number] == key]
        stop = next((place for place, number in enumerate(mine) if number in failing), len(mine))
        assert not set(mine[stop + 1 :]) & set(run.handled)


def ids_of(line: logging.LogRecord) -> dict[str, object]:
    known = ("record_id", "group", "message_id")
    return {field: vars(line)[field] for field in known if field in vars(line)}


@pytest.mark.parametrize("outcome", [Unavailable("no"), ValueError("broken")])
def test_the_line_of_a_failed_record_has_the_ids_of_the_record_and_of_its_event(
    outcome: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    Run(n1=[outcome, None])([record(1)])

    (line,) = caplog.records
    assert ids_of(line) == {"record_id": "shardId-000000000000:1", "group": "a", "message_id": "1"}


def test_the_lines_of_a_record_that_cannot_be_decoded_have_the_ids_of_the_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Run()
    run.no_failure_is_taken = True

    run([record(1, data=b"no JSON")], in_time_for(1))

    assert [line.levelname for line in caplog.records] == ["ERROR", "WARNING"]
    for line in caplog.records:
        assert ids_of(line) == {"record_id": "shardId-000000000000:1", "group": "a"}
