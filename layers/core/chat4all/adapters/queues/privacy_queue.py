"""The queue of the work on what is stored of people, on SQS FIFO."""

from typing import TYPE_CHECKING

import msgspec

from chat4all.adapters.aws import answering
from chat4all.domain.privacy_work import PrivacyWork

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsPrivacyQueue:
    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    @answering("The request is stored, but its work was not begun; try again.", retry_after=1)
    def send(self, work: PrivacyWork) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=msgspec.json.encode(work).decode(),
            MessageGroupId=work.group,
            MessageDeduplicationId=work.deduplication_id,
        )
