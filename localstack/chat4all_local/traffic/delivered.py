"""The verdict on an open load: every accepted message was delivered exactly once and in order, or was not.

Two POSTs into a conversation may overlap in an open load, and then either order is right. The order of two
messages counts only if the earlier message had its 202 before the POST of the later message began.

The cloud may have taken a message whose POST got no 202. Such a message may be missing, but must not arrive
twice, nor before a message that was accepted before its POST began.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.ledger import Expected, arrivals, compare
from chat4all_local.traffic.load import Posted


class Verdict(msgspec.Struct, frozen=True):
    """The accepted messages that were lost, repeated, or overtaken by a later message."""

    lost: int
    repeated: int
    out_of_order: int


def verdict(
    posted: Sequence[Posted], sends: Iterable[SendRecord], uncertain: Sequence[Posted] = ()
) -> Verdict:
    """Compare the accepted messages, and the `uncertain` ones without a 202, with what the providers took.

    The `at` of an uncertain message is infinite: nothing was posted after its acceptance.
    """
    found = arrivals([*posted, *uncertain], sends)
    return _judged(posted, uncertain, found.at, found.repeated)


def recorded(
    posted: Sequence[Posted], uncertain: Sequence[Posted], histories: Mapping[str, Sequence[str]]
) -> Verdict:
    """Compare customers' messages with the texts of each conversation's history, oldest first."""
    at: dict[str, float] = {}
    repeated = 0
    expected: dict[str, list[Expected]] = defaultdict(list)
    for message in (*posted, *uncertain):
        stream = message.conversation.conversation_id
        expected[stream].append(Expected(message.message_id, stream, message.text))
    for stream, texts in expected.items():
        found = compare(texts, histories.get(stream, ()))
        at |= found.whole
        repeated += len(found.duplicates)
    return _judged(posted, uncertain, at, repeated)


def both(first: Verdict, second: Verdict) -> Verdict:
    """Add two verdicts."""
    return Verdict(
        first.lost + second.lost,
        first.repeated + second.repeated,
        first.out_of_order + second.out_of_order,
    )


def overtaken(messages: Iterable[Posted], at: Mapping[str, float]) -> int:
    """Count the messages that a later message of their conversation overtook; `at` are the arrivals."""
    conversations: dict[str, list[Posted]] = defaultdict(list)
    for message in messages:
        if message.message_id in at:
            conversations[message.conversation.conversation_id].append(message)
    return sum(
        any(
            earlier.at <= later.began_at and at[later.message_id] < at[earlier.message_id]
            for later in arrived
        )
        for arrived in conversations.values()
        for earlier in arrived
    )


def _judged(
    posted: Sequence[Posted], uncertain: Sequence[Posted], at: Mapping[str, float], repeated: int
) -> Verdict:
    return Verdict(
        lost=sum(message.message_id not in at for message in posted),
        repeated=repeated,
        out_of_order=overtaken((*posted, *uncertain), at),
    )
