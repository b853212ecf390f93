"""A request without a key, and a webhook without a proof, are refused."""

import pytest

from tests.e2e.api import Api, refusal
from tests.e2e.stage import CHANNELS, Stage
from tests.e2e.waiting import eventually


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_webhook_without_the_right_proof_is_401(stage: Stage, channel: str) -> None:
    answer = stage.simulators[channel].call_webhook(
        {"update_id": 1, "object": "page", "entry": []}, sign="wrong"
    )

    assert answer.status == 401


def test_the_same_webhook_three_times_is_one_message(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)

    stage.simulators["whatsapp"].write(customer.address, "once", repeat=3)

    eventually(lambda: stage.history(talk))
    stage.settle()
    assert [message.content.text for message in stage.history(talk)] == ["once"]


def test_without_a_key_or_its_scope_the_api_refuses(stage: Stage) -> None:
    keyless = Api(stage.cloud.api_url, None)
    wrong = Api(stage.cloud.api_url, "c4a_00000000_" + "A" * 43)
    try:
        answers = [api.call("POST", "/messages", {}) for api in (keyless, wrong)]
    finally:
        keyless.close()
        wrong.close()

    assert [(answer.status_code, refusal(answer).error) for answer in answers] == [
        (401, "UNAUTHENTICATED")
    ] * 2
