"""Compare sent and observed lines: at each customer's provider, and in each conversation's history."""

from collections.abc import Iterator

import msgspec

from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import Line, relayed
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.ledger import Expected, Findings, compare
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL, GROUP


class Delivery(msgspec.Struct, frozen=True):
    """A message to the customer on `channel`: the agent's message, or a relayed message of the group."""

    line: Line
    message_id: str
    channel: str


def at_provider(sent: Sent, observed: Observed, channel: str) -> Findings:
    """Compare the lines that the channel's customer should get with the messages that the provider accepted.

    The customer should get the agent's lines, and the other customers' lines in the group. The lines of each
    speaker in a conversation have an order. Lines of different speakers have none, because they speak
    concurrently. A message to another address is unexpected, because no other customer exists there.
    """
    lines = _lines(sent, channel) + _lines(sent, GROUP)
    expected = [
        Expected(line.key, f"{line.speaker} in {line.conversation}", _as_read(line))
        for line in lines
        if line.speaker != channel
    ]
    address = BY_CHANNEL[channel].address
    arrived = (
        (send.text or "") if send.address == address else f"to {send.address}: {send.text}"
        for send in observed.provided.get(channel, ())
    )
    return compare(expected, arrived)


def in_history(sent: Sent, observed: Observed, conversation: str) -> Findings:
    """Compare all lines of a conversation with its history; each speaker's lines in the order of sending."""
    expected = [Expected(line.key, line.speaker, line.text) for line in _lines(sent, conversation)]
    return compare(expected, (message.content.text for message in observed.histories.get(conversation, ())))


def deliveries(sent: Sent, observed: Observed) -> Iterator[Delivery]:
    """Yield every known delivery; the id of a relayed message comes from the history."""
    channels = sent.script.channels
    for channel in channels:
        for accepted in sent.accepted(channel):
            yield Delivery(accepted.line, accepted.message_id, channel)
    for accepted in sent.accepted(GROUP):
        for channel in channels:
            yield Delivery(accepted.line, accepted.message_id, channel)
    history, places = observed.histories.get(GROUP, ()), in_history(sent, observed, GROUP).whole
    for line in _lines(sent, GROUP):
        if line.speaker != AGENT and line.key in places:
            for channel in channels:
                if channel != line.speaker:
                    yield Delivery(line, history[places[line.key]].message_id, channel)


def _lines(sent: Sent, conversation: str) -> list[Line]:
    return [*(accepted.line for accepted in sent.accepted(conversation)), *sent.replies(conversation)]


def _as_read(line: Line) -> str:
    return line.text if line.speaker == AGENT else relayed(line)
