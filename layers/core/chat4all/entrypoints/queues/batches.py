"""A batch of SQS FIFO records, conversation by conversation.

The groups of a batch are handled side by side, each in its order. After a failure in one group, that
group's later records are handed back unhandled, and the other groups go on. Lambda then deletes what is
not named in `batchItemFailures`, and SQS gives the others out again, in order.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chat4all.domain.errors import Unavailable
from chat4all.domain.text import shortened

E = TypeVar("E")

SIDE_BY_SIDE: Final = 10
LONGEST_WAIT_S: Final = 43_200
"""SQS keeps a record invisible for at most 12 hours."""

_MOST_DOUBLINGS: Final = 6

_log = logging.getLogger(__name__)


class HandBack(msgspec.Struct, frozen=True):
    """The record was not handled; it shall come again after `wait_s` seconds."""

    wait_s: float


class Received(Protocol):
    """What any record tells of its way here."""

    @property
    def receive_count(self) -> int:
        """1 at the first time."""
        ...


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """What is needed of a record of Lambda's SQS event."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str]

    @property
    def group(self) -> str:
        return self.attributes.get("MessageGroupId", self.message_id)

    @property
    def receive_count(self) -> int:
        return int(self.attributes.get("ApproximateReceiveCount", "1"))


class VisibilityClient(Protocol):
    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> object: ...


class Batch(Generic[E]):
    """Decodes each record's body into `kind` and gives it to `handle`, which may return HandBack.

    An exception of `handle` hands the record back too, for longer each time. A body that is no `kind` can
    never be handled: it is handed back until SQS moves it to the dead-letter queue.
    """

    def __init__(
        self,
        kind: type[E],
        handle: Callable[[E, Record], HandBack | None],
        client: VisibilityClient,
        queue_url: str,
    ) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._handle = handle
        self._client = client
        self._queue_url = queue_url
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="group")

    def __call__(self, event: Mapping[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        """Lambda's answer for the batch; records not begun in time are handed back at once."""
        records = msgspec.convert(event["Records"], list[Record])
        groups: dict[str, list[Record]] = {}
        for record in records:
            groups.setdefault(record.group, []).append(record)
        if len(groups) == 1:
            failed = [self._group(group, still_in_time) for group in groups.values()]
        else:
            failed = list(self._threads.map(lambda group: self._group(group, still_in_time), groups.values()))
        return {"batchItemFailures": [{"itemIdentifier": one.message_id} for some in failed for one in some]}

    def hand_back(self, records: Sequence[Record], wait_s: float) -> None:
        """Make the records invisible for `wait_s` seconds. Failing that, the queue's own timeout holds."""
        for record in records:
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._queue_url,
                    ReceiptHandle=record.receipt_handle,
                    VisibilityTimeout=_whole_seconds(wait_s),
                )
            except (BotoCoreError, ClientError):
                _log.warning("the visibility of a record could not be changed", exc_info=True)

    def _group(self, records: list[Record], still_in_time: Callable[[], bool]) -> list[Record]:
        """Handle one group in order; returns the records handed back."""
        for index, record in enumerate(records):
            back = self._one(record) if still_in_time() else HandBack(0)
            if back is not None:
                rest = records[index:]
                self.hand_back(rest, back.wait_s)
                return rest
        return []

    def _one(self, record: Record) -> HandBack | None:
        try:
            return self._handle(self._decoder.decode(record.body), record)
        except Unavailable as error:
            _log.warning("handed back: %s", error.message)
        except msgspec.DecodeError as error:
            # Without the traceback, which repeats the message: msgspec quotes the record in it, however long.
            _log.error("a record that cannot be decoded: %s", shortened(str(error)))
        except Exception:  # noqa: BLE001 - the edge: whatever went wrong, the record is handed back
            _log.exception("a record that failed")
        return HandBack(min(2.0 ** min(record.receive_count - 1, _MOST_DOUBLINGS), 60.0))


def _whole_seconds(wait_s: float) -> int:
    return min(LONGEST_WAIT_S, max(0, -int(-wait_s // 1)))
