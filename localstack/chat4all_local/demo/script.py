"""What everybody will say, and to what."""

from typing import Final

import msgspec

from chat4all_local.demo import texts
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL, CONVERSATIONS, GROUP, SHOWN


class Line(msgspec.Struct, frozen=True):
    """One message. `key` is its name in the script; `speaker` is AGENT or a customer's channel."""

    key: str
    conversation: str
    speaker: str
    text: str


class Reply(msgspec.Struct, frozen=True):
    """A customer's line, written when the agent's line `to` has arrived whole; in the group it quotes that."""

    line: Line
    to: str


_KINDS: Final = (texts.plain, texts.emoji, texts.right_to_left, texts.long)
_KINDS_IN_GROUP: Final = (texts.emoji, texts.right_to_left, texts.long)
_TO_GROUP: Final = {"telegram": 2}
"""Replies of a channel's customer in the group, right after its first message, where there is more than one. They are
relayed to the others, and Telegram takes one message a second in a chat: it sets the pace of the whole, so that
little goes there that need not."""


def agent_lines(conversation: str) -> tuple[Line, ...]:
    """In the order of sending."""
    kinds = _KINDS_IN_GROUP if conversation == GROUP else _KINDS
    keys = [f"{conversation}-{number}" for number in range(1, len(kinds) + 1)]
    return tuple(
        Line(key, conversation, AGENT, kind(_mark(key))) for key, kind in zip(keys, kinds, strict=True)
    )


def replies(channel: str) -> tuple[Reply, ...]:
    """As many as the customer gets messages from the agent; those in the 1:1 conversation are spread evenly."""
    total = len(agent_lines(channel)) + len(agent_lines(GROUP))
    in_group = [(GROUP, f"{GROUP}-1")] * _TO_GROUP.get(channel, 1)
    to = [line.key for line in agent_lines(channel)]
    left = total - len(in_group)
    in_own = [(channel, to[index * len(to) // left]) for index in range(left)]
    return tuple(
        _reply(number, channel, conversation, key)
        for number, (conversation, key) in enumerate((*in_group, *in_own), start=1)
    )


def relayed(line: Line) -> str:
    """What the other customers read of a customer's line in the group."""
    return f"{BY_CHANNEL[line.speaker].name}: {line.text}"


def _reply(number: int, channel: str, conversation: str, to: str) -> Reply:
    key = f"{BY_CHANNEL[channel].name}-{number}"
    return Reply(Line(key, conversation, channel, texts.reply(number, _mark(key))), to)


def _mark(key: str) -> str:
    return f"[{key}]"


AGENT_LINES: Final = {conversation: agent_lines(conversation) for conversation in CONVERSATIONS}
REPLIES: Final = {channel: replies(channel) for channel in SHOWN}
