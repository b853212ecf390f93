"""A person says what they want to receive, in their app, and the messages follow it."""

import time

import pytest

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import Customer, Stage, Talk, message_body
from tests.e2e.waiting import eventually

STOP_BY = {"whatsapp": "STOP", "telegram": "Stop!", "instagram": "unsubscribe", "sms": "Cancel"}
"""A word by which the customers of each channel opt out."""


def offer(stage: Stage, talk: Talk, text: str = "20 % off", **more: object) -> int:
    """Post a marketing message, and return the status of the answer."""
    body = {**message_body(talk, text), "purpose": "marketing", **more}
    return stage.api.call("POST", "/messages", body).status_code


def states(stage: Stage, customer: Customer) -> dict[tuple[str, str], str]:
    consents = stage.api.call("GET", f"/users/{customer.user_id}/consents").json()["consents"]
    return {(known["channel"], known["purpose"]): known["state"] for known in consents}


def becomes(stage: Stage, customer: Customer, state: str | None, purpose: str = "marketing") -> None:
    """Wait for the state, and until the next second: some providers give the time in seconds."""
    key, begun = (customer.channel, purpose), int(time.time())
    eventually(lambda: states(stage, customer).get(key), lambda seen: seen == state)
    eventually(lambda: int(time.time()), lambda now: now > begun)


@pytest.mark.parametrize("channel", STOP_BY)
def test_who_says_stop_gets_no_offers_until_they_say_start(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)
    talk = stage.talk(customer)

    stage.simulators[channel].write(customer.address, STOP_BY[channel])
    becomes(stage, customer, "OPTED_OUT")
    assert offer(stage, talk) == 422
    stage.simulators[channel].write(customer.address, "START")
    becomes(stage, customer, "OPTED_IN")
    assert offer(stage, talk, "welcome back") == 202

    eventually(lambda: stage.texts(customer), lambda seen: seen == ["welcome back"])
    said = [message.content.text for message in stage.history(talk) if message.sender_id == customer.user_id]
    assert said == ["START", STOP_BY[channel]]


def test_after_stop_by_sms_twilio_takes_nothing_and_the_refusal_is_recorded(stage: Stage) -> None:
    customer = stage.customer("sms")
    talk = stage.talk(customer)
    stage.reaches(stage.say(talk, "before"), "DELIVERED")  # the customer is in the memory of the API
    stage.simulators["sms"].write(customer.address, "STOP")
    becomes(stage, customer, "OPTED_OUT", "service")

    answer = stage.api.call("POST", "/messages", message_body(talk, "after"))

    if answer.status_code == 202:  # from memory: Twilio refuses it then, or `router` reads the person again
        message_id = answer.json()["message_id"]
        progress = stage.reaches(message_id, "FAILED")
        codes = [delivery.error.code for delivery in progress.deliveries if delivery.error is not None]
        codes = codes or [stage.api.call("GET", f"/messages/{message_id}").json()["error"]["code"]]
        assert codes in (["21610"], ["OPTED_OUT"])
    else:
        assert answer.json()["error"] == "OPTED_OUT"
    assert stage.texts(customer) == ["before"]


def test_who_stops_marketing_in_whatsapp_gets_service_messages_still(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)

    stage.simulators["whatsapp"].write(customer.address, "stop", kind="preference")
    becomes(stage, customer, "OPTED_OUT")
    assert offer(stage, talk) == 422
    stage.reaches(stage.say(talk, "your parcel"), "READ")
    stage.simulators["whatsapp"].write(customer.address, "resume", kind="preference")
    becomes(stage, customer, None)

    assert offer(stage, talk) == 202


def test_who_blocks_the_bot_gets_no_offers_until_they_unblock_it(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)

    stage.simulators["telegram"].write(customer.address, kind="block")
    becomes(stage, customer, "OPTED_OUT")
    assert offer(stage, talk) == 422
    tried = stage.reaches(stage.say(talk, "an answer"), "FAILED")
    assert [delivery.status for delivery in tried.deliveries] == ["FAILED"]
    stage.simulators["telegram"].write(customer.address, kind="unblock")
    becomes(stage, customer, None)

    assert offer(stage, talk, "hello again") == 202
    eventually(lambda: stage.texts(customer), lambda seen: seen == ["hello again"])


def test_a_refusal_of_whatsapp_is_an_opt_out(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    stage.simulators["whatsapp"].add_fault(
        FaultKind.ERROR, for_address=customer.address, status=400, code=131050, count=1
    )

    assert offer(stage, talk) == 202

    becomes(stage, customer, "OPTED_OUT")
    assert offer(stage, talk, "once more") == 422


def test_an_offer_goes_to_the_channel_that_the_person_left_open(stage: Stage) -> None:
    whatsapp = stage.customer("whatsapp")
    address = stage.new_address("telegram")
    stage.api.call(
        "POST", f"/users/{whatsapp.user_id}/identities", {"channel": "telegram", "address": address}
    )
    telegram = Customer(whatsapp.user_id, whatsapp.name, "telegram", address)
    talk = stage.talk(whatsapp)
    stage.simulators["whatsapp"].write(whatsapp.address, "STOP")
    becomes(stage, whatsapp, "OPTED_OUT")

    assert offer(stage, talk, channels=["whatsapp", "telegram"]) == 202

    eventually(lambda: stage.texts(telegram), lambda seen: seen == ["20 % off"])
    assert stage.texts(whatsapp) == []
