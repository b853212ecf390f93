"""The functions together on EventStream=kinesis: the differences from SQS, and the roles' permissions."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import api as api_function
from chat4all.bootstrap import webhooks as webhooks_function
from chat4all.bootstrap.settings import ApiSettings, WebhookSettings
from chat4all.domain.events import ChatEvent, MessageSubmitted
from chat4all.services.access.authenticate import SCOPES
from tests.channels import sample
from tests.channels.whatsapp import webhook as whatsapp
from tests.fakes.counted import Counted
from tests.fakes.windows import just_now
from tests.integration.aws import CHANNELS, Aws
from tests.integration.http.conftest import a_key, a_phone
from tests.integration.http.gateway import Gateway
from tests.integration.http.test_webhooks import signed
from tests.integration.permissions import Need, Recorder, Role
from tests.integration.provider import Provider, running_provider
from tests.integration.streams import StreamingProduct, StreamsOfTemplate
from tests.integration.template import environment, functions

CHAT_EVENTS = "chat4all-chat-events"
STATUS_UPDATES = "chat4all-status-updates"


@dataclass(frozen=True)
class World:
    product: StreamingProduct
    provider: Provider
    recorder: Recorder
    api: Gateway
    webhooks: Gateway

    def converse(self, *more: dict[str, str]) -> tuple[str, str, str]:
        """Start a conversation; return its id, the agent's id and the customer's phone number.

        `more` are the customer's identities besides the phone number.
        """
        phone = a_phone()
        agent = self.api.post("/v1/users", {"type": "AGENT", "display_name": "Ana"}).json["user_id"]
        identities = [{"channel": "whatsapp", "address": phone, "wrote_at": just_now()}, *more]
        customer = {"type": "CUSTOMER", "display_name": "Ben", "identities": identities}
        participants = [agent, self.api.post("/v1/users", customer).json["user_id"]]
        made = self.api.post("/v1/conversations", {"type": "1:1", "participants": participants})
        return made.json["conversation_id"], agent, phone

    def post(self, conversation_id: str, sender_id: str, content: str, **more: object) -> str:
        body = {"conversation_id": conversation_id, "sender_id": sender_id, "content": content, **more}
        answer = self.api.post("/v1/messages", body)
        assert answer.status == 202, answer.text
        return str(answer.json["message_id"])

    def status(self, message_id: str) -> str:
        return str(self.api.get(f"/v1/messages/{message_id}/status").json["current_status"])

    def sent_to(self, phone: str) -> list[str]:
        return [request["text"]["body"] for request in self.provider.accepted if request.get("to") == phone]

    def say(self, webhook: dict[str, Any]) -> None:
        body = msgspec.json.encode(webhook)
        headers = signed("whatsapp", body)
        answer = self.webhooks.request("POST", "/v1/webhooks/whatsapp", body.decode(), headers=headers)
        assert answer.status == 200, answer.text

    def put(self, stream: str, key: str, data: bytes) -> None:
        self.product.streams.kinesis.put_record(StreamName=stream, PartitionKey=key, Data=data)

    def relay(self) -> dict[str, int]:
        done: dict[str, int] = self.product.invoke("relay", {})
        return done


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch, running_provider() as provider:
        recorder.listen(patch)
        product = StreamingProduct(aws, provider, recorder, patch, event_stream="kinesis")
        streams = StreamsOfTemplate(aws, product.template)
        product.start(streams)
        of_api = msgspec.convert(environment(functions(product.template)["api"]), ApiSettings, strict=False)
        of_webhooks = msgspec.convert(environment(functions(product.template)["webhooks"]), WebhookSettings)
        with streams.made():
            yield World(
                product=product,
                provider=provider,
                recorder=recorder,
                api=Gateway(
                    api_function.app(of_api).whole(),
                    a_key(of_api, *SCOPES),
                    lambda event, _context: product.invoke("api", event),
                ),
                webhooks=Gateway(
                    webhooks_function.app(of_webhooks, ManagedSecrets(str, {}), Counted()),
                    None,
                    lambda event, _context: product.invoke("webhooks", event),
                ),
            )


def test_messages_reach_the_customer_in_order_and_are_answered(world: World) -> None:
    conversation, agent, phone = world.converse()

    ids = [world.post(conversation, agent, text) for text in ("first", "second", "third")]
    world.product.pump()
    reply = whatsapp(**{"from": phone}, text={"body": "hi!"})
    world.say(reply)
    world.product.pump()

    assert world.sent_to(phone) == ["first", "second", "third"]
    assert [world.status(message_id) for message_id in ids] == ["SENT"] * 3
    history = world.api.get(f"/v1/conversations/{conversation}/messages").json["messages"]
    assert history[0]["content"]["text"] == "hi!"


def test_what_customers_write_to_a_group_is_passed_on(world: World) -> None:
    phones = [a_phone(), a_phone()]
    people = [
        {
            "type": "CUSTOMER",
            "display_name": name,
            "identities": [{"channel": "whatsapp", "address": phone, "wrote_at": just_now()}],
        }
        for name, phone in zip(("Ben", "Cem"), phones, strict=True)
    ]
    agent = world.api.post("/v1/users", {"type": "AGENT", "display_name": "Ana"}).json["user_id"]
    members = [agent] + [world.api.post("/v1/users", person).json["user_id"] for person in people]
    world.api.post("/v1/conversations", {"type": "GROUP", "participants": members})

    world.say(whatsapp(**{"from": phones[0]}, text={"body": "hello"}))
    world.product.pump()

    assert world.sent_to(phones[1]) == ["Ben: hello"]


def test_a_batch_that_comes_again_sends_nothing_again(world: World) -> None:
    conversation, agent, phone = world.converse()
    world.post(conversation, agent, "once")
    world.product.pump()

    world.product.again("router")
    world.product.again("status")
    world.product.pump()

    assert world.sent_to(phone) == ["once"]


def receipt(phone: str, theirs: str, delivery_id: str | None = None) -> dict[str, Any]:
    """Make the webhook with which WhatsApp reports that the person has read a message."""
    webhook = whatsapp()
    value = webhook["entry"][0]["changes"][0]["value"]
    del value["messages"]
    status = {"id": theirs, "status": "read", "timestamp": "1769860900", "recipient_id": phone}
    named = {} if delivery_id is None else {"biz_opaque_callback_data": delivery_id}
    value["statuses"] = [{**status, **named}]
    return webhook


def test_a_receipt_moves_the_message_forward(world: World) -> None:
    conversation, agent, phone = world.converse()
    message_id = world.post(conversation, agent, "read me")
    world.product.pump()
    sent = next(request for request in world.provider.accepted if request.get("to") == phone)
    delivery = world.api.get(f"/v1/messages/{message_id}/status").json["deliveries"][0]

    world.say(receipt(phone, delivery["provider_message_id"], sent["biz_opaque_callback_data"]))

    assert world.status(message_id) == "READ"


def test_a_receipt_whose_delivery_is_unknown_is_left_to_the_stream(world: World) -> None:
    theirs = str(uuid.uuid4())

    world.say(receipt(a_phone(), theirs))

    found = world.product.streams.read(STATUS_UPDATES).values()
    updates = [record["Data"] for records in found for record in records]
    assert sum(theirs.encode() in update for update in updates) == 1


def test_a_message_falls_back_to_the_next_channel(world: World) -> None:
    chat = sample("telegram").new_address()
    conversation, agent, phone = world.converse({"channel": "telegram", "address": chat})
    world.provider.refuse("by any way", 400, {"error": {"code": 131026, "message": "Undeliverable"}})

    message_id = world.post(conversation, agent, "by any way", channels=["whatsapp", "telegram"])
    world.product.pump()
    world.product.again("router")
    world.product.again("status")
    world.product.pump()

    assert world.status(message_id) == "SENT"
    assert world.sent_to(phone) == []
    (sent,) = (request for request in world.provider.accepted if str(request.get("chat_id")) == chat)
    assert sent["text"] == "by any way"


def test_what_nobody_can_read_blocks_nobody_and_can_be_put_back(world: World) -> None:
    conversation, agent, phone = world.converse()
    world.put(CHAT_EVENTS, conversation, b"\xffno JSON")
    world.post(conversation, agent, "behind it")

    world.product.pump()
    assert world.sent_to(phone) == ["behind it"]

    assert world.relay()["DeadRecords"] == 1
    assert world.relay()["DeadRecords"] == 0
    letters = world.api.get("/v1/dead-letters").json["dead_letters"]
    (letter,) = (dead_letter for dead_letter in letters if dead_letter["source"] == "chat-events")
    before = sum(map(len, world.product.streams.read(CHAT_EVENTS).values()))
    world.api.post("/v1/dead-letters/redrive", {"dead_letter_id": letter["dead_letter_id"]})
    assert world.relay()["RecordsSentBack"] == 1
    assert sum(map(len, world.product.streams.read(CHAT_EVENTS).values())) == before + 1


def test_a_status_that_nobody_can_read_is_kept_too(world: World) -> None:
    world.product.pump()  # so that a record that an earlier test sent back is given up again
    world.relay()
    world.put(STATUS_UPDATES, "any", b"{}")

    world.product.pump()

    assert world.relay()["DeadRecords"] == 1


def test_the_router_replays_what_it_is_given(world: World) -> None:
    conversation, agent, phone = world.converse()
    sent = world.post(conversation, agent, "sent")
    world.product.pump()
    world.post(conversation, agent, "on its way")
    events: list[ChatEvent] = [
        msgspec.json.decode(record["Data"], type=ChatEvent)
        for records in world.product.streams.read(CHAT_EVENTS).values()
        for record in records
        if conversation.encode() in record["Data"]
    ]
    first = events[0]
    assert isinstance(first, MessageSubmitted)
    assert first.message.message_id == sent
    unknown = replace(first, message=replace(first.message, message_id=str(uuid.uuid4())))

    answer = world.product.invoke("router", {"replay": msgspec.to_builtins([*events, unknown])})

    assert answer == {"replayed": ["done", "on_its_way", "unknown"]}
    assert world.sent_to(phone) == ["sent"]
    world.product.pump()
    assert world.sent_to(phone) == ["sent", "on its way"]


def test_health_asks_the_stream(world: World) -> None:
    assert world.api.get("/v1/health").json["components"]["queue"] == "UP"


USERS_OF_STREAMS = {
    "api": {"kinesis:PutRecord", "kinesis:DescribeStreamSummary"},
    "inbound": {"kinesis:PutRecord"},
    "webhooks": {"kinesis:PutRecords"},
    "whatsapp": {"kinesis:PutRecords"},
    "router": {"sqs:SendMessage"},
    "status": {"sqs:SendMessage"},
    "relay": {"kinesis:PutRecord", "kinesis:GetShardIterator", "sqs:ReceiveMessage", "sqs:DeleteMessage"},
}


@pytest.mark.parametrize("name", USERS_OF_STREAMS)
def test_a_functions_role_allows_what_it_asked_for(world: World, name: str) -> None:
    role = Role(functions(world.product.template)[name])
    asked = world.recorder.needs.get(name, set())

    of_streams = {
        need.action for need in asked if ":chat4all-" in need.resource or ":stream/" in need.resource
    }
    assert of_streams >= USERS_OF_STREAMS[name], "run the whole file"
    assert {need for need in asked if not role.allows(need)} == set()


def test_who_may_have_an_iterator_may_have_its_records(world: World) -> None:
    for function in functions(world.product.template).values():
        for actions, _ in Role(function).statements:
            assert ("kinesis:GetShardIterator" in actions) == ("kinesis:GetRecords" in actions)


def test_nobody_may_put_to_a_stream_that_is_not_theirs(world: World) -> None:
    of_account = "arn:aws:kinesis:us-east-1:123456789012:stream/"
    may_put = {
        name: {
            stream
            for stream in (CHAT_EVENTS, STATUS_UPDATES)
            for action in ("kinesis:PutRecord", "kinesis:PutRecords")
            if Role(function).allows(Need(action, of_account + stream))
        }
        for name, function in functions(world.product.template).items()
    }

    both = {CHAT_EVENTS, STATUS_UPDATES}
    assert may_put == {
        "api": {CHAT_EVENTS},
        "inbound": {CHAT_EVENTS},
        "batches": {CHAT_EVENTS},
        "relay": both,
        "status": {CHAT_EVENTS},
        **{name: {STATUS_UPDATES} for name in ("webhooks", *CHANNELS)},
        **{name: set() for name in ("router", "files", "privacy", "search")},
    }
