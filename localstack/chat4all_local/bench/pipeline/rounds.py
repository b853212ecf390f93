"""One round: so many messages into every conversation of one side, from the first POST to the last arrival."""

from collections.abc import Sequence

import msgspec

from chat4all_local.bench.pipeline.load import Post, post_all, shares
from chat4all_local.bench.pipeline.sides import Arrivals, Side
from chat4all_local.cloud.errors import CloudError


class Round(msgspec.Struct, frozen=True):
    posts: tuple[Post, ...]
    arrivals: Arrivals

    @property
    def began_at(self) -> float:
        return min(post.at for post in self.posts)

    @property
    def accepted_per_s(self) -> float:
        """Until the last POST was answered."""
        return len(self.posts) / (max(post.answered_at for post in self.posts) - self.began_at)

    @property
    def arrived_per_s(self) -> float:
        """Until the last message was at the end of the path."""
        return len(self.posts) / (max(self.arrivals.at.values()) - self.began_at)

    def answer_ms(self) -> list[float]:
        return [post.seconds * 1000 for post in self.posts]

    def arrival_ms(self) -> list[float]:
        """From the POST to the end of the path, for each message."""
        return [(self.arrivals.at[post.message_id] - post.at) * 1000 for post in self.posts]


def run_round(side: Side, messages_per_conversation: int) -> Round:
    """Returns when the side has nothing left to do. Raises CloudError where a message is missing."""
    messages = shares(side.conversation_ids, side.sender_id, messages_per_conversation)
    posts = post_all(side.target, messages)
    arrivals = side.arrivals({post.message_id for post in posts})
    side.settle()
    return complete(posts, arrivals)


def complete(posts: Sequence[Post], arrivals: Arrivals) -> Round:
    missing = [post.message_id for post in posts if post.message_id not in arrivals.at]
    if missing:
        raise CloudError(f"{len(missing)} of {len(posts)} messages were accepted and did not arrive")
    return Round(tuple(posts), arrivals)
