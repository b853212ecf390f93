import itertools

import pytest

from chat4all.channels.registry import capabilities, names
from chat4all.domain.channel import Capabilities
from chat4all.domain.routing import text_parts
from chat4all_local.demo import texts
from chat4all_local.demo.script import Line, write_script
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP, SHOWN

SCRIPT = write_script(names())
EVERY_LINE: list[Line] = [
    *itertools.chain.from_iterable(SCRIPT.agent_lines.values()),
    *(reply.line for replies in SCRIPT.replies.values() for reply in replies),
]


def test_no_text_stands_in_another() -> None:
    for line, other in itertools.permutations(EVERY_LINE, 2):
        assert line.text not in other.text


def test_keys_are_names() -> None:
    assert len({line.key for line in EVERY_LINE}) == len(EVERY_LINE)


@pytest.mark.parametrize("channel", capabilities().values(), ids=names())
def test_no_part_of_a_long_text_stands_twice_in_it(channel: Capabilities) -> None:
    for line in EVERY_LINE:
        parts = text_parts(line.text, channel)
        assert len(set(parts)) == len(parts)


@pytest.mark.parametrize("conversation", SCRIPT.conversations)
def test_every_conversation_gets_emoji_right_to_left_and_the_longest_text(conversation: str) -> None:
    together = [line.text for line in SCRIPT.agent_lines[conversation]]
    assert any("\N{ZERO WIDTH JOINER}" in text for text in together)
    assert any("\N{ARABIC LETTER MEEM}" in text and "\N{HEBREW LETTER SHIN}" in text for text in together)
    assert max(len(text) for text in together) == texts.LONG


@pytest.mark.parametrize("mark", ["[a]", "[telegram-4]", "[a-very-long-mark]"])
def test_the_long_text_has_its_length_whatever_its_mark(mark: str) -> None:
    assert len(texts.long(mark)) == texts.LONG


@pytest.mark.parametrize("channel", names())
def test_a_customer_replies_as_often_as_the_agent_writes_to_them(channel: str) -> None:
    assert len(SCRIPT.replies[channel]) == len(SCRIPT.agent_lines[channel]) + len(SCRIPT.agent_lines[GROUP])


@pytest.mark.parametrize("channel", SHOWN)
def test_a_customer_replies_in_both_conversations_to_what_is_said_there(channel: str) -> None:
    keys = {
        conversation: {line.key for line in SCRIPT.agent_lines[conversation]}
        for conversation in SCRIPT.conversations
    }
    assert {reply.line.conversation for reply in SCRIPT.replies[channel]} == {channel, GROUP}
    assert all(reply.to in keys[reply.line.conversation] for reply in SCRIPT.replies[channel])


@pytest.mark.parametrize("channel", names())
def test_a_customer_replies_in_the_group_as_often_as_the_manifest_says(channel: str) -> None:
    in_group = [reply for reply in SCRIPT.replies[channel] if reply.line.conversation == GROUP]
    assert len(in_group) == BY_CHANNEL[channel].replies_in_group


def test_only_the_chosen_channels_are_in_a_script() -> None:
    script = write_script(("sms", "telegram"))
    assert script.conversations == ("sms", "telegram", GROUP)
    assert set(script.agent_lines) == set(script.conversations)
    assert set(script.replies) == set(script.channels)


def test_some_replies_follow_right_after_each_other() -> None:
    for replies in SCRIPT.replies.values():
        assert len({reply.to for reply in replies}) < len(replies)
