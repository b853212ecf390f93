from chat4all_local.bench.pipeline.load import (
    CLIENTS,
    CONTENT_LENGTH,
    message_id_in,
    new_message,
    shares,
)

CONVERSATIONS = [f"conversation-{number}" for number in range(20)]


def test_a_text_carries_its_message_s_id_and_is_as_long_as_every_other() -> None:
    messages = [new_message("conversation", "sender") for _ in range(3)]

    assert [message_id_in(message.content) for message in messages] == [one.message_id for one in messages]
    assert {len(message.content) for message in messages} == {CONTENT_LENGTH}


def test_every_conversation_gets_its_messages_from_one_client() -> None:
    given = shares(CONVERSATIONS, "sender", rounds=3)

    owners: dict[str, set[int]] = {}
    for client, messages in enumerate(given):
        for message in messages:
            owners.setdefault(message.conversation_id, set()).add(client)
    assert len(given) == CLIENTS
    assert sorted(owners) == sorted(CONVERSATIONS)
    assert all(len(clients) == 1 for clients in owners.values())


def test_a_client_writes_into_its_conversations_in_turns() -> None:
    first, *_ = shares(CONVERSATIONS, "sender", rounds=2)

    conversations = [message.conversation_id for message in first]
    half = len(conversations) // 2
    assert conversations[:half] == conversations[half:]
    assert len(set(conversations)) == half


def test_no_two_messages_have_the_same_id() -> None:
    messages = [one for own in shares(CONVERSATIONS, "sender", rounds=4) for one in own]

    assert len({message.message_id for message in messages}) == len(messages) == 80
