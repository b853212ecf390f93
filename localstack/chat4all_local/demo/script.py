"""The lines of the agent and of every customer, and the message that each reply answers."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from chat4all_local.demo import texts
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL, GROUP


class Line(msgspec.Struct, frozen=True):
    """A message. `key` is its name in the script; `speaker` is AGENT or a customer's channel."""

    key: str
    conversation: str
    speaker: str
    text: str


class Reply(msgspec.Struct, frozen=True):
    """A customer's line, written when the agent's line `to` has arrived completely.

    In the group the reply quotes that line.
    """

    line: Line
    to: str


_KINDS: Final = (texts.plain, texts.emoji, texts.right_to_left, texts.long)
_KINDS_IN_GROUP: Final = (texts.emoji, texts.right_to_left, texts.long)


class Script(msgspec.Struct, frozen=True):
    """The script for the customers on `channels`: `agent_lines` by conversation, `replies` by channel.

    Each customer has a 1:1 conversation, named by the channel. GROUP is a conversation with all of them.
    """

    channels: tuple[str, ...]
    agent_lines: Mapping[str, tuple[Line, ...]]
    replies: Mapping[str, tuple[Reply, ...]]

    @property
    def conversations(self) -> tuple[str, ...]:
        return (*self.channels, GROUP)


def write_script(channels: Sequence[str]) -> Script:
    return Script(
        tuple(channels),
        {conversation: agent_lines(conversation) for conversation in (*channels, GROUP)},
        {channel: replies(channel) for channel in channels},
    )


def agent_lines(conversation: str) -> tuple[Line, ...]:
    """Return the agent's lines in the order of sending."""
    kinds = _KINDS_IN_GROUP if conversation == GROUP else _KINDS
    keys = [f"{conversation}-{number}" for number in range(1, len(kinds) + 1)]
    return tuple(
        Line(key, conversation, AGENT, kind(_mark(key))) for key, kind in zip(keys, kinds, strict=True)
    )


def replies(channel: str) -> tuple[Reply, ...]:
    """Write as many replies as the customer gets messages from the agent.

    Replies in the group answer its first message. Replies in the 1:1 conversation are distributed evenly over
    its messages.
    """
    total = len(agent_lines(channel)) + len(agent_lines(GROUP))
    in_group = [(GROUP, f"{GROUP}-1")] * BY_CHANNEL[channel].replies_in_group
    to = [line.key for line in agent_lines(channel)]
    left = total - len(in_group)
    in_own = [(channel, to[index * len(to) // left]) for index in range(left)]
    return tuple(
        _reply(number, channel, conversation, key)
        for number, (conversation, key) in enumerate((*in_group, *in_own), start=1)
    )


def relayed(line: Line) -> str:
    """Return the text in which the other customers receive a customer's line in the group."""
    return f"{BY_CHANNEL[line.speaker].name}: {line.text}"


def _reply(number: int, channel: str, conversation: str, to: str) -> Reply:
    key = f"{BY_CHANNEL[channel].name}-{number}"
    return Reply(Line(key, conversation, channel, texts.reply(number, _mark(key))), to)


def _mark(key: str) -> str:
    return f"[{key}]"
