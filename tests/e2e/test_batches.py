"""Batches and scheduled messages on the running cloud."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from chat4all.domain.clock import iso
from chat4all_local.simulators.control_api import TemplateChange
from tests.e2e.api import refusal
from tests.e2e.stage import LAST_STATUS, Customer, Stage, message_body, new_id
from tests.e2e.test_templates import created, stranger
from tests.e2e.waiting import eventually

CUSTOMERS = {"telegram": 180, "sms": 12, "whatsapp": 8}
"""Few on SMS, whose numbers send one message a second."""
DONE_WITHIN_S = 150.0
RATE_REFUSALS = {429}


def customers_of(stage: Stage, counts: dict[str, int]) -> list[Customer]:
    channels = [channel for channel, count in counts.items() for _ in range(count)]
    with ThreadPoolExecutor(8) as threads:
        customers = list(threads.map(stage.customer, channels))
    for customer in customers:
        if customer.channel == "whatsapp":
            # A business may write freely only to a person who wrote lately.
            stage.simulators["whatsapp"].write(customer.address, "hello")
    return customers


def post(stage: Stage, agent_id: str, customers: list[Customer], **fields: object) -> str:
    recipients = [
        {"user_id": customer.user_id, "variables": {"place": str(place)}}
        for place, customer in enumerate(customers)
    ]
    batch_id = new_id()
    body = {
        "batch_id": batch_id,
        "sender_id": agent_id,
        "content": f"{batch_id} {{{{place}}}}",
        "recipients": recipients,
        **fields,
    }
    answer = stage.api.call("POST", "/batches", body)
    assert answer.status_code == 202, answer.text
    return batch_id


def batch(stage: Stage, batch_id: str) -> Any:  # noqa: ANN401 - the JSON of an answer
    return stage.api.call("GET", f"/batches/{batch_id}").json()


def recipients_of(stage: Stage, batch_id: str) -> list[Any]:
    found: list[Any] = []
    query = {"limit": "100"}
    while True:
        page = stage.api.call("GET", f"/batches/{batch_id}/recipients", query=query).json()
        found += page["recipients"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def texts_of(stage: Stage, batch_id: str) -> Counter[str]:
    return Counter(
        request.text
        for simulator in stage.simulators.values()
        for request in simulator.transcript().requests
        if request.provider_message_id is not None and request.text and request.text.startswith(batch_id)
    )


def test_two_hundred_people_on_three_channels_get_the_batch_once(stage: Stage) -> None:
    agent_id, customers = stage.agent(), customers_of(stage, CUSTOMERS)
    stage.settle()

    batch_id = post(stage, agent_id, customers)
    done = eventually(lambda: batch(stage, batch_id), lambda shown: shown["state"] == "DONE", DONE_WITHIN_S)

    assert (done["accepted"], done["refused"], done["pending"]) == (len(customers), 0, 0)
    expected = Counter(f"{batch_id} {place}" for place in range(len(customers)))
    eventually(lambda: texts_of(stage, batch_id), lambda seen: len(seen) == len(customers))
    assert texts_of(stage, batch_id) == expected
    of_batch = {customer.address for customer in customers}
    for channel, simulator in stage.simulators.items():
        sent = [request for request in simulator.transcript().requests if request.address in of_batch]
        assert [request.status for request in sent if request.status in RATE_REFUSALS] == [], channel
    listed = eventually(
        lambda: recipients_of(stage, batch_id),
        lambda shown: all(
            recipient["status"] == LAST_STATUS[customer.channel]
            for recipient, customer in zip(shown, customers, strict=True)
        ),
    )
    assert [recipient["index"] for recipient in listed] == list(range(len(customers)))


def test_a_template_reaches_people_who_never_wrote_each_with_their_own_name(stage: Stage) -> None:
    name, whatsapp, agent_id = created(stage), stage.simulators["whatsapp"], stage.agent()
    content = {"type": "template", "name": name, "language": "pt_BR", "parameters": {"1": "{{name}}"}}
    payload = {"index": 0, "type": "quick_reply", "value": "thanks {{name}}"}
    customers = [stranger(stage) for _ in range(4)]
    opted_out = {"channel": "whatsapp", "purpose": "marketing", "state": "OPTED_OUT", "evidence": "a letter"}
    path = f"/users/{customers[-1].user_id}/consents"
    assert stage.api.call("PUT", path, opted_out).status_code == 200
    recipients = [
        {"user_id": customer.user_id, "variables": {"name": f"Ana {place}"}}
        for place, customer in enumerate(customers)
    ]
    body = {
        "batch_id": new_id(),
        "sender_id": agent_id,
        "content": {**content, "buttons": [payload]},
        "recipients": recipients,
    }
    assert refusal(stage.api.call("POST", "/batches", body)).error == "TEMPLATE_NOT_USABLE"
    for change in (TemplateChange(name, "pt_BR", category="MARKETING"), TemplateChange(name, "pt_BR")):
        assert whatsapp.change_template(change).status == 200
    posted = eventually(
        lambda: stage.api.call("POST", "/batches", body), lambda answer: answer.status_code == 202
    )

    batch_id = posted.json()["batch_id"]
    done = eventually(lambda: batch(stage, batch_id), lambda shown: shown["state"] == "DONE", DONE_WITHIN_S)

    assert (done["accepted"], done["refused"]) == (3, 1)
    listed = recipients_of(stage, batch_id)
    *reached, refused = listed
    assert (refused["code"], refused["conversation_id"]) == ("OPTED_OUT", None)
    for shown in reached:
        stage.reaches(shown["message_id"], "READ")
    arrived = [record for customer in customers for record in stage.accepted(customer)]
    assert [record.text for record in arrived] == [
        f"Olá, Ana {place}! O pedido está pronto." for place in range(3)
    ]
    assert {record.kind for record in arrived} == {"template"}
    begun = stage.api.call("GET", "/conversations", query={"user_id": str(refused["user_id"])}).json()
    assert begun["conversations"] == []

    first = customers[0]
    whatsapp.write(first.address, "thanks Ana 0", kind="tap", quoted=arrived[0].provider_message_id)
    conversation_id = listed[0]["conversation_id"]
    answers = eventually(
        lambda: [
            message
            for message in stage.api.call("GET", f"/conversations/{conversation_id}/messages").json()[
                "messages"
            ]
            if message["sender_id"] == first.user_id
        ]
    )
    assert answers[0]["context"]["payload"] == "thanks Ana 0"


def test_a_paused_batch_rests_and_a_cancelled_batch_ends(stage: Stage) -> None:
    agent_id = stage.agent()
    customers = customers_of(stage, {"sms": 24})
    batch_id = post(stage, agent_id, customers)
    eventually(lambda: batch(stage, batch_id)["accepted"])

    stage.api.call("POST", f"/batches/{batch_id}/pause", {})
    eventually(lambda: stage.count("batches") == 0)
    rested = batch(stage, batch_id)
    assert rested["state"] == "PAUSED"
    assert 0 < rested["accepted"] <= len(customers)
    stage.api.call("POST", f"/batches/{batch_id}/resume", {})
    stage.api.call("POST", f"/batches/{batch_id}/cancel", {})
    eventually(lambda: stage.count("batches") == 0)

    ended = batch(stage, batch_id)
    assert ended["state"] == "CANCELLED"
    assert refusal(stage.api.call("POST", f"/batches/{batch_id}/resume", {})).error == "BATCH_OVER"
    eventually(lambda: texts_of(stage, batch_id).total() == ended["accepted"])
    assert max(texts_of(stage, batch_id).values()) == 1


def test_a_scheduled_message_arrives_at_its_time_and_a_cancelled_one_never(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    soon = iso(datetime.now(UTC) + timedelta(seconds=3))
    sent, cancelled = (new_id() for _ in range(2))
    for message_id in (sent, cancelled):
        body = message_body(talk, message_id, message_id=message_id, send_at=soon)
        assert stage.api.send(body).status == "SCHEDULED"

    stage.api.call("POST", f"/messages/{cancelled}/cancel", {})
    progress = stage.reaches(sent, LAST_STATUS["telegram"])

    assert progress.status_history[0].at >= soon
    assert stage.texts(customer) == [sent]
    assert stage.api.progress(cancelled).current_status == "CANCELLED"
