"""SQS's changes: every message that comes to a queue's list, and every message that leaves it.

Messages come from SQS itself and from other services, which append them to the list. `queue_order` removes
them from it one by one. How often and until when a message was received is not recorded: after a kill, a
message that was being handled is delivered again.
"""

import time
from collections.abc import Callable
from typing import Any, Final, SupportsIndex, overload

from ministack.services import sqs

from ministack_server import queue_order
from ministack_server.journal.changes import unexpired
from ministack_server.journal.recorder import Recorder, locked
from ministack_server.journal.writer import NotStored

_CONTENT: Final = frozenset({"messages", "dedup_cache", "fifo_seq"})

Message = dict[str, Any]
Queue = dict[str, Any]


class Messages(list[Message]):
    """The messages of a queue, which records what changes it."""

    def __init__(self, queue: Queue, recorder: Recorder) -> None:
        super().__init__(queue["messages"])
        self._queue = queue
        self._recorder = recorder
        self._arn = arn_of(queue)

    def append(self, message: Message) -> None:
        with self._recorder:
            super().append(message)
            self._recorder.record("sent", self._arn, message)

    def remove(self, message: Message) -> None:
        with self._recorder:
            super().remove(message)
            self._recorder.record("deleted", self._arn, [message["id"]])

    @overload
    def __delitem__(self, place: SupportsIndex) -> None: ...
    @overload
    def __delitem__(self, place: slice) -> None: ...
    def __delitem__(self, place: SupportsIndex | slice) -> None:
        with self._recorder:
            found = self[place]
            super().__delitem__(place)
            gone = found if isinstance(found, list) else [found]
            self._recorder.record("deleted", self._arn, [message["id"] for message in gone])

    def clear(self) -> None:
        with self._recorder:
            super().clear()
            self._recorder.record("messages", self._arn, *content(self._queue))


class _Queues(dict[Any, Queue]):
    """MiniStack's queues by account, region and URL, each with `Messages`."""

    def __init__(self, queues: dict[Any, Queue], recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder
        for key, queue in queues.items():
            self[key] = queue

    def __setitem__(self, key: Any, queue: Queue) -> None:  # noqa: ANN401 (MiniStack has no types)
        queue["messages"] = Messages(queue, self._recorder)
        super().__setitem__(key, queue)


def install(recorder: Recorder) -> None:
    """Record every change of a queue's messages."""
    sqs._queues._data = _Queues(sqs._queues._data, recorder)  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
    sqs._act_send_message = locked(sqs._act_send_message, recorder)  # noqa: SLF001
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message  # noqa: SLF001
    sqs._dlq_sweep = _moved_together(sqs._dlq_sweep, recorder)  # noqa: SLF001
    sqs._receive_messages_for_esm = _received_when_stored(sqs._receive_messages_for_esm, recorder)  # noqa: SLF001


def arn_of(queue: Queue) -> str:
    arn: str = queue["attributes"]["QueueArn"]
    return arn


def queues() -> list[Queue]:
    """Return the queues of all accounts and regions."""
    return [queue for _, queue in sqs._queues.all_items()]  # noqa: SLF001


def content(queue: Queue) -> tuple[list[Message], int, dict[str, Any]]:
    """Return a queue's messages, last sequence number and deduplication ids."""
    return list(queue["messages"]), queue["fifo_seq"], unexpired(queue["dedup_cache"])


def stores() -> dict[str, Any]:
    """Return SQS's stores, with the queues but without their content."""
    described = type(sqs._queues)()  # noqa: SLF001
    for (account, region, url), queue in sqs._queues.all_items():  # noqa: SLF001
        description = {key: value for key, value in queue.items() if key not in _CONTENT}
        described.set_scoped(account, region, url, description)
    return {"queues": described}


def _moved_together(sweep: Callable[[Queue], None], recorder: Recorder) -> Callable[[Queue], None]:
    """Record that a message leaves its queue together with its arrival in the dead-letter queue."""

    def swept(queue: Queue) -> None:
        if not queue["attributes"].get("RedrivePolicy"):
            return
        with queue_order.changing, recorder:  # in the order in which a deletion takes them
            sweep(queue)

    return swept


def _received_when_stored(
    receive: Callable[[str, int], list[Message]], recorder: Recorder
) -> Callable[[str, int], list[Message]]:
    """Give a function only messages that are stored: it may tell a provider about them."""

    def received(url: str, most: int) -> list[Message]:
        if recorder.writer.problem:
            return []
        messages = receive(url, most)
        if not messages:
            return messages
        try:
            recorder.writer.wait_synced()
        except NotStored:
            for message in messages:
                message["visible_at"] = time.time()
                message["receive_count"] -= 1
            return []
        return messages

    return received
