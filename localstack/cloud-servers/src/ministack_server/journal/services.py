"""The services whose state is recorded: what they store now, and what they load at a start."""

import logging
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ministack import app
from ministack.services import dynamodb, sqs

from ministack_server import streams
from ministack_server.journal import items, queues
from ministack_server.journal.changes import Change, Contents, unexpired
from ministack_server.journal.stores import Blobs, Digests, Entries, Stores, store_of

_log = logging.getLogger("journal")

_GROWING: Final = frozenset({"cloudwatch_logs", "cloudwatch"})
"""Their entries grow with every invocation. Known entries are recorded only at a clean stop."""
_WITH_URLS: Final = ("sqs", "lambda", "cloudformation")
Stack = tuple[str, str, int]
"""A stack's key, its status, and the number of the events of all stacks."""
_CHUNK: Final = 500
"""Changes in a frame of a snapshot."""


def names() -> list[str]:
    """Return the services that have state: the loaded ones."""
    return [name for name in app._state_map if _module(name) is not None]  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)


def names_of(handler: str) -> list[str]:
    """Return the services that a handler of requests, such as `apigateway`, may change."""
    registered = app.SERVICE_REGISTRY[handler]
    named = (registered.get("state_key", registered["module"]), *registered.get("sub_modules", ()))
    return [name for name in named if name in app._state_map and _module(name) is not None]  # noqa: SLF001


def stores_of(service: str) -> Stores:
    """Return the service's stores, without items and messages."""
    if service == "dynamodb":
        return items.stores()
    if service == "sqs":
        return queues.stores()
    state: Stores | None = _module(service).get_state()
    return state or {}


def deploying() -> bool:
    """Return whether a stack is being changed. Only whole deployments are recorded."""
    return any(is_in_progress(stack) for stack in stacks())


def is_in_progress(stack: Stack) -> bool:
    _, status, _ = stack
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def stacks() -> list[Stack]:
    """Return the stacks."""
    if (module := _module("cloudformation")) is None:
        return []
    events = sum(len(found) for found in list(module._stack_events._data.values()))  # noqa: SLF001
    return [
        (repr(key), stack.get("StackStatus", ""), events)
        for key, stack in list(module._stacks._data.items())  # noqa: SLF001
    ]


class Recorded:
    """The services' entries and the identities of tables and queues, as they were recorded last."""

    def __init__(self, blobs: Blobs) -> None:
        self._entries = Entries(blobs)
        self._containers: dict[str, object] = {}

    def changes(self, services: list[str], *, at_stop: bool = False) -> Iterator[Change]:
        """Yield the changes of the services' entries since they were recorded last."""
        for service in services:
            only_new = service in _GROWING and not at_stop
            try:
                yield from self._entries.changes(service, stores_of(service), only_new=only_new)
            except TypeError as error:  # a store that MiniStack itself could not write, either
                _log.error("the state of %s is not recorded: %s", service, error)
            if service == "dynamodb":
                new = (table for table in items.tables() if self._is_new(items.arn_of(table), table))
                yield from (("items", items.arn_of(table), table["items"]) for table in new)
            if service == "sqs":
                created = (queue for queue in queues.queues() if self._is_new(queues.arn_of(queue), queue))
                yield from (("messages", queues.arn_of(queue), *queues.content(queue)) for queue in created)

    def digests(self, services: list[str]) -> dict[str, Digests]:
        """Return the digests of the services' entries as they are now."""
        return {service: self._entries.digests(stores_of(service)) for service in services}

    def changes_since(self, before: Mapping[str, Digests]) -> Iterator[Change]:
        """Yield the changes of the entries that are not as they were `before`."""
        for service, digests in before.items():
            yield from self._entries.changes_since(digests, service, stores_of(service))

    def _is_new(self, arn: str, container: object) -> bool:
        """Return whether the table or queue was created since the last call about its ARN."""
        is_new = self._containers.get(arn) is not container
        self._containers[arn] = container
        return is_new


def snapshot(blobs: Blobs) -> Iterator[list[Change]]:
    """Yield the changes that lead from nothing to the state of all services, a frame at a time."""
    frame: list[Change] = []
    for change in _everything(blobs):
        frame.append(change)
        if len(frame) == _CHUNK:
            yield frame
            frame = []
    yield frame


def _everything(blobs: Blobs) -> Iterator[Change]:
    entries = Entries(blobs)
    for service in names():
        yield from entries.changes(service, stores_of(service))
    for table in items.tables():
        yield ("items", items.arn_of(table), {})
        for partition, by_sort in table["items"].items():
            for sort, item in by_sort.items():
                yield ("item", items.arn_of(table), partition, sort, item)
    for queue in queues.queues():
        messages, last, deduplicated = queues.content(queue)
        arn = queues.arn_of(queue)
        yield ("messages", arn, [], last, deduplicated)
        for message in messages:
            yield ("sent", arn, message)
    for mapping, records in streams.waiting().items():
        for record in records:
            yield ("streamed", mapping, record)


def load(contents: Contents, blobs: Blobs) -> list[str]:
    """Load the state into MiniStack, and return the names of the services that have any."""
    states: dict[str, dict[str, Any]] = defaultdict(dict)
    for (service, store), entries in contents.entries.items():
        moved: Mapping[str, Any] = _moved(entries) if service in _WITH_URLS else entries
        states[service][store] = store_of(moved, blobs)
    for _, table in _scoped(states["dynamodb"].get("tables")):
        table["items"] = defaultdict(dict, contents.tables.get(items.arn_of(table), {}))
        dynamodb._update_counts(table)  # noqa: SLF001
    for _, queue in _scoped(states["sqs"].get("queues")):
        content = contents.queues.get(queues.arn_of(queue))
        queue["messages"] = list(content.messages.values()) if content else []
        queue["fifo_seq"] = content.last if content else 0
        queue["dedup_cache"] = unexpired(content.deduplicated) if content else {}
    streams.restore({mapping: [*records.values()] for mapping, records in contents.streams.items()})
    for service, stores in states.items():
        if stores:
            app._get_module(app._state_map[service]).load_persisted_state(stores)  # noqa: SLF001
    blobs.remove_unused()
    return sorted(service for service, stores in states.items() if stores)


def _scoped(store: Any) -> list[tuple[object, dict[str, Any]]]:  # noqa: ANN401 (MiniStack has no types)
    return store.all_items() if store is not None else []


def _moved(value: Any) -> Any:  # noqa: ANN401 (MiniStack has no types)
    """Return the value with the queue URLs of this run: a queue is identified by its URL, with the port."""
    if isinstance(value, str):
        return _queue_url().sub(sqs._queue_url(""), value) if "://" in value else value  # noqa: SLF001
    if isinstance(value, list):
        return [_moved(member) for member in value]
    if isinstance(value, dict):
        return {_moved(key): _moved(member) for key, member in value.items()}
    return value


def _queue_url() -> re.Pattern[str]:
    own = re.escape(sqs._queue_url(""))  # noqa: SLF001
    return re.compile(re.sub(r":\d+/", r":\\d+/", own, count=1))


def _module(service: str) -> Any:  # noqa: ANN401 (MiniStack has no types)
    """Return the module of a service if it is loaded and has state, as MiniStack looks it up at a stop."""
    name = app._state_map[service]  # noqa: SLF001
    module = app._loaded_modules.get(name) or sys.modules.get(f"ministack.services.{name}")  # noqa: SLF001
    return module if hasattr(module, "get_state") else None
