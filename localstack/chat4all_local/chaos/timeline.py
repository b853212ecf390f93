"""How accepted, delivered and waiting messages went over a scenario's time."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from chat4all_local.bench.spread import quantile
from chat4all_local.chaos.load import Posted
from chat4all_local.chaos.scenario import Strike
from chat4all_local.simulators.control_api import SendRecord


class Timeline(msgspec.Struct, frozen=True):
    """Epoch seconds: `accepted` and `delivered`, sorted, one entry a message; `strikes` as they fell."""

    began: float
    accepted: Sequence[float]
    delivered: Sequence[float]
    strikes: Sequence[Strike]


class Isolation(msgspec.Struct, frozen=True):
    """p95 from the 202 to the provider, in seconds, of the channels that were not struck."""

    before_s: float
    during_s: float

    @property
    def ratio(self) -> float:
        return self.during_s / self.before_s


def first_arrivals(posted: Sequence[Posted], sends: Iterable[SendRecord]) -> Mapping[str, float]:
    """When each message first was at the provider, by message id."""
    ours = {(one.talk.address, one.text): one.message_id for one in posted}
    found: dict[str, float] = {}
    for send in sorted(sends, key=lambda one: one.at):
        message_id = ours.get((send.address or "", send.text or ""))
        if message_id is not None:
            found.setdefault(message_id, send.at)
    return found


def next_delivery_s(
    strikes: Sequence[Strike], posted: Sequence[Posted], arrivals: Mapping[str, float]
) -> float | None:
    """The longest time from a strike to the next arrival where it struck; None: nothing arrived any more."""
    channel_of = {one.message_id: one.talk.channel for one in posted}
    longest = 0.0
    for strike in strikes:
        after = [
            at - strike.at
            for message_id, at in arrivals.items()
            if at > (strike.gone or strike.at) and strike.channel in {None, channel_of[message_id]}
        ]
        if not after:
            return None
        longest = max(longest, min(after))
    return longest


def drained_s(strikes: Sequence[Strike], arrivals: Mapping[str, float]) -> float | None:
    """Seconds from the first strike until the last message was at its provider."""
    if not strikes or not arrivals:
        return None
    return max(0.0, max(arrivals.values()) - strikes[0].at)


def isolation(
    struck: str, strikes: Sequence[Strike], posted: Sequence[Posted], arrivals: Mapping[str, float]
) -> Isolation | None:
    """None where there is too little to compare."""
    strike = strikes[0]
    others = [one for one in posted if one.talk.channel != struck and one.message_id in arrivals]
    before = [arrivals[one.message_id] - one.at for one in others if one.at < strike.at]
    during = [
        arrivals[one.message_id] - one.at
        for one in others
        if strike.at <= one.at <= (strike.until or strike.at)
    ]
    if len(before) < 10 or len(during) < 10:
        return None
    return Isolation(quantile(before, 0.95), quantile(during, 0.95))
