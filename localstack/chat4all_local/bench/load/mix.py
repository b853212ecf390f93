"""The mixes of requests. Each delivered message brings the cloud the webhooks of its receipts besides."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import cycle
from random import Random
from typing import Final, NamedTuple

from chat4all_local.bench.load.customers import Customers
from chat4all_local.traffic.load import Line
from chat4all_local.traffic.open_load import Due
from chat4all_local.traffic.participants import Conversation
from chat4all_local.traffic.schedule import due_times
from chat4all_local.traffic.target import body, new_line


class Mix(StrEnum):
    """The original's mix of 10,000 requests a minute, only POST /messages, or only customers' messages."""

    ORIGINAL = "original"
    MESSAGES = "messages"
    WEBHOOKS = "webhooks"


class Kind(StrEnum):
    """The kinds of requests. A webhook brings a customer's message."""

    POST = "post"
    HISTORY = "history"
    STATUS = "status"
    HEALTH = "health"
    WEBHOOK = "webhook"


SHARES: Final[Mapping[Mix, Mapping[Kind, int]]] = {
    Mix.ORIGINAL: {Kind.POST: 5, Kind.HISTORY: 2, Kind.STATUS: 1, Kind.HEALTH: 1, Kind.WEBHOOK: 1},
    Mix.MESSAGES: {Kind.POST: 1},
    Mix.WEBHOOKS: {Kind.WEBHOOK: 1},
}


class Requests(NamedTuple):
    """The requests of a step, and the messages of its POSTs and of its customers by their ids."""

    due: list[Due]
    lines: dict[str, Line]
    inbound: dict[str, Line]


class Sources(NamedTuple):
    """What the requests are about: conversations, accepted messages (for their status), and customers."""

    conversations: Sequence[Conversation]
    message_ids: Sequence[str]
    customers: Customers


def mixed(mix: Mix, sources: Sources, rps: float, seconds: float, randomness: Random) -> Requests:
    """Make the requests of a step."""
    made = Requests([], {}, {})
    kinds, weights = list(SHARES[mix]), list(SHARES[mix].values())
    for after_s, conversation in zip(
        due_times(rps, seconds, randomness), cycle(sources.conversations), strict=False
    ):
        (kind,) = randomness.choices(kinds, weights)
        if kind is Kind.POST:
            line = new_line(conversation)
            made.lines[line.message_id] = line
            request = Due(after_s, "POST", "/messages", 202, body(line), line.message_id)
        elif kind is Kind.WEBHOOK:
            line = new_line(conversation)
            made.inbound[line.message_id] = line
            request = sources.customers.writing(line, after_s)
        elif kind is Kind.HISTORY:
            request = Due(after_s, "GET", f"/conversations/{conversation.conversation_id}/messages", 200)
        elif kind is Kind.STATUS:
            message_id = randomness.choice(sources.message_ids)
            request = Due(after_s, "GET", f"/messages/{message_id}/status", 200)
        else:
            request = Due(after_s, "GET", "/health", 200)
        made.due.append(request)
    return made
