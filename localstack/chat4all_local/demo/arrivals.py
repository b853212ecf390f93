"""Sent against observed: at each customer's provider, and in each conversation's history."""

from collections.abc import Iterator

import msgspec

from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import Line, relayed
from chat4all_local.demo.sent import Sent
from chat4all_local.traffic.ledger import Expected, Findings, compare
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL, GROUP, SHOWN


class Delivery(msgspec.Struct, frozen=True):
    """A message on its way to the customer on `channel`: the agent's, or one that is relayed in the group."""

    line: Line
    message_id: str
    channel: str


def at_provider(sent: Sent, observed: Observed, channel: str) -> Findings:
    """The agent's lines and the other customers' in the group.

    In each conversation every speaker's lines are in order; between speakers who speak at once there is none.
    What was sent to anyone but the channel's customer is strange: the cloud knows nobody else there.
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
    """Everybody's lines, each speaker's in the order in which they were sent."""
    expected = [Expected(line.key, line.speaker, line.text) for line in _lines(sent, conversation)]
    return compare(expected, (message.content.text for message in observed.histories.get(conversation, ())))


def deliveries(sent: Sent, observed: Observed) -> Iterator[Delivery]:
    """Every one that is known of; a relayed message's id is learnt from the history."""
    for channel in SHOWN:
        for accepted in sent.accepted(channel):
            yield Delivery(accepted.line, accepted.message_id, channel)
    for accepted in sent.accepted(GROUP):
        for channel in SHOWN:
            yield Delivery(accepted.line, accepted.message_id, channel)
    history, places = observed.histories.get(GROUP, ()), in_history(sent, observed, GROUP).whole
    for line in _lines(sent, GROUP):
        if line.speaker != AGENT and line.key in places:
            for channel in SHOWN:
                if channel != line.speaker:
                    yield Delivery(line, history[places[line.key]].message_id, channel)


def _lines(sent: Sent, conversation: str) -> list[Line]:
    return [*(accepted.line for accepted in sent.accepted(conversation)), *sent.replies(conversation)]


def _as_read(line: Line) -> str:
    return line.text if line.speaker == AGENT else relayed(line)
