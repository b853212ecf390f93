"""Requests to send, over HTTP."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import FaultKind
from chat4all_local.simulators.registry import names
from tests.unit.simulators.calls import (
    ADDRESSES,
    CHAT,
    PERSON,
    PHONE,
    SEND,
    instagram_message,
    send_instagram,
    send_telegram,
    send_whatsapp,
)
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.receiver import Receiver, eventually


@pytest.fixture
def whatsapp(simulators: Simulators) -> Simulator:
    simulators.whatsapp.register(PHONE, "Ana")
    return simulators.whatsapp


ACCEPTED = {
    "whatsapp": (200, {"messaging_product", "contacts", "messages"}),
    "telegram": (200, {"ok", "result"}),
    "instagram": (200, {"recipient_id", "message_id"}),
    "sms": (
        201,
        {
            "account_sid",
            "api_version",
            "body",
            "direction",
            "error_code",
            "error_message",
            "from",
            "num_media",
        }
        | {"messaging_service_sid", "num_segments", "sid", "status", "to", "uri"},
    ),
}
"""The status and the fields of the answer to an accepted message, by channel."""
FAILING: dict[str, Callable[[dict[str, Any]], object]] = {
    "whatsapp": lambda answer: answer["error"]["code"] == 131000,
    "telegram": lambda answer: answer["error_code"] == 500,
    "instagram": lambda answer: answer["error"]["code"] == 2,
    "sms": lambda answer: answer["code"] == 20500,
}
"""Checks by channel for the code of the provider's temporary failure in an answer."""


@pytest.mark.parametrize("channel", names())
def test_each_provider_answers_in_its_own_shape(
    simulators: Simulators, http: httpx.Client, channel: str
) -> None:
    simulator = simulators.by_name[channel]
    simulator.register(ADDRESSES[channel], "Ana")

    answer = SEND[channel](http, simulator)

    assert (answer.status_code, set(answer.json())) == ACCEPTED[channel]
    assert answer.headers["content-type"] == "application/json"


def test_the_transcript_tells_what_came_and_what_became_of_it(
    whatsapp: Simulator, http: httpx.Client
) -> None:
    before = time.time()
    sent = send_whatsapp(
        http,
        whatsapp,
        biz_opaque_callback_data="d|1",
        context={"message_id": "wamid.1"},
        text={"body": "Olá"},
    )
    send_whatsapp(http, whatsapp, text={"body": ""})
    http.post(f"{whatsapp.base_url}/v23.0/1/messages", json={})

    accepted, refused, unauthorized = whatsapp.transcript().requests

    assert (accepted.n, accepted.address, accepted.text) == (1, PHONE, "Olá")
    assert accepted.provider_message_id == sent.json()["messages"][0]["id"]
    assert (accepted.callback_data, accepted.quoted) == ("d|1", "wamid.1")
    assert (accepted.status, accepted.error_code, accepted.authorized) == (200, None, True)
    assert before <= accepted.at <= refused.at <= time.time()
    assert (refused.status, refused.error_code, refused.provider_message_id) == (400, 100, None)
    assert (unauthorized.status, unauthorized.error_code, unauthorized.authorized) == (401, 190, False)
    assert [request.n for request in whatsapp.transcript(after=1).requests] == [2, 3]
    assert whatsapp.transcript(after=3).last == 3


def test_a_cleared_transcript_goes_on_counting(whatsapp: Simulator, http: httpx.Client) -> None:
    send_whatsapp(http, whatsapp)

    whatsapp.clear_transcript()
    send_whatsapp(http, whatsapp)

    assert [request.n for request in whatsapp.transcript().requests] == [2]


def test_the_same_request_twice_is_two_messages(whatsapp: Simulator, http: httpx.Client) -> None:
    for _ in range(2):
        send_whatsapp(http, whatsapp, biz_opaque_callback_data="same")

    first, second = whatsapp.transcript().requests
    assert first.callback_data == second.callback_data == "same"
    assert first.provider_message_id != second.provider_message_id


def test_the_rate_to_one_person_is_enforced_unless_switched_off(
    simulators: Simulators, http: httpx.Client
) -> None:
    simulators.telegram.register(CHAT, "Ana")

    statuses = [send_telegram(http, simulators.telegram).status_code for _ in range(40)]

    assert statuses[:5] == [200] * 5
    assert 429 in statuses
    simulators.telegram.configure(enforce_rates=False)
    assert all(send_telegram(http, simulators.telegram).status_code == 200 for _ in range(40))


def test_a_throttled_bot_is_told_the_time_in_header_and_body(
    simulators: Simulators, http: httpx.Client
) -> None:
    simulators.telegram.register(CHAT, "Ana")
    simulators.telegram.add_fault(FaultKind.THROTTLE, count=1, retry_after=7)

    answer = send_telegram(http, simulators.telegram)

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["parameters"] == {"retry_after": 7}
    assert simulators.telegram.transcript().requests[0].error_code == 429
    assert send_telegram(http, simulators.telegram).status_code == 200


def test_a_throttled_graph_call_gets_the_providers_code(simulators: Simulators, http: httpx.Client) -> None:
    simulators.whatsapp.register(PHONE, "Ana")
    simulators.instagram.register(PERSON, "Ana")
    simulators.whatsapp.add_fault(FaultKind.THROTTLE)
    simulators.instagram.add_fault(FaultKind.THROTTLE)

    whatsapp = send_whatsapp(http, simulators.whatsapp)
    instagram = send_instagram(http, simulators.instagram, instagram_message())

    assert (whatsapp.status_code, whatsapp.json()["error"]["code"]) == (429, 130429)
    assert instagram.json()["error"]["code"] == 613


@pytest.mark.parametrize("channel", names())
def test_a_failing_provider_answers_with_its_passing_error(
    simulators: Simulators, http: httpx.Client, channel: str
) -> None:
    simulator = simulators.by_name[channel]
    simulator.register(ADDRESSES[channel], "Ana")
    simulator.add_fault(FaultKind.ERROR, count=1)

    answer = SEND[channel](http, simulator)

    assert answer.status_code == 500
    assert FAILING[channel](answer.json())
    assert simulator.transcript().requests[0].provider_message_id is None


def test_an_error_can_be_chosen_and_meet_one_person_only(whatsapp: Simulator, http: httpx.Client) -> None:
    whatsapp.register("15551230000", "Bob")
    whatsapp.add_fault(FaultKind.ERROR, status=401, code=190, for_address=PHONE)

    refused = send_whatsapp(http, whatsapp)

    assert (refused.status_code, refused.json()["error"]["code"]) == (401, 190)
    assert send_whatsapp(http, whatsapp, to="15551230000").status_code == 200
    whatsapp.clear_faults()
    assert whatsapp.faults() == []
    assert send_whatsapp(http, whatsapp).status_code == 200


def test_a_fault_is_not_used_up_by_a_request_that_is_refused_anyway(
    whatsapp: Simulator, http: httpx.Client
) -> None:
    fault = whatsapp.add_fault(FaultKind.ERROR, count=1)

    send_whatsapp(http, whatsapp, text={"body": ""})

    assert whatsapp.faults() == [fault]


@pytest.mark.parametrize(
    ("kind", "accepted"), [(FaultKind.RESET, False), (FaultKind.HANG, False), (FaultKind.LOSE_ANSWER, True)]
)
def test_a_broken_connection_gives_no_answer(
    whatsapp: Simulator, http: httpx.Client, *, kind: FaultKind, accepted: bool
) -> None:
    whatsapp.add_fault(kind, count=1, seconds=0)

    with pytest.raises(httpx.TransportError):
        send_whatsapp(http, whatsapp)

    (request,) = whatsapp.transcript().requests
    assert request.status == 0
    assert (request.provider_message_id is not None) is accepted
    assert send_whatsapp(http, whatsapp).status_code == 200


def test_a_reset_is_seen_as_one(whatsapp: Simulator, http: httpx.Client) -> None:
    whatsapp.add_fault(FaultKind.RESET)

    with pytest.raises(httpx.ReadError):
        send_whatsapp(http, whatsapp)


def test_a_hanging_provider_lets_the_caller_run_into_its_timeout(whatsapp: Simulator) -> None:
    whatsapp.add_fault(FaultKind.HANG, seconds=600)

    with httpx.Client(timeout=0.2, trust_env=False) as impatient, pytest.raises(httpx.ReadTimeout):
        send_whatsapp(impatient, whatsapp)


def test_a_slow_provider_accepts_and_answers_late(whatsapp: Simulator, http: httpx.Client) -> None:
    whatsapp.add_fault(FaultKind.SLOW, count=1, seconds=1)
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(send_whatsapp(http, whatsapp).status_code))

    caller.start()
    eventually(lambda: whatsapp.transcript().last == 1)
    unanswered = not answers
    caller.join()

    assert unanswered
    assert answers == [200]
    assert whatsapp.transcript().requests[0].status == 200


def test_a_lost_answer_is_still_reported_on(
    whatsapp: Simulator, http: httpx.Client, receiver: Receiver
) -> None:
    whatsapp.configure(webhook_url=receiver.url)
    whatsapp.add_fault(FaultKind.LOSE_ANSWER, count=1)

    with pytest.raises(httpx.TransportError):
        send_whatsapp(http, whatsapp, biz_opaque_callback_data="d|1")

    statuses = [
        webhook.json["entry"][0]["changes"][0]["value"]["statuses"][0] for webhook in receiver.wait_for(3)
    ]
    assert [status["biz_opaque_callback_data"] for status in statuses] == ["d|1"] * 3


def test_lost_webhooks_report_nothing(whatsapp: Simulator, http: httpx.Client, receiver: Receiver) -> None:
    whatsapp.configure(webhook_url=receiver.url)
    whatsapp.add_fault(FaultKind.LOSE_WEBHOOKS, count=1)

    lost = send_whatsapp(http, whatsapp).json()["messages"][0]["id"]
    told = send_whatsapp(http, whatsapp).json()["messages"][0]["id"]
    receiver.wait_for(3)

    assert {record.provider_message_id for record in whatsapp.webhooks().webhooks} == {told}
    assert lost != told


def test_the_answer_takes_as_long_as_the_latency_says(whatsapp: Simulator, http: httpx.Client) -> None:
    whatsapp.configure(latency_ms={"min": 100, "max": 120})

    start = time.monotonic()
    send_whatsapp(http, whatsapp)

    assert time.monotonic() - start >= 0.1
