"""A message names the channels to try, and reaches the customer on one of them."""

from chat4all_local.simulators.control_api import FaultKind
from tests.e2e.stage import Customer, Stage, message_body


def on_two(stage: Stage) -> tuple[Customer, Customer]:
    """Make a customer who is known on WhatsApp and on Telegram."""
    first = stage.customer("whatsapp")
    address = stage.new_address("telegram")
    linked = stage.api.call(
        "POST", f"/users/{first.user_id}/identities", {"channel": "telegram", "address": address}
    )
    assert linked.status_code == 201, linked.text
    return first, Customer(first.user_id, "Carla", "telegram", address)


def test_the_next_channel_is_tried_when_the_first_fails(stage: Stage) -> None:
    whatsapp, telegram = on_two(stage)
    talk = stage.talk(whatsapp)
    stage.simulators["whatsapp"].add_fault(FaultKind.RESET, for_address=whatsapp.address)

    body = {**message_body(talk, "by any way"), "channels": ["whatsapp", "telegram"]}
    answer = stage.api.call("POST", "/messages", body)
    assert answer.status_code == 202, answer.text

    progress = stage.reaches(answer.json()["message_id"], "SENT")
    assert {delivery.channel: delivery.status for delivery in progress.deliveries} == {
        "whatsapp": "FAILED",
        "telegram": "SENT",
    }
    assert (stage.texts(whatsapp), stage.texts(telegram)) == ([], ["by any way"])


def test_the_first_channel_is_enough_when_it_delivers(stage: Stage) -> None:
    whatsapp, telegram = on_two(stage)
    talk = stage.talk(whatsapp)

    body = {**message_body(talk, "once"), "channels": ["whatsapp", "telegram"], "delivery_timeout_s": 30}
    message_id = stage.api.call("POST", "/messages", body).json()["message_id"]

    stage.reaches(message_id, "READ")
    stage.relay()
    stage.settle()
    assert (stage.texts(whatsapp), stage.texts(telegram)) == (["once"], [])
