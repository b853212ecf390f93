"""Queues of SQS whose calls visit the messages in flight, and not every message that waits.

MiniStack rebuilds a queue's list of messages when one of them is deleted, and visits all messages several
times when some are received. While one thread rebuilds the list, another may append a message to the old
list: that message is lost. Here the list stays the same object. Messages are removed from it one by one, and
those that were received before are known.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from ministack.core.responses import new_uuid
from ministack.services import sqs

SEARCH_EVERY_S: Final = 1.0
"""The pause between two searches of a queue for messages that are older than the queue keeps them."""

Message = dict[str, Any]
Queue = dict[str, Any]
Request = dict[str, Any]


@dataclass
class _Tried:
    """The messages in a queue's list that were received at least once."""

    messages: list[Message]
    by_identity: dict[int, Message]
    next_search_at: float = 0.0

    def with_handle(self, handle: str) -> Message | None:
        """Return the message that was last received with `handle`."""
        received = self.by_identity.values()
        return next((message for message in received if message["receipt_handle"] == handle), None)

    def in_order(self) -> list[Message]:
        """Return the messages in the queue's order, and forget those that are gone from it."""
        found: dict[int, Message] = {}
        for message in self.messages:
            if len(found) == len(self.by_identity):
                break
            if id(message) in self.by_identity:
                found[id(message)] = message
        self.by_identity = found
        return list(found.values())

    def remove(self, message: Message) -> bool:
        """Remove the message from the queue; False if it is gone already."""
        self.by_identity.pop(id(message), None)
        places = (place for place, waiting in enumerate(self.messages) if waiting is message)
        place = next(places, None)  # near the front, since the oldest messages are received first
        if place is None:
            return False
        del self.messages[place]
        return True


_expire = sqs._expire_retained  # noqa: SLF001 (MiniStack has no public names for them; its version is locked)
_sweep = sqs._dlq_sweep  # noqa: SLF001
_purge = sqs._act_purge_queue  # noqa: SLF001

_known: Final[dict[str, _Tried]] = {}
"""By the queue's ARN."""
changing = threading.RLock()
"""Held by clients' calls and by MiniStack's poller, a thread. A send appends, and needs no lock."""


def install() -> None:
    """Replace MiniStack's functions that receive, hide, delete and move messages."""
    sqs._collect_msgs = _receive  # noqa: SLF001
    sqs._dlq_sweep = _move_dead_letters  # noqa: SLF001
    sqs._expire_retained = _remove_expired  # noqa: SLF001
    sqs._delete_messages_for_esm = _delete_handled  # noqa: SLF001
    actions = {
        "DeleteMessage": _delete_message,
        "DeleteMessageBatch": _delete_message_batch,
        "ChangeMessageVisibility": _change_visibility,
        "ChangeMessageVisibilityBatch": _change_visibility_batch,
        "PurgeQueue": _purge_queue,
    }
    sqs._HANDLERS.update(actions)  # noqa: SLF001


def _tried(queue: Queue) -> _Tried:
    """Return the queue's received messages; find them again if the queue has another list than before."""
    arn, messages = queue["attributes"]["QueueArn"], queue["messages"]
    known = _known.get(arn)
    if known is None or known.messages is not messages:
        received = {id(message): message for message in messages if message.get("receive_count")}
        known = _known[arn] = _Tried(messages, received)
    return known


def _receive(queue: Queue, most: int, hidden_s: int) -> list[Message]:
    """Receive up to `most` messages; of a FIFO queue, none of a group that has a message in flight."""
    with changing:
        now, tried = time.time(), _tried(queue)
        hidden = (message for message in tried.by_identity.values() if message["visible_at"] > now)
        busy = {message["group_id"] for message in hidden if message["group_id"]} if queue["is_fifo"] else ()
        received: list[Message] = []
        for message in queue["messages"]:
            if len(received) >= most:
                break
            sqs._ensure_msg_fields(message)  # noqa: SLF001
            if message["visible_at"] > now or message["group_id"] in busy:
                continue
            message["receipt_handle"] = new_uuid()
            message["visible_at"] = now + hidden_s
            message["receive_count"] += 1
            message["first_receive_at"] = message["first_receive_at"] or now
            tried.by_identity[id(message)] = message
            received.append(message)
        return received


def _move_dead_letters(queue: Queue) -> None:
    """Let MiniStack move the messages that were received too often to the dead-letter queue."""
    policy = queue["attributes"].get("RedrivePolicy")
    if not policy:
        return
    with changing:
        tried = _tried(queue)
        dead = _dropped(_sweep, queue, tried.in_order())
        for message in dead:
            tried.remove(message)
        if dead:
            _known.pop(json.loads(policy)["deadLetterTargetArn"], None)  # its new messages count as received


def _remove_expired(queue: Queue) -> None:
    """Let MiniStack find the messages that are older than the queue keeps them, at most once a second."""
    with changing:
        tried, now = _tried(queue), time.time()
        if now < tried.next_search_at:
            return
        tried.next_search_at = now + SEARCH_EVERY_S
        for message in _dropped(_expire, queue, tried.messages):
            tried.remove(message)


def _dropped(drop: Callable[[Queue], None], queue: Queue, messages: Iterable[Message]) -> list[Message]:
    """Return those of `messages` that MiniStack's function `drop` would drop from the queue."""
    before = list(messages)
    shown = {**queue, "messages": before}
    drop(shown)
    if shown["messages"] is before:
        return []
    kept = {id(message) for message in shown["messages"]}
    return [message for message in before if id(message) not in kept]


def _delete_message(request: Request, url: str) -> dict[str, Any]:
    queue, handle = _queue(request, url, "sqs:DeleteMessage"), request.get("ReceiptHandle", "")
    if not handle:
        raise sqs._Err("MissingParameter", "The request must contain the parameter ReceiptHandle.")  # noqa: SLF001
    if not _delete(queue, handle):
        raise _invalid_handle()
    return {}


def _delete_message_batch(request: Request, url: str) -> dict[str, Any]:
    queue = _queue(request, url, "sqs:DeleteMessage")
    return _each(
        request,
        "DeleteMessageBatchRequestEntry",
        lambda entry: _delete(queue, entry.get("ReceiptHandle", "")),
    )


def _change_visibility(request: Request, url: str) -> dict[str, Any]:
    if not _hide(_queue(request, url, "sqs:ChangeMessageVisibility"), request):
        raise _invalid_handle()
    return {}


def _change_visibility_batch(request: Request, url: str) -> dict[str, Any]:
    queue = _queue(request, url, "sqs:ChangeMessageVisibility")
    return _each(request, "ChangeMessageVisibilityBatchRequestEntry", lambda entry: _hide(queue, entry))


def _purge_queue(request: Request, url: str) -> dict[str, Any]:
    with changing:
        _tried(_queue(request, url, "sqs:PurgeQueue")).by_identity.clear()
        answer: dict[str, Any] = _purge(request, url)
    return answer


def _delete_handled(url: str, handles: set[str]) -> None:
    """Delete the messages of a batch that a function has handled; some may be gone."""
    queue = sqs._get_q(url)  # noqa: SLF001
    for handle in handles:
        _delete(queue, handle)


def _queue(request: Request, url: str, action: str) -> Queue:
    queue: Queue = sqs._get_q(request.get("QueueUrl", url), action)  # noqa: SLF001
    return queue


def _delete(queue: Queue, handle: str) -> bool:
    """Delete the message; False if no message of the queue was last received with `handle`."""
    with changing:
        tried = _tried(queue)
        message = tried.with_handle(handle) if handle else None
        return message is not None and tried.remove(message)


def _hide(queue: Queue, entry: Request) -> bool:
    """Hide the message for the seconds in `entry`; False if no message has its handle."""
    hidden_s = int(entry.get("VisibilityTimeout", 30))
    with changing:
        message = _tried(queue).with_handle(entry.get("ReceiptHandle", ""))
        if message is None:
            return False
        message["visible_at"] = time.time() + hidden_s
    if hidden_s == 0:
        sqs.esm_wake.set()
    return True


def _each(request: Request, kind: str, apply: Callable[[Request], bool]) -> dict[str, Any]:
    """Apply a batch's entries one by one, and answer as SQS does."""
    entries = request.get("Entries", [])
    sqs._validate_batch_entries(entries, kind)  # noqa: SLF001
    applied = [(entry.get("Id", ""), apply(entry)) for entry in entries]
    error = _invalid_handle()
    failure = {"Code": error.code, "Message": error.message, "SenderFault": True}
    return {
        "Successful": [{"Id": entry_id} for entry_id, done in applied if done],
        "Failed": [{"Id": entry_id, **failure} for entry_id, done in applied if not done],
    }


def _invalid_handle() -> Any:  # noqa: ANN401 (MiniStack has no types)
    return sqs._Err("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")  # noqa: SLF001
