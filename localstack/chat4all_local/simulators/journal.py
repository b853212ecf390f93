"""Journals in order of time: the requests that Chat4All sent, and the webhooks that it received."""

from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import msgspec

from chat4all_local.simulators.control_api import SendRecord, Transcript, WebhookLog, WebhookRecord
from chat4all_local.simulators.shared.media import Content
from chat4all_local.simulators.store import Store

_KEPT: Final = 100_000


class SendJournal:
    """The latest requests to send, numbered from 1. The numbering continues after the journal is cleared."""

    def __init__(self, store: Store) -> None:
        self._records = store.table("sends", SendRecord, _KEPT)
        self._cleared = store.table("sends cleared", int)
        newest = next(self._records.newest_first(), None)
        self._last = max(newest.n if newest else 0, self._cleared.get("last", 0))

    def next_number(self) -> int:
        self._last += 1
        return self._last

    def add(self, record: SendRecord) -> None:
        self._records.put(str(record.n), record)

    def add_contents(self, n: int, contents: Sequence[Content]) -> None:
        """Add the contents that were fetched later to record `n`. A cleared record is ignored."""
        if contents and (record := self._records.get(str(n))):
            first, *others = contents
            record = msgspec.structs.replace(
                record,
                content_type=first.content_type,
                size=first.size,
                sha256=first.sha256,
                more_sha256=tuple(other.sha256 for other in others),
            )
            self._records.put(str(n), record)

    def clear(self) -> None:
        self._cleared.put("last", self._last)
        self._records.clear()

    def after(self, n: int) -> Transcript:
        newest_first = takewhile(lambda record: record.n > n, self._records.newest_first())
        return Transcript(list(newest_first)[::-1], self._last)


class WebhookJournal:
    """The latest webhook calls, numbered from 1 in the order of their answers."""

    def __init__(self) -> None:
        self._records: deque[WebhookRecord] = deque(maxlen=_KEPT)
        self._last = 0

    def add(
        self,
        *,
        at: float,
        kind: str,
        provider_message_id: str | None,
        attempt: int,
        status: int,
        body_sha256: str,
    ) -> None:
        self._last += 1
        self._records.append(
            WebhookRecord(self._last, at, kind, provider_message_id, attempt, status, body_sha256)
        )

    def after(self, n: int) -> WebhookLog:
        return WebhookLog([record for record in self._records if record.n > n], self._last)
