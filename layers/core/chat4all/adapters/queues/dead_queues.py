"""The dead-letter queues, on SQS FIFO."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from chat4all.adapters.aws import answering
from chat4all.domain.clock import iso
from chat4all.domain.dead_letters import DeadRecord
from chat4all.services.recovery.ports import ReceivedRecord

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import MessageSystemAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

HIDDEN_S: Final = 120
"""The time for which a received message is hidden: longer than `relay` may run."""

_answering: Final = answering("The dead-letter queue did not answer; try again.")


class QueuePair(msgspec.Struct, frozen=True):
    """The URLs of a queue and of its dead-letter queue, which gets messages that were given out too often."""

    queue: str
    dead: str


class SqsDeadQueues:
    def __init__(self, client: "SQSClient", pairs: Mapping[str, QueuePair]) -> None:
        self._client = client
        self._pairs = pairs

    def receive(self) -> list[ReceivedRecord]:
        return [received for source in self._pairs for received in self._receive(source)]

    def remove(self, received: ReceivedRecord) -> None:
        delete(self._client, self._pairs[received.record.source].dead, received.receipt)

    @answering("The queue did not answer; try again.")
    def send_back(self, record: DeadRecord, at: str) -> None:
        self._client.send_message(
            QueueUrl=self._pairs[record.source].queue,
            MessageBody=record.body,
            MessageGroupId=record.group,
            MessageDeduplicationId=f"{record.record_id}:{at}",
        )

    def _receive(self, source: str) -> list[ReceivedRecord]:
        messages = receive(self._client, self._pairs[source].dead, attributes=["All"])
        return [_received(source, message) for message in messages]


@_answering
def receive(
    client: "SQSClient", queue_url: str, *, attributes: Sequence["MessageSystemAttributeNameType"]
) -> Sequence["MessageTypeDef"]:
    """Receive messages, in boto3's form, and hide them for HIDDEN_S; raise Unavailable without an answer."""
    answer = client.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=attributes,
        VisibilityTimeout=HIDDEN_S,
    )
    return answer.get("Messages", ())


@_answering
def delete(client: "SQSClient", queue_url: str, receipt: str) -> None:
    """Delete a message; raise Unavailable if SQS did not answer."""
    client.delete_message(QueueUrl=queue_url, ReceiptHandle=receipt)


def _received(source: str, message: "MessageTypeDef") -> ReceivedRecord:
    attributes = message["Attributes"]
    record = DeadRecord(
        record_id=message["MessageId"],
        source=source,
        group=attributes["MessageGroupId"],
        body=message["Body"],
        at=iso(datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)),
    )
    return ReceivedRecord(record, message["ReceiptHandle"])
