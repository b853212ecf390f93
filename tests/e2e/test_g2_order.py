"""G2: per conversation and recipient, the provider receives messages in the order of acceptance."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import CHANNELS, LAST_STATUS, Customer, Stage, Talk

MESSAGES = 6
TALKS_EACH = 2
TEXTS = [f"message {number}" for number in range(MESSAGES)]


def say_all(stage: Stage, talk: Talk) -> list[str]:
    return [stage.say(talk, text) for text in TEXTS]


def test_order_holds_in_many_conversations_at_once_with_failures_in_between(stage: Stage) -> None:
    customers = [stage.customer(channel) for channel in CHANNELS for _ in range(TALKS_EACH)]
    talks = [stage.talk(customer) for customer in customers]
    for troubled in customers[::TALKS_EACH]:
        stage.simulators[troubled.channel].add_fault(
            FaultKind.ERROR, count=2, for_address=troubled.address, status=500
        )

    with ThreadPoolExecutor(len(talks)) as side_by_side:
        sent = list(side_by_side.map(lambda talk: say_all(stage, talk), talks))

    for customer, message_ids in zip(customers, sent, strict=True):
        for message_id in message_ids:
            stage.reaches(message_id, LAST_STATUS[customer.channel])
        assert stage.texts(customer) == TEXTS, customer
    assert all(len(stage.requests(customer)) == MESSAGES + 2 for customer in customers[::TALKS_EACH])


def test_order_holds_for_every_member_of_a_group(stage: Stage) -> None:
    members = [stage.customer(channel) for channel in CHANNELS]
    talk = stage.group(*members)
    slow = members[0]
    stage.simulators[slow.channel].add_fault(FaultKind.ERROR, count=1, for_address=slow.address)

    sent = say_all(stage, talk)

    for message_id in sent:
        stage.reaches(message_id, "SENT")
    assert [stage.texts(member) for member in members] == [TEXTS] * len(members)


def test_of_messages_posted_at_once_each_clients_own_stay_in_order(stage: Stage) -> None:
    """Messages of the same client keep their order. Messages of different clients may mix."""
    customer = stage.customer("instagram")
    talk = stage.talk(customer)
    clients = [[f"client {client}, text {number}" for number in range(4)] for client in range(6)]

    with ThreadPoolExecutor(len(clients)) as side_by_side:
        posted = list(side_by_side.map(lambda texts: [stage.say(talk, text) for text in texts], clients))
    for message_id in chain.from_iterable(posted):
        stage.reaches(message_id, "READ")

    shown = [message.content.text for message in reversed(stage.history(talk))]
    delivered = [str(text) for text in stage.texts(customer)]
    assert sorted(shown) == sorted(delivered) == sorted(chain.from_iterable(clients))
    for texts in clients:
        assert [text for text in shown if text in texts] == texts
        assert [text for text in delivered if text in texts] == texts


def test_the_parts_of_long_texts_do_not_mix(stage: Stage) -> None:
    customer: Customer = stage.customer("instagram")
    talk = stage.talk(customer)
    texts = [f"{letter} " * 1500 for letter in "abc"]
    stage.simulators["instagram"].add_fault(FaultKind.RESET, count=1, for_address=customer.address)

    for message_id in [stage.say(talk, text) for text in texts]:
        stage.reaches(message_id, "READ")

    assert "".join(str(text) for text in stage.texts(customer)) == "".join(texts)
