import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ministack.services import sqs

from ministack_server import deduplication, queue_order

URL = "http://127.0.0.1:4566/000000000000/"
Call = Callable[..., dict[str, Any]]


class Visited(list[dict[str, Any]]):
    """A list that counts how many of its messages are visited."""

    visits = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for message in super().__iter__():
            Visited.visits += 1
            yield message


class VisitedIds(dict[str, Any]):
    visits = 0

    def __iter__(self) -> Iterator[str]:
        for dedup_id in super().__iter__():
            VisitedIds.visits += 1
            yield dedup_id

    def items(self) -> Any:  # noqa: ANN401
        return ((dedup_id, self[dedup_id]) for dedup_id in self)


@pytest.fixture(params=["as pinned", "corrected"])
def variant(request: pytest.FixtureRequest) -> Iterator[str]:
    """MiniStack as it is pinned, and corrected: what a test says of both is unchanged behaviour."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "_collect_msgs",
            "_dlq_sweep",
            "_expire_retained",
            "_delete_messages_for_esm",
            "_prune_dedup",
        ):
            patch.setattr(sqs, name, getattr(sqs, name))
        patch.setattr(sqs, "_HANDLERS", dict(sqs._HANDLERS))
        if request.param == "corrected":
            queue_order.install()
            deduplication.install()
        sqs.reset()
        yield request.param
        sqs.reset()


def act(action: str, queue: str = "queue.fifo", **request: object) -> dict[str, Any]:
    answer: dict[str, Any] = sqs._HANDLERS[action]({"QueueUrl": URL + queue, **request}, URL + queue)
    return answer


def create(name: str = "queue.fifo", **attributes: str) -> dict[str, Any]:
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    sqs._act_create_queue({"QueueName": name, "Attributes": {**fifo, **attributes}}, "")
    queue: dict[str, Any] = sqs._get_q(URL + name)
    return queue


def send(text: str, group: str = "group", queue: str = "queue.fifo") -> None:
    fifo = {"MessageGroupId": group, "MessageDeduplicationId": text} if queue.endswith(".fifo") else {}
    act("SendMessage", queue, MessageBody=text, **fifo)


def receive(most: int = 10, queue: str = "queue.fifo") -> list[dict[str, Any]]:
    received: list[dict[str, Any]] = sqs._receive_messages_for_esm(URL + queue, most)
    return received


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message["body"] for message in messages]


def hide(message: dict[str, Any], seconds: int) -> None:
    act("ChangeMessageVisibility", ReceiptHandle=message["receipt_handle"], VisibilityTimeout=seconds)


def visits_of_a_batch(waiting: int) -> int:
    """Count the messages that are visited while 10 of `waiting` messages are received and deleted."""
    name = f"q{waiting}.fifo"
    queue = create(name)
    send("text", queue=name)
    [sent] = queue["messages"]
    queue["messages"] = Visited({**sent, "group_id": f"group-{number}"} for number in range(waiting))
    receive(1, name)
    Visited.visits = 0
    batch = receive(10, name)
    sqs._delete_messages_for_esm(URL + name, {message["receipt_handle"] for message in batch})
    return Visited.visits


def test_a_batch_visits_the_messages_in_flight_and_not_all_that_wait(variant: str) -> None:
    few, many = visits_of_a_batch(1_000), visits_of_a_batch(10_000)

    if variant == "corrected":
        assert max(few, many) < 150
    else:
        assert many > 5 * few > 10_000  # the pinned version still needs the correction


def test_a_send_visits_one_id_and_not_all_of_the_last_five_minutes(variant: str) -> None:
    queue = create()
    queue["dedup_cache"] = VisitedIds({str(number): {"expire": time.time() + 60} for number in range(1_000)})
    VisitedIds.visits = 0

    send("text")

    assert (VisitedIds.visits == 1) if variant == "corrected" else (VisitedIds.visits >= 1_000)


@pytest.mark.usefixtures("variant")
def test_an_id_is_forgotten_when_it_expires_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    create()
    now = time.time()
    for sent_at, expected in [(now, 1), (now + 299, 1), (now + 301, 2)]:
        monkeypatch.setattr(time, "time", lambda sent_at=sent_at: sent_at)
        send("text")
        assert len(sqs._get_q(URL + "queue.fifo")["messages"]) == expected


@pytest.mark.usefixtures("variant")
def test_a_group_with_a_message_in_flight_waits_and_the_others_do_not() -> None:
    create()
    for text, group in [("1", "a"), ("2", "a"), ("3", "b")]:
        send(text, group)

    assert texts(receive(1)) == ["1"]
    assert texts(receive()) == ["3"]
    assert texts(receive()) == []


@pytest.mark.usefixtures("variant")
def test_a_returned_message_waits_for_a_later_one_of_its_group_that_is_still_in_flight() -> None:
    create()
    for text in ("1", "2", "3"):
        send(text)
    first, second = receive(2)

    hide(first, 0)
    assert texts(receive()) == []

    hide(second, 0)
    assert texts(receive()) == ["1", "2", "3"]


@pytest.mark.usefixtures("variant")
def test_only_the_last_handle_of_a_message_deletes_it() -> None:
    create()
    send("1")
    [message] = receive()
    old = message["receipt_handle"]
    hide(message, 0)
    [again] = receive()

    with pytest.raises(sqs._Err, match="receipt handle is invalid"):
        act("DeleteMessage", ReceiptHandle=old)
    act("DeleteMessage", ReceiptHandle=again["receipt_handle"])
    with pytest.raises(sqs._Err, match="receipt handle is invalid"):
        act("DeleteMessage", ReceiptHandle=again["receipt_handle"])

    assert sqs._get_q(URL + "queue.fifo")["messages"] == []


@pytest.mark.usefixtures("variant")
@pytest.mark.parametrize("action", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_a_batch_answers_each_entry(action: str) -> None:
    create()
    send("1")
    [message] = receive()
    entries = [
        {"Id": "a", "ReceiptHandle": message["receipt_handle"]},
        {"Id": "b", "ReceiptHandle": "unknown"},
    ]

    answer = act(action, Entries=entries)

    assert answer["Successful"] == [{"Id": "a"}]
    assert [(failed["Id"], failed["Code"]) for failed in answer["Failed"]] == [
        ("b", "ReceiptHandleIsInvalid")
    ]
    with pytest.raises(sqs._Err, match="at least one"):
        act(action, Entries=[])


@pytest.mark.usefixtures("variant")
def test_what_was_received_too_often_is_moved_in_its_order() -> None:
    dead = create("dead.fifo")
    arn = dead["attributes"]["QueueArn"]
    create(RedrivePolicy=f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}')
    for text, group in [("1", "a"), ("2", "b"), ("3", "a")]:
        send(text, group)
    received = receive(2)
    for message in reversed(received):
        hide(message, 0)

    assert texts(receive()) == ["3"]
    assert texts(receive(queue="dead.fifo")) == ["1", "2"]


@pytest.mark.usefixtures("variant")
@pytest.mark.parametrize("name", ["queue.fifo", "queue"])
def test_what_is_older_than_the_queue_keeps_it_is_gone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create(name, MessageRetentionPeriod="60")
    send("old", "a", name)
    receive(queue=name)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    send("new", "a", name)

    assert texts(receive(queue=name)) == ["new"]


@pytest.mark.usefixtures("variant")
def test_a_purged_queue_blocks_no_group() -> None:
    create()
    send("1")
    receive()

    act("PurgeQueue")
    send("2")

    assert texts(receive()) == ["2"]


@pytest.mark.usefixtures("variant")
def test_a_queue_that_was_made_again_knows_nothing_of_the_old_one() -> None:
    create()
    send("1")
    receive()
    act("DeleteQueue")
    create()
    send("2")

    assert texts(receive()) == ["2"]


class Interrupted(list[dict[str, Any]]):
    """A list to which another thread appends `message` when all others have been visited."""

    message: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from super().__iter__()
        if self.message is not None:
            self.append(self.message)
            self.message = None


def test_no_message_is_lost_that_is_sent_while_another_is_deleted(variant: str) -> None:
    queue = create()
    send("1")
    [message] = receive()
    queue["messages"] = Interrupted(queue["messages"])
    queue["messages"].message = {**message, "body": "2", "receipt_handle": None, "receive_count": 0}

    sqs._delete_messages_for_esm(URL + "queue.fifo", {message["receipt_handle"]})

    # The pinned version still needs the correction.
    assert texts(queue["messages"]) == (["2"] if variant == "corrected" else [])


@pytest.mark.usefixtures("variant")
def test_what_one_thread_sends_another_receives_once_and_in_order() -> None:
    queue = create()

    def send_all() -> None:
        for number in range(1_000):
            send(str(number), "group")

    sending = threading.Thread(target=send_all)
    sending.start()
    seen: list[str] = []
    while sending.is_alive() or queue["messages"]:
        batch = receive()
        seen += texts(batch)
        handled = {message["receipt_handle"] for message in batch}
        sqs._delete_messages_for_esm(URL + "queue.fifo", handled)
    sending.join()

    assert len(seen) == len(set(seen))
    assert seen == sorted(seen, key=int)
