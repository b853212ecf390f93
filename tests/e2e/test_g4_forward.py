"""G4: statuses only move forward, in whatever order and however often they come."""

import pytest

from chat4all_local.simulators.control_api import FaultKind, JsonObject
from chat4all_local.simulators.credentials import BY_CHANNEL
from tests.e2e.shapes import Progress
from tests.e2e.stage import Customer, Stage
from tests.e2e.waiting import eventually

WHATSAPP = BY_CHANNEL["whatsapp"]

ORDER = ["PENDING", "SENT", "DELIVERED", "READ"]
LONG_AGO = "2020-01-01T00:00:00.000Z"


def whatsapp_status(wamid: str, status: str, customer: Customer) -> JsonObject:
    report: JsonObject = {
        "id": wamid,
        "status": status,
        "timestamp": "1760000000",
        "recipient_id": customer.address,
    }
    if status == "failed":
        report["errors"] = [{"code": 131026, "title": "Message undeliverable"}]
    metadata: JsonObject = {"display_phone_number": "15550001234", "phone_number_id": WHATSAPP.account_id}
    value: JsonObject = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [report]}
    changes: JsonObject = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [changes]}


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_shuffled_and_repeated_receipts_never_move_a_message_back(stage: Stage, channel: str) -> None:
    stage.simulators[channel].configure(receipts={"shuffle": True, "repeat": 4, "delay_ms": 0})
    talks = [stage.talk(stage.customer(channel)) for _ in range(3)]

    sent = [stage.say(talk, f"message {number}") for number in range(3) for talk in talks]

    for message_id in sent:
        stage.reaches(message_id, "READ")
    stage.settle()
    for message_id in sent:
        progress = stage.api.progress(message_id)
        assert progress.current_status == "READ"
        places = [ORDER.index(step) for step in progress.steps]
        assert places == sorted(set(places)), progress.steps


@pytest.mark.parametrize("late", ["sent", "delivered", "failed"])
def test_a_late_receipt_changes_nothing_on_a_read_message(stage: Stage, late: str) -> None:
    customer = stage.customer("whatsapp")
    message_id = stage.say(stage.talk(customer), "read already")
    before = stage.reaches(message_id, "READ")
    stage.settle()
    before = stage.api.progress(message_id)
    wamid = before.deliveries[0].provider_message_id or ""

    answer = stage.simulators["whatsapp"].call_webhook(whatsapp_status(wamid, late, customer))

    assert answer.status == 200
    stage.settle()
    assert stage.api.progress(message_id) == before


def failed_message(stage: Stage, late: str) -> tuple[Progress, Progress]:
    """Let a message fail, and a status come after it; return the progress before and after that status."""
    customer = stage.customer("whatsapp", blocked=True)
    message_id = stage.say(stage.talk(customer), "never arrives")
    stage.reaches(message_id, "FAILED")
    stage.settle()
    before = stage.api.progress(message_id)
    wamid = before.deliveries[0].provider_message_id or ""
    stage.simulators["whatsapp"].call_webhook(whatsapp_status(wamid, late, customer))
    stage.settle()
    return before, stage.api.progress(message_id)


def test_a_failure_stays_when_the_provider_says_later_that_it_took_the_message(stage: Stage) -> None:
    before, after = failed_message(stage, "sent")

    assert after == before


@pytest.mark.parametrize("late", ["delivered", "read"])
def test_proof_of_receipt_ends_a_failure(stage: Stage, late: str) -> None:
    _, after = failed_message(stage, late)

    assert after.current_status == late.upper()
    assert [delivery.status for delivery in after.deliveries] == [late.upper()]
    assert [delivery.error for delivery in after.deliveries] == [None]


def test_receipts_that_overtake_the_answer_are_not_lost(stage: Stage) -> None:
    """The provider answers after two seconds, but sends its receipts at once."""
    customer = stage.customer("whatsapp")
    stage.simulators["whatsapp"].add_fault(FaultKind.SLOW, count=1, for_address=customer.address, seconds=2)

    message_id = stage.say(stage.talk(customer), "read before it was sent")

    progress = stage.reaches(message_id, "READ")
    stage.settle()
    assert len(stage.requests(customer)) == 1
    assert stage.api.progress(message_id).current_status == "READ"
    assert progress.deliveries[0].attempts == 1


def test_a_receipt_that_names_only_the_providers_id_waits_for_the_send_to_be_recorded(stage: Stage) -> None:
    """Only the read receipt comes, long before the answer. It is parked until `relay` handles it."""
    customer = stage.customer("instagram")
    instagram = stage.simulators["instagram"]
    instagram.configure(receipts={"sent": False, "delivered": False, "delay_ms": 0})
    instagram.add_fault(FaultKind.SLOW, count=1, for_address=customer.address, seconds=8)

    message_id = stage.say(stage.talk(customer), "read before it was sent")
    [accepted] = eventually(lambda: stage.accepted(customer))
    parked = f"default#PARKED#instagram#main#{accepted.provider_message_id}"
    eventually(lambda: make_due(stage, parked))
    assert stage.api.progress(message_id).current_status == "PENDING"
    stage.reaches(message_id, "SENT")
    make_due(stage, parked)
    stage.relay()

    assert stage.reaches(message_id, "READ").steps == ["PENDING", "SENT", "READ"]


def test_a_receipt_for_a_message_nobody_sent_is_accepted_and_harms_nothing(stage: Stage) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)

    answer = stage.simulators["whatsapp"].call_webhook(
        whatsapp_status("wamid.nobody-sent-this", "read", customer)
    )

    assert answer.status == 200
    stage.settle()
    stage.reaches(stage.say(talk, "works as before"), "READ")


def make_due(stage: Stage, parked: str) -> bool:
    """Return whether the status is parked, and make it due."""
    table, name = stage.cloud.aws.dynamodb(), f"{stage.cloud.stack}-messages"
    try:
        table.update_item(
            TableName=name,
            Key={"partition": {"S": parked}, "record": {"S": "PARKED#READ"}},
            UpdateExpression="SET due_at = :due",
            ConditionExpression="attribute_exists(due_at)",
            ExpressionAttributeValues={":due": {"S": LONG_AGO}},
        )
    except table.exceptions.ConditionalCheckFailedException:
        return False
    return True
