"""Waiting for queues to run empty, so that one side's work does not spill into the other's time."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from chat4all_local.cloud.errors import CloudError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

LOOK_EVERY_S: Final = 0.1
WITHIN_S: Final = 90.0
_COUNTS: Final[tuple["QueueAttributeNameType", ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


def wait_until(what: str, is_so: Callable[[], bool], every_s: float = LOOK_EVERY_S) -> None:
    """Raises CloudError if it does not come to be in time."""
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        if time.monotonic() > deadline:
            raise CloudError(f"the benchmark waited {WITHIN_S:.0f} s in vain: {what}", "see: chat4all logs")
        time.sleep(every_s)


def wait_until_empty(sqs: "SQSClient", queue_urls: Sequence[str]) -> None:
    """Nothing waits in any of the queues, and nothing is being handled.

    Two looks, since a message may move on between the first look's queues.
    """
    for _ in range(2):
        wait_until("the queues are empty", lambda: not any(_messages(sqs, url) for url in queue_urls))


def _messages(sqs: "SQSClient", queue_url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_COUNTS))
    return sum(int(answer["Attributes"][name]) for name in _COUNTS)
