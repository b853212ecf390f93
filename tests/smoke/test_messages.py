"""Messages out and in, on every channel."""

import pytest

from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage
from tests.e2e.waiting import eventually

TEXT = "Olá 👋🏽 שלום\nsecond line"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_goes_out_and_the_answer_comes_back(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)

    stage.reaches(stage.say(talk, TEXT), LAST_STATUS[channel])
    stage.simulators[channel].write(customer.address, f"{TEXT}!")

    assert stage.texts(customer) == [TEXT]
    reply, posted = eventually(lambda: stage.history(talk), lambda seen: len(seen) == 2)
    assert (posted.content.text, reply.content.text) == (TEXT, f"{TEXT}!")
    assert (reply.sender_id, reply.channel) == (customer.user_id, channel)


def test_a_conversation_keeps_its_order(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    texts = [f"text {number}" for number in range(8)]

    message_ids = [stage.say(talk, text) for text in texts]

    for message_id in message_ids:
        stage.reaches(message_id, "SENT", "DELIVERED", "READ")
    assert stage.texts(customer) == texts
