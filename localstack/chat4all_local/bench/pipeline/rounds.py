"""A round: a number of messages into every conversation of a side, from the first POST to the last arrival.

On Lambda, the accepting function has its own cores. On a local cloud, it shares them with the functions that
drain its queue. A round is therefore run in two ways: `run_round` lets the drain run alongside; `run_alone`
pauses the drain until all messages are accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from chat4all_local.bench.pipeline.sides import Side
from chat4all_local.cloud.errors import CloudError
from chat4all_local.traffic.ledger import Arrivals
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.target import rounds_of


class Round(msgspec.Struct, frozen=True):
    posts: tuple[Posted, ...]
    arrivals: Arrivals

    @property
    def began_at(self) -> float:
        return min(post.began_at for post in self.posts)

    @property
    def accepted_per_s(self) -> float:
        """Return the rate of acceptance, up to the last answer to a POST."""
        return len(self.posts) / (max(post.at for post in self.posts) - self.began_at)

    @property
    def arrived_per_s(self) -> float:
        """Return the rate of arrivals, up to the last message at the end of the path."""
        return len(self.posts) / (max(self.arrivals.at.values()) - self.began_at)

    def answer_ms(self) -> list[float]:
        return [(post.at - post.began_at) * 1000 for post in self.posts]

    def arrival_ms(self) -> list[float]:
        """Return the time of each message from its POST to the end of the path."""
        return [(self.arrivals.at[post.message_id] - post.began_at) * 1000 for post in self.posts]


@dataclass(frozen=True)
class SideRounds:
    """The rounds of a side, in the order in which they were run."""

    alone: list[Round] = field(default_factory=list)
    alongside: list[Round] = field(default_factory=list)

    @property
    def all(self) -> list[Round]:
        return [*self.alone, *self.alongside]


def run_round(side: Side, messages_per_conversation: int) -> Round:
    """Run a round until the side has no work left. Raises CloudError if a message is missing."""
    return _drained(side, side.target.post_all(rounds_of(side.conversations, messages_per_conversation)))


def run_alone(side: Side, messages_per_conversation: int) -> Round:
    """Run a round, but pause the drain until the last POST is answered.

    Only the acceptance of such a round can be compared.
    """
    lines = rounds_of(side.conversations, messages_per_conversation)
    with side.drain_paused():
        side.settle()
        posts = side.target.post_all(lines)
    return _drained(side, posts)


def _drained(side: Side, posts: Sequence[Posted]) -> Round:
    arrivals = side.arrivals(posts)
    side.settle()
    return complete(posts, arrivals)


def complete(posts: Sequence[Posted], arrivals: Arrivals) -> Round:
    missing = [post.message_id for post in posts if post.message_id not in arrivals.at]
    if missing:
        raise CloudError(f"{len(missing)} of {len(posts)} accepted messages did not arrive")
    return Round(tuple(posts), arrivals)
