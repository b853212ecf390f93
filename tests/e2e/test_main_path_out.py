"""An agent writes, and the customers read the message in their apps."""

import httpx
import pytest

from chat4all.channels.registry import capabilities
from chat4all_local.simulators.credentials import BY_CHANNEL
from tests.e2e.stage import CHANNELS, LAST_STATUS, Stage

TEXT = "Olá 👋🏽 שלום, עולם مرحبا\nsecond line 👨‍👩‍👧"
LONG = "".join(f"sentence number {number:04d} é 🙂 and so on.\n" for number in range(300))[:10_000]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_text_reaches_the_person_unchanged_and_once(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)

    message_id = stage.say(talk, TEXT)

    progress = stage.reaches(message_id, LAST_STATUS[channel])
    [received] = stage.requests(customer)
    assert received.text == TEXT
    [delivery] = progress.deliveries
    assert (delivery.recipient_id, delivery.channel) == (customer.user_id, channel)
    assert (delivery.status, delivery.parts, delivery.error) == (LAST_STATUS[channel], 1, None)
    assert delivery.provider_message_id is not None
    assert str(received.provider_message_id) in delivery.provider_message_id
    assert progress.retry_count == 0


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_customer_made_through_the_api_alone_is_reached_at_once(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    assert customer.address not in {known.address for known in stage.simulators[channel].customers()}

    stage.reaches(stage.say(stage.talk(customer), "welcome"), LAST_STATUS[channel])

    assert [request.text for request in stage.requests(customer)] == ["welcome"]
    [known] = [
        registered
        for registered in stage.simulators[channel].customers()
        if registered.address == customer.address
    ]
    assert known.name == customer.name


def test_an_address_that_nobody_made_is_unknown_to_every_provider(stage: Stage) -> None:
    addresses = {channel: stage.new_address(channel) for channel in CHANNELS}
    graph = {
        "whatsapp": {"messaging_product": "whatsapp", "to": addresses["whatsapp"], "text": {"body": "hello"}},
        "instagram": {"recipient": {"id": addresses["instagram"]}, "message": {"text": "hello"}},
    }
    for channel, body in graph.items():
        known = BY_CHANNEL[channel]
        url = f"{stage.simulators[channel].base_url}/v23.0/{known.account_id}/messages"
        httpx.post(url, json=body, headers={"authorization": f"Bearer {known.access_token}"})
    bot = f"{stage.simulators['telegram'].base_url}/bot{BY_CHANNEL['telegram'].access_token}"
    httpx.post(f"{bot}/sendMessage", json={"chat_id": addresses["telegram"], "text": "hello"})

    codes = {
        channel: request.error_code
        for channel, simulator in stage.simulators.items()
        for request in simulator.transcript().requests
        if request.address == addresses[channel]
    }
    assert (codes["telegram"], codes["instagram"]) == (400, 100)
    assert codes["whatsapp"] is None, "WhatsApp reports the failure only later, as a failed status"
    for channel, simulator in stage.simulators.items():
        assert addresses[channel] not in {known.address for known in simulator.customers()}


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_history_of_statuses_is_the_way_the_message_took(stage: Stage, channel: str) -> None:
    talk = stage.talk(stage.customer(channel))

    progress = stage.reaches(stage.say(talk, "hello"), LAST_STATUS[channel])

    # A receipt may overtake an earlier receipt. The earlier status is then skipped and never added later.
    receipts = capabilities()[channel].receipts
    reported = [("DELIVERED", receipts.delivered), ("READ", receipts.read)]
    steps = iter(["PENDING", "SENT", *(step for step, is_reported in reported if is_reported)])
    assert all(step in steps for step in progress.steps), progress.steps
    assert (progress.steps[0], progress.steps[-1]) == ("PENDING", LAST_STATUS[channel])


def test_a_group_message_reaches_every_customer_on_their_own_channel(stage: Stage) -> None:
    customers = [stage.customer(channel) for channel in CHANNELS]
    talk = stage.group(*customers)

    message_id = stage.say(talk, "to all of you")

    stage.reaches(message_id, "SENT")
    stage.settle()
    progress = stage.api.progress(message_id)
    assert {delivery.channel: delivery.status for delivery in progress.deliveries} == LAST_STATUS
    assert progress.current_status == "SENT", "a message has the status of its slowest delivery"
    assert [stage.texts(customer) for customer in customers] == [["to all of you"]] * len(CHANNELS)


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_over_long_text_arrives_whole_in_several_parts(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)

    message_id = stage.say(stage.talk(customer), LONG)

    progress = stage.reaches(message_id, LAST_STATUS[channel])
    parts = stage.accepted(customer)
    assert "".join(str(part.text) for part in parts) == LONG
    [delivery] = progress.deliveries
    assert len(parts) == delivery.parts > 1
    assert len(set(delivery.provider_message_ids)) == len(parts)


def test_a_message_goes_to_the_channel_that_was_asked_for(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    address = stage.new_address("telegram")
    linked = {"channel": "telegram", "address": address}
    assert stage.api.call("POST", f"/users/{customer.user_id}/identities", linked).status_code == 201
    talk = stage.talk(customer)

    stage.reaches(stage.say(talk, "on your other app", channel="telegram"), "SENT")

    requests = stage.simulators["telegram"].transcript().requests
    assert [request.text for request in requests if request.address == address] == ["on your other app"]
    assert stage.requests(customer) == []


@pytest.mark.parametrize("channel", ["whatsapp", "telegram"])
def test_an_answer_quotes_what_the_person_wrote(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    asked = stage.simulators[channel].write(customer.address, "is it open?")
    stage.settle()
    [question] = stage.history(talk)

    stage.reaches(stage.say(talk, "it is", reply_to=question.message_id), LAST_STATUS[channel])

    [answer] = stage.accepted(customer)
    assert answer.quoted == asked.provider_message_id
