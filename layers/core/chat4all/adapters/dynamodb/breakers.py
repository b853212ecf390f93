"""The circuit breakers of the channel accounts, in the limits table.

Each write is conditional on the version that was read.
"""

from typing import Final

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, updated
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.breaker import Breaker, KnownBreaker
from chat4all.domain.channel import ChannelAccounts

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
    def get(self, channel: str, account: str) -> KnownBreaker:
        try:
            return _known(BreakerRow.get(_key(channel, account), consistent_read=True))
        except BreakerRow.DoesNotExist:
            return KnownBreaker(Breaker(), 0)

    @answering
    def get_many(self, accounts: ChannelAccounts) -> dict[str, dict[str, Breaker]]:
        keys = [_key(channel, account) for channel, names in accounts.items() for account in names]
        known = {row.bucket: _known(row).breaker for row in BreakerRow.batch_get(keys)}
        return {
            channel: {account: known.get(_key(channel, account), Breaker()) for account in names}
            for channel, names in accounts.items()
        }

    @answering
    def save(self, channel: str, account: str, breaker: Breaker, version: int) -> bool:
        unchanged = BreakerRow.bucket.does_not_exist() if version == 0 else BreakerRow.version == version
        actions = [
            BreakerRow.breaker.set(msgspec.json.encode(breaker, order="sorted").decode()),
            BreakerRow.version.set(version + 1),
        ]
        return updated(BreakerRow(_key(channel, account)), actions, unchanged)


def _key(channel: str, account: str) -> str:
    return key("breaker", channel, account)


def _known(row: BreakerRow) -> KnownBreaker:
    return KnownBreaker(_decoder.decode(row.breaker), int(row.version))
