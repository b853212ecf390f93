"""Waiting for empty queues, so that earlier work does not extend into the time of a measurement."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from chat4all_local.cloud.running import Cloud
from chat4all_local.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

WITHIN_S: Final = 90.0
_COUNTS: Final[tuple["QueueAttributeNameType", ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


def queues_of(cloud: Cloud) -> list[str]:
    """Return the URLs of the queues that functions consume."""
    urls = cloud.aws.sqs().list_queues(QueueNamePrefix=f"{cloud.stack}-").get("QueueUrls", [])
    return [url for url in urls if not url.endswith("-dlq.fifo")]


def wait_until_empty(sqs: "SQSClient", queue_urls: Sequence[str]) -> None:
    """Wait until the queues hold no message, waiting or in flight. Raises TimeoutError.

    The queues must be empty twice, because a message may move to another queue during the first look.
    """
    for _ in range(2):
        wait_until("the queues are empty", partial(are_empty, sqs, queue_urls), within_s=WITHIN_S)


def are_empty(sqs: "SQSClient", queue_urls: Sequence[str]) -> bool:
    """Return whether the queues hold no message, waiting or in flight."""
    return not any(_messages(sqs, url) for url in queue_urls)


def _messages(sqs: "SQSClient", queue_url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_COUNTS))
    return sum(int(answer["Attributes"][name]) for name in _COUNTS)
