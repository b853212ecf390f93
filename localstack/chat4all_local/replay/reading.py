"""Read the records of a time span from a Kinesis stream, in the order of each conversation."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import ShardTypeDef

PAUSE_S: Final = 0.2
"""A shard allows five reads per second, all its readers together:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html"""
_LIMIT: Final = 1_000


class Read(msgspec.Struct, frozen=True):
    """A record; `place` is its shard and sequence number, which are unique."""

    key: str
    data: bytes
    at: datetime
    place: str


class Stream:
    def __init__(
        self, client: "KinesisClient", name: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._name = name
        self._pause = pause

    def retention_hours(self) -> int:
        summary = self._client.describe_stream_summary(StreamName=self._name)
        return summary["StreamDescriptionSummary"]["RetentionPeriodHours"]

    def between(self, since: datetime, until: datetime) -> Iterator[list[Read]]:
        """Yield the records in batches, shard by shard; `until` must not be in the future."""
        for shard_id in parents_first(self._shards()):
            yield from self._of_shard(shard_id, since, until)

    def _shards(self) -> list["ShardTypeDef"]:
        pages = self._client.get_paginator("list_shards").paginate(StreamName=self._name)
        return [shard for page in pages for shard in page["Shards"]]

    def _of_shard(self, shard_id: str, since: datetime, until: datetime) -> Iterator[list[Read]]:
        iterator: str | None = self._client.get_shard_iterator(
            StreamName=self._name, ShardId=shard_id, ShardIteratorType="AT_TIMESTAMP", Timestamp=since
        )["ShardIterator"]
        while iterator:
            answer = self._client.get_records(ShardIterator=iterator, Limit=_LIMIT)
            found = [
                Read(
                    record["PartitionKey"],
                    record["Data"],
                    record["ApproximateArrivalTimestamp"],
                    f"{shard_id}:{record['SequenceNumber']}",
                )
                for record in answer["Records"]
            ]
            yield [record for record in found if since <= record.at <= until]
            if any(record.at > until for record in found) or not answer["MillisBehindLatest"]:
                return
            iterator = answer.get("NextShardIterator")
            self._pause(PAUSE_S)


def parents_first(shards: list["ShardTypeDef"]) -> list[str]:
    """Return the shards' ids, each after its parents: a split or merged shard has the older records."""
    left = {shard["ShardId"]: shard for shard in shards}
    ordered: list[str] = []
    while left:
        ready = [
            shard_id
            for shard_id, shard in left.items()
            if shard.get("ParentShardId") not in left and shard.get("AdjacentParentShardId") not in left
        ]
        ordered += ready
        for shard_id in ready:
            del left[shard_id]
    return ordered
