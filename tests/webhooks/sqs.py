"""SQS in memory, with its limits, for the publishers and consumers of FIFO queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

import re
from typing import Any, Final

from tests.fakes.clock import FakeClock
from tests.fakes.fifo import FifoQueue

_MOST_BYTES: Final = 262_144
_MOST_ENTRIES: Final = 10
_ALLOWED: Final = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_ID: Final = re.compile(r"[!-~]{1,128}")


class MemorySqs:
    """A client of SQS; the name of a queue is its URL."""

    def __init__(self, clock: FakeClock, *names: str) -> None:
        self.queues = {name: FifoQueue(clock) for name in names}

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto's names
        MessageBody: str,  # noqa: N803
        MessageGroupId: str,  # noqa: N803
        MessageDeduplicationId: str,  # noqa: N803
    ) -> dict[str, Any]:
        assert _ALLOWED.fullmatch(MessageBody), "SQS refuses a character"
        assert len(MessageBody.encode()) <= _MOST_BYTES, "SQS refuses the size"
        assert _ID.fullmatch(MessageGroupId), MessageGroupId
        assert _ID.fullmatch(MessageDeduplicationId), MessageDeduplicationId
        number = self.queues[QueueUrl].send(MessageGroupId, MessageDeduplicationId, MessageBody)
        return {"SequenceNumber": number}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, str]],  # noqa: N803
    ) -> dict[str, Any]:
        assert 0 < len(Entries) <= _MOST_ENTRIES
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= _MOST_BYTES
        for entry in Entries:
            self.send_message(
                QueueUrl=QueueUrl, **{name: text for name, text in entry.items() if name != "Id"}
            )
        return {}

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        return self.queues[QueueUrl].change_message_visibility_batch(QueueUrl=QueueUrl, Entries=Entries)
