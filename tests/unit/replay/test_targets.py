"""The targets of a replay: the router and queues."""

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from chat4all.domain.content import Text
from chat4all.domain.events import MessageAccepted
from chat4all_local.replay.reading import Read, parents_first
from chat4all_local.replay.targets import AT_A_TIME, TRIES, Lines, Queue, Router, Stuck

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import ShardTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
GARBAGE = Read("c", b"\xff", AT, "shard:0")


def a_record(message_id: str, conversation_id: str = "c") -> Read:
    event = MessageAccepted(
        message_id, conversation_id, Text("hello"), (), "2026-11-25T08:00:00.000Z", "1", 0
    )
    return Read(conversation_id, msgspec.json.encode(event), AT, f"shard:{message_id}")


class FakeRouter:
    """A router that answers a message's `outcomes` in turn, and then always `routed`."""

    def __init__(self, outcomes: dict[str, list[str]] | None = None, *, error: str = "") -> None:
        self.asked: list[list[str]] = []
        self._outcomes = outcomes or {}
        self._error = error

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto's names
        assert FunctionName == "chat4all-router"
        ids = [event["message_id"] for event in msgspec.json.decode(Payload)["replay"]]
        self.asked.append(ids)
        if self._error:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(self._error.encode())}
        answer = {"replayed": [self._next(message_id) for message_id in ids]}
        return {"Payload": io.BytesIO(msgspec.json.encode(answer))}

    def _next(self, message_id: str) -> str:
        left = self._outcomes.get(message_id, [])
        return left.pop(0) if left else "routed"


def router(fake: FakeRouter) -> Router:
    return Router(cast("LambdaClient", fake), "chat4all-router", pause=lambda _: None)


def test_the_outcomes_are_counted_and_what_is_unreadable_is_left_out() -> None:
    fake = FakeRouter({"2": ["done"], "3": ["unknown"], "4": ["on_its_way"]})

    done = router(fake)([*(a_record(str(number)) for number in range(1, 5)), GARBAGE])

    assert fake.asked == [["1", "2", "3", "4"]]
    assert done == {"routed": 1, "done": 1, "unknown": 1, "on_its_way": 1, "unreadable": 1}


def test_many_go_in_several_invocations_in_their_order() -> None:
    fake = FakeRouter()

    router(fake)([a_record(str(number)) for number in range(250)])

    assert [len(batch) for batch in fake.asked] == [AT_A_TIME, AT_A_TIME, 50]
    assert [message_id for batch in fake.asked for message_id in batch] == [
        str(number) for number in range(250)
    ]


def test_what_failed_is_tried_again_in_its_order_before_what_follows() -> None:
    fake = FakeRouter({"1": ["failed"], "2": ["failed", "failed"]})

    assert router(fake)([a_record(message_id) for message_id in "0123"])["routed"] == 4

    assert fake.asked == [["0", "1", "2", "3"], ["1", "2"], ["2"]]


def test_what_fails_again_and_again_ends_it_and_says_from_where_to_go_on() -> None:
    fake = FakeRouter({"1": ["failed"] * TRIES})

    with pytest.raises(Stuck) as stuck:
        router(fake)([a_record("1")])

    assert len(fake.asked) == TRIES
    assert stuck.value.advice == "continue with: --from 2026-11-25T08:00:00+00:00"


def test_a_router_that_does_not_know_replays_says_so() -> None:
    with pytest.raises(Stuck, match="chat4all-router failed: KeyError"):
        router(FakeRouter(error="KeyError"))([a_record("1")])


class FakeSqs:
    def __init__(self, refused: int = 0) -> None:
        self.sent: list[dict[str, str]] = []
        self._refused = refused

    def send_message(self, **request: str) -> None:
        self.sent.append(request)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert len(Entries) <= 10
        failed = Entries[: min(self._refused, len(Entries))]
        self._refused -= len(failed)
        self.sent += Entries[len(failed) :]
        return {"Failed": [{"Id": entry["Id"]} for entry in failed]}


def test_a_fifo_queue_gets_each_conversation_as_a_group() -> None:
    sqs = FakeSqs()

    done = Queue(cast("SQSClient", sqs), "https://sqs/other.fifo")(
        [a_record("1"), a_record("2", "d"), GARBAGE]
    )

    assert done == {"sent": 2, "unreadable": 1}
    assert [(entry["MessageGroupId"], entry["MessageDeduplicationId"]) for entry in sqs.sent] == [
        ("c", "shard:1"),
        ("d", "shard:2"),
    ]


def test_a_standard_queue_gets_batches_and_what_it_refused_once_more() -> None:
    sqs = FakeSqs(refused=3)

    assert (
        Queue(cast("SQSClient", sqs), "https://sqs/other")([a_record(str(number)) for number in range(25)])[
            "sent"
        ]
        == 25
    )

    bodies = [msgspec.json.decode(entry["MessageBody"])["message_id"] for entry in sqs.sent]
    assert sorted(bodies, key=int) == [str(number) for number in range(25)]


def test_a_queue_that_refuses_for_ever_ends_it() -> None:
    with pytest.raises(Stuck, match="refused 1 events"):
        Queue(cast("SQSClient", FakeSqs(refused=99)), "https://sqs/other")([a_record("1")])


def test_the_terminal_gets_an_event_a_line() -> None:
    lines: list[bytes] = []
    spread = Read("c", msgspec.json.format(a_record("2").data), AT, "shard:2")

    done = Lines(lines.append)([a_record("1"), GARBAGE, spread])

    assert done == {"printed": 2, "unreadable": 1}
    assert [msgspec.json.decode(line)["message_id"] for line in lines] == ["1", "2"]
    assert not any(b"\n" in line for line in lines)


def test_a_shard_is_read_before_those_that_it_became() -> None:
    shards = [
        {"ShardId": "child", "ParentShardId": "left", "AdjacentParentShardId": "right"},
        {"ShardId": "grandchild", "ParentShardId": "child"},
        {"ShardId": "left", "ParentShardId": "gone long ago"},
        {"ShardId": "right"},
    ]

    assert parents_first(cast("list[ShardTypeDef]", shards)) == ["left", "right", "child", "grandchild"]
