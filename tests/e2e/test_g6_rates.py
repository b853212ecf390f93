"""G6: the providers' rate limits hold, whatever the rate at which messages are accepted.

The simulators refuse messages above a provider's limit. Telegram allows bursts of 5 to a chat, then one a
second,
and 30 a second in all. WhatsApp allows bursts of 45 to a person, then one in six seconds. The tests send
bursts
above these limits. They assert that the bursts arrive whole and in order, and that no request was refused, so
that the product itself kept the limits.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.stage import LAST_STATUS, Stage, Talk

BURSTS = [("telegram", 2, 12), ("whatsapp", 1, 46)]


@pytest.mark.parametrize(("channel", "people", "messages"), BURSTS)
def test_a_burst_over_the_limit_arrives_whole_in_order_and_without_a_refusal(
    stage: Stage, channel: str, people: int, messages: int
) -> None:
    assert stage.simulators[channel].settings().enforce_rates
    customers = [stage.customer(channel) for _ in range(people)]
    texts = [f"message {number}" for number in range(messages)]

    def say_all(talk: Talk) -> list[str]:
        return [stage.say(talk, text) for text in texts]

    with ThreadPoolExecutor(people) as side_by_side:
        sent = list(side_by_side.map(say_all, [stage.talk(customer) for customer in customers]))

    for message_id in [message_id for talk_ids in sent for message_id in talk_ids]:
        stage.reaches(message_id, LAST_STATUS[channel])
    for customer in customers:
        requests = stage.requests(customer)
        assert [request.error_code for request in requests] == [None] * messages
        assert [request.text for request in requests] == texts
