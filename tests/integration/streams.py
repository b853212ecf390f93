"""The template's streams and their queues, made in moto in addition to the resources of `Aws`."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3 import Session

from tests.fakes.kinesis import lambda_record
from tests.integration.aws import Aws
from tests.integration.product import DEADLINE_S, Product
from tests.integration.template import REGION, Template

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

SHARDS = 2


class StreamsOfTemplate:
    def __init__(self, aws: Aws, template: Template) -> None:
        self.kinesis: KinesisClient = Session(region_name=REGION).client("kinesis")
        self._aws = aws
        self._streams = [resource["Name"] for resource in template.resources("AWS::Kinesis::Stream").values()]
        there = {resource["QueueName"] for resource in aws.template.resources("AWS::SQS::Queue").values()}
        queues = [resource["QueueName"] for resource in template.resources("AWS::SQS::Queue").values()]
        self._queues = [queue for queue in queues if queue not in there]

    @contextmanager
    def made(self) -> Iterator[None]:
        for name in self._streams:
            self.kinesis.create_stream(StreamName=name, ShardCount=SHARDS)
        urls = [self._aws.sqs.create_queue(QueueName=name)["QueueUrl"] for name in self._queues]
        try:
            yield
        finally:
            for url in urls:
                self._aws.sqs.delete_queue(QueueUrl=url)
            for name in self._streams:
                self.kinesis.delete_stream(StreamName=name)

    def read(self, stream: str) -> dict[str, list["RecordTypeDef"]]:
        """Return all records of a stream, by shard."""
        return {
            shard["ShardId"]: self._of_shard(stream, shard["ShardId"])
            for shard in self.kinesis.list_shards(StreamName=stream)["Shards"]
        }

    def _of_shard(self, stream: str, shard_id: str) -> list["RecordTypeDef"]:
        iterator = self.kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return self.kinesis.get_records(ShardIterator=iterator)["Records"]


class StreamingProduct(Product):
    """The product with two streams, read as Lambda does: a shard continues at the lowest failed record."""

    streams: StreamsOfTemplate

    def start(self, streams: StreamsOfTemplate) -> None:
        self.streams = streams
        self._handled: dict[tuple[str, str], int] = {}

    def pump(self) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while [name for name, source in self.queue_of.items() if self._step(name, source)]:
            assert time.monotonic() < deadline, "the streams and queues never empty"

    def again(self, name: str) -> None:
        """Let the function read all records again, as after a failure of the first record."""
        self._handled = {key: done for key, done in self._handled.items() if key[0] != name}

    def _step(self, name: str, source: str) -> bool:
        if not source.startswith("stream/"):
            return self.serve(name)
        found = self.streams.read(source.removeprefix("stream/"))
        worked = [self._read(name, shard_id, records) for shard_id, records in found.items()]
        return any(worked)

    def _read(self, name: str, shard_id: str, records: list["RecordTypeDef"]) -> bool:
        done = self._handled.get((name, shard_id), -1)
        new = [record for record in records if int(record["SequenceNumber"]) > done][:100]
        if not new:
            return False
        answer = self.invoke(
            name, {"Records": [self._as_lambda_has_it(name, shard_id, record) for record in new]}
        )
        failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
        numbers = [int(record["SequenceNumber"]) for record in new]
        lowest = min(failed, default=numbers[-1] + 1)
        self._handled[name, shard_id] = max((number for number in numbers if number < lowest), default=done)
        return True

    def _as_lambda_has_it(self, name: str, shard_id: str, record: "RecordTypeDef") -> Mapping[str, Any]:
        stream = self.streams.kinesis.describe_stream_summary(
            StreamName=self.queue_of[name].removeprefix("stream/")
        )["StreamDescriptionSummary"]
        made = lambda_record(record["SequenceNumber"], record["PartitionKey"], record["Data"])
        return {
            **made,
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventSourceARN": stream["StreamARN"],
        }
