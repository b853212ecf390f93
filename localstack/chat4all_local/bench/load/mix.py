"""The mix of requests: half POST /messages, the rest the history of a conversation (3 of 10) and health (2).

Each delivered message brings the cloud the webhooks of its receipts besides.
"""

from collections.abc import Sequence
from itertools import cycle
from random import Random
from typing import Final

from chat4all_local.traffic.load import Line
from chat4all_local.traffic.open_load import Due
from chat4all_local.traffic.participants import Conversation
from chat4all_local.traffic.schedule import due_times
from chat4all_local.traffic.target import body, new_line

_HALF: Final = 0.5
_HISTORY: Final = 0.8


def mixed(
    conversations: Sequence[Conversation], rps: float, seconds: float, randomness: Random
) -> tuple[list[Due], dict[str, Line]]:
    """Make the requests of a step, and the messages of its POSTs by their ids."""
    requests: list[Due] = []
    lines: dict[str, Line] = {}
    for after_s, conversation in zip(due_times(rps, seconds, randomness), cycle(conversations)):
        share = randomness.random()
        if share < _HALF:
            line = new_line(conversation)
            lines[line.message_id] = line
            requests.append(Due(after_s, "POST", "/messages", 202, body(line), line.message_id))
        elif share < _HISTORY:
            path = f"/conversations/{conversation.conversation_id}/messages"
            requests.append(Due(after_s, "GET", path, 200))
        else:
            requests.append(health(after_s))
    return requests, lines


def health(after_s: float = 0.0) -> Due:
    return Due(after_s, "GET", "/health", 200)
