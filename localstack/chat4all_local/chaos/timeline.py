"""The accepted, delivered and waiting messages during a scenario."""

from collections.abc import Mapping, Sequence

import msgspec

from chat4all_local.chaos.scenario import Strike
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.spread import quantile


class Timeline(msgspec.Struct, frozen=True):
    """Epoch seconds of a scenario: the sorted times of all messages, and the strikes in order."""

    began: float
    accepted: Sequence[float]
    delivered: Sequence[float]
    strikes: Sequence[Strike]


class Isolation(msgspec.Struct, frozen=True):
    """The p95 latency from the 202 to the provider, in seconds, of the channels without a fault."""

    before_s: float
    during_s: float

    @property
    def ratio(self) -> float:
        return self.during_s / self.before_s


def next_delivery_s(
    strikes: Sequence[Strike], posted: Sequence[Posted], arrivals: Mapping[str, float]
) -> float | None:
    """Return the longest time from a strike to the next arrival on its channel; None if nothing arrived."""
    channel_of = {message.message_id: message.conversation.channel for message in posted}
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
    """Return the seconds from the first strike to the last arrival at a provider."""
    if not strikes or not arrivals:
        return None
    return max(0.0, max(arrivals.values()) - strikes[0].at)


def isolation(
    struck: str, strikes: Sequence[Strike], posted: Sequence[Posted], arrivals: Mapping[str, float]
) -> Isolation | None:
    """Compare the other channels' latencies before and during the strike; None with too few messages."""
    strike = strikes[0]
    others = [
        message
        for message in posted
        if message.conversation.channel != struck and message.message_id in arrivals
    ]
    before = [arrivals[message.message_id] - message.at for message in others if message.at < strike.at]
    during = [
        arrivals[message.message_id] - message.at
        for message in others
        if strike.at <= message.at <= (strike.until or strike.at)
    ]
    if len(before) < 10 or len(during) < 10:
        return None
    return Isolation(quantile(before, 0.95), quantile(during, 0.95))
