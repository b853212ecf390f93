"""What was said held against what was seen: at each customer's provider, and in each conversation's history."""

from collections.abc import Iterator

import msgspec

from chat4all_local.demo.cast import AGENT, BY_CHANNEL, CHANNELS, GROUP
from chat4all_local.demo.ledger import Expected, Findings, compare
from chat4all_local.demo.said import Said
from chat4all_local.demo.script import Line, relayed
from chat4all_local.demo.seen import Seen


class Delivery(msgspec.Struct, frozen=True):
    """A message on its way to the customer on `channel`: the agent's, or one that is relayed in the group."""

    line: Line
    message_id: str
    channel: str


def at_provider(said: Said, seen: Seen, channel: str) -> Findings:
    """The agent's lines and the other customers' in the group.

    In each conversation every speaker's lines are in order; between speakers who speak at once there is none.
    What was sent to anyone but the channel's customer is strange: the cloud knows nobody else there.
    """
    lines = _lines(said, channel) + _lines(said, GROUP)
    expected = [
        Expected(line.key, f"{line.speaker} in {line.conversation}", _as_read(line))
        for line in lines
        if line.speaker != channel
    ]
    address = BY_CHANNEL[channel].address
    arrived = (
        (one.text or "") if one.address == address else f"to {one.address}: {one.text}"
        for one in seen.provided.get(channel, ())
    )
    return compare(expected, arrived)


def in_history(said: Said, seen: Seen, conversation: str) -> Findings:
    """Everybody's lines, each speaker's in the order in which they were said."""
    expected = [Expected(line.key, line.speaker, line.text) for line in _lines(said, conversation)]
    return compare(expected, (message.content.text for message in seen.histories.get(conversation, ())))


def deliveries(said: Said, seen: Seen) -> Iterator[Delivery]:
    """Every one that is known of; a relayed message's id is learnt from the history."""
    for channel in CHANNELS:
        for accepted in said.accepted(channel):
            yield Delivery(accepted.line, accepted.message_id, channel)
    for accepted in said.accepted(GROUP):
        for channel in CHANNELS:
            yield Delivery(accepted.line, accepted.message_id, channel)
    history, places = seen.histories.get(GROUP, ()), in_history(said, seen, GROUP).whole
    for line in _lines(said, GROUP):
        if line.speaker != AGENT and line.key in places:
            for channel in CHANNELS:
                if channel != line.speaker:
                    yield Delivery(line, history[places[line.key]].message_id, channel)


def _lines(said: Said, conversation: str) -> list[Line]:
    return [*(accepted.line for accepted in said.accepted(conversation)), *said.replies(conversation)]


def _as_read(line: Line) -> str:
    return line.text if line.speaker == AGENT else relayed(line)
