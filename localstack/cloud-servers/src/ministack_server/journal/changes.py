"""The changes that a journal records, and the state that they lead to.

Each change contains the state afterwards, so a change can be applied twice. The changes of one frame belong
together: a transaction is recovered whole or not at all.

====================  ==============================================================================
`item`                table, partition key, sort key, item: the item as it is now
`no-item`             table, partition key, sort key: the item is gone
`items`               table, items by partition and sort key: all items of the table
`sent`                queue, message: the message is at the end of the queue
`deleted`             queue, message ids: the messages are gone
`messages`            queue, messages, last sequence number, deduplication ids: the whole content of the queue
`streamed`            mapping, record: the mapping has yet to pass on the record of a table's stream
`passed`              mapping, event ids: the mapping has passed on the records
`entry`               service, store, key, value: an entry of a service's store (see `stores`)
`no-entry`            service, store, key: the entry is gone
`end`                 nothing: a clean stop
====================  ==============================================================================

A table and a queue are named by their ARN, and a mapping by its UUID.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

DEDUPLICATED_S: Final = 300.0
"""The time for which SQS recognizes a deduplication id."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))

Change = tuple[Any, ...]
"""The kind of the change, and its values, which JSON can express."""
Item = dict[str, Any]
Items = dict[str, dict[str, Item]]
"""Items by partition key and sort key."""
Message = dict[str, Any]


@dataclass
class Queue:
    """The content of a queue. `last` is the last sequence number; `deduplicated` are the known ids."""

    messages: dict[str, Message] = field(default_factory=dict)
    last: int = 0
    deduplicated: dict[str, Any] = field(default_factory=dict)


@dataclass
class Contents:
    """The state that a journal's changes lead to.

    `entries` maps a service and a store to the entries of the store. `was_stopped` says whether the last
    change was a clean stop.
    """

    tables: dict[str, Items] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The records that each mapping has yet to pass on, by their event ids."""
    entries: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    was_stopped: bool = False

    def apply(self, change: Change) -> None:
        """Apply a change. It may have been applied before."""
        kind, *values = change
        self.was_stopped = kind == "end"
        _APPLY[kind](self, *values)

    def _item(self, table: str, partition: str, sort: str, item: Item) -> None:
        self.tables.setdefault(table, {}).setdefault(partition, {})[sort] = item

    def _no_item(self, table: str, partition: str, sort: str) -> None:
        items = self.tables.get(table, {})
        items.get(partition, {}).pop(sort, None)
        if not items.get(partition, True):
            del items[partition]

    def _items(self, table: str, items: Items) -> None:
        self.tables[table] = items

    def _sent(self, arn: str, message: Message) -> None:
        queue = self.queues.setdefault(arn, Queue())
        queue.messages.setdefault(message["id"], message)
        if message.get("seq") and not message.get("sys", {}).get("DeadLetterQueueSourceArn"):
            queue.last = max(queue.last, int(message["seq"]))
            if key := message.get("dedup_cache_key"):
                queue.deduplicated[key] = {
                    "expire": message["sent_at"] + DEDUPLICATED_S,
                    "id": message["id"],
                    "md5": message["md5_body"],
                    "md5a": message["md5_attrs"],
                    "seq": message["seq"],
                }

    def _deleted(self, arn: str, ids: list[str]) -> None:
        for message_id in ids:
            self.queues.setdefault(arn, Queue()).messages.pop(message_id, None)

    def _messages(self, arn: str, messages: list[Message], last: int, deduplicated: dict[str, Any]) -> None:
        self.queues[arn] = Queue({message["id"]: message for message in messages}, last, deduplicated)

    def _streamed(self, mapping: str, record: dict[str, Any]) -> None:
        self.streams.setdefault(mapping, {})[record["eventID"]] = record

    def _passed(self, mapping: str, ids: list[str]) -> None:
        for event_id in ids:
            self.streams.get(mapping, {}).pop(event_id, None)

    def _entry(self, service: str, store: str, key: str, value: Any) -> None:  # noqa: ANN401 (MiniStack has no types)
        self.entries.setdefault((service, store), {})[key] = value

    def _no_entry(self, service: str, store: str, key: str) -> None:
        self.entries.get((service, store), {}).pop(key, None)

    def _end(self) -> None:
        """Apply a clean stop, which changes nothing else."""


_APPLY: Final[Mapping[str, Callable[..., None]]] = {
    "item": Contents._item,  # noqa: SLF001 (its own methods)
    "no-item": Contents._no_item,  # noqa: SLF001
    "items": Contents._items,  # noqa: SLF001
    "sent": Contents._sent,  # noqa: SLF001
    "deleted": Contents._deleted,  # noqa: SLF001
    "messages": Contents._messages,  # noqa: SLF001
    "streamed": Contents._streamed,  # noqa: SLF001
    "passed": Contents._passed,  # noqa: SLF001
    "entry": Contents._entry,  # noqa: SLF001
    "no-entry": Contents._no_entry,  # noqa: SLF001
    "end": Contents._end,  # noqa: SLF001
}


def unexpired(deduplicated: dict[str, Any]) -> dict[str, Any]:
    """Return the deduplication ids that SQS still recognizes."""
    now = time.time()
    return {key: known for key, known in deduplicated.items() if known["expire"] > now}


def encoded(changes: list[Change]) -> bytes:
    """Return the payload of a frame with the changes."""
    return _ENCODER.encode(changes).encode("utf-8", "surrogatepass")


def decoded(payload: bytes) -> list[Change]:
    return [tuple(change) for change in json.loads(payload.decode("utf-8", "surrogatepass"))]


def recovered(payloads: Iterable[bytes]) -> tuple[Contents, int]:
    """Return the state after all changes, and the number of the changes."""
    contents, count = Contents(), 0
    for payload in payloads:
        for change in decoded(payload):
            contents.apply(change)
            count += 1
    return contents, count
