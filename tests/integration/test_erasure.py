"""Erase a person: words that were planted by every door are in no table, bucket or queue afterwards."""

import base64
import io
import json
import uuid
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.client import BaseClient
from msgspec.structs import replace
from PIL import Image

from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.echoes import DynamoEchoes
from chat4all.adapters.dynamodb.erasures import DynamoErasureRequests, DynamoErasures
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.queues.privacy_queue import SqsPrivacyQueue
from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.erasing import ErasureState, Place
from chat4all.domain.events import DeliveryRequested, InboundMessage, Recipient, WebhookEvent
from chat4all.domain.person import Moved, User
from chat4all.domain.privacy_work import EraseWork
from chat4all.services.privacy.request_erasure import RequestErasure
from tests.channels import sample
from tests.channels.telegram import webhook as telegram
from tests.channels.whatsapp import webhook as whatsapp
from tests.fakes.samples import EICAR
from tests.integration.aws import Aws
from tests.integration.http.conftest import a_phone
from tests.integration.world import World, a_world

LONG_AGO: Final = "2020-01-01T00:00:00.000Z"
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
    body: dict[str, Any] = {
        "type": "CUSTOMER",
        "display_name": planted("name"),
        "identities": [
            {"channel": "whatsapp", "address": phone, "handle": planted("handle"), "wrote_at": now()},
            {"channel": "telegram", "address": chat, "wrote_at": now()},
        ],
        "metadata": {"email": f"{planted('email')}@example.org", "tier": planted("metadata")},
    }
    person = str(world.api.post("/v1/users", body).json["user_id"])
    evidence = {"evidence": planted("evidence")}
    opt_out = {"channel": "sms", "purpose": "marketing", "state": "OPTED_OUT", **evidence}
    assert world.api.put(f"/v1/users/{person}/consents", opt_out).status == 200
    on_telegram = {**opt_out, "channel": "telegram"}
    assert world.api.put(f"/v1/users/{person}/consents", on_telegram).status == 200
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
    value["more"] = {"word": planted("large webhook without a message"), "noise": uuid_noise()}
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
    picture = io.BytesIO()
    Image.new("RGB", (800, 600)).save(picture, "PNG")
    world.provider.files |= {"photo-2": picture.getvalue(), "virus": EICAR}
    world.provider.types["virus"] = "text/plain"
    image = {"id": "photo-2", "mime_type": "image/png", "caption": planted("caption of a picture")}
    world.say("whatsapp", whatsapp(**{"from": phone}, type="image", image=image))
    virus = {"id": "virus", "mime_type": "text/plain", "filename": f"{planted('infected name')}.txt"}
    world.say("whatsapp", whatsapp(**{"from": phone}, type="document", document=virus))
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
    template = {"id": "78", "name": "bulb_now", "language": "en", "category": "UTILITY", "status": "APPROVED"}
    body_text = {"type": "BODY", "text": "The bulb of {{1}} is here.", "example": {"body_text": [["Ana"]]}}
    world.provider.templates.append({**template, "components": [body_text]})
    words = {"1": planted("template variable")}
    world.post(
        conversation,
        agent,
        {"type": "template", "name": "bulb_now", "language": "en", "parameters": words},
        channels=["whatsapp"],
    )
    cancelled = world.post(conversation, agent, planted("cancelled"), send_at=at)
    assert world.api.post(f"/v1/messages/{cancelled}/cancel", {}).status == 200
    batch = {
        "sender_id": agent,
        "content": "Hello {{name}}",
        "recipients": [{"user_id": person, "variables": {"name": planted("variable")}}],
    }
    assert world.api.post("/v1/batches", batch).status == 202
    by_conversation = {"conversation_id": conversation, "variables": {"name": planted("other variable")}}
    assert world.api.post("/v1/batches", {**batch, "recipients": [by_conversation]}).status == 202
    world.product.pump()
    # Two channels that may be tried: the contents wait with the fallback.
    body = {"channels": ["whatsapp", "telegram"], "delivery_timeout_s": 3600}
    world.post(conversation, agent, planted("fallback"), **body)
    world.product.pump()
    held = DynamoHeldDeliveries(
        world.product.aws.output("Data.MessagesTable"), world.product.aws.output("Data.LimitsTable")
    )
    to = Recipient(person, "whatsapp", "main", planted.words["whatsapp address"], 1)
    text = Text(planted("held delivery"))
    held.hold(
        DeliveryRequested(str(uuid.uuid4()), conversation, to, text, 0, 1, 1, now(), "005"),
        "2099-01-01T00:00:00.000Z",
        first=True,
    )
    echoes = DynamoEchoes(world.product.aws.output("Data.MessagesTable"))
    echo = InboundMessage(to.address, str(uuid.uuid4()), Text(planted("parked echo")), now())
    webhook_id = f"whatsapp|main|{now()}|0"
    echoes.park(WebhookEvent("whatsapp", "main", webhook_id, echo), "2099-01-01T00:00:00.000Z", 4_000_000_000)
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


def pass_again(world: World, erasure_id: str) -> None:
    """Let the time of the next pass come, which `relay` begins."""
    erasures = DynamoErasures(world.product.aws.output("Data.MessagesTable"))
    known = erasures.get(erasure_id)
    assert known is not None
    due = replace(known, next_pass_at=LONG_AGO, version=known.version + 1)
    assert erasures.save(due, known.version, LONG_AGO)
    world.product.invoke("relay", {})
    world.product.pump()


def test_what_was_on_its_way_is_erased_by_a_later_pass(world: World, aws: Aws) -> None:
    planted = Planted()
    phone = planted("address", a_phone())
    agent, person = world.create("AGENT"), world.create("CUSTOMER", ("whatsapp", phone))
    conversation = world.converse(agent, person)
    webhook = whatsapp(**{"from": phone}, text={"body": planted("first words")})
    world.say("whatsapp", webhook)
    world.product.pump()
    on_its_way = world.post(conversation, agent, planted("accepted"))
    world.product.pump_some("router")
    erasure_id = world.api.post(f"/v1/users/{person}/erase", {}).json["erasure_id"]
    world.product.pump_some("privacy")
    # The provider brings its webhook again, and the delivery is still in the queue of its channel.
    world.say("whatsapp", webhook)
    world.product.pump()
    sent = [request for request in world.provider.accepted if request.get("to") == phone]
    assert sent == []
    assert world.progress(on_its_way)["current_status"] == "FAILED"

    pass_again(world, erasure_id)
    pass_again(world, erasure_id)

    # The delivery took tokens before it was refused: their bucket expires an hour later.
    found = planted.found_in(everything(aws))
    assert {where for places in found.values() for where in places} <= {"chat4all-limits"}
    erasures = DynamoErasures(aws.output("Data.MessagesTable"))
    known = erasures.get(erasure_id)
    assert known is not None
    assert (known.state, known.known_as, known.passes) == (ErasureState.FINAL, (), 3)


def test_a_message_that_was_accepted_before_an_erasure_is_never_sent(world: World) -> None:
    phone = a_phone()
    agent, person = world.create("AGENT"), world.create("CUSTOMER", ("whatsapp", phone))
    other = world.create("CUSTOMER", ("whatsapp", a_phone()))
    conversation, group_id = world.converse(agent, person), world.converse(agent, person, other)
    to_them, to_all = (world.post(place, agent, "hello") for place in (conversation, group_id))
    world.api.post(f"/v1/users/{person}/erase", {})

    world.product.pump_some("privacy")
    world.product.pump()

    assert [request for request in world.provider.accepted if request.get("to") == phone] == []
    assert world.progress(to_them)["current_status"] == "FAILED"
    assert world.progress(to_all)["current_status"] == "SENT"


def test_a_message_to_a_group_goes_on_to_the_others(world: World) -> None:
    agent = world.create("AGENT")
    person, other = (world.create("CUSTOMER", ("whatsapp", a_phone())) for _ in range(2))
    conversation = world.converse(agent, person, other)
    message_id = world.post(conversation, agent, "hello")
    world.product.pump_some("router")
    world.api.post(f"/v1/users/{person}/erase", {})

    world.product.pump_some("privacy")
    world.product.pump()

    progress = world.progress(message_id)
    assert progress["current_status"] == "SENT"
    statuses = {each["recipient_id"]: each["status"] for each in progress["deliveries"]}
    assert statuses[other] == "SENT"


def test_a_person_who_writes_after_their_erasure_is_somebody_new_and_stays_opted_out(
    world: World, aws: Aws
) -> None:
    phone = a_phone()
    person = world.create("CUSTOMER", ("whatsapp", phone))
    opt_out = {"channel": "whatsapp", "purpose": "marketing", "state": "OPTED_OUT"}
    assert world.api.put(f"/v1/users/{person}/consents", opt_out).status == 200
    erase(world, person)

    world.say("whatsapp", whatsapp(**{"from": phone}, text={"body": "It is me again"}))
    world.product.pump()

    found = world.api.get("/v1/identities/resolve", channel="whatsapp", address=phone).json
    assert found["user_id"] != person
    told = [(consent["purpose"], consent["state"]) for consent in found["consents"]]
    assert told == [("marketing", "OPTED_OUT")]


def test_nothing_can_be_added_to_an_erased_person(world: World) -> None:
    agent, person = world.create("AGENT"), world.create("CUSTOMER", ("whatsapp", a_phone()))
    other = world.create("CUSTOMER", ("whatsapp", a_phone()))
    conversation = world.converse(agent, person)
    first = erase(world, person)

    identity = {"channel": "whatsapp", "address": a_phone()}
    world.api.post(f"/v1/users/{person}/identities", identity).refused(409, "USER_ERASED")
    world.api.post(f"/v1/users/{person}/merge", {"user_id": other}).refused(409, "USER_ERASED")
    world.api.post(f"/v1/users/{other}/merge", {"user_id": person}).refused(409, "USER_ERASED")
    body = {"conversation_id": conversation, "sender_id": agent, "content": "hello"}
    world.api.post("/v1/messages", body).refused(409, "CONVERSATION_ARCHIVED")
    told = {"channel": "whatsapp", "purpose": "marketing", "state": "OPTED_OUT"}
    world.api.put(f"/v1/users/{person}/consents", told).refused(409, "USER_ERASED")
    place, note = f"/v1/conversations/{conversation}", {"author_id": agent, "text": "Ana moved to Rome"}
    world.api.post(f"{place}/notes", note).refused(409, "USER_ERASED")
    world.api.patch(place, {"state": "ACTIVE"}).refused(409, "USER_ERASED")
    world.api.patch(place, {"labels": ["Ana"]}).refused(409, "USER_ERASED")
    assert world.api.patch(place, {"state": "ARCHIVED"}).status == 200
    file = {"filename": "ana.txt", "size": 10, "content_type": "text/plain", "conversation_id": conversation}
    world.api.post("/v1/files", file).refused(409, "USER_ERASED")
    both = {"type": "1:1", "participants": [agent, person]}
    world.api.post("/v1/conversations", both).refused(400, "UNKNOWN_USER")
    again = world.api.post(f"/v1/users/{person}/erase", {})
    assert (again.status, again.json["erasure_id"]) == (202, first["erasure_id"])


def test_an_erasure_names_what_it_cannot_erase(world: World) -> None:
    world.api.post("/v1/users/nobody/erase", {}).refused(404, "USER_NOT_FOUND")
    world.api.get("/v1/erasures/nothing").refused(404, "ERASURE_NOT_FOUND")
    person = world.create("CUSTOMER")
    assert world.api.post(f"/v1/users/{person}/erase", {"reason": 1}).refused(400, "VALIDATION_ERROR")
    assert world.api.post(f"/v1/users/{person}/erase", {"why": ""}).refused(400, "VALIDATION_ERROR")


def test_an_agent_loses_their_name_and_keeps_their_conversations(world: World) -> None:
    agent = world.create("AGENT", name="Ana")
    customer = world.create("CUSTOMER", ("whatsapp", a_phone()))
    conversation = world.converse(agent, customer)
    message_id = world.post(conversation, agent, "words of the company")
    world.product.pump()

    erase(world, agent)

    assert world.api.get(f"/v1/users/{agent}").json["display_name"] == "[erased]"
    assert world.api.get(f"/v1/messages/{message_id}").json["content"]["text"] == "words of the company"


def test_the_exports_of_an_agent_are_erased(world: World, aws: Aws) -> None:
    planted = Planted()
    agent = world.create("AGENT", name=planted("name"))
    begun = world.api.post(f"/v1/users/{agent}/exports", {})
    assert begun.status == 202, begun.text
    world.product.pump()
    zips = world.api.get(f"/v1/exports/{begun.json['export_id']}").json["zips"]
    assert len(zips) == 1

    assert erase(world, agent)["counts"] == {"users": 1, "exports": 1}

    stored = [place for place in everything(aws) if place.startswith(aws.output("Data.FilesBucket"))]
    assert stored == []
    assert planted.found_in(everything(aws)) == {}


def test_in_a_group_the_words_of_others_stay(world: World) -> None:
    agent = world.create("AGENT")
    person, other = (world.create("CUSTOMER", ("whatsapp", a_phone())) for _ in range(2))
    conversation = world.converse(agent, person, other)
    theirs = world.post(conversation, person, "mine")
    others = world.post(conversation, other, "yours")
    world.product.pump()

    erase(world, person)

    shown = {message["message_id"]: message["content"] for message in world.history(conversation)}
    assert shown == {
        theirs: {"type": "deleted", "text": "[erased]"},
        others: {"type": "text", "text": "yours"},
    }
    members = [
        member["user_id"]
        for member in world.api.get(f"/v1/conversations/{conversation}").json["participants"]
    ]
    assert members == [agent, other]
    assert world.post(conversation, agent, "the group goes on")


def test_words_that_another_person_quotes_in_a_group_are_erased(world: World, aws: Aws) -> None:
    planted = Planted()
    chat = sample("telegram").new_address()
    agent, person = world.create("AGENT"), world.create("CUSTOMER", ("whatsapp", a_phone()))
    other = world.create("CUSTOMER", ("telegram", chat))
    conversation = world.converse(agent, person, other)
    said = world.post(conversation, person, planted("words"))
    world.product.pump()
    (delivery,) = world.progress(said)["deliveries"]
    quoted = {
        "message_id": int(delivery["provider_message_id"].partition(":")[2].partition("@")[0]),
        "date": 1_769_860_800,
        "chat": {"id": int(chat), "type": "private"},
        "text": planted.words["words"],
    }
    answer = telegram(
        **{"from": {"id": int(chat), "is_bot": False, "first_name": "Other"}},
        chat={"id": int(chat), "type": "private"},
        text="Yes, that is so",
        reply_to_message=quoted,
        quote={"text": planted.words["words"], "position": 0},
    )
    assert world.say("telegram", answer).status == 200
    world.product.pump()
    (theirs,) = [message for message in world.history(conversation) if message["sender_id"] == other]
    assert (theirs["reply_to"], theirs["context"]["quote"]) == (said, planted.words["words"])

    erase(world, person)

    assert planted.found_in(everything(aws)) == {}
    shown = world.api.get(f"/v1/messages/{theirs['message_id']}").json
    assert (shown["content"]["text"], shown["context"]["quote"]) == ("Yes, that is so", None)


def test_a_person_who_left_a_group_is_erased_there(world: World, aws: Aws) -> None:
    planted = Planted()
    phone = planted("address", a_phone())
    agent, person = world.create("AGENT"), world.create("CUSTOMER", ("whatsapp", phone))
    others = [world.create("CUSTOMER", ("whatsapp", a_phone())) for _ in range(2)]
    conversation = world.converse(agent, person, *others)
    world.post(conversation, agent, "to all")
    world.product.pump()
    assert world.api.delete(f"/v1/conversations/{conversation}/participants/{person}").status == 200

    erase(world, person)

    assert planted.found_in(everything(aws)) == {}


def two_merged(world: World) -> tuple[str, str]:
    """Create a customer, and another who is merged into them."""
    kept, merged = (world.create("CUSTOMER", ("whatsapp", a_phone())) for _ in range(2))
    assert world.api.post(f"/v1/users/{kept}/merge", {"user_id": merged}).status == 200
    return kept, merged


def erased_of(world: World, *users: str) -> list[bool]:
    return [world.api.get(f"/v1/users/{user}").json["erased_at"] is not None for user in users]


def test_who_is_one_person_at_the_request_stays_one_person_until_they_are_erased(world: World) -> None:
    kept, merged = two_merged(world)
    other = world.create("CUSTOMER", ("whatsapp", a_phone()))
    begun = world.api.post(f"/v1/users/{merged}/erase", {})
    assert (begun.status, begun.json["user_id"]) == (202, kept)

    world.api.post(f"/v1/users/{merged}/unmerge", {}).refused(409, "USER_ERASED")
    world.api.post(f"/v1/users/{kept}/merge", {"user_id": other}).refused(409, "USER_ERASED")
    world.api.post(f"/v1/users/{other}/merge", {"user_id": kept}).refused(409, "USER_ERASED")
    world.product.pump()

    assert erased_of(world, kept, merged, other) == [True, True, False]


def test_an_unmerge_before_the_request_leaves_the_other_person(world: World) -> None:
    kept, merged = two_merged(world)
    assert world.api.post(f"/v1/users/{merged}/unmerge", {}).status == 200

    erase(world, merged)

    assert erased_of(world, kept, merged) == [False, True]


class Racing(DynamoDirectory):
    """A directory in which a merge changes right after the first read of the kept user."""

    def __init__(self, table: str, kept: str, change: Callable[[], object]) -> None:
        super().__init__(table)
        self._kept = kept
        self._change: Callable[[], object] | None = change

    def get(self, user_id: str) -> User | None:
        user = super().get(user_id)
        if user_id == self._kept and self._change is not None:
            change, self._change = self._change, None
            change()
        return user


@pytest.mark.parametrize("undone", [True, False])
def test_a_merge_that_changes_while_the_erasure_is_requested_counts(
    world: World, aws: Aws, *, undone: bool
) -> None:
    kept, other = two_merged(world)
    undo, merge = f"/v1/users/{other}/unmerge", f"/v1/users/{kept}/merge"
    if not undone:
        assert world.api.post(undo, {}).status == 200

    def change() -> None:
        answer = world.api.post(undo, {}) if undone else world.api.post(merge, {"user_id": other})
        assert answer.status == 200, answer.text

    directory_table, messages_table = aws.output("Data.DirectoryTable"), aws.output("Data.MessagesTable")
    request = RequestErasure(
        directory=Racing(directory_table, kept, change),
        erasures=DynamoErasures(messages_table),
        requests=DynamoErasureRequests(messages_table, directory_table),
        queue=SqsPrivacyQueue(aws.sqs, aws.queue("PrivacyQueue")),
        clock=lambda: datetime.now(UTC),
    )

    request(other if undone else kept, None)
    world.product.pump()

    assert erased_of(world, kept, other) == ([False, True] if undone else [True, True])


def rows_of(aws: Aws, table: str) -> list[dict[str, Any]]:
    pages = aws.dynamodb.get_paginator("scan").paginate(TableName=aws.output(table))
    return [item for page in pages for item in page["Items"]]


def restore(aws: Aws, table: str, backup: list[dict[str, Any]]) -> None:
    for item in backup:
        aws.dynamodb.put_item(TableName=aws.output(table), Item=item)


@pytest.mark.parametrize("passes", [0, 1, 3])
@pytest.mark.parametrize("tables", [["Data.DirectoryTable", "Data.MessagesTable"], ["Data.MessagesTable"]])
def test_after_a_restore_the_same_request_erases_once_more(
    world: World, aws: Aws, passes: int, tables: list[str]
) -> None:
    planted = Planted()
    agent = world.create("AGENT")
    person = world.create("CUSTOMER", ("whatsapp", planted("address", a_phone())), name=planted("name"))
    world.post(world.converse(agent, person), agent, planted("text"))
    world.product.pump()
    backup = {table: rows_of(aws, table) for table in tables}
    erasure_id = world.api.post(f"/v1/users/{person}/erase", {}).json["erasure_id"]
    if passes:
        world.product.pump()
    for _ in range(passes - 1):
        pass_again(world, erasure_id)
    for table, rows in backup.items():
        restore(aws, table, rows)
    assert planted.found_in(everything(aws)) != {}

    again = world.api.post(f"/v1/users/{person}/erase", {}).json
    assert (again["erasure_id"], again["state"]) == (erasure_id, "ERASING")
    world.product.pump()

    assert world.api.get(f"/v1/erasures/{erasure_id}").json["state"] == "ERASED"
    assert planted.found_in(everything(aws)) == {}


def test_the_work_on_a_person_who_is_erased_already_goes_on_with_their_ids(world: World, aws: Aws) -> None:
    kept, merged = two_merged(world)
    erasure_id = erase(world, kept)["erasure_id"]
    erasures = DynamoErasures(aws.output("Data.MessagesTable"))
    known = erasures.get(erasure_id)
    assert known is not None
    bare = replace(known, user_ids=(), place=Place(), version=known.version + 1)
    assert erasures.save(bare, known.version, LONG_AGO)

    world.product.invoke("relay", {})
    world.product.pump()

    after = erasures.get(erasure_id)
    assert after is not None
    assert (after.user_ids, after.passes) == ((kept, merged), 2)


def say_something_odd(world: World, phone: str, word: str) -> None:
    """Send a webhook that names the phone number, and brings neither a message nor a known status."""
    odd = whatsapp()
    value = odd["entry"][0]["changes"][0]["value"]
    del value["messages"]
    value["statuses"] = [{"id": "wamid.1", "status": "odd", "timestamp": "1769860900", "recipient_id": phone}]
    value["more"] = {"word": word}
    assert world.say("whatsapp", odd).status == 200


@pytest.mark.parametrize("taken", [False, True])
def test_webhooks_that_name_a_former_address_are_erased(world: World, aws: Aws, *, taken: bool) -> None:
    planted = Planted()
    former, present = a_phone(), planted("present address", a_phone())
    between = planted("address between", a_phone())
    person = world.create("CUSTOMER", ("whatsapp", former))
    say_something_odd(world, former, planted("former"))
    say_something_odd(world, between, planted("between"))
    directory = DynamoDirectory(aws.output("Data.DirectoryTable"))
    for address in (between, present):
        user = directory.get(person)
        assert user is not None
        (known,) = user.identities
        moved = replace(known, address=address)
        assert directory.move(user, known, moved, Moved(address, now()), 2**31) is None
    if taken:
        world.create("CUSTOMER", ("whatsapp", former))

    erase(world, person)

    # Webhooks that name an address of somebody else stay until they expire.
    assert set(planted.found_in(everything(aws))) == ({"former"} if taken else set())


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("wrote", [False, True])
def test_webhooks_that_name_an_unlinked_address_are_erased(
    world: World, aws: Aws, *, wrote: bool, taken: bool
) -> None:
    planted = Planted()
    phone = a_phone()
    if wrote:
        world.say("whatsapp", whatsapp(**{"from": phone}, text={"body": planted("words")}))
        world.product.pump()
        person = world.api.get("/v1/identities/resolve", channel="whatsapp", address=phone).json["user_id"]
    else:
        agent, person = world.create("AGENT"), world.create("CUSTOMER", ("whatsapp", phone))
        world.post(world.converse(agent, person), agent, planted("words"))
        world.product.pump()
    say_something_odd(world, phone, planted("odd"))
    assert world.api.delete(f"/v1/users/{person}/identities/whatsapp/{phone}").status == 200
    if taken:
        world.create("CUSTOMER", ("whatsapp", phone))

    erase(world, person)

    assert set(planted.found_in(everything(aws))) == ({"odd"} if taken else set())
