"""G7: a webhook gets 200 only when its bytes are stored. The same webhook again makes no second message."""

import hashlib
import secrets
import zlib

import msgspec
import pytest

from chat4all_local.simulators.control_api import WebhookRecord
from tests.e2e.outages import without
from tests.e2e.stage import CHANNELS, Customer, Stage
from tests.e2e.waiting import eventually


def telegram_update(customer: Customer, text: str, **more: str) -> str:
    """Build an update with unusual spacing, which must be kept."""
    chat = {"id": int(customer.address), "type": "private", "first_name": customer.name}
    sender = {"id": int(customer.address), "is_bot": False, "first_name": customer.name}
    number = secrets.randbelow(10**9)
    message = {"message_id": number, "from": sender, "chat": chat, "date": 1760000000, "text": text, **more}
    return msgspec.json.format(msgspec.json.encode({"update_id": number, "message": message})).decode()


def stored_bytes(stage: Stage, channel: str, body_sha256: str) -> bytes | None:
    """Return the stored bytes of a webhook, or None."""
    found = stage.cloud.aws.dynamodb().scan(
        TableName=f"{stage.cloud.stack}-webhooks",
        FilterExpression="begins_with(#partition, :account) AND contains(#record, :digest)",
        ExpressionAttributeNames={"#partition": "partition", "#record": "record"},
        ExpressionAttributeValues={
            ":account": {"S": f"default#{channel}#main#"},
            ":digest": {"S": body_sha256},
        },
        ConsistentRead=True,
    )
    if not found["Items"]:
        return None
    item = found["Items"][0]
    if "body" in item:
        return zlib.decompress(bytes(item["body"]["B"]))
    bucket = stage.webhooks_bucket()
    return stage.cloud.aws.s3().get_object(Bucket=bucket, Key=item["object_key"]["S"])["Body"].read()


def calls(stage: Stage, channel: str, provider_message_id: str) -> list[WebhookRecord]:
    journal = stage.simulators[channel].webhooks().webhooks
    return [call for call in journal if call.provider_message_id == provider_message_id]


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("channel", CHANNELS)
def test_the_same_webhook_ten_times_makes_one_message(stage: Stage, channel: str, parallel: bool) -> None:  # noqa: FBT001 (a case of the test)
    customer = stage.customer(channel)
    talk = stage.talk(customer)
    stage.simulators[channel].configure(webhooks_in_flight=10)

    written = stage.simulators[channel].write(customer.address, "once", repeat=10, parallel=parallel)

    stage.settle()
    assert written.webhook_statuses == [200] * 10
    assert [message.content.text for message in stage.history(talk)] == ["once"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_same_first_words_of_a_stranger_make_one_person(stage: Stage, channel: str) -> None:
    address = stage.new_address(channel)
    stage.simulators[channel].register(address, "Nia")

    stage.simulators[channel].write(address, "hello", repeat=10, parallel=True)

    stage.settle()
    user_id = stage.resolve(channel, address)
    [conversation] = stage.api.conversations_of(user_id)
    assert len(stage.api.history_page(conversation.conversation_id).messages) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_bytes_of_an_accepted_webhook_are_stored_as_they_came(stage: Stage, channel: str) -> None:
    customer = stage.customer(channel)

    written = stage.simulators[channel].write(customer.address, "olá 👋🏽")

    assert written.webhook_statuses == [200]
    [call] = calls(stage, channel, written.provider_message_id)
    stored = stored_bytes(stage, channel, call.body_sha256)
    assert stored is not None
    assert hashlib.sha256(stored).hexdigest() == call.body_sha256


def test_odd_spellings_are_stored_as_they_came(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    body = "\n  " + telegram_update(customer, "café / \\u00e9 🙂") + "  \n"

    answer = stage.simulators["telegram"].call_webhook(body)

    assert answer.status == 200
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    assert stored_bytes(stage, "telegram", sha256) == body.encode()
    [message] = eventually(lambda: stage.history(talk))
    assert message.content.text == "café / \\u00e9 🙂"


def test_a_webhook_too_large_for_the_table_is_stored_all_the_same(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    body = telegram_update(customer, "with a lot beside it", padding=secrets.token_urlsafe(900_000))

    answer = stage.simulators["telegram"].call_webhook(body)

    assert answer.status == 200
    assert stored_bytes(stage, "telegram", hashlib.sha256(body.encode()).hexdigest()) == body.encode()
    [message] = eventually(lambda: stage.history(talk))
    assert message.content.text == "with a lot beside it"


@pytest.mark.parametrize("missing", ["WEBHOOKS_TABLE", "INBOUND_QUEUE"])
def test_a_webhook_that_could_not_be_taken_gets_no_200_and_is_taken_when_it_comes_again(
    stage: Stage, missing: str
) -> None:
    customer = stage.customer("whatsapp")
    talk = stage.talk(customer)
    with without(stage.cloud, "webhooks", missing):
        written = stage.simulators["whatsapp"].write(customer.address, "try again")

    stage.settle()
    assert written.webhook_statuses == [503]
    assert calls(stage, "whatsapp", written.provider_message_id)[-1].status == 200
    assert [message.content.text for message in stage.history(talk)] == ["try again"]


@pytest.mark.parametrize(
    "body", ["{}", '{"update_id": "x"}', "[]", "null", "not JSON", "", '{"update_id": 1']
)
def test_what_is_no_webhook_is_refused_though_it_is_signed(stage: Stage, body: str) -> None:
    answer = stage.simulators["telegram"].call_webhook(body)

    assert answer.status == 400, answer.body


@pytest.mark.parametrize(
    "body",
    [
        {"object": "page", "entry": [{"id": "1"}]},
        {"object": "whatsapp_business_account", "entry": []},
        {"object": "whatsapp_business_account"},
        {"entry": [{"id": "1"}]},
    ],
)
def test_an_unknown_object_or_an_empty_entry_list_is_refused(
    stage: Stage, body: dict[str, str | list[dict[str, str]]]
) -> None:
    answer = stage.simulators["whatsapp"].call_webhook(msgspec.json.encode(body).decode())

    assert answer.status == 400, answer.body
