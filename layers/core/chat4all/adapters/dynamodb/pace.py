"""The pace of batches: for each channel account the time of its first free slot, written conditionally.

Slots cost one write without a read: the time as this process last saw it is the condition.
"""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chat4all.adapters.dynamodb.rows import TableSettings, answering, bind, tries, updated
from chat4all.adapters.dynamodb.table_keys import key
from chat4all.domain.errors import Unavailable
from chat4all.domain.pacing import Slots, slots_at

_KEEP_S = 3600
_TRIES = 8


class PaceRow(Model):
    class Meta(TableSettings):
        pass

    bucket = UnicodeAttribute(hash_key=True)
    free_at = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class DynamoPace:
    def __init__(self, limits_table: str) -> None:
        bind(limits_table, PaceRow)
        self._seen: dict[str, float] = {}

    @answering
    def take(self, channel: str, account: str, slots: int, interval: float, now: float) -> Slots:
        name = key("pace", channel, account)
        for _ in tries(_TRIES):
            taken = slots_at(self._seen.get(name, 0.0), now)
            if not taken.wait_s:
                free_at = taken.start + slots * interval
                actions = [PaceRow.free_at.set(free_at), PaceRow.expires_at.set(int(free_at) + _KEEP_S)]
                unchanged = PaceRow.free_at.does_not_exist() | (PaceRow.free_at <= taken.start)
                if updated(PaceRow(name), actions, unchanged):
                    self._seen[name] = free_at
                    return taken
            seen = _read(name)
            if taken.wait_s and seen == self._seen.get(name):
                return taken
            self._seen[name] = seen
        raise Unavailable("Too many batches begin at once; try again.", retry_after=1)


def _read(name: str) -> float:
    try:
        return float(PaceRow.get(name, consistent_read=True).free_at or 0)
    except PaceRow.DoesNotExist:
        return 0.0
