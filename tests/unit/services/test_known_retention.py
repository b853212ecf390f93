"""What a process knows of the retention: the setting of at most a minute ago."""

from chat4all.domain.clock import iso
from chat4all.domain.retention import RetentionState
from chat4all.services.privacy.manage_retention import KNOWN_S, KnownRetention
from tests.fakes.clock import FakeClock
from tests.fakes.retention import MemoryRetention


class Counting(MemoryRetention):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self) -> RetentionState | None:
        self.reads += 1
        return super().read()


def test_the_setting_is_read_once_a_minute_and_the_time_moves_on() -> None:
    clock, setting = FakeClock(), Counting()
    over_before = KnownRetention(setting, clock)
    assert [over_before() for _ in range(100)] == [None] * 100
    assert setting.reads == 1

    setting.set_days(None, 30, iso(clock()))
    assert over_before() is None
    clock.advance(KNOWN_S)
    assert over_before() == "2026-01-01T12:01:00.000Z"
    clock.advance(1)
    assert over_before() == "2026-01-01T12:01:01.000Z"
    assert setting.reads == 2
