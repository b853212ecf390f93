"""G6: the providers' rate limits hold, whatever the rate at which messages are accepted.

The simulators refuse what is over a provider's limit (Telegram: bursts of 5 to one chat, then one a second, and
30 a second in all; WhatsApp: bursts of 45 to one person, then one in six seconds). What is asserted: the bursts
are over those limits, they arrive whole and in order, and not one request was refused, so that it was the
product that kept the limits.
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

    for message_id in [one for of_one_talk in sent for one in of_one_talk]:
        stage.reaches(message_id, LAST_STATUS[channel])
    for customer in customers:
        requests = stage.requests(customer)
        assert [one.error_code for one in requests] == [None] * messages
        assert [one.text for one in requests] == texts
