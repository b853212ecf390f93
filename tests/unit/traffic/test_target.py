from chat4all_local.traffic.participants import Conversation
from chat4all_local.traffic.target import CONTENT_LENGTH, rounds_of

CONVERSATIONS = [Conversation(f"conversation-{number}", "agent", "", "") for number in range(20)]


def test_a_text_carries_its_message_s_id_and_is_as_long_as_every_other() -> None:
    lines = rounds_of(CONVERSATIONS, 3)

    assert all(line.text.startswith(line.message_id) for line in lines)
    assert {len(line.text) for line in lines} == {CONTENT_LENGTH}


def test_the_lines_go_into_the_conversations_in_turns() -> None:
    conversations = [line.conversation for line in rounds_of(CONVERSATIONS, 2)]

    assert conversations == CONVERSATIONS * 2


def test_no_two_messages_have_the_same_id() -> None:
    lines = rounds_of(CONVERSATIONS, 4)

    assert len({line.message_id for line in lines}) == len(lines) == 80
