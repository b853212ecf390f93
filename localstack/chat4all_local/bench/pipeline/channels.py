"""The division of a load among the channels."""

from chat4all.channels.registry import capabilities
from chat4all.domain.channel import Capabilities, LimitScope


def by_channel(conversations: int, messages_per_s: float) -> dict[str, int]:
    """Divide `conversations` evenly among the channels, within the limit of each provider.

    All conversations together send `messages_per_s`, at equal rates. A channel gets no conversation if its
    provider takes fewer messages than a single conversation sends.
    """
    taken = {
        name: int(min(1.0, _messages_per_s(channel) / messages_per_s) * conversations)
        for name, channel in capabilities().items()
    }
    shares: dict[str, int] = {}
    left = conversations
    for done, name in enumerate(sorted(taken, key=lambda name: taken[name])):
        shares[name] = min(taken[name], left // (len(taken) - done))
        left -= shares[name]
    return {name: shares[name] for name in taken if shares[name]}


def _messages_per_s(channel: Capabilities) -> float:
    """Return how many texts a second the provider takes from an account."""
    limits = [limit for limit in channel.rate_limits if limit.scope is LimitScope.ACCOUNT and not limit.kinds]
    return min((1 / limit.interval_s for limit in limits), default=float("inf"))
