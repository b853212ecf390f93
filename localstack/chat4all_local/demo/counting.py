"""Counts of messages by channel, conversation and status."""

from collections.abc import Iterable, Sequence

import msgspec

from chat4all.domain.status import Status
from chat4all_local.demo.arrivals import at_provider, in_history
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import Script
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP


class Counts(msgspec.Struct, frozen=True):
    """Counts of the agent's messages to the customer of a channel; `received` counts the customer's replies.

    `sent`: the provider accepted every part. `delivered` and `read` count the statuses that the API reports.
    A read message also counts as delivered. Without delivery receipts `delivered` counts SENT, and without
    read receipts `read` is None.
    """

    accepted: int
    sent: int
    delivered: int
    read: int | None
    received: int


class Row(msgspec.Struct, frozen=True):
    """The counts of a channel's customer in a conversation; `counts` equals `goal` at the end."""

    channel: str
    conversation: str
    counts: Counts
    goal: Counts


def rows(sent: Sent, observed: Observed) -> tuple[Row, ...]:
    return tuple(
        Row(
            channel,
            conversation,
            _counts(sent, observed, channel, conversation),
            _goal(sent.script, channel, conversation),
        )
        for channel in sent.script.channels
        for conversation in (channel, GROUP)
    )


def total(counts: Iterable[Counts]) -> Counts:
    """Add up the counts; `read` adds up the channels that have read receipts."""
    added: Sequence[Counts] = tuple(counts)
    reads = [row.read for row in added if row.read is not None]
    return Counts(
        accepted=sum(row.accepted for row in added),
        sent=sum(row.sent for row in added),
        delivered=sum(row.delivered for row in added),
        read=sum(reads) if reads else None,
        received=sum(row.received for row in added),
    )


def _counts(sent: Sent, observed: Observed, channel: str, conversation: str) -> Counts:
    final_status = BY_CHANNEL[channel].final_status
    arrived = at_provider(sent, observed, channel).whole
    kept = in_history(sent, observed, conversation).whole
    accepted = sent.accepted(conversation)

    def reached(status: Status) -> int:
        return sum(observed.has_come(message.message_id, channel, status) for message in accepted)

    written = (line for line in sent.written(channel) if line.conversation == conversation)
    return Counts(
        accepted=len(accepted),
        sent=sum(message.line.key in arrived for message in accepted),
        delivered=reached(min(final_status, Status.DELIVERED, key=tuple(Status).index)),
        read=reached(Status.READ) if final_status is Status.READ else None,
        received=sum(line.key in kept for line in written),
    )


def _goal(script: Script, channel: str, conversation: str) -> Counts:
    messages = len(script.agent_lines[conversation])
    return Counts(
        accepted=messages,
        sent=messages,
        delivered=messages,
        read=messages if BY_CHANNEL[channel].final_status is Status.READ else None,
        received=sum(reply.line.conversation == conversation for reply in script.replies[channel]),
    )
