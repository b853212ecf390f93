"""Waiting for queues to run empty, so that one side's work does not spill into the other's time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from chat4all_local.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

WITHIN_S: Final = 90.0
_COUNTS: Final[tuple["QueueAttributeNameType", ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


def wait_until_empty(sqs: "SQSClient", queue_urls: Sequence[str]) -> None:
    """Wait until nothing waits in any of the queues, and nothing is being handled. Raises TimeoutError.

    Two looks, since a message may move on between the first look's queues.
    """

    def are_empty() -> bool:
        return not any(_messages(sqs, url) for url in queue_urls)

    for _ in range(2):
        wait_until("the queues are empty", are_empty, within_s=WITHIN_S)


def _messages(sqs: "SQSClient", queue_url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_COUNTS))
    return sum(int(answer["Attributes"][name]) for name in _COUNTS)
