"""Erase a person: words that were planted by every door are in no table, bucket or queue afterwards."""

import base64
import json
import uuid
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.client import BaseClient

from chat4all.domain.clock import iso
from chat4all.domain.privacy_work import EraseWork
from tests.channels import sample
from tests.channels.telegram import webhook as telegram
from tests.channels.whatsapp import webhook as whatsapp
from tests.integration.aws import Aws
from tests.integration.http.conftest import a_phone
from tests.integration.world import World, a_world

SECRET: Final = "qzx"
"""Every planted word begins with it."""


@pytest.fixture
def world(aws: Aws) -> Iterator[World]:
    aws.empty()
    with a_world(aws) as made:
        yield made


class Planted:
    """The words and addresses that were planted, each by a name that says where."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def __call__(self, where: str, word: str | None = None) -> str:
        self.words[where] = word or f"{SECRET}{where.replace(' ', '')}{uuid.uuid4().hex[:8]}"
        return self.words[where]

    def found_in(self, stored: dict[str, bytes]) -> dict[str, set[str]]:
        """Return the names of the words that are stored, with the places where they are."""
        found: dict[str, set[str]] = {}
        for where, word in self.words.items():
            for place, data in stored.items():
                if any(form in data for form in forms(word)):
                    found.setdefault(where, set()).add(place.partition(" ")[0])
        return found


def forms(word: str) -> set[bytes]:
    """Return the ways in which a word may be stored."""
    plain = word.encode()
    escaped = json.dumps(word)[1:-1].encode()
    encoded = {base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)}
    return {plain, escaped, *(part for part in encoded if len(part) > 8)}


def everything(aws: Aws) -> dict[str, bytes]:
    """Return everything that is stored: rows, objects with their metadata, and records of queues."""
    stored: dict[str, bytes] = {}
    for table in aws.dynamodb.list_tables()["TableNames"]:
        pages = aws.dynamodb.get_paginator("scan").paginate(TableName=table)
        for number, item in enumerate(item for page in pages for item in page["Items"]):
            stored[f"{table} {number} {list(item.values())[:2]}"] = readable(item)
    for bucket in aws.s3.list_buckets()["Buckets"]:
        listed = aws.s3.list_object_versions(Bucket=bucket["Name"])
        for version in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
            stored[f"{bucket['Name']} {version['Key']}"] = version["Key"].encode()
        for found in listed.get("Versions", ()):
            answer = aws.s3.get_object(Bucket=bucket["Name"], Key=found["Key"], VersionId=found["VersionId"])
            head = repr({name: value for name, value in answer.items() if name != "Body"}).encode()
            stored[f"{bucket['Name']} {found['Key']} body"] = head + answer["Body"].read()
    for url in aws.sqs.list_queues()["QueueUrls"]:
        name = url.rsplit("/", 1)[1]
        given = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for message in given.get("Messages", ()):
            stored[f"{name} {message['MessageId']}"] = message["Body"].encode()
    return stored


def readable(value: object) -> bytes:
    """Return what an item says, its compressed attributes unpacked."""
    match value:
        case bytes():
            try:
                return zlib.decompress(value)
            except zlib.error:
                return value
        case dict():
            return b" ".join(str(name).encode() + b" " + readable(part) for name, part in value.items())
        case list():
            return b" ".join(map(readable, value))
        case _:
            return str(value).encode()


def plant(world: World, planted: Planted) -> tuple[str, str]:
    """Let a person write and be written to by every door; return their user and their agent."""
    phone, chat = a_phone(), sample("telegram").new_address()
    planted("whatsapp address", phone)
    planted("telegram address", chat)
    agent = world.create("AGENT", name="Agent")
    body = {
        "type": "CUSTOMER",
        "display_name": planted("name"),
        "identities": [
            {"channel": "whatsapp", "address": phone, "handle": planted("handle"), "wrote_at": now()},
            {"channel": "telegram", "address": chat, "wrote_at": now()},
        ],
        "metadata": {"email": f"{planted('email')}@example.org", "tier": planted("metadata")},
    }
    person = str(world.api.post("/v1/users", body).json["user_id"])
    title, meta = planted("title"), planted("conversation metadata")
    answer = world.api.post(
        "/v1/conversations",
        {"type": "1:1", "participants": [agent, person], "title": title, "metadata": {"m": meta}},
    )
    conversation = str(answer.json["conversation_id"])
    texts(world, planted, agent, conversation, phone)
    files(world, planted, conversation, phone)
    desk(world, planted, agent, conversation)
    waiting(world, planted, agent, person, conversation)
    group(world, planted, agent, person, chat)
    merged(world, planted, person, agent)
    return person, agent


def now() -> str:
    return iso(datetime.now(UTC))


def texts(world: World, planted: Planted, agent: str, conversation: str, phone: str) -> None:
    sent = world.post(conversation, agent, planted("our text"), metadata={"k": planted("message metadata")})
    world.product.pump()
    on_telegram = world.post(conversation, agent, planted("first version"), channels=["telegram"])
    world.product.pump()
    edit = {"sender_id": agent, "content": planted("our edit")}
    edited = world.api.patch(f"/v1/messages/{on_telegram}", edit)
    assert edited.status == 202, edited.text
    world.product.pump()
    said = f"wamid.{planted('provider id')}"
    webhook = whatsapp(**{"from": phone}, id=said, text={"body": planted("their text")})
    webhook["entry"][0]["changes"][0]["value"]["contacts"] = [
        {"wa_id": phone, "profile": {"name": planted("profile name")}}
    ]
    assert world.say("whatsapp", webhook).status == 200
    world.product.pump()
    theirs = world.progress(sent)["deliveries"][0]["provider_message_id"]
    status = whatsapp()
    value = status["entry"][0]["changes"][0]["value"]
    del value["messages"]
    value["statuses"] = [{"id": theirs, "status": "read", "timestamp": "1769860900", "recipient_id": phone}]
    world.say("whatsapp", status)
    odd = whatsapp(**{"from": phone}, type="odd_kind", odd_kind={"x": planted("unknown kind")})
    world.say("whatsapp", odd)
    large = whatsapp(**{"from": phone}, text={"body": planted("large text"), "x": uuid_noise()})
    world.say("whatsapp", large)
    world.product.pump()


def uuid_noise() -> str:
    return "".join(uuid.uuid4().hex for _ in range(25_000))


def files(world: World, planted: Planted, conversation: str, phone: str) -> None:
    world.provider.files["photo-1"] = planted("bytes of a file").encode() * 50
    world.provider.types["photo-1"] = "text/plain"
    document = {"id": "photo-1", "mime_type": "text/plain", "filename": f"{planted('file name')}.txt"}
    webhook = whatsapp(
        **{"from": phone}, type="document", document={**document, "caption": planted("caption")}
    )
    world.say("whatsapp", webhook)
    world.product.pump()
    world.api.post(
        "/v1/files",
        {
            "filename": f"{planted('upload name')}.txt",
            "size": 10,
            "content_type": "text/plain",
            "conversation_id": conversation,
        },
    )


def desk(world: World, planted: Planted, agent: str, conversation: str) -> None:
    noted = world.api.post(
        f"/v1/conversations/{conversation}/notes", {"author_id": agent, "text": planted("note")}
    )
    assert noted.status == 201, noted.text
    labels = {"labels": [planted("label")]}
    assert world.api.patch(f"/v1/conversations/{conversation}", labels).status == 200


def waiting(world: World, planted: Planted, agent: str, person: str, conversation: str) -> None:
    at = iso(datetime.now(UTC) + timedelta(days=1))
    world.post(conversation, agent, planted("scheduled"), send_at=at)
    cancelled = world.post(conversation, agent, planted("cancelled"), send_at=at)
    assert world.api.post(f"/v1/messages/{cancelled}/cancel", {}).status == 200
    batch = {
        "sender_id": agent,
        "content": "Hello {{name}}",
        "recipients": [{"user_id": person, "variables": {"name": planted("variable")}}],
    }
    assert world.api.post("/v1/batches", batch).status == 202
    world.product.pump()
    # Two channels that may be tried: the contents wait with the fallback.
    body = {"channels": ["whatsapp", "telegram"], "delivery_timeout_s": 3600}
    world.post(conversation, agent, planted("fallback"), **body)
    world.product.pump()
    # The queue gave this record up: it waits as a dead record.
    world.product.aws.sqs.send_message(
        QueueUrl=world.product.aws.queue("InboundDeadLetterQueue"),
        MessageBody=json.dumps({"from": planted.words["whatsapp address"], "text": planted("dead record")}),
        MessageGroupId="g",
        MessageDeduplicationId="d",
    )
    world.product.invoke("relay", {})


def group(world: World, planted: Planted, agent: str, person: str, chat: str) -> None:
    other = world.create("CUSTOMER", ("telegram", sample("telegram").new_address()), name="Other")
    conversation = world.converse(agent, person, other)
    world.post(conversation, person, planted("in a group"))
    world.post(conversation, agent, "words that stay")
    world.product.pump()
    webhook = telegram(chat={"id": int(chat), "type": "private", "first_name": planted("first name")})
    webhook["message"]["from"] = {"id": int(chat), "is_bot": False, "username": planted("username")}
    webhook["message"]["text"] = planted("telegram text")
    assert world.say("telegram", webhook).status == 200
    world.product.pump()


def merged(world: World, planted: Planted, person: str, agent: str) -> None:
    phone = planted("merged address", a_phone())
    other = world.create("CUSTOMER", ("whatsapp", phone), name=planted("merged name"))
    conversation = world.converse(agent, other)
    world.post(conversation, agent, planted("text to the merged user"))
    world.product.pump()
    answer = world.api.post(f"/v1/users/{person}/merge", {"user_id": other})
    assert answer.status == 200, answer.text


def erase(world: World, person: str) -> dict[str, Any]:
    answer = world.api.post(f"/v1/users/{person}/erase", {"reason": "Request 17"})
    assert answer.status == 202, answer.text
    world.product.pump()
    found: dict[str, Any] = world.api.get(f"/v1/erasures/{answer.json['erasure_id']}").json
    return found


def test_words_that_were_planted_by_every_door_are_nowhere_after_an_erasure(world: World, aws: Aws) -> None:
    planted = Planted()
    person, _ = plant(world, planted)
    before = planted.found_in(everything(aws))
    assert set(planted.words) - set(before) == set(), "every planted word was stored"

    erasure = erase(world, person)

    assert erasure["state"] == "ERASED"
    assert planted.found_in(everything(aws)) == {}
    user = world.api.get(f"/v1/users/{person}").json
    assert (user["display_name"], user["identities"], bool(user["erased_at"])) == ("[erased]", [], True)


class Died(BaseException):
    """The process was killed."""


class Killing:
    """Kill the process that runs before or after its nth call to AWS."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.is_after = False
        self.calls = 0
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def mortal(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401
            self.calls += 1
            if self.left is None:
                return call(client, operation, parameters)
            self.left -= 1
            if self.left == 0 and not self.is_after:
                raise Died
            try:
                return call(client, operation, parameters)
            finally:
                if self.left == 0:
                    raise Died

        patch.setattr(BaseClient, "_make_api_call", mortal)

    def after(self, calls: int, *, is_after: bool) -> None:
        self.left, self.is_after = calls, is_after


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_an_erasure_that_dies_again_and_again_ends_whole(
    world: World, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = Planted()
    person, _ = plant(world, planted)
    answer = world.api.post(f"/v1/users/{person}/erase", {})
    work = EraseWork(answer.json["erasure_id"], answer.json["user_id"], now())
    killing = Killing(monkeypatch)
    deaths = 0
    while True:
        killing.after(deaths + 1, is_after=bool(deaths % 2))
        try:
            assert world.product.hand("privacy", work) == []
        except Died:
            deaths += 1
            continue
        break
    killing.left = None

    assert deaths > 50
    assert world.api.get(f"/v1/erasures/{work.erasure_id}").json["state"] == "ERASED"
    assert planted.found_in(everything(aws)) == {}
