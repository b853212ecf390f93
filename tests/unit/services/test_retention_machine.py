"""Retention in virtual time: settings, messages and steps in any order, with processes that die.

No message goes before it is over by the setting that was in force when its step began; none that is finished
stays once it was over for a day and the time of a walk.
"""

import contextlib
from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chat4all.domain.clock import iso
from chat4all.domain.privacy_work import PrivacyWork, RetentionWork
from chat4all.domain.retention import EVERY, WATCHED, RetentionState
from chat4all.services.privacy.apply_retention import ApplyRetention, WakeRetention
from tests.fakes.clock import FakeClock
from tests.fakes.fate import Blow, Died, Struck, fated
from tests.fakes.files import MemoryFiles, MemoryFileStore
from tests.fakes.retention import MemoryOldMessages, MemoryRetention, NoOldWebhooks, OldMessageRow

DAYS = st.integers(1, 5)
DEATHS = [
    ("old.strip", Blow.DIES_BEFORE),
    ("old.strip", Blow.DIES_AFTER),
    ("setting.save", Blow.DIES_BEFORE),
    ("setting.save", Blow.DIES_AFTER),
]


class _Once:
    """A fate that strikes one of the calls of a name, and may change the setting while a step is taken."""

    def __init__(self, call: str, blow: Blow, number: int) -> None:
        self._call, self._blow, self._left = call, blow, number
        self.during_step: Callable[[], None] | None = None

    def __call__(self, call: str) -> Blow:
        if call == "old.conversations" and self.during_step is not None:
            change, self.during_step = self.during_step, None
            change()
        self._left -= call == self._call
        return self._blow if call == self._call and self._left == 0 else Blow.NOTHING


class Queue:
    def __init__(self) -> None:
        self.work: list[PrivacyWork] = []

    def send(self, work: PrivacyWork) -> None:
        self.work.append(work)


class Retentions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.setting = MemoryRetention()
        self.old = MemoryOldMessages(
            places={shard: [f"c{shard:02d}-{n}" for n in range(3)] for shard in (0, 7)}
        )
        self.fate = _Once("", Blow.NOTHING, 0)
        self.queue = Queue()
        self.allowed: set[str] = set()
        """The messages that were over under a setting that was in force when a step began."""
        self.wake = WakeRetention(self.setting, self.queue)

    def apply(self) -> ApplyRetention:
        """Make the process that takes steps; whatever was in the memory of another one is gone."""
        return ApplyRetention(
            setting=fated(self.setting, "setting", lambda: self.fate, Struck()),
            old=fated(self.old, "old", lambda: self.fate, Struck()),
            webhooks=NoOldWebhooks(),
            files=MemoryFiles(),
            store=MemoryFileStore(),
            channels=("pigeon",),
            side_by_side=map,
            clock=self.clock,
        )

    @rule(conversation=st.sampled_from(["c00-0", "c00-2", "c07-1"]), is_pending=st.booleans())
    def a_message_is_accepted(self, conversation: str, *, is_pending: bool) -> None:
        number = f"{len(self.old.rows):06d}"
        self.old.rows[number] = OldMessageRow(conversation, iso(self.clock()), is_pending)

    @rule()
    def the_pending_are_settled(self) -> None:
        for row in self.old.rows.values():
            row.is_pending = False

    @rule(days=DAYS)
    def the_setting_changes(self, days: int) -> None:
        assert self.setting.set_days(self.setting.read(), days, iso(self.clock()))

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours * 3600)

    @rule(steps=st.integers(0, 40), death=st.sampled_from([None, *DEATHS]), times=st.integers(1, 3))
    def a_slice_is_worked(self, steps: int, death: tuple[str, Blow] | None, times: int) -> None:
        self.work(steps, death, times)

    @rule(days=DAYS, deaths=st.lists(st.sampled_from([None, *DEATHS]), max_size=5))
    def a_day_passes_under_one_setting(self, days: int, deaths: list[tuple[str, Blow] | None]) -> None:
        """Whatever was over at the beginning of the time is gone at its end."""
        self.the_setting_changes(days)
        before = iso(self.clock() - timedelta(days=days))
        due = [row for row in self.old.rows.values() if row.accepted_at < before and not row.is_pending]
        end = self.clock() + EVERY + 8 * WATCHED
        while self.clock() < end:
            self.clock.advance(WATCHED.total_seconds() + 60)
            if self.wake(self.clock()):
                self.work(1000, deaths.pop() if deaths else None, 1)
        assert all(row.stripped_at is not None for row in due)
        assert self.state().is_applied

    @rule(steps=st.integers(1, 40), days=DAYS)
    def the_setting_changes_during_a_step(self, steps: int, days: int) -> None:
        def change() -> None:
            self.the_setting_changes(days)
            self.allow()

        self.work(steps, None, 1, change)

    def work(
        self,
        steps: int,
        death: tuple[str, Blow] | None,
        times: int,
        during_step: Callable[[], None] | None = None,
    ) -> None:
        self.allow()
        left = iter(range(steps))
        self.fate = _Once(*(death or ("", Blow.NOTHING)), times)
        self.fate.during_step = during_step
        with contextlib.suppress(Died):
            self.apply()(RetentionWork(iso(self.clock())), lambda: next(left, None) is not None)

    def state(self) -> RetentionState:
        found = self.setting.read()
        assert found is not None
        return found

    def allow(self) -> None:
        state = self.setting.read()
        if state is not None:
            before = state.setting.before(self.clock())
            self.allowed |= {name for name, row in self.old.rows.items() if row.accepted_at < before}

    @invariant()
    def none_goes_too_early(self) -> None:
        gone = {name for name, row in self.old.rows.items() if row.stripped_at is not None}
        assert gone <= self.allowed


def test_a_change_is_walked_at_once_and_no_change_once_a_day() -> None:
    world = Retentions()
    steps = []
    for days in (3, 2, 4):
        world.the_setting_changes(days)
        world.work(1000, None, 1)
        assert world.state().is_applied
        steps.append(world.state().step)
    assert len(set(steps)) == 3

    world.clock.advance((EVERY - timedelta(minutes=1)).total_seconds())
    world.work(1000, None, 1)
    assert world.state().step == steps[-1]
    assert not world.wake(world.clock())
    world.clock.advance(60)
    assert world.wake(world.clock())
    world.work(1000, None, 1)
    assert world.state().step > steps[-1]


TestRetention = Retentions.TestCase
TestRetention.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
