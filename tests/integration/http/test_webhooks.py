"""/v1/webhooks/{channel}: 200 only for the provider's own bytes, and only when they are stored (G7)."""

import base64
import hashlib
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from chat4all.adapters.dynamodb.keys import DynamoApiKeys
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import webhooks as webhooks_function
from chat4all.bootstrap.settings import WebhookSettings
from chat4all.channels.registry import connector, dependent_accounts
from chat4all.channels.shared.http import HttpClient
from chat4all.domain.clock import iso
from chat4all.domain.events import InboundMessage, WebhookEvent, WebhookEvents
from chat4all.domain.webhooks import WebhookId
from chat4all.services.access.authenticate import new_key
from tests.channels import sample
from tests.channels.instagram import webhook as instagram
from tests.channels.whatsapp import webhook as whatsapp
from tests.fakes.counted import Counted
from tests.integration.aws import CHANNELS, Aws, secret_of
from tests.integration.http.gateway import Answer, Gateway
from tests.integration.template import environment, functions


def signed(channel: str, body: bytes) -> dict[str, str]:
    return sample(channel).proof(secret_of(channel), body)


def send(front: Gateway, channel: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    proof = signed(channel, body) if headers is None else headers
    return front.request("POST", f"/v1/webhooks/{channel}", body.decode(), headers=proof)


def items_of(aws: Aws, channel: str, body: bytes) -> list[dict[str, Any]]:
    """Return the items of the webhook, one for each time that it came."""
    digest = hashlib.sha256(body).hexdigest()
    found = aws.dynamodb.scan(
        TableName=aws.output("Data.WebhooksTable"),
        FilterExpression="contains(#record, :digest) AND begins_with(#partition, :channel)",
        ExpressionAttributeNames={"#record": "record", "#partition": "partition"},
        ExpressionAttributeValues={":digest": {"S": digest}, ":channel": {"S": f"default#{channel}#main#"}},
    )
    return found["Items"]


def webhook_id_of(aws: Aws, channel: str, body: bytes) -> str:
    (item,) = items_of(aws, channel, body)
    received_at, digest = item["record"]["S"].split("#")
    return str(WebhookId(channel, "main", received_at, digest))


def stored(aws: Aws, channel: str, body: bytes) -> bytes | None:
    items = items_of(aws, channel, body)
    if not items:
        return None
    item = {"Item": items[0]}
    if "body" in item["Item"]:
        return zlib.decompress(item["Item"]["body"]["B"])
    bucket, key = aws.output("Data.WebhooksBucket"), item["Item"]["object_key"]["S"]
    return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def account_update() -> bytes:
    """Return a webhook that no message comes of; no other webhook has the same bytes."""
    entry = {"id": str(uuid.uuid4()), "changes": [{"field": "account_update", "value": {}}]}
    return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})


def listed_webhooks(operator: Gateway, body: bytes, **query: str) -> list[Any]:
    """Return the entries of the webhook in the list; the list must have them on its first page."""
    digest = hashlib.sha256(body).hexdigest()
    answer = operator.request("GET", "/v1/webhooks", query={**query, "limit": "100"})
    assert answer.status == 200, answer.text
    return [webhook for webhook in answer.json["webhooks"] if webhook["webhook_id"].endswith(digest)]


def published(aws: Aws, webhook_body: bytes) -> list[WebhookEvent]:
    """Take the events of a webhook out of the queue."""
    found = [msgspec.json.decode(body, type=WebhookEvents) for body in aws.drained(aws.queue("InboundQueue"))]
    digest = hashlib.sha256(webhook_body).hexdigest()
    return [event for record in found if record.webhook_id.endswith(digest) for event in record.each]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_webhook_is_stored_as_it_came_and_its_events_published(
    front: Gateway, aws: Aws, channel: str
) -> None:
    body = sample(channel).text_webhook("hello")

    answer = send(front, channel, body)

    read_by_provider = connector(channel, HttpClient(), "").webhook_answer(body)
    assert answer.status == 200
    if read_by_provider is None:
        assert answer.json == {"events": 1}
    else:
        assert answer.headers["content-type"] == read_by_provider.content_type
        assert answer.text == read_by_provider.body
    assert stored(aws, channel, body) == body
    (event,) = published(aws, body)
    assert isinstance(event.event, InboundMessage)
    assert (event.channel, event.event.content.text) == (channel, "hello")


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_same_webhook_twice_is_published_once(front: Gateway, aws: Aws, channel: str) -> None:
    body = sample(channel).text_webhook("hello")

    answers = [send(front, channel, body).status for _ in range(2)]

    assert answers == [200, 200]
    assert len(published(aws, body)) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_without_the_providers_proof_nothing_is_stored(front: Gateway, aws: Aws, channel: str) -> None:
    body = sample(channel).text_webhook("hello")
    ((name, proof),) = signed(channel, body).items()
    wrong = [
        {},
        {name: ""},
        {name: "wrong"},
        {name: proof.upper()},
        {name: proof[:-1]},
        {name: f"{proof} "},
        {name: "ä"},
    ]

    for headers in wrong:
        send(front, channel, body, headers).refused(401, "INVALID_SIGNATURE")

    assert stored(aws, channel, body) is None
    assert published(aws, body) == []


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if sample(channel).SIGNS])
def test_one_changed_byte_breaks_the_signature(front: Gateway, aws: Aws, channel: str) -> None:
    body = sample(channel).text_webhook("hello")

    for changed in (body.replace(b"hello", b"hellO"), body + b" ", body[:-1]):
        send(front, channel, changed, signed(channel, body)).refused(401, "INVALID_SIGNATURE")
        assert stored(aws, channel, changed) is None


def test_the_signature_of_another_channel_does_not_count(front: Gateway) -> None:
    body = msgspec.json.encode(whatsapp())

    send(front, "whatsapp", body, signed("instagram", body)).refused(401, "INVALID_SIGNATURE")


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        ("whatsapp", b""),
        ("whatsapp", b"no JSON"),
        ("whatsapp", b"[]"),
        ("whatsapp", b"null"),
        ("whatsapp", b"[" * 100_000),
        ("whatsapp", msgspec.json.encode({**whatsapp(), "object": "page"})),
        ("whatsapp", msgspec.json.encode({**whatsapp(), "entry": []})),
        ("whatsapp", b'{"object": "whatsapp_business_account"}'),
        ("instagram", msgspec.json.encode({**instagram(), "object": "page"})),
        ("instagram", msgspec.json.encode({**instagram(), "entry": []})),
        ("instagram", b'{"object": "instagram", "entry": {}}'),
        ("telegram", b"{}"),
        ("telegram", b'{"update_id": "1"}'),
        ("telegram", b"[]"),
    ],
)
def test_the_providers_nonsense_is_stored_listed_and_taken(
    front: Gateway, operator: Gateway, aws: Aws, channel: str, body: bytes
) -> None:
    answer = send(front, channel, body)

    assert (answer.status, answer.json) == (200, {"events": 0})
    assert stored(aws, channel, body) == body
    assert published(aws, body) == []
    (listed, *_) = listed_webhooks(operator, body, outcome="unreadable", channel=channel)
    assert (listed["events"], listed["ignored"]) == (0, {})
    assert listed["reason"]


def test_a_form_that_is_no_webhook_is_answered_as_the_provider_reads_it(
    front: Gateway, operator: Gateway
) -> None:
    body = f"Body={uuid.uuid4()}".encode()

    answer = send(front, "sms", body)

    assert (answer.status, answer.text) == (200, "<Response/>")
    (listed,) = listed_webhooks(operator, body, outcome="unreadable")
    assert (listed["channel"], listed["reason"]) == ("sms", "The webhook is not of a message at Twilio.")


def test_a_webhook_about_nobody_is_stored_listed_and_counted(
    front: Gateway, operator: Gateway, aws: Aws, counted: Counted
) -> None:
    body = account_update()
    before = counted.by_kind("IgnoredParts").get("account_update", 0)

    assert send(front, "whatsapp", body).json == {"events": 0}
    assert stored(aws, "whatsapp", body) == body
    (listed,) = listed_webhooks(operator, body, outcome="ignored")
    webhook_id = webhook_id_of(aws, "whatsapp", body)
    assert listed == {
        "webhook_id": webhook_id,
        "channel": "whatsapp",
        "account": "main",
        "received_at": webhook_id.split("|")[2],
        "outcome": "ignored",
        "events": 0,
        "ignored": {"account_update": 1},
        "reason": None,
    }
    assert counted.by_kind("IgnoredParts")["account_update"] == before + 1


def test_words_beside_an_ignored_part_are_published(front: Gateway, operator: Gateway, aws: Aws) -> None:
    both = whatsapp()
    both["entry"][0]["changes"].append({"field": "account_update", "value": {}})
    body = msgspec.json.encode(both)

    assert send(front, "whatsapp", body).json == {"events": 1}

    assert len(published(aws, body)) == 1
    (listed,) = listed_webhooks(operator, body, outcome="ignored")
    assert (listed["events"], listed["ignored"]) == (1, {"account_update": 1})


def test_a_webhook_whose_parts_all_became_events_is_in_no_list(front: Gateway, operator: Gateway) -> None:
    body = msgspec.json.encode(whatsapp())

    send(front, "whatsapp", body)

    assert listed_webhooks(operator, body, outcome="ignored") == []
    assert listed_webhooks(operator, body, outcome="unreadable") == []


def test_the_pages_of_a_list_have_each_webhook_once_the_latest_first(
    webhooks: Gateway, operator: Gateway
) -> None:
    bodies = [account_update() for _ in range(5)]
    since = iso(datetime.now(UTC))
    for body in bodies:
        send(webhooks, "whatsapp", body)

    found: list[str] = []
    query = {"outcome": "ignored", "channel": "whatsapp", "from": since, "limit": "2"}
    while True:
        page = operator.request("GET", "/v1/webhooks", query=query).json
        assert len(page["webhooks"]) <= 2
        found += [webhook["webhook_id"].rpartition("|")[2] for webhook in page["webhooks"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
    assert sorted(found) == sorted(digests)
    assert listed_webhooks(operator, bodies[0], outcome="ignored", channel="telegram") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "lost"}, "outcome"),
        ({"outcome": "ignored", "channel": "carrier"}, "channel"),
        ({"outcome": "ignored", "from": "2026-01-31"}, "from"),
        ({"outcome": "ignored", "to": "soon"}, "to"),
        ({"outcome": "ignored", "cursor": "nonsense"}, "cursor"),
        ({"outcome": "ignored", "limit": "101"}, "limit"),
    ],
)
def test_a_list_that_cannot_be_meant_names_the_field(
    operator: Gateway, query: dict[str, str], field: str
) -> None:
    answer = operator.request("GET", "/v1/webhooks", query=query)

    assert answer.refused(400, "VALIDATION_ERROR") == [field]


def test_a_list_needs_a_key_of_ours_with_its_scope(webhooks: Gateway, aws: Aws) -> None:
    key, kept = new_key("replayer", frozenset({"webhooks:write"}), "2026-01-31T12:00:00.000Z")
    DynamoApiKeys(aws.output("Data.ApiKeysTable")).put(kept)

    webhooks.with_key(None).get("/v1/webhooks", outcome="ignored").refused(401, "UNAUTHENTICATED")
    webhooks.with_key(key).get("/v1/webhooks", outcome="ignored").refused(403, "MISSING_SCOPE")


def read_back(operator: Gateway, aws: Aws, body: bytes) -> dict[str, Any]:
    webhook_id = webhook_id_of(aws, "whatsapp", body)
    answer = operator.request("GET", f"/v1/webhooks/stored/{quote(webhook_id, safe='')}")
    assert answer.status == 200, answer.text
    assert answer.json["webhook_id"] == webhook_id
    assert (answer.json["channel"], answer.json["received_at"]) == ("whatsapp", webhook_id.split("|")[2])
    read: dict[str, Any] = answer.json
    return read


@pytest.mark.parametrize("text", ["héllo \U0001f469\u200d\U0001f467", '"quoted"\n\x00', "no words"])
def test_an_operator_reads_a_stored_webhook_as_it_came(
    webhooks: Gateway, operator: Gateway, aws: Aws, text: str
) -> None:
    body = msgspec.json.encode(whatsapp(text={"body": text}))
    send(webhooks, "whatsapp", body)

    read = read_back(operator, aws, body)

    assert (read["encoding"], read["body"]) == ("utf-8", body.decode())
    assert read["expires_at"] > read["received_at"]


@pytest.mark.parametrize("body", [b"\xff\xfe no text", b"[" + b'"a"' * 400_000], ids=["no text", "long"])
def test_what_cannot_stand_as_text_in_an_answer_is_base64(
    webhooks: Gateway, operator: Gateway, aws: Aws, body: bytes
) -> None:
    unlike = body + uuid.uuid4().hex.encode()
    proof, encoded = signed("whatsapp", unlike), base64.b64encode(unlike).decode()
    answer = webhooks.request("POST", "/v1/webhooks/whatsapp", encoded, headers=proof, base64=True)
    assert answer.status == 200, answer.text

    read = read_back(operator, aws, unlike)

    assert read["encoding"] == "base64"
    assert base64.b64decode(read["body"]) == unlike


@pytest.mark.parametrize(
    "webhook_id", ["whatsapp|main|2026-01-31T12:00:00.000Z|abc", "abc", "%00", "a|b|c|d"]
)
def test_a_webhook_that_is_not_stored_is_not_found(operator: Gateway, webhook_id: str) -> None:
    answer = operator.request("GET", f"/v1/webhooks/stored/{quote(webhook_id, safe='%')}")

    answer.refused(404, "WEBHOOK_NOT_FOUND")


def test_reading_a_stored_webhook_needs_a_scope_of_its_own(webhooks: Gateway, aws: Aws) -> None:
    key, kept = new_key("lister", frozenset({"webhooks:read"}), "2026-01-31T12:00:00.000Z")
    DynamoApiKeys(aws.output("Data.ApiKeysTable")).put(kept)

    webhooks.with_key(None).get("/v1/webhooks/stored/abc").refused(401, "UNAUTHENTICATED")
    webhooks.with_key(key).get("/v1/webhooks/stored/abc").refused(403, "MISSING_SCOPE")


def test_many_events_of_one_webhook_keep_their_order(front: Gateway, aws: Aws) -> None:
    several = whatsapp()
    value = several["entry"][0]["changes"][0]["value"]
    value["messages"] = [
        {**value["messages"][0], "id": f"wamid.{uuid.uuid4()}", "text": {"body": f"word {number}"}}
        for number in range(12)
    ]
    body = msgspec.json.encode(several)

    assert send(front, "whatsapp", body).json == {"events": 12}

    texts = [
        received.event.content.text
        for received in published(aws, body)
        if isinstance(received.event, InboundMessage)
    ]
    assert texts == [f"word {number}" for number in range(12)]


def test_a_huge_webhook_is_kept_in_the_bucket(front: Gateway, aws: Aws) -> None:
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(15_000))
    body = msgspec.json.encode(whatsapp(type="image", image={"caption": noise}))

    answer = send(front, "whatsapp", body)

    assert answer.status == 200
    assert stored(aws, "whatsapp", body) == body
    (event,) = published(aws, body)
    assert event.event.provider_message_id


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_a_subscription_is_confirmed_to_who_knows_the_token(front: Gateway, channel: str) -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": secret_of(channel).verify_token,
        "hub.challenge": "1158201444",
    }

    answer = front.request("GET", f"/v1/webhooks/{channel}", query=query)

    assert (answer.status, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.verify_token": "guessed", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.mode": "unsubscribe", "hub.verify_token": "verify-token-of-whatsapp", "hub.challenge": "1"},
    ],
)
def test_nobody_else_is_answered(front: Gateway, channel: str, query: dict[str, str]) -> None:
    answer = front.request("GET", f"/v1/webhooks/{channel}", query=query)

    answer.refused(403, "INVALID_VERIFY_TOKEN")


def test_a_channel_that_is_none_is_not_found(front: Gateway) -> None:
    front.request("POST", "/v1/webhooks/carrier", "{}").refused(404, "CHANNEL_NOT_FOUND")
    front.request("GET", "/v1/webhooks/carrier").refused(404, "CHANNEL_NOT_FOUND")


def test_half_a_character_in_a_body_is_refused(webhooks: Gateway) -> None:
    webhooks.request("POST", "/v1/webhooks/whatsapp", '"\ud800"').refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("missing", ["webhooks_table", "inbound_queue"])
def test_what_could_not_be_stored_or_published_is_to_be_sent_again(aws: Aws, missing: str) -> None:
    variables = environment(functions(aws.template)["webhooks"])
    settings = msgspec.convert(variables, WebhookSettings)
    names = {
        "webhooks_table": "gone",
        "inbound_queue": "https://sqs.us-east-1.amazonaws.com/123456789012/gone.fifo",
    }
    broken = msgspec.structs.replace(settings, **{missing: names[missing]})
    secret_ids = {channel: variables[f"{channel.upper()}_SECRET"] for channel in CHANNELS}
    secrets = ManagedSecrets(secret_ids.__getitem__, dependent_accounts())
    body = sample("whatsapp").text_webhook("hello")

    answer = send(Gateway(webhooks_function.app(broken, secrets, Counted())), "whatsapp", body)

    answer.refused(503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    # Tables are bound to classes, so bind the existing tables again.
    webhooks_function.app(settings, secrets, Counted())


@pytest.fixture
def operator(aws: Aws, webhooks: Gateway) -> Gateway:
    scopes = frozenset({"webhooks:read", "webhooks:write", "webhook-bodies:read"})
    key, kept = new_key("operator", scopes, "2026-01-31T12:00:00.000Z")
    DynamoApiKeys(aws.output("Data.ApiKeysTable")).put(kept)
    return webhooks.with_key(key)


def test_a_stored_webhook_is_replayed_by_its_id_or_by_its_time(
    webhooks: Gateway, operator: Gateway, aws: Aws
) -> None:
    body = msgspec.json.encode(instagram())
    send(webhooks, "instagram", body)
    assert len(published(aws, body)) == 1
    webhook_id = webhook_id_of(aws, "instagram", body)

    by_id = operator.post("/v1/webhooks/replay", {"webhook_ids": [webhook_id]})
    by_time = operator.post(
        "/v1/webhooks/replay",
        {"channel": "instagram", "from": iso(datetime.now(UTC) - timedelta(minutes=10))},
    )

    assert (by_id.status, by_id.json) == (
        200,
        {"replayed": 1, "events": 1, "refused": [], "next_cursor": None},
    )
    assert by_time.json["replayed"] >= 1
    assert len(published(aws, body)) == 2


def test_garbage_is_kept_and_named(webhooks: Gateway, operator: Gateway, aws: Aws) -> None:
    body = f'{{"no": "{uuid.uuid4()}"}}'.encode()
    assert send(webhooks, "instagram", body).json == {"events": 0}
    webhook_id = webhook_id_of(aws, "instagram", body)

    replayed = operator.post("/v1/webhooks/replay", {"webhook_ids": [webhook_id, "unknown"]}).json

    assert [refusal["webhook_id"] for refusal in replayed["refused"]] == [webhook_id, "unknown"]
    assert len(listed_webhooks(operator, body, outcome="unreadable")) == 1


def test_a_replayed_webhook_is_listed_once(webhooks: Gateway, operator: Gateway, aws: Aws) -> None:
    body = account_update()
    send(webhooks, "whatsapp", body)

    named = {"webhook_ids": [webhook_id_of(aws, "whatsapp", body)]}
    replays = [operator.post("/v1/webhooks/replay", named).json for _ in range(2)]

    assert [(replayed["replayed"], replayed["events"]) for replayed in replays] == [(1, 0)] * 2
    assert len(listed_webhooks(operator, body, outcome="ignored")) == 1
    assert listed_webhooks(operator, body, outcome="unreadable") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"webhook_ids": []}, "webhook_ids"),
        ({"webhook_ids": ["one"], "channel": "telegram"}, "webhook_ids"),
        ({"channel": "carrier"}, "channel"),
        ({"from": "2026-01-31"}, "from"),
        ({"to": "soon"}, "to"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"limit": 101}, "limit"),
        ({"all": True}, "all"),
    ],
)
def test_a_replay_that_cannot_be_meant_names_the_field(
    operator: Gateway, body: dict[str, object], field: str
) -> None:
    assert operator.post("/v1/webhooks/replay", body).refused(400, "VALIDATION_ERROR") == [field]


def test_a_replay_needs_a_key_of_ours_with_its_scope(webhooks: Gateway, aws: Aws) -> None:
    key, kept = new_key("reader", frozenset({"messages:read"}), "2026-01-31T12:00:00.000Z")
    DynamoApiKeys(aws.output("Data.ApiKeysTable")).put(kept)

    webhooks.with_key(None).post("/v1/webhooks/replay", {}).refused(401, "UNAUTHENTICATED")
    webhooks.with_key(key).post("/v1/webhooks/replay", {}).refused(403, "MISSING_SCOPE")
