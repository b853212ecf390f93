"""The dead-letter queues, on SQS FIFO."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chat4all.domain.clock import iso
from chat4all.domain.errors import Unavailable
from chat4all.services.ports import DeadRecord, ReceivedRecord

HIDDEN_S: Final = 120
"""Longer than the relay may run."""


class DeadQueuesClient(Protocol):
    """The calls of boto3's client that are used here."""

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        MessageSystemAttributeNames: list[str],
        VisibilityTimeout: int,
    ) -> dict[str, Any]: ...

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> object: ...

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageGroupId: str, MessageDeduplicationId: str
    ) -> object: ...


class QueuePair(msgspec.Struct, frozen=True):
    """URLs of a queue, and of where it puts what it gave out too often."""

    queue: str
    dead: str


class SqsDeadQueues:
    def __init__(self, client: DeadQueuesClient, pairs: Mapping[str, QueuePair]) -> None:
        self._client = client
        self._pairs = pairs

    def receive(self) -> list[ReceivedRecord]:
        return [one for source in self._pairs for one in self._receive(source)]

    def remove(self, received: ReceivedRecord) -> None:
        try:
            self._client.delete_message(
                QueueUrl=self._pairs[received.record.source].dead, ReceiptHandle=received.receipt
            )
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("A dead-letter queue did not answer.") from error

    def send_back(self, record: DeadRecord, at: str) -> None:
        try:
            self._client.send_message(
                QueueUrl=self._pairs[record.source].queue,
                MessageBody=record.body,
                MessageGroupId=record.group,
                MessageDeduplicationId=f"{record.record_id}:{at}",
            )
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("A queue did not answer.") from error

    def _receive(self, source: str) -> list[ReceivedRecord]:
        try:
            answer = self._client.receive_message(
                QueueUrl=self._pairs[source].dead,
                MaxNumberOfMessages=10,
                MessageSystemAttributeNames=["All"],
                VisibilityTimeout=HIDDEN_S,
            )
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("A dead-letter queue did not answer.") from error
        return [_received(source, one) for one in answer.get("Messages", ())]


def _received(source: str, message: Mapping[str, Any]) -> ReceivedRecord:
    attributes = message["Attributes"]
    record = DeadRecord(
        record_id=message["MessageId"],
        source=source,
        group=attributes["MessageGroupId"],
        body=message["Body"],
        at=iso(datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)),
    )
    return ReceivedRecord(record, message["ReceiptHandle"])
