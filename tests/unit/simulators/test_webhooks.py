"""Webhooks to Chat4All: signed, in order, a few at a time, and repeated until they are accepted."""

import hashlib
import time
from typing import Any

import httpx
import pytest

from chat4all_local.simulators.client import SimulatorError
from chat4all_local.simulators.control_api import Signature
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.shared.signing import hub_signature
from tests.unit.simulators.calls import (
    CHAT,
    PERSON,
    PHONE,
    instagram_message,
    send_instagram,
    send_telegram,
    send_whatsapp,
)
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.receiver import Received, Receiver, eventually

INSTAGRAM = BY_CHANNEL["instagram"]
TELEGRAM = BY_CHANNEL["telegram"]
WHATSAPP = BY_CHANNEL["whatsapp"]


@pytest.fixture(autouse=True)
def connected(simulators: Simulators, receiver: Receiver) -> None:
    simulators.whatsapp.register(PHONE, "Ana")
    simulators.telegram.register(CHAT, "Ana")
    simulators.instagram.register(PERSON, "Ana")
    for simulator in simulators:
        simulator.configure(webhook_url=receiver.url, webhook_retries={"first_ms": 1, "max_ms": 5})


def statuses(received: list[Received]) -> list[Any]:
    return [webhook.json["entry"][0]["changes"][0]["value"]["statuses"][0] for webhook in received]


def test_whatsapp_reports_sent_delivered_and_read_in_order(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    wamid = send_whatsapp(http, simulators.whatsapp).json()["messages"][0]["id"]

    reports = statuses(receiver.wait_for(3))

    assert [report["status"] for report in reports] == ["sent", "delivered", "read"]
    assert {report["id"] for report in reports} == {wamid}
    eventually(lambda: simulators.whatsapp.health().webhooks_pending == 0)


def test_an_unanswered_report_holds_back_the_ones_after_it(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    receiver.answers.extend([500, 503])

    send_whatsapp(http, simulators.whatsapp)

    reports = statuses(receiver.wait_for(5))
    assert [report["status"] for report in reports] == ["sent", "sent", "sent", "delivered", "read"]


def test_a_retry_brings_the_same_bytes_and_signature_and_is_logged(
    simulators: Simulators, receiver: Receiver
) -> None:
    receiver.answers.extend([500, 302])

    result = simulators.whatsapp.write(PHONE, "Olá é/")

    first, *again = receiver.wait_for(3)
    assert result.webhook_statuses == [500]
    assert [webhook.body for webhook in again] == [first.body] * 2
    signature = first.headers["x-hub-signature-256"]
    assert signature == hub_signature(WHATSAPP.webhook_secret, first.body)
    assert {webhook.headers["x-hub-signature-256"] for webhook in again} == {signature}
    assert b"Ol\\u00e1 \\u00e9\\/" in first.body
    eventually(lambda: simulators.whatsapp.webhooks().last == 3)
    log = simulators.whatsapp.webhooks().webhooks
    assert [(record.n, record.attempt, record.status, record.kind) for record in log] == [
        (1, 1, 500, "inbound"),
        (2, 2, 302, "inbound"),
        (3, 3, 200, "inbound"),
    ]
    assert {record.provider_message_id for record in log} == {result.provider_message_id}
    assert {record.body_sha256 for record in log} == {hashlib.sha256(first.body).hexdigest()}
    assert [record.n for record in simulators.whatsapp.webhooks(after=2).webhooks] == [3]


def test_the_attempts_can_end(simulators: Simulators, receiver: Receiver) -> None:
    receiver.answers.extend([500] * 10)
    simulators.instagram.configure(webhook_retries={"attempts": 3})

    simulators.instagram.write(PERSON, "Olá")

    eventually(lambda: simulators.instagram.health().webhooks_pending == 0)
    assert len(receiver.received) == 3


def test_a_dead_endpoint_is_tried_again(simulators: Simulators, receiver: Receiver) -> None:
    simulators.telegram.configure(webhook_url="http://127.0.0.1:1/nobody")

    result = simulators.telegram.write(CHAT, "Olá")

    assert result.webhook_statuses == [0]
    simulators.telegram.configure(webhook_url=receiver.url)
    (update,) = receiver.wait_for(1)
    assert update.json["message"]["text"] == "Olá"


def test_telegram_keeps_the_order_of_a_chat_while_updates_fail(
    simulators: Simulators, receiver: Receiver
) -> None:
    receiver.answers.extend([500, 500, 200, 500])
    texts = ["one", "two", "three"]

    for text in texts:
        simulators.telegram.write(CHAT, text, wait=False)

    received = [webhook.json["message"]["text"] for webhook in receiver.wait_for(6)]
    assert received == ["one", "one", "one", "two", "two", "three"]


def test_a_failing_chat_holds_back_no_other_chat(simulators: Simulators, receiver: Receiver) -> None:
    receiver.gate.clear()
    simulators.telegram.write(CHAT, "held", wait=False)
    receiver.wait_for(1)

    simulators.telegram.write("43", "free", wait=False)

    texts = {webhook.json["message"]["text"] for webhook in receiver.wait_for(2)}
    assert texts == {"held", "free"}


def test_telegram_sends_its_secret_token_and_no_receipts(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    send_telegram(http, simulators.telegram)

    result = simulators.telegram.write(CHAT, "Olá")

    assert result.webhook_statuses == [200]
    (update,) = receiver.received
    assert update.headers["x-telegram-bot-api-secret-token"] == TELEGRAM.webhook_secret
    assert simulators.telegram.health().webhooks_pending == 0


def test_instagram_reports_an_echo_and_read_and_delivered_where_asked(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    send_instagram(http, simulators.instagram, instagram_message())
    quiet = [webhook.json["entry"][0]["messaging"][0] for webhook in receiver.wait_for(2)]
    eventually(lambda: simulators.instagram.health().webhooks_pending == 0)
    simulators.instagram.configure(receipts={"delivered": True, "read": False})

    send_instagram(http, simulators.instagram, instagram_message())

    asked = [webhook.json["entry"][0]["messaging"][0] for webhook in receiver.wait_for(4)[2:]]
    assert quiet[0]["message"]["is_echo"] is True
    assert quiet[1].keys() >= {"read"}
    assert asked[0]["message"]["is_echo"] is True
    assert asked[1].keys() >= {"delivery"}
    signed = receiver.received[0]
    assert signed.headers["x-hub-signature-256"] == hub_signature(INSTAGRAM.webhook_secret, signed.body)


def test_receipts_can_be_shuffled_and_repeated_but_none_is_missing(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    simulators.whatsapp.configure(receipts={"shuffle": True, "repeat": 2})

    send_whatsapp(http, simulators.whatsapp)

    reports = sorted(report["status"] for report in statuses(receiver.wait_for(6)))
    assert reports == ["delivered", "delivered", "read", "read", "sent", "sent"]


def test_receipts_that_are_switched_off_are_not_sent(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    simulators.whatsapp.configure(receipts={"sent": False, "read": False})

    send_whatsapp(http, simulators.whatsapp)
    eventually(lambda: simulators.whatsapp.health().webhooks_pending == 0)

    assert [report["status"] for report in statuses(receiver.received)] == ["delivered"]


def test_a_failure_is_reported_even_without_receipts(
    simulators: Simulators, receiver: Receiver, http: httpx.Client
) -> None:
    simulators.whatsapp.configure(receipts={"sent": False, "delivered": False, "read": False})

    answer = send_whatsapp(http, simulators.whatsapp, to="5511911112222")

    assert answer.status_code == 200
    (report,) = statuses(receiver.wait_for(1))
    assert (report["status"], report["errors"][0]["code"]) == ("failed", 131026)


def test_no_more_webhooks_are_in_flight_than_allowed(simulators: Simulators, receiver: Receiver) -> None:
    simulators.whatsapp.configure(webhooks_in_flight=2)
    receiver.gate.clear()
    for number in range(6):
        simulators.whatsapp.write(PHONE, str(number), wait=False)

    receiver.wait_for(2)
    assert simulators.whatsapp.health().webhooks_pending == 6
    receiver.gate.set()
    receiver.wait_for(6)

    assert receiver.most_at_once == 2


@pytest.mark.parametrize("parallel", [False, True])
def test_a_message_can_come_several_times(
    simulators: Simulators, receiver: Receiver, *, parallel: bool
) -> None:
    result = simulators.telegram.write(CHAT, "Olá", repeat=3, parallel=parallel)

    assert result.webhook_statuses == [200, 200, 200]
    assert len({webhook.body for webhook in receiver.received}) == 1
    assert len(receiver.received) == 3


def test_parallel_repeats_are_in_flight_at_once(simulators: Simulators, receiver: Receiver) -> None:
    receiver.gate.clear()

    simulators.whatsapp.write(PHONE, "Olá", repeat=3, parallel=True, wait=False)

    assert len(receiver.wait_for(3)) == 3
    assert receiver.most_at_once == 3


def test_whoever_writes_is_known_from_then_on(simulators: Simulators, http: httpx.Client) -> None:
    assert send_telegram(http, simulators.telegram, chat_id="77").status_code == 400

    simulators.telegram.write("77", "Olá")

    assert send_telegram(http, simulators.telegram, chat_id="77").status_code == 200


def test_writing_opens_the_window(simulators: Simulators, http: httpx.Client) -> None:
    simulators.instagram.register(PERSON, "Ana", window_open=False)
    assert send_instagram(http, simulators.instagram, instagram_message()).status_code == 403

    simulators.instagram.write(PERSON, "Olá")

    assert send_instagram(http, simulators.instagram, instagram_message()).status_code == 200


def test_windows_are_opened_for_many_at_once_without_a_webhook(
    simulators: Simulators, http: httpx.Client, receiver: Receiver
) -> None:
    simulators.instagram.register(PERSON, "Ana", window_open=False)

    simulators.instagram.open_windows([PERSON, "17841499999999999"], time.time() - 23 * 3600)

    assert send_instagram(http, simulators.instagram, instagram_message()).status_code == 200
    assert {customer.address for customer in simulators.instagram.customers()} == {
        PERSON,
        "17841499999999999",
    }
    simulators.instagram.open_windows([PERSON], time.time() - 25 * 3600)
    assert send_instagram(http, simulators.instagram, instagram_message()).status_code == 403
    assert not any(b'"text":"hi"' in call.body for call in receiver.received)
    with pytest.raises(SimulatorError):
        simulators.instagram.open_windows([PERSON, "nobody"], time.time())


def test_an_edit_is_told(simulators: Simulators, receiver: Receiver) -> None:
    written = simulators.instagram.write(PERSON, "old")

    edited = simulators.instagram.edit(PERSON, written.provider_message_id, "new")

    assert edited.provider_message_id == written.provider_message_id
    event = receiver.received[1].json["entry"][0]["messaging"][0]
    assert event["message_edit"] == {"mid": written.provider_message_id, "text": "new", "num_edit": 1}


@pytest.mark.parametrize("sign", [True, False, "upper", "wrong"])
def test_any_webhook_can_be_sent_once(simulators: Simulators, receiver: Receiver, sign: Signature) -> None:
    receiver.answers.append(401)

    answer = simulators.whatsapp.call_webhook("gar/bage é", sign=sign, headers={"X-Extra": "1"})

    assert (answer.status, answer.body) == (401, "ok")
    (webhook,) = receiver.received
    assert webhook.body == "gar/bage é".encode()
    assert webhook.headers["x-extra"] == "1"
    right = hub_signature(WHATSAPP.webhook_secret, webhook.body)
    assert (webhook.headers.get("x-hub-signature-256") == right) is (sign is True)


def test_a_tampered_webhook_is_the_same_json_under_a_signature_that_no_longer_fits(
    simulators: Simulators, receiver: Receiver
) -> None:
    simulators.instagram.call_webhook({"object": "instagram"}, tamper=True)

    (webhook,) = receiver.received
    assert webhook.json == {"object": "instagram"}
    signed = hub_signature(INSTAGRAM.webhook_secret, webhook.body)
    assert webhook.headers["x-hub-signature-256"] != signed


def test_the_challenge_is_verified_by_whoever_has_one(simulators: Simulators, receiver: Receiver) -> None:
    receiver.challenge_token = WHATSAPP.verify_token

    assert simulators.whatsapp.verify().verified
    refused = simulators.instagram.verify()

    assert (refused.verified, refused.status) == (False, 403)
