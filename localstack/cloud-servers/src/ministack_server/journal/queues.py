"""SQS's changes: every message that is sent, deleted or moved to a dead-letter queue.

Messages come from SQS itself and from other services, which append them to a queue's list. They are removed
by a few functions of SQS. How often and until when a message was received is not recorded: after a kill, a
message that was being handled is delivered again.
"""

import copy
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, SupportsIndex

from ministack.services import sqs

from ministack_server.journal.changes import unexpired
from ministack_server.journal.recorder import Recorder, locked
from ministack_server.journal.writer import NotStored

_CONTENT: Final = frozenset({"messages", "dedup_cache", "fifo_seq"})
_MOST_REMEMBERED: Final = 100_000

Message = dict[str, Any]
Request = dict[str, Any]


class Messages(list[Message]):
    """The messages of a queue. MiniStack replaces the list when it deletes a message."""

    def __init__(self, messages: Iterable[Message], queue: "Queue", recorder: Recorder) -> None:
        super().__init__(messages)
        self._queue = queue
        self._recorder = recorder

    def append(self, message: Message) -> None:
        """Append to the queue's list, even if another thread has just replaced it."""
        with self._recorder:
            if self._queue["messages"] is not self:
                self._queue["messages"].append(message)
                return
            super().append(message)
            self._recorder.record("sent", self._queue.arn, message)

    def remove(self, message: Message) -> None:
        with self._recorder:
            super().remove(message)
            self._recorder.record("deleted", self._queue.arn, [message["id"]])

    def pop(self, index: SupportsIndex = -1) -> Message:
        with self._recorder:
            message = super().pop(index)
            self._recorder.record("deleted", self._queue.arn, [message["id"]])
            return message

    def clear(self) -> None:
        with self._recorder:
            super().clear()
            self._recorder.record("messages", self._queue.arn, *content(self._queue))

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Message]:
        return copy.deepcopy(list(self), memo)


class Queue(dict[str, Any]):
    """A queue whose list of messages is always a `Messages`."""

    def __init__(self, queue: dict[str, Any], recorder: Recorder) -> None:
        super().__init__(queue)
        self._recorder = recorder
        self.arn: str = queue["attributes"]["QueueArn"]
        self["messages"] = queue["messages"]

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 (MiniStack has no types)
        super().__setitem__(key, Messages(value, self, self._recorder) if key == "messages" else value)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return copy.deepcopy(dict(self), memo)


class _Queues(dict[Any, Any]):
    """MiniStack's queues by account, region and URL."""

    def __init__(self, queues: dict[Any, dict[str, Any]], recorder: Recorder) -> None:
        super().__init__({key: Queue(queue, recorder) for key, queue in queues.items()})
        self._recorder = recorder

    def __setitem__(self, key: Any, queue: dict[str, Any]) -> None:  # noqa: ANN401 (MiniStack has no types)
        super().__setitem__(key, Queue(queue, self._recorder))


def install(recorder: Recorder) -> None:
    """Record every change of a queue's messages."""
    sqs._queues._data = _Queues(sqs._queues._data, recorder)  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)
    deletions = _Deletions(recorder)
    sqs._collect_msgs = deletions.remember(sqs._collect_msgs)  # noqa: SLF001
    sqs._act_delete_message = deletions.recorded(sqs._act_delete_message)  # noqa: SLF001
    sqs._act_delete_message_batch = deletions.recorded(sqs._act_delete_message_batch)  # noqa: SLF001
    sqs._delete_messages_for_esm = deletions.recorded_for_mapping(sqs._delete_messages_for_esm)  # noqa: SLF001
    sqs._HANDLERS["DeleteMessage"] = sqs._act_delete_message  # noqa: SLF001
    sqs._HANDLERS["DeleteMessageBatch"] = sqs._act_delete_message_batch  # noqa: SLF001
    for name in ("_act_send_message", "_expire_retained"):
        setattr(sqs, name, locked(getattr(sqs, name), recorder))
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message  # noqa: SLF001
    sqs._dlq_sweep = _recorded_sweep(sqs._dlq_sweep, recorder)  # noqa: SLF001
    sqs._receive_messages_for_esm = _received_when_stored(sqs._receive_messages_for_esm, recorder)  # noqa: SLF001


def queues() -> list[dict[str, Any]]:
    """Return the queues of all accounts and regions."""
    return [queue for _, queue in sqs._queues.all_items()]  # noqa: SLF001


def content(queue: dict[str, Any]) -> tuple[list[Message], int, dict[str, Any]]:
    """Return a queue's messages, last sequence number and deduplication ids."""
    return list(queue["messages"]), queue["fifo_seq"], unexpired(queue["dedup_cache"])


def stores() -> dict[str, Any]:
    """Return SQS's stores, with the queues but without their content."""
    described = type(sqs._queues)()  # noqa: SLF001
    for (account, region, url), queue in sqs._queues.all_items():  # noqa: SLF001
        description = {key: value for key, value in queue.items() if key not in _CONTENT}
        described.set_scoped(account, region, url, description)
    return {"queues": described}


class _Deletions:
    """The deletions of messages by their receipt handles."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._received: dict[str, Message] = {}
        """Messages by receipt handle, so that a deletion need not search the queue."""

    def remember(self, collect: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
        def collected(queue: dict[str, Any], most: int, visibility: int) -> list[Message]:
            with self._recorder:
                messages = collect(queue, most, visibility)
                if len(self._received) > _MOST_REMEMBERED:
                    self._received.clear()
                for message in messages:
                    self._received[message["receipt_handle"]] = message
                return messages

        return collected

    def recorded(self, delete: Callable[[Request, str], Request]) -> Callable[[Request, str], Request]:
        """Record what a request deletes, of one message or of a batch."""

        def deleted(request: Request, url: str) -> Request:
            with self._recorder:
                queue = sqs._get_q(request.get("QueueUrl", url))  # noqa: SLF001
                ids = self._ids(
                    queue, [entry.get("ReceiptHandle", "") for entry in request.get("Entries", [request])]
                )
                answer = delete(request, url)
                self._record(queue, ids)
                return answer

        return deleted

    def recorded_for_mapping(
        self, delete: Callable[[str, set[str]], None]
    ) -> Callable[[str, set[str]], None]:
        """Record what an event source mapping deletes after its function succeeded."""

        def deleted(url: str, handles: set[str]) -> None:
            with self._recorder:
                queue = sqs._get_q(url)  # noqa: SLF001
                ids = self._ids(queue, handles)
                delete(url, handles)
                self._record(queue, ids)

        return deleted

    def _ids(self, queue: dict[str, Any], handles: Iterable[str]) -> list[str]:
        """Return the ids of the messages that have the handles now. An earlier handle deletes nothing."""
        wanted = set(handles)
        received = {handle: self._received.pop(handle) for handle in wanted if handle in self._received}
        ids = {message["id"] for handle, message in received.items() if message["receipt_handle"] == handle}
        if len(received) < len(wanted):  # received before a restart
            ids |= {message["id"] for message in queue["messages"] if message["receipt_handle"] in wanted}
        return sorted(ids)

    def _record(self, queue: dict[str, Any], ids: list[str]) -> None:
        if ids:
            self._recorder.record("deleted", queue["attributes"]["QueueArn"], ids)


def _recorded_sweep(
    sweep: Callable[[dict[str, Any]], None], recorder: Recorder
) -> Callable[[dict[str, Any]], None]:
    """Record that messages which moved to the dead-letter queue are gone from their own."""

    def swept(queue: dict[str, Any]) -> None:
        with recorder:
            before = len(recorder.together)
            sweep(queue)
            moved = [change[2]["id"] for change in recorder.together[before:] if change[0] == "sent"]
            if moved:
                recorder.record("deleted", queue["attributes"]["QueueArn"], moved)

    return swept


def _received_when_stored(
    receive: Callable[[str, int], list[Message]], recorder: Recorder
) -> Callable[[str, int], list[Message]]:
    """Give a function only messages that are stored: it may tell a provider about them."""

    def received(url: str, most: int) -> list[Message]:
        if recorder.writer.problem:
            return []
        with recorder:  # before the lock that MiniStack takes, as a deletion does
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
