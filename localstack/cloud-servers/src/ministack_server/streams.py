"""DynamoDB's streams that reach functions, without holding up the queues' functions.

MiniStack keeps every record of a stream for 24 hours in memory, also the records that the filters of all
mappings leave out. It calls a stream's function in the thread that polls all queues, which wait meanwhile; it
wakes this thread at every change of a table; and it gathers no records for `MaximumBatchingWindowInSeconds`.

Here a record is kept only if a mapping's filter lets it through, and until each mapping has passed it on. A
batch runs in a thread of its own, one for each mapping, so that the records keep their order. The journal has
the records that wait, so that they outlast a kill.
"""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

from ministack.core.responses import _request_account_id, _request_region, get_account_id, get_region
from ministack.services import dynamodb, lambda_svc

PAUSE_S: Final = 1.0
"""The pause after a batch that failed; it is given to the function again until it succeeds."""
_DEFAULT_BATCH: Final = 100
_LOOK_EVERY_S: Final = 0.25

Record = dict[str, Any]
Mapping = dict[str, Any]

_lock: AbstractContextManager[object] = threading.RLock()
"""The lock of the records that wait. Once there is a journal, it is the journal's own.

A table's change holds the journal's lock when its record begins to wait. A second lock, taken in the other
order where a batch ends, would stop both for good.
"""
_waiting: Final[dict[str, list[Record]]] = defaultdict(list)
"""The records that a mapping has not passed on yet, by its UUID."""
_first_at: Final[dict[str, float]] = {}
"""When the oldest of a mapping's records arrived."""
_pause_until: Final[dict[str, float]] = {}

_record: Callable[..., None] = lambda *_: None  # noqa: E731 (until the journal begins)

_emit = dynamodb._emit_stream_event  # noqa: SLF001 (MiniStack has no public names for them; its version is locked)


def install() -> None:
    """Replace how MiniStack keeps a table's changes, and how it passes them on."""
    dynamodb._emit_stream_event = emit  # noqa: SLF001
    lambda_svc._poll_dynamodb_streams = poll  # noqa: SLF001
    threading.Thread(target=_wake, name="ministack-streams", daemon=True).start()


def record(change: Callable[..., None], lock: AbstractContextManager[object]) -> None:
    """Call `change` under `lock` for each record that begins to wait, and for those that were passed on."""
    global _record, _lock
    _record, _lock = change, lock


def waiting() -> dict[str, list[Record]]:
    """Return the records that each mapping has yet to pass on."""
    with _lock:
        return {mapping: [*records] for mapping, records in _waiting.items() if records}


def restore(records: dict[str, list[Record]]) -> None:
    """Let records wait that waited when MiniStack stopped."""
    for mapping, found in records.items():
        if found:
            _waiting[mapping] = found
            _first_at[mapping] = time.monotonic()


def emit(
    table_name: str,
    event_name: str,
    old: dict[str, Any] | None,
    new: dict[str, Any] | None,
    replicate: bool = True,  # noqa: FBT001, FBT002 (as MiniStack calls it)
) -> None:
    """Keep the change for the mappings whose filters let it through."""
    table = dynamodb._tables.get(table_name)  # noqa: SLF001
    stream = (table or {}).get("StreamSpecification") or {}
    if table is None or not stream.get("StreamEnabled"):
        _emit(table_name, event_name, old, new, replicate)
        return
    if event_name == "MODIFY" and old == new:
        return
    mappings = [mapping for mapping in _mappings() if mapping["EventSourceArn"] == table["LatestStreamArn"]]
    if not mappings:
        return
    change = dynamodb._build_change_record(  # noqa: SLF001
        table, event_name, old, new, stream.get("StreamViewType", "NEW_AND_OLD_IMAGES")
    )
    for mapping in mappings:
        if lambda_svc._apply_filter_criteria([change], mapping):  # noqa: SLF001
            with _lock:
                _waiting[mapping["UUID"]].append(change)
                _record("streamed", mapping["UUID"], change)
                _first_at.setdefault(mapping["UUID"], time.monotonic())


def poll() -> bool:
    """Begin a batch of each mapping whose records have waited long enough; return whether one began."""
    began = False
    for account, region, mapping in lambda_svc._iter_all_esms():  # noqa: SLF001
        known = mapping["UUID"]
        if not _is_due(mapping) or lambda_svc._esm_inflight.get(known):  # noqa: SLF001
            continue
        account_token, region_token = _request_account_id.set(account), _request_region.set(region)
        try:
            function, _ = lambda_svc._get_func_record_for_qualifier(  # noqa: SLF001
                mapping["FunctionName"], mapping.get("Qualifier")
            )
            if function is None:
                continue
            with _lock:
                batch = _waiting[known][: mapping.get("BatchSize", _DEFAULT_BATCH)]
            lambda_svc._dispatch_esm_batch(known, _run, mapping, function, batch)  # noqa: SLF001
            began = True
        finally:
            _request_account_id.reset(account_token)
            _request_region.reset(region_token)
    return began


def _is_due(mapping: Mapping) -> bool:
    known, now = mapping["UUID"], time.monotonic()
    count = len(_waiting.get(known, ()))
    if not count or not mapping.get("Enabled", True) or _pause_until.get(known, 0.0) > now:
        return False
    window = mapping.get("MaximumBatchingWindowInSeconds") or 0
    return count >= mapping.get("BatchSize", _DEFAULT_BATCH) or now - _first_at.get(known, 0.0) >= window


def _run(mapping: Mapping, function: Record, batch: list[Record]) -> None:
    known = mapping["UUID"]
    result = lambda_svc._execute_function(function, {"Records": batch})  # noqa: SLF001
    if result.get("error") or result.get("throttle"):
        mapping["LastProcessingResult"] = "FAILED"
        _pause_until[known] = time.monotonic() + PAUSE_S
        lambda_svc.logger.warning(
            "%s failed with records of a stream: %s", known, json.dumps(result.get("body"))
        )
        return
    mapping["LastProcessingResult"] = f"OK - {len(batch)} records"
    with _lock:
        del _waiting[known][: len(batch)]
        _record("passed", known, [change["eventID"] for change in batch])
        if _waiting[known]:
            _first_at[known] = time.monotonic()
        else:
            _first_at.pop(known, None)


def _mappings() -> Iterator[Mapping]:
    for account, region, mapping in lambda_svc._iter_all_esms():  # noqa: SLF001
        if account == get_account_id() and region == get_region():
            yield mapping


def _wake() -> None:
    """Wake the thread that polls, when a batch is due: a change of a table does not wake it."""
    while True:
        time.sleep(_LOOK_EVERY_S)
        if any(_is_due(mapping) for _, _, mapping in lambda_svc._iter_all_esms()):  # noqa: SLF001
            lambda_svc._esm_wake.set()  # noqa: SLF001
