"""The channels' circuit breakers, in the limits table. Each write is conditional on the version read."""

from collections.abc import Iterable
from typing import Final

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, updated
from chat4all.domain.breaker import Breaker, KnownBreaker

_PREFIX: Final = "breaker#"
_decoder: Final = msgspec.json.Decoder(Breaker)


class BreakerRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    breaker = UnicodeAttribute()
    version = NumberAttribute()


class DynamoBreakers:
    def __init__(self, table_name: str) -> None:
        bind(table_name, BreakerRow)

    @answering
    def get(self, channel: str) -> KnownBreaker:
        try:
            return _known(BreakerRow.get(_PREFIX + channel, consistent_read=True))
        except BreakerRow.DoesNotExist:
            return KnownBreaker(Breaker(), 0)

    @answering
    def get_many(self, channels: Iterable[str]) -> dict[str, Breaker]:
        found = BreakerRow.batch_get([_PREFIX + channel for channel in channels])
        known = {row.bucket.removeprefix(_PREFIX): _known(row).breaker for row in found}
        return {channel: known.get(channel, Breaker()) for channel in channels}

    @answering
    def save(self, channel: str, breaker: Breaker, version: int) -> bool:
        unchanged = BreakerRow.bucket.does_not_exist() if version == 0 else BreakerRow.version == version
        actions = [
            BreakerRow.breaker.set(msgspec.json.encode(breaker, order="sorted").decode()),
            BreakerRow.version.set(version + 1),
        ]
        return updated(BreakerRow(_PREFIX + channel), actions, unchanged)


def _known(row: BreakerRow) -> KnownBreaker:
    return KnownBreaker(_decoder.decode(row.breaker), int(row.version))
