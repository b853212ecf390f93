"""Dead letters of streams: pointers to records that no function could handle, in Lambda's own form.

Lambda sends no data to a queue that is an on-failure destination, and a record may be larger than an SQS
message:
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from typing import TYPE_CHECKING

import msgspec

from chat4all.adapters.aws import answering

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Pointer(msgspec.Struct, frozen=True, rename="camel"):
    """A range of records of a shard, including the first and the last."""

    stream_arn: str
    shard_id: str
    start_sequence_number: str
    end_sequence_number: str


class _Destination(msgspec.Struct, frozen=True):
    pointer: Pointer = msgspec.field(name="KinesisBatchInfo")


class Failures:
    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    @answering("The dead-letter queue did not answer; try again.")
    def __call__(self, pointer: Pointer) -> None:
        """Send the pointer to the dead-letter queue; raise Unavailable if the queue did not answer."""
        body = msgspec.json.encode(_Destination(pointer)).decode()
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)


def pointer_of(body: str) -> Pointer:
    """Return the pointer in the body of a message; raise msgspec.DecodeError if there is none."""
    return msgspec.json.decode(body, type=_Destination).pointer
