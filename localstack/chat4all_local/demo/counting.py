"""Counts by channel and conversation: how far the messages have come."""

from collections.abc import Iterable, Sequence

import msgspec

from chat4all_local.demo.arrivals import at_provider, in_history
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import AGENT_LINES, REPLIES
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP, SHOWN


class Counts(msgspec.Struct, frozen=True):
    """Of the agent's messages to the customers of one channel; `received` are those customers' replies.

    `sent`: the provider took every part. `delivered` and `read` are as the API tells them, and imply each
    other as far as they go; without receipts `delivered` is SENT, and `read` is None.
    """

    accepted: int
    sent: int
    delivered: int
    read: int | None
    received: int


class Row(msgspec.Struct, frozen=True):
    """`goal` is what `counts` comes to when all is well."""

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
            _goal(channel, conversation),
        )
        for channel in SHOWN
        for conversation in (channel, GROUP)
    )


def total(counts: Iterable[Counts]) -> Counts:
    """`read` counts where there are receipts."""
    some: Sequence[Counts] = tuple(counts)
    reads = [each.read for each in some if each.read is not None]
    return Counts(
        accepted=sum(each.accepted for each in some),
        sent=sum(each.sent for each in some),
        delivered=sum(each.delivered for each in some),
        read=sum(reads) if reads else None,
        received=sum(each.received for each in some),
    )


def _counts(sent: Sent, observed: Observed, channel: str, conversation: str) -> Counts:
    customer = BY_CHANNEL[channel]
    arrived = at_provider(sent, observed, channel).whole
    kept = in_history(sent, observed, conversation).whole
    accepted = sent.accepted(conversation)

    def come(status: str) -> int:
        return sum(observed.has_come(message.message_id, channel, status) for message in accepted)

    written = (line for line in sent.written(channel) if line.conversation == conversation)
    return Counts(
        accepted=len(accepted),
        sent=sum(message.line.key in arrived for message in accepted),
        delivered=come("DELIVERED" if customer.sends_receipts else "SENT"),
        read=come("READ") if customer.sends_receipts else None,
        received=sum(line.key in kept for line in written),
    )


def _goal(channel: str, conversation: str) -> Counts:
    messages = len(AGENT_LINES[conversation])
    return Counts(
        accepted=messages,
        sent=messages,
        delivered=messages,
        read=messages if BY_CHANNEL[channel].sends_receipts else None,
        received=sum(reply.line.conversation == conversation for reply in REPLIES[channel]),
    )
