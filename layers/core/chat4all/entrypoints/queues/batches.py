"""Handle a batch of SQS FIFO records, group by group.

The groups of a batch are handled in parallel, each in its order. After a failure in a group, the group's
later records are handed back unhandled, and the other groups go on. Lambda then deletes the records that
`batchItemFailures` does not name, and SQS gives out the others again, in order.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import msgspec

from chat4all.adapters.aws import FAILURES
from chat4all.domain.errors import Unavailable
from chat4all.domain.text import shortened

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Ids = dict[str, str]
"""Ids by the names that they have as fields of a log line. None of them is an address."""


class Event(Protocol):
    """The property that the events of all queues share."""

    @property
    def ids(self) -> Ids:
        """The ids that the event knows, by which a search of the logs finds it."""
        ...


E = TypeVar("E", bound=Event)

SIDE_BY_SIDE: Final = 10
MOST_ENTRIES: Final = 10
"""The most records whose visibility one request changes."""
LONGEST_WAIT_S: Final = 43_200
"""SQS keeps a record invisible for at most 12 hours."""

_MOST_DOUBLINGS: Final = 6

_log = logging.getLogger(__name__)


class HandBack(msgspec.Struct, frozen=True):
    """The record was not handled; it must be handled again after `wait_s` seconds."""

    wait_s: float


class Received(Protocol):
    """The properties that the records of a queue and of a stream share."""

    @property
    def receive_count(self) -> int:
        """How often the record was received: 1 at the first time."""
        ...

    @property
    def number(self) -> str:
        """The place of the record in its group: a text that sorts, as long as the transport is the same."""
        ...


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """The used fields of a record of Lambda's SQS event."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str]

    @property
    def group(self) -> str:
        return self.attributes.get("MessageGroupId", self.message_id)

    @property
    def number(self) -> str:
        return self.attributes["SequenceNumber"]

    @property
    def receive_count(self) -> int:
        return int(self.attributes.get("ApproximateReceiveCount", "1"))

    @property
    def ids(self) -> Ids:
        return {"record_id": self.message_id, "group": self.group}


class _Waiting(msgspec.Struct, frozen=True):
    """A record that is handed back, and the time of this process until which it waits."""

    record: Record
    until: float


class Batch(Generic[E]):
    """A handler of batches. It decodes each record into `kind` and calls `handle`, which may return HandBack.

    An exception of `handle` hands the record back too, each time for longer. A body that cannot be decoded
    into `kind` can never be handled: its record is handed back until SQS moves it to the dead-letter queue.
    """

    def __init__(
        self,
        kind: type[E] | UnionType,
        handle: Callable[[E, Record], HandBack | None],
        client: "SQSClient",
        queue_url: str,
    ) -> None:
        self._decoder: msgspec.json.Decoder[E] = msgspec.json.Decoder(kind)
        self._handle = handle
        self._client = client
        self._queue_url = queue_url
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="group")

    def __call__(self, event: Mapping[str, Any], still_in_time: Callable[[], bool]) -> dict[str, Any]:
        """Return Lambda's answer for the batch; records not begun in time are handed back at once."""
        records = msgspec.convert(event["Records"], list[Record])
        groups: dict[str, list[Record]] = {}
        for record in records:
            groups.setdefault(record.group, []).append(record)
        if len(groups) == 1:
            failed = [self._handle_group(group, still_in_time) for group in groups.values()]
        else:
            failed = list(
                self._threads.map(lambda group: self._handle_group(group, still_in_time), groups.values())
            )
        handed_back = [waiting for group in failed for waiting in group]
        self._hide(handed_back)
        return {
            "batchItemFailures": [{"itemIdentifier": waiting.record.message_id} for waiting in handed_back]
        }

    def hand_back(self, records: Sequence[Record], wait_s: float) -> None:
        """Make the records invisible for `wait_s` seconds; if that fails, the queue's own timeout applies."""
        self._hide([_Waiting(record, time.monotonic() + wait_s) for record in records])

    def _hide(self, handed_back: Sequence[_Waiting]) -> None:
        for begin in range(0, len(handed_back), MOST_ENTRIES):
            some = handed_back[begin : begin + MOST_ENTRIES]
            for waiting, reason in self._not_hidden(some):
                _log.warning(
                    "the visibility of a record could not be changed: %s", reason, extra=waiting.record.ids
                )

    def _not_hidden(self, some: Sequence[_Waiting]) -> list[tuple[_Waiting, str]]:
        """Make some records invisible; return those whose visibility SQS did not change, and why."""
        now = time.monotonic()
        try:
            answer = self._client.change_message_visibility_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {
                        "Id": str(number),
                        "ReceiptHandle": waiting.record.receipt_handle,
                        "VisibilityTimeout": _whole_seconds(waiting.until - now),
                    }
                    for number, waiting in enumerate(some)
                ],
            )
        except FAILURES as error:
            return [(waiting, str(error)) for waiting in some]
        return [(some[int(failure["Id"])], failure["Code"]) for failure in answer.get("Failed", ())]

    def _handle_group(self, records: list[Record], still_in_time: Callable[[], bool]) -> list[_Waiting]:
        """Handle a group in order; return the records that are handed back."""
        for index, record in enumerate(records):
            back = self._handle_record(record) if still_in_time() else HandBack(0)
            if back is not None:
                until = time.monotonic() + back.wait_s
                return [_Waiting(waiting, until) for waiting in records[index:]]
        return []

    def _handle_record(self, record: Record) -> HandBack | None:
        ids = record.ids
        try:
            event = self._decoder.decode(record.body)
            ids |= event.ids
            return self._handle(event, record)
        except Unavailable as error:
            _log.warning("a record was handed back: %s", error.message, extra=ids)
        except msgspec.DecodeError as error:
            # Logged without the traceback, which repeats the error: msgspec quotes the whole record in it.
            _log.error("a record cannot be decoded: %s", shortened(str(error)), extra=ids)
        except Exception:  # noqa: BLE001 - the outermost edge: any error hands the record back
            _log.exception("a record failed", extra=ids)
        return HandBack(min(2.0 ** min(record.receive_count - 1, _MOST_DOUBLINGS), 60.0))


def _whole_seconds(wait_s: float) -> int:
    return min(LONGEST_WAIT_S, max(0, -int(-wait_s // 1)))
