"""G7: a webhook gets 200 only when its bytes are stored. The same webhook again makes no second message."""

import hashlib
import secrets
import zlib
from typing import Any, Final

import msgspec
import pytest

from chat4all_local.simulators.control_api import WebhookRecord
from tests.e2e.function_lines import Line, invocations, logged
from tests.e2e.outages import without
from tests.e2e.stage import CHANNELS, Customer, Stage
from tests.e2e.waiting import eventually

LOGGED_WITHIN_S: Final = 15.0


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


def digest_of(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def listed(stage: Stage, body: str, **query: str) -> list[Any]:
    """Return the entries of the webhook in the list of an outcome, on the list's first page."""
    answer = stage.api.call("GET", "/webhooks", query={**query, "limit": "100"})
    assert answer.status_code == 200, answer.text
    return [
        webhook for webhook in answer.json()["webhooks"] if webhook["webhook_id"].endswith(digest_of(body))
    ]


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
def test_what_is_no_webhook_though_it_is_signed_is_stored_and_listed(stage: Stage, body: str) -> None:
    answer = stage.simulators["telegram"].call_webhook(body)

    assert answer.status == 200, answer.body
    assert stored_bytes(stage, "telegram", digest_of(body)) == body.encode()
    assert listed(stage, body, outcome="unreadable", channel="telegram")


@pytest.mark.parametrize(
    "body",
    [
        {"object": "page", "entry": [{"id": "1"}]},
        {"object": "whatsapp_business_account", "entry": []},
        {"object": "whatsapp_business_account"},
        {"entry": [{"id": "1"}]},
    ],
)
def test_an_unknown_object_or_an_empty_entry_list_is_stored_and_listed(
    stage: Stage, body: dict[str, str | list[dict[str, str]]]
) -> None:
    text = msgspec.json.encode(body).decode()

    answer = stage.simulators["whatsapp"].call_webhook(text)

    assert answer.status == 200, answer.body
    assert stored_bytes(stage, "whatsapp", digest_of(text)) == text.encode()
    assert listed(stage, text, outcome="unreadable", channel="whatsapp")


def test_a_webhook_that_leads_to_no_message_is_counted_logged_and_listed(stage: Stage) -> None:
    entry = {"id": secrets.token_hex(8), "changes": [{"field": "account_update", "value": {}}]}
    body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]}).decode()

    answer = stage.simulators["whatsapp"].call_webhook(body)

    assert answer.status == 200, answer.body
    (webhook,) = listed(stage, body, outcome="ignored", channel="whatsapp")
    assert (webhook["events"], webhook["ignored"]) == (0, {"account_update": 1})
    assert listed(stage, body, outcome="ignored") == [webhook]
    assert listed(stage, body, outcome="ignored", channel="telegram") == []

    def lines() -> list[Line]:
        return [line for invocation in invocations(stage.cloud) for line in logged(invocation)]

    def told() -> list[Line]:
        return [line for line in lines() if line.get("webhook_id") == webhook["webhook_id"]]

    (line,) = eventually(told, deadline_s=LOGGED_WITHIN_S)
    assert (line["outcome"], line["ignored"]) == ("ignored", {"account_update": 1})
    (counted, *_) = [line for line in lines() if line.get("kind") == "account_update"]
    assert (counted["channel"], counted["IgnoredParts"]) == ("whatsapp", [1.0])

    replayed = stage.api.call("POST", "/webhooks/replay", {"webhook_ids": [webhook["webhook_id"]]})
    assert replayed.json()["replayed"] == 1
    assert listed(stage, body, outcome="ignored") == [webhook]
