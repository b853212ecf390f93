"""Where records go that no function could handle: pointers into the stream, in the form that Lambda's own have.

Lambda sends no data to an on-failure destination that is a queue, and a record may be larger than a message of SQS:
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from typing import Protocol

import msgspec

from chat4all.adapters.aws import answering


class Pointer(msgspec.Struct, frozen=True, rename="camel"):
    """Some records of a shard, from the first to the last."""

    stream_arn: str
    shard_id: str
    start_sequence_number: str
    end_sequence_number: str


class _Destination(msgspec.Struct, frozen=True):
    pointer: Pointer = msgspec.field(name="KinesisBatchInfo")


class FailuresClient(Protocol):
    """The call of boto3's client that is used here."""

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> object: ...


class Failures:
    def __init__(self, client: FailuresClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    @answering("The dead-letter queue did not answer; try again.")
    def __call__(self, pointer: Pointer) -> None:
        """Raises Unavailable."""
        body = msgspec.json.encode(_Destination(pointer)).decode()
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)


def pointer_of(body: str) -> Pointer:
    """Raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=_Destination).pointer
