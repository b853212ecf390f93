"""The outcome of a scenario, and its judgement."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.chaos.account import Account, Sums
from chat4all_local.chaos.scenario import Scenario
from chat4all_local.chaos.timeline import Isolation, Timeline

ISOLATION_AIM = 1.5


class Figures(Sums, frozen=True):
    """The JSON of a scenario. Its seconds are None if there was no strike, or no later delivery."""

    first_delivery_s: float | None
    drained_s: float | None


class Result(msgspec.Struct, frozen=True):
    """The last line of `chat4all chaos --json`."""

    scenarios: Mapping[str, Figures]


class Outcome(msgspec.Struct, frozen=True):
    scenario: Scenario
    account: Account
    first_delivery_s: float | None
    drained_s: float | None
    isolation: Isolation | None
    timeline: Timeline
    repeats_after: int
    """The number of POSTs that the clients had to repeat."""
    problems: Sequence[str]
    """Faults that the scenario itself found, in addition to the ledger."""
    late: Sequence[str] = ()
    """Missed aims of time that the scenario itself found."""
    notes: Sequence[str] = ()
    """Sentences for the report."""

    @property
    def kills(self) -> int:
        return sum(strike.kills for strike in self.timeline.strikes)

    @property
    def figures(self) -> Figures:
        times = {
            "first_delivery_s": _rounded(self.first_delivery_s),
            "drained_s": _rounded(self.drained_s),
        }
        return msgspec.convert({**msgspec.structs.asdict(self.account), **times}, Figures)

    @property
    def wrongs(self) -> list[str]:
        """Return the faults: broken guarantees, and reasons why the scenario proves nothing."""
        found = list(self.problems)
        kills = sum(strike.kills > 0 for strike in self.timeline.strikes)
        allowed = self.scenario.repeats_per_kill * kills
        if not self.account.accepted:
            found.append("nothing was accepted")
        elif not self.account.delivered:
            found.append("nothing was delivered")
        if self.account.lost:
            found.append(f"{self.account.lost} lost: {', '.join(self.account.lost_texts[:3])}")
        if self.account.out_of_order:
            found.append(f"{self.account.out_of_order} out of order")
        if self.account.repeated > allowed:
            found.append(f"{self.account.repeated} repeated, {allowed} allowed")
        return found

    @property
    def missed(self) -> list[str]:
        """Return the missed time aims. They depend on the machine, so they are reported, not judged."""
        found = list(self.late)
        aim = self.scenario.next_delivery_s
        if aim is not None and (self.first_delivery_s is None or self.first_delivery_s > aim):
            found.append(f"next delivery after {_seconds(self.first_delivery_s)}, aim {aim:g} s")
        if self.isolation is not None and self.isolation.ratio > ISOLATION_AIM:
            found.append(f"the other channels' p95 by {self.isolation.ratio:.2f}, aim {ISOLATION_AIM:g}")
        return found


def result(outcomes: Sequence[Outcome]) -> Result:
    return Result({outcome.scenario.name: outcome.figures for outcome in outcomes})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"
