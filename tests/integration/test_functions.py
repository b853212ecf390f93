"""The functions together, with their real wiring, over the tables and queues of the template.

All calls to AWS in this file's tests are recorded. The last tests compare them with the functions' roles.
"""

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import msgspec
import pytest
from PIL import Image

from chat4all.adapters.dynamodb.batches import DynamoBatches
from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.dead_letters import DynamoDeadLetters
from chat4all.adapters.dynamodb.desks import DynamoDesks
from chat4all.adapters.dynamodb.echoes import DynamoEchoes
from chat4all.adapters.dynamodb.exports import DynamoExports
from chat4all.adapters.dynamodb.fallbacks import DynamoFallbacks
from chat4all.adapters.dynamodb.held_deliveries import DynamoHeldDeliveries
from chat4all.adapters.dynamodb.listed_webhooks import DynamoListedWebhooks
from chat4all.adapters.dynamodb.pace import DynamoPace
from chat4all.adapters.dynamodb.retention import DynamoRetention
from chat4all.adapters.dynamodb.table_keys import ACTIVITY_SHARDS, shard
from chat4all.adapters.dynamodb.templates import DynamoTemplates
from chat4all.adapters.dynamodb.webhooks import DynamoWebhooks
from chat4all.adapters.queues.batch_queue import SqsBatchQueue
from chat4all.adapters.s3.bodies import S3Bodies
from chat4all.channels.registry import manifest_of, manifests
from chat4all.domain.batches import Batch, BatchRecipient, BatchWork, chunks_of
from chat4all.domain.breaker import Breaker, Circuit
from chat4all.domain.clock import iso
from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationState
from chat4all.domain.dead_letters import DeadRecord
from chat4all.domain.desk import Desk, DeskStatus
from chat4all.domain.events import (
    InboundMessage,
    MessageAccepted,
    MessageSubmitted,
    Recipient,
    StatusUpdate,
    WebhookEvents,
)
from chat4all.domain.exports import Export
from chat4all.domain.files.file import MOST_BYTES, FileStatus, FileStored
from chat4all.domain.kinds import Template
from chat4all.domain.person import INBOX_USER_ID
from chat4all.domain.sending import Outcome
from chat4all.domain.status import Status, StatusChange
from chat4all.domain.waiting import ParkedStatus
from chat4all.domain.webhooks import ListedWebhook, StoredWebhook, WebhookId, WebhookOutcome
from chat4all.entrypoints.queues.statuses import UNKNOWN_TRIES
from chat4all.services.privacy import manage_retention
from tests.channels import sample
from tests.channels.instagram import webhook as instagram
from tests.channels.telegram import webhook as telegram
from tests.channels.whatsapp import webhook as whatsapp
from tests.fakes.samples import EICAR
from tests.fakes.windows import hours_ago
from tests.integration.aws import CHANNELS, Aws, secret_of
from tests.integration.http.conftest import a_phone
from tests.integration.http.gateway import Answer, Gateway, in_path
from tests.integration.http.test_webhooks import webhook_id_of
from tests.integration.permissions import Need, Role, aws_calls, mapping_needs, stream_needs
from tests.integration.provider import INSTAGRAM_ACCOUNT
from tests.integration.row_streams import changes, rows_of
from tests.integration.template import ROOT, environment, functions
from tests.integration.test_erasure import Planted, erase, pass_again, plant
from tests.integration.world import World, a_world

EVERY_FUNCTION = [
    *(
        "api",
        "files",
        "webhooks",
        "inbound",
        "router",
        *CHANNELS,
        "status",
        "batches",
        "search",
        "privacy",
        "relay",
    )
]
STREAMED = ("chat4all-messages", "chat4all-conversations", "chat4all-directory")
LONG_AGO = "2020-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def world(aws: Aws, _nothing_left: None) -> Iterator[World]:
    with a_world(aws) as made:
        yield made


@pytest.fixture
def agent(world: World) -> str:
    return world.create("AGENT")


def whatsapp_status(status: str, theirs: str, delivery_id: str | None = None) -> dict[str, Any]:
    webhook = whatsapp()
    value = webhook["entry"][0]["changes"][0]["value"]
    del value["messages"]
    value["statuses"] = [
        {"id": theirs, "status": status, "timestamp": "1769860900", "recipient_id": "4915112345678"}
    ]
    if delivery_id:
        value["statuses"][0]["biz_opaque_callback_data"] = delivery_id
    return webhook


def test_a_text_reaches_whatsapp_is_read_and_answered(world: World, agent: str) -> None:
    phone = a_phone()
    customer = world.create("CUSTOMER", ("whatsapp", phone))
    conversation = world.converse(agent, customer)

    message_id = world.post(conversation, agent, "hello 😀")
    world.product.pump()

    sent = world.provider.accepted[-1]
    assert (sent["to"], sent["text"]["body"]) == (phone, "hello 😀")
    (delivery,) = world.progress(message_id)["deliveries"]
    assert (delivery["status"], delivery["attempts"], delivery["error"]) == ("SENT", 1, None)

    theirs = delivery["provider_message_id"]
    world.say("whatsapp", whatsapp_status("read", theirs, sent["biz_opaque_callback_data"]))
    world.say("whatsapp", whatsapp_status("delivered", theirs))
    reply = whatsapp(**{"from": phone}, text={"body": "hi!"}, context={"id": theirs})
    world.say("whatsapp", reply)
    world.product.pump()

    progress = world.progress(message_id)
    assert progress["current_status"] == "READ"
    assert [change["status"] for change in progress["status_history"]] == ["PENDING", "SENT", "READ"]
    answered, _ = world.history(conversation)
    assert (answered["content"]["text"], answered["sender_id"], answered["reply_to"]) == (
        "hi!",
        customer,
        message_id,
    )


def test_a_group_reaches_everybody_on_their_own_app_in_parts(world: World, agent: str) -> None:
    instagram_id, chat = str(uuid.uuid4().int)[:15], str(uuid.uuid4().int)[:9].replace("0", "1")
    customers = [
        world.create("CUSTOMER", ("whatsapp", a_phone()), name="Cem"),
        world.create("CUSTOMER", ("telegram", chat), name="Ana"),
        world.create("CUSTOMER", ("instagram", instagram_id), name="Dana"),
    ]
    conversation = world.converse(agent, *customers)
    before = len(world.provider.accepted)

    message_id = world.post(conversation, agent, "word " * 1_000)
    world.product.pump()

    sent = world.provider.accepted[before:]
    assert (
        "".join(request["text"]["body"] for request in sent if "messaging_product" in request)
        == "word " * 1_000
    )
    assert "".join(request["text"] for request in sent if "chat_id" in request) == "word " * 1_000
    assert (
        "".join(request["message"]["text"] for request in sent if "recipient" in request) == "word " * 1_000
    )
    progress = world.progress(message_id)
    assert progress["current_status"] == "SENT"
    assert {delivery["channel"]: delivery["parts"] for delivery in progress["deliveries"]} == {
        "whatsapp": 2,
        "telegram": 2,
        "instagram": 5,
    }

    quoted = next(delivery for delivery in progress["deliveries"] if delivery["channel"] == "telegram")[
        "provider_message_id"
    ]
    name, _, date = quoted.partition("@")
    chat_id, number = name.split(":")
    person = {"id": int(chat_id), "is_bot": False, "first_name": "Ben"}
    reply = telegram(
        **{"from": person},
        chat={"id": int(chat_id), "type": "private"},
        reply_to_message={"message_id": int(number), "date": int(date)},
    )
    world.say("telegram", reply)
    world.product.pump()

    passed_on = world.provider.accepted[before + len(sent) :]
    by_app = {"whatsapp" if "text" in request else "instagram": request for request in passed_on}
    assert by_app["whatsapp"]["text"]["body"] == "Ana: hello"
    assert by_app["instagram"]["message"]["text"] == "Ana: hello"
    assert len(passed_on) == 2


def test_a_reply_quotes_on_the_recipients_app(world: World, agent: str) -> None:
    customer = world.create("CUSTOMER", ("whatsapp", a_phone()))
    conversation = world.converse(agent, customer)
    first = world.post(conversation, agent, "first")
    world.product.pump()
    theirs = world.progress(first)["deliveries"][0]["provider_message_id"]

    world.post(conversation, agent, "second", reply_to=first)
    world.product.pump()

    assert world.provider.accepted[-1]["context"] == {"message_id": theirs}


def test_unquoted_words_go_to_the_1to1_conversation_that_had_its_turn_last(world: World, agent: str) -> None:
    phone = a_phone()
    customer, stranger = world.create("CUSTOMER", ("whatsapp", phone)), world.create("CUSTOMER")
    older, newer = world.converse(agent, customer), world.converse(agent, customer)
    message_id = world.post(older, agent, "Any news?")
    world.product.pump()
    for _ in range(2):
        world.converse(agent, customer, stranger)

    def says(text: str, **quote: object) -> None:
        world.say(
            "whatsapp",
            whatsapp(**{"from": phone, "id": f"wamid.{text}{phone}"}, text={"body": text}, **quote),
        )
        world.product.pump()

    says("after the agent's words")
    world.post(newer, agent, "Hello")
    world.product.pump()
    (delivery,) = world.progress(message_id)["deliveries"]
    says("quoting", context={"id": delivery["provider_message_id"]})
    says("after the quote")
    world.api.patch(f"/v1/conversations/{older}", {"state": "ARCHIVED"})
    says("after the end")
    world.api.patch(f"/v1/conversations/{older}", {"state": "ACTIVE"})
    says("after all")

    assert [message["content"]["text"] for message in reversed(world.history(older))] == [
        "Any news?",
        "after the agent's words",
        "quoting",
        "after the quote",
        "after all",
    ]
    assert [message["content"]["text"] for message in reversed(world.history(newer))] == [
        "Hello",
        "after the end",
    ]


def test_merged_people_are_reached_and_recognized_until_they_part(world: World, agent: str) -> None:
    phone, other_phone = a_phone(), a_phone()
    ana, ben = (
        world.create("CUSTOMER", ("whatsapp", phone)),
        world.create("CUSTOMER", ("whatsapp", other_phone)),
    )
    conversation, joined = world.converse(agent, ana), world.converse(agent, ben)
    also = world.converse(world.create("AGENT"), ben)
    before = world.post(joined, agent, "before")
    assert world.api.post(f"/v1/users/{ana}/merge", {"user_id": ben}).status == 200
    world.product.pump()
    assert world.progress(before)["current_status"] == "SENT"

    world.say("whatsapp", whatsapp(**{"from": other_phone, "id": f"wamid.{other_phone}"}))
    world.product.pump()
    assert [message["sender_id"] for message in world.history(conversation)] == [ana, agent]
    answer = world.post(conversation, agent, "an answer")
    world.product.pump()
    assert world.progress(answer)["deliveries"][0]["recipient_id"] == ana
    assert world.provider.accepted[-1]["to"].removeprefix("+") == other_phone
    world.api.patch(f"/v1/conversations/{also}", {"state": "ARCHIVED"})
    world.api.patch(f"/v1/conversations/{also}", {"state": "ACTIVE"})

    assert world.api.post(f"/v1/users/{ben}/unmerge", {}).status == 200
    assert world.api.get("/v1/conversations", user_id=ana).json["conversations"][0]["joined"] == []
    assert len(world.api.get("/v1/conversations", user_id=ben).json["conversations"]) == 2


def test_an_unknown_person_gets_a_conversation(world: World) -> None:
    sender = str(uuid.uuid4().int)[:15]
    webhook = instagram(text="is anybody there?")
    webhook["entry"][0]["messaging"][0]["sender"]["id"] = sender

    for _ in range(2):
        world.say("instagram", webhook)
        world.product.pump()

    user = world.api.get("/v1/identities/resolve", channel="instagram", address=sender).json
    (conversation,) = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    (message,) = world.history(conversation["conversation_id"])
    assert message["content"]["text"] == "is anybody there?"


def test_words_whose_webhook_came_late_stand_where_they_were_sent(world: World, agent: str) -> None:
    phone = a_phone()
    customer = world.create("CUSTOMER", ("whatsapp", phone))
    conversation = world.converse(agent, customer)
    world.post(conversation, agent, "Any news?")
    for number, (text, sent) in enumerate([("tomorrow", 1_769_860_800), ("the day before", 1_769_774_400)]):
        world.say(
            "whatsapp",
            whatsapp(
                **{"from": phone, "id": f"wamid.late{number}{phone}"},
                timestamp=str(sent),
                text={"body": text},
            ),
        )
        world.product.pump()

    path = f"/v1/conversations/{conversation}/messages"
    shown: list[tuple[str, str | None]] = []
    query: dict[str, str | int] = {"sort": "sent_at", "limit": 1}
    for _ in range(3):
        page = world.api.get(path, **query).json
        shown += [(message["content"]["text"], message["sent_at"]) for message in page["messages"]]
        query["cursor"] = page["next_cursor"]

    assert shown == [
        ("Any news?", None),
        ("tomorrow", "2026-01-31T12:00:00.000Z"),
        ("the day before", "2026-01-30T12:00:00.000Z"),
    ]
    by_acceptance = [message["content"]["text"] for message in world.history(conversation)]
    assert by_acceptance == ["the day before", "tomorrow", "Any news?"]


def test_the_history_of_a_number_comes_in_one_webhook(world: World) -> None:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history"""
    phone, said = a_phone(), 60
    webhook = whatsapp()
    change = webhook["entry"][0]["changes"][0]
    message = change["value"].pop("messages")[0]
    change["field"] = "history"
    messages = [
        {**message, "from": phone, "id": f"wamid.{number}{phone}", "text": {"body": str(number)}}
        for number in range(said)
    ]
    change["value"]["history"] = [{"metadata": {}, "threads": [{"id": phone, "messages": messages}]}]

    assert world.say("whatsapp", webhook).json == {"events": said}
    world.product.pump()

    user = world.api.get("/v1/identities/resolve", channel="whatsapp", address=phone).json
    (conversation,) = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    path = f"/v1/conversations/{conversation['conversation_id']}/messages"
    shown = world.api.get(path, limit=100).json["messages"]
    assert [message["content"]["text"] for message in shown] == [str(number) for number in range(said)][::-1]


def test_an_edit_and_something_unsupported_are_kept(world: World) -> None:
    first = telegram(text="helo")
    edited = {
        "update_id": 1,
        "edited_message": {**first["message"], "edit_date": 1_769_860_900, "text": "hello"},
    }
    sticker = telegram(sticker={"emoji": "👍"})
    del sticker["message"]["text"]

    for webhook in (first, edited, sticker):
        assert world.say("telegram", webhook).status == 200
        world.product.pump()

    user = world.api.get("/v1/identities/resolve", channel="telegram", address="99").json
    conversations = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    newest, older = world.history(conversations[0]["conversation_id"])
    assert (older["content"]["text"], [edit["content"]["text"] for edit in older["edits"]]) == (
        "hello",
        ["helo"],
    )
    content = newest["content"]
    assert (content["type"], content["provider_kind"], content["text"]) == ("unsupported", "sticker", "")
    assert newest["provider_fields"]["sticker"] == {"emoji": "👍"}


def test_the_files_of_an_album_are_one_message_whose_items_are_quoted_and_deleted(world: World) -> None:
    person = {"id": uuid.uuid4().int % 10**9 + 10**9, "is_bot": False, "first_name": "Ana"}
    chat = {"id": person["id"], "type": "private", "first_name": "Ana"}
    said: Any = {"from": person, "chat": chat, "business_connection_id": f"bc{person['id']}"}

    def item(number: int, **more: object) -> Any:  # noqa: ANN401 - JSON
        photo = {"file_id": f"f{number}", "file_unique_id": f"u{number}", "width": 9, "height": 9}
        update = telegram(**said, message_id=number, media_group_id="77", photo=[photo], **more)
        del update["message"]["text"]
        return {"update_id": update["update_id"], "business_message": update["message"]}

    first, second, third = item(11, caption="the gate"), item(12), item(13, caption="the key")
    edited = {**first["business_message"], "caption": "the door", "edit_date": 1_769_860_900}
    quote = telegram(**said, message_id=14, text="these", reply_to_message=second["business_message"])
    gone = {"chat": chat, "business_connection_id": said["business_connection_id"], "message_ids": [13]}
    webhooks: list[Any] = [
        *(third, first, second, first),
        {"update_id": 1, "edited_business_message": edited},
        {"update_id": 2, "business_message": quote["message"]},
        {"update_id": 3, "deleted_business_messages": gone},
    ]
    for webhook in webhooks:
        assert world.say("telegram", webhook).status == 200
        world.product.pump()

    user = world.api.get(
        "/v1/identities/resolve",
        channel="telegram",
        address=str(person["id"]),
        account=f"business:{said['business_connection_id']}",
    ).json
    (conversation,) = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    words, album = world.history(conversation["conversation_id"])
    assert (words["content"]["text"], words["reply_to"]) == ("these", album["message_id"])
    content = album["content"]
    assert (content["type"], content["text"]) == ("album", "the door")
    assert [part["text"] for part in content["files"]] == ["the door", ""]
    assert [edit["content"]["text"] for edit in album["edits"]] == ["the gate"]
    items = [(found["provider_message_id"], bool(found["deleted_at"])) for found in album["items"]]
    assert items == [(f"{chat['id']}:{number}", number == 13) for number in (13, 11, 12)]
    for part in content["files"]:
        assert world.api.get(f"/v1/files/{part['file']['file_id']}").status == 200


def test_an_event_of_a_channel_that_is_not_there_is_handed_back(world: World) -> None:
    words = InboundMessage("99", f"99:{uuid.uuid4().int}", Text("hello"), LONG_AGO)
    event = WebhookEvents("carrier", "main", "w", (words,))

    assert len(world.product.hand("inbound", event)) == 1
    assert len(world.product.hand("inbound", event, receives=100)) == 1


def test_a_group_keeps_its_conversation_when_it_moves_and_each_topic_has_its_own(world: World) -> None:
    number = str(uuid.uuid4().int)[:9]
    former, now = f"-4{number}", f"-1004{number}"
    group = {"type": "group", "title": "Team Lamp"}
    supergroup = {"id": int(now), "type": "supergroup", "title": "Team Lamp", "is_forum": True}
    moved = telegram(chat={**group, "id": int(former)}, migrate_to_chat_id=int(now))
    del moved["message"]["text"]
    webhooks = [
        telegram(chat={**group, "id": int(former)}, text="before"),
        moved,
        telegram(chat=supergroup, text="after"),
        telegram(chat=supergroup, text="of lamps", message_thread_id=42, is_topic_message=True),
    ]

    for webhook in webhooks:
        assert world.say("telegram", webhook).status == 200
        world.product.pump()

    user = world.api.get("/v1/identities/resolve", channel="telegram", address=now).json
    conversations = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    histories = [world.history(conversation["conversation_id"]) for conversation in conversations]
    texts = sorted([message["content"]["text"] for message in history] for history in histories)
    assert texts == [["after", "before"], ["of lamps"]]
    assert world.api.get("/v1/identities/resolve", channel="telegram", address=former).status == 404


def test_words_from_both_addresses_before_the_news_of_a_move_are_one_persons(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat4all.services.messaging.conversation_cache.KEEP_S", 0.0)
    number = str(uuid.uuid4().int)[:9]
    former, now = f"-6{number}", f"-1006{number}"
    group = {"id": int(former), "type": "group", "title": "Team Lamp"}
    supergroup = {"id": int(now), "type": "supergroup", "title": "Team Lamp"}
    moved = telegram(chat=group, migrate_to_chat_id=int(now))
    del moved["message"]["text"]
    for text, chat in (("after", supergroup), ("before", group)):
        assert world.say("telegram", telegram(chat=chat, text=text)).status == 200
        world.product.pump()

    assert world.say("telegram", moved).status == 200
    world.product.pump()
    for text, chat in (("late", group), ("new", supergroup)):
        assert world.say("telegram", telegram(chat=chat, text=text)).status == 200
        world.product.pump()

    user = world.api.get("/v1/identities/resolve", channel="telegram", address=now).json
    conversations = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    ids = [conversation["conversation_id"] for conversation in conversations]
    texts = {
        conversation_id: [told["content"]["text"] for told in world.history(conversation_id)]
        for conversation_id in ids
    }
    assert sorted(texts.values()) == [["after"], ["new", "late", "before"]]
    for conversation_id in ids:
        world.post(conversation_id, INBOX_USER_ID, f"answer to {texts[conversation_id][-1]}")
    world.product.pump()
    sent = [str(body["chat_id"]) for body in world.provider.accepted if "answer to" in str(body.get("text"))]
    assert sent == [now, now]
    assert world.api.get("/v1/identities/resolve", channel="telegram", address=former).status == 404


def test_a_group_that_a_send_finds_moved_is_sent_to_its_new_address_from_then_on(
    world: World, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat4all.services.messaging.conversation_cache.KEEP_S", 0.0)
    number = str(uuid.uuid4().int)[:9]
    former, now = f"-5{number}", f"-1005{number}"
    group = world.create("CUSTOMER", ("telegram", former))
    conversation = world.converse(agent, group)
    upgraded = {"ok": False, "error_code": 400, "parameters": {"migrate_to_chat_id": int(now)}}
    world.provider.refuse("first of two", 400, upgraded)

    for text in ("first of two", "second of two"):
        world.post(conversation, agent, text)
        world.product.pump()
    webhook = telegram(chat={"id": int(now), "type": "supergroup", "title": "Team Lamp"}, text="answer")
    assert world.say("telegram", webhook).status == 200
    world.product.pump()

    sent = [body for body in world.provider.accepted if str(body.get("chat_id")) in {former, now}]
    assert [(str(body["chat_id"]), body["text"]) for body in sent] == [
        (now, "first of two"),
        (now, "second of two"),
    ]
    user = world.api.get(f"/v1/users/{group}").json
    assert [identity["address"] for identity in user["identities"]] == [now]
    assert [message["content"]["text"] for message in world.history(conversation)] == [
        "answer",
        "second of two",
        "first of two",
    ]


def test_our_side_edits_deletes_reads_and_types(world: World, agent: str) -> None:
    address = str(uuid.uuid4().int)[:9].replace("0", "1")
    customer = world.create("CUSTOMER", ("telegram", address))
    conversation = world.converse(agent, customer)
    message_id = world.post(conversation, agent, "hello")
    edited = world.api.patch(f"/v1/messages/{message_id}", {"sender_id": agent, "content": "hello, all"})
    world.product.pump()
    assert world.api.get(f"/v1/messages/{message_id}").json["content"]["text"] == "hello, all"
    query = {"sender_id": agent}
    deleted = world.api.request("DELETE", f"/v1/messages/{message_id}", query=query)
    typing = world.api.post(f"/v1/conversations/{conversation}/typing", {"state": "on"})
    world.product.pump()

    assert [edited.status, deleted.status, typing.status] == [202, 202, 202]
    message = world.api.get(f"/v1/messages/{message_id}").json
    assert (message["content"]["type"], message["edits"]) == ("deleted", [])
    (delivery,) = world.progress(message_id)["deliveries"]
    assert [delivery[act]["status"] for act in ("edit", "deletion")] == ["APPLIED", "APPLIED"]
    asked = [body for body in world.provider.accepted if address in str(body.get("chat_id"))]
    assert any(body.get("action") == "typing" for body in asked)
    messages = [body for body in asked if "action" not in body]
    assert [body.get("text") or body["message_ids"] for body in messages] == [
        "hello",
        "hello, all",
        [messages[1]["message_id"]],
    ]


def test_a_persons_message_is_marked_as_read(world: World, agent: str) -> None:
    phone = a_phone()
    customer = world.create("CUSTOMER", ("whatsapp", phone))
    conversation = world.converse(agent, customer)
    world.say("whatsapp", whatsapp(**{"from": phone}, text={"body": "hi!"}))
    world.product.pump()
    (theirs,) = world.history(conversation)

    answers = [world.api.post(f"/v1/conversations/{conversation}/read", {}) for _ in range(2)]
    world.product.pump()

    assert [answer.json["read_before"] for answer in answers] == [False, True]
    assert [answer.json["message_id"] for answer in answers] == [theirs["message_id"]] * 2
    assert world.provider.accepted[-1]["status"] == "read"


def test_a_template_is_approved_sent_paused_and_deleted(world: World, agent: str) -> None:
    new = {"name": "lamp_ready", "language": "en", "category": "UTILITY", "body": "The lamp is ready."}
    content = {"type": "template", "name": "lamp_ready", "language": "en"}
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    body = {"conversation_id": conversation, "sender_id": agent, "content": content}
    assert world.api.post("/v1/channels/whatsapp/templates", new).status == 201
    world.api.post("/v1/messages", body).refused(422, "TEMPLATE_NOT_USABLE")

    assert world.say("whatsapp", news_of_template("lamp_ready", "APPROVED")).status == 200
    world.product.pump()
    arriving = world.post(conversation, agent, content)
    world.product.pump()
    assert world.progress(arriving)["current_status"] == "SENT"
    assert world.provider.accepted[-1]["template"]["name"] == "lamp_ready"

    world.provider.refuse("lamp_ready", 400, {"error": {"code": 132015, "message": "Paused"}})
    failing = world.post(conversation, agent, content)
    world.product.pump()
    assert world.progress(failing)["deliveries"][0]["error"]["code"] == "132015"
    world.provider.templates[0]["status"] = "PAUSED"
    paused = world.api.post("/v1/messages", body)
    paused.refused(422, "TEMPLATE_NOT_USABLE")
    assert "PAUSED" in paused.json["details"][0]["issue"]

    assert world.say("whatsapp", news_of_template("lamp_ready", "DELETED")).status == 200
    world.product.pump()
    assert world.api.delete("/v1/channels/whatsapp/templates/lamp_ready").status == 200


def test_an_identity_is_verified_by_a_code(world: World) -> None:
    phone = a_phone()
    customer = world.create("CUSTOMER", ("whatsapp", phone))
    wanted = {"user_id": customer, "channel": "whatsapp", "address": phone, "text": "{code}"}
    sent = world.api.post("/v1/identities/verify", wanted)
    assert sent.status == 202, sent.text
    request = world.provider.accepted[-1]
    code = {"verification_id": sent.json["verification_id"], "code": request["text"]["body"]}

    confirmed = world.api.post("/v1/identities/verify/confirm", code)

    assert confirmed.status == 200, confirmed.text
    (identity,) = world.api.get(f"/v1/users/{customer}").json["identities"]
    assert identity == confirmed.json["identity"]
    assert identity["verified_at"] is not None
    status = whatsapp_status("delivered", "theirs", request["biz_opaque_callback_data"])
    assert world.say("whatsapp", status).status == 200
    world.product.pump()
    world.api.post("/v1/identities/verify", wanted).refused(429, "THROTTLED")


def test_a_code_keeps_to_the_rate_that_the_messages_of_the_account_use_up(world: World, aws: Aws) -> None:
    phone = f"+{a_phone()}"
    wanted = {"user_id": world.create("CUSTOMER", ("sms", phone)), "channel": "sms", "address": phone}
    table, key = aws.output("Data.LimitsTable"), {"bucket": {"S": "default#sms#main"}}
    full_at = {"full_at": {"N": str(time.time() + 3600)}, "written_at": {"N": str(time.time())}}
    aws.dynamodb.put_item(TableName=table, Item={**key, **full_at})

    refused = world.api.post("/v1/identities/verify", wanted)

    aws.dynamodb.delete_item(TableName=table, Key=key)
    refused.refused(429, "THROTTLED")
    assert int(refused.headers["retry-after"]) > 0


def news_of_template(name: str, event: str) -> dict[str, Any]:
    value = {"message_template_name": name, "message_template_language": "en", "event": event}
    change = {"field": "message_template_status_update", "value": value}
    entry = {"id": "102290129340398", "time": int(time.time()), "changes": [change]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ((400, {"error": {"code": 131026, "message": "Undeliverable"}}), "FAILED", "131026"),
        ((429, {"error": {"code": 130429, "message": "Slower"}}), "PENDING", None),
        ((500, {"error": {"code": 131000, "message": "Outage"}}), "PENDING", None),
    ],
)
def test_a_refusal_fails_the_message_or_makes_it_wait(
    world: World, agent: str, refusal: tuple[int, object], status: str, code: str | None
) -> None:
    customer = world.create("CUSTOMER", ("whatsapp", a_phone()))
    conversation = world.converse(agent, customer)
    world.provider.refuse("hello refused", *refusal)

    message_id = world.post(conversation, agent, "hello refused")
    world.product.pump()

    progress = world.progress(message_id)
    assert progress["current_status"] == status
    (delivery,) = progress["deliveries"]
    assert (delivery["error"]["code"] if delivery["error"] else None) == code


@pytest.mark.parametrize("name", ["inbound", "router", *CHANNELS, "status", "batches", "privacy"])
def test_what_cannot_be_decoded_is_handed_back(world: World, name: str) -> None:
    assert world.product.hand(name, "no JSON") == ["no JSON"]


def test_a_receipt_whose_delivery_is_unknown_is_left_to_the_queue(world: World) -> None:
    theirs = f"{uuid.uuid4()}"

    answer = world.say("whatsapp", whatsapp_status("read", theirs))

    assert answer.status == 200
    queued = world.product.aws.drained(world.product.aws.queue("StatusUpdatesQueue"))
    assert [theirs in body for body in queued] == [True]


@pytest.mark.parametrize("reported_by", ["webhooks", "status"])
def test_a_text_in_parts_fails_for_the_part_that_failed(world: World, agent: str, reported_by: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    message_id = world.post(conversation, agent, "word " * 1_000)
    world.product.pump()
    first, _ = world.deliveries.of_message(message_id)

    if reported_by == "webhooks":
        world.say("whatsapp", whatsapp_status("failed", first.provider_message_id or ""))
    else:
        failed = StatusUpdate(
            "whatsapp", "main", Status.FAILED, LONG_AGO, first.provider_message_id, error_code="131026"
        )
        assert world.product.hand("status", failed) == []

    assert world.message(message_id).status is Status.FAILED


def test_a_receipt_of_something_unknown_waits_is_parked_and_settled_by_relay(
    world: World, agent: str
) -> None:
    theirs = f"{uuid.uuid4()}"
    early = StatusUpdate("whatsapp", "main", Status.READ, LONG_AGO, theirs)

    assert len(world.product.hand("status", early)) == 1
    assert world.product.hand("status", early, receives=UNKNOWN_TRIES) == []
    (parked,) = [
        parked_status
        for parked_status in world.deliveries.parked("9999", 100)
        if parked_status.update == early
    ]
    world.deliveries.park(msgspec.structs.replace(parked, due_at=LONG_AGO))
    world.product.invoke("relay", {})
    (waiting,) = [
        parked_status
        for parked_status in world.deliveries.parked("9999", 100)
        if parked_status.update == early
    ]
    assert waiting.due_at > LONG_AGO

    world.deliveries.park(ParkedStatus(early, LONG_AGO, LONG_AGO))
    world.product.invoke("relay", {})
    assert early not in [parked_status.update for parked_status in world.deliveries.parked("9999", 100)]


def test_a_parked_receipt_is_recorded_once_its_send_is(world: World, agent: str) -> None:
    conversation = world.converse(
        agent, world.create("CUSTOMER", ("telegram", str(uuid.uuid4().int)[:9].replace("0", "1")))
    )
    message_id = world.post(conversation, agent, "hello")
    world.product.pump()
    theirs = world.progress(message_id)["deliveries"][0]["provider_message_id"]
    late = StatusUpdate("telegram", "main", Status.READ, LONG_AGO, theirs)

    world.deliveries.park(ParkedStatus(late, LONG_AGO, "2099-01-01T00:00:00.000Z"))
    world.product.invoke("relay", {})

    assert world.progress(message_id)["current_status"] == "READ"
    assert late not in [parked_status.update for parked_status in world.deliveries.parked("9999", 100)]


def test_words_from_the_app_wait_until_our_own_send_is_recorded(world: World, agent: str) -> None:
    person = str(uuid.uuid4().int)[:15]
    conversation = world.converse(agent, world.create("CUSTOMER", ("instagram", person)))
    echo = instagram(mid=f"mid.{person}", text="typed in the app", is_echo=True)
    event = echo["entry"][0]["messaging"][0]
    event["sender"], event["recipient"] = event["recipient"], {"id": person}
    event["timestamp"] = int(time.time() * 1_000)
    parked = DynamoEchoes(world.product.aws.output("Data.MessagesTable"))

    world.post(conversation, agent, "our own send")
    world.say("instagram", echo)
    while world.product.serve("inbound"):
        pass
    world.product.pump()
    assert [message["content"]["text"] for message in world.history(conversation)] == ["our own send"]

    (waiting,) = [found for found in parked.due("9999", 100) if found.event.address == person]
    parked.park(waiting, LONG_AGO, 2_000_000_000)
    world.product.invoke("relay", {})
    world.product.pump()

    typed, _ = world.history(conversation)
    assert (typed["content"]["text"], typed["author"]["kind"]) == ("typed in the app", "OWN")
    assert [found for found in parked.due("9999", 100) if found.event.address == person] == []


REPORTERS = ["webhooks", "status", "relay"]


def record(world: World, reported_by: str, webhook: dict[str, Any], update: StatusUpdate) -> None:
    """Let a function learn of a status: by its webhook, from the queue, or as a status that was parked."""
    match reported_by:
        case "webhooks":
            assert world.say(update.channel, webhook).status == 200
        case "status":
            assert world.product.hand("status", update) == []
        case _:
            world.deliveries.park(ParkedStatus(update, LONG_AGO, "2099-01-01T00:00:00.000Z"))
            world.product.invoke("relay", {})


@pytest.mark.parametrize("reported_by", REPORTERS)
def test_what_a_person_has_seen_covers_what_came_before(world: World, agent: str, reported_by: str) -> None:
    address = an_address("instagram")
    conversation = world.converse(agent, world.create("CUSTOMER", ("instagram", address)))
    first, second = (world.post(conversation, agent, text) for text in ("one", "two"))
    world.product.pump()
    theirs = world.progress(second)["deliveries"][0]["provider_message_id"]
    seen = instagram()
    (event,) = seen["entry"][0]["messaging"]
    del event["message"]
    event |= {"sender": {"id": address}, "read": {"mid": theirs}}

    update = StatusUpdate("instagram", "main", Status.READ, LONG_AGO, theirs, covers_earlier=True)
    record(world, reported_by, seen, update)

    assert [world.progress(message)["current_status"] for message in (first, second)] == ["READ", "READ"]


def test_words_to_our_second_account_are_answered_from_it(world: World) -> None:
    second, address = "17841400000000077", an_address("instagram")
    written = instagram(text="to your second shop")
    (entry,) = written["entry"]
    (event,) = entry["messaging"]
    entry["id"] = second
    event |= {"sender": {"id": address}, "recipient": {"id": second}, "timestamp": int(time.time() * 1000)}
    assert world.say("instagram", written).status == 200
    world.product.pump()
    heard = world.messages.find("instagram", second, event["message"]["mid"])
    assert heard is not None

    answer = world.post(heard.conversation_id, INBOX_USER_ID, "hello from there")
    world.product.pump()
    (delivery,) = world.deliveries.of_message(answer)
    del event["message"]
    event["read"] = {"mid": delivery.provider_message_id}
    assert world.say("instagram", written).status == 200

    assert (delivery.account, delivery.address) == (second, address)
    assert world.progress(answer)["current_status"] == "READ"


@pytest.fixture
def closed_afterwards(world: World) -> Iterator[DynamoBreakers]:
    """Give the breakers, and close WhatsApp's for the tests that follow."""
    breakers = DynamoBreakers(environment(functions(world.product.template)["status"])["LIMITS_TABLE"])
    yield breakers
    known = breakers.get("whatsapp", "main")
    assert breakers.save("whatsapp", "main", Breaker(), known.version)


@pytest.mark.parametrize("reported_by", ["status", "relay"])
def test_an_account_that_a_status_calls_locked_is_paused_and_the_message_waits(
    world: World, agent: str, reported_by: str, closed_afterwards: DynamoBreakers
) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    message = world.post(conversation, agent, "hello")
    world.product.pump()
    theirs = world.progress(message)["deliveries"][0]["provider_message_id"]
    locked = StatusUpdate(
        "whatsapp",
        "main",
        Status.FAILED,
        iso(datetime.now(UTC)),
        theirs,
        error_code="131031",
        error_reason="locked",
        outcome=Outcome.CHANNEL_PAUSED,
    )

    record(world, reported_by, {}, locked)

    assert world.progress(message)["current_status"] == "PENDING"
    breaker = closed_afterwards.get("whatsapp", "main").breaker
    assert (breaker.circuit, breaker.code) == (Circuit.OPEN, "131031")


def test_a_failure_that_passes_is_left_to_the_queue(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    message = world.post(conversation, agent, "hello")
    world.product.pump()
    failed = whatsapp_status("failed", world.progress(message)["deliveries"][0]["provider_message_id"])
    value = failed["entry"][0]["changes"][0]["value"]
    value["statuses"][0]["errors"] = [{"code": 131056, "title": "Too many messages to one person"}]

    assert world.say("whatsapp", failed).status == 200
    assert world.progress(message)["current_status"] == "SENT"
    world.product.pump()

    assert world.progress(message)["current_status"] == "PENDING"
    states = [change["status"] for change in world.progress(message)["status_history"]]
    assert states == ["PENDING", "SENT", "FAILED", "PENDING"]


def stored_long_ago(world: World, agent: str, conversation: str) -> str:
    """Store and route a message as long ago, whose deliveries are in no queue."""
    like = world.message(world.post(conversation, agent, "hello"))
    world.product.pump()
    message_id = str(uuid.uuid4())
    status = StatusChange(Status.PENDING, LONG_AGO)
    message = msgspec.structs.replace(
        like,
        message_id=message_id,
        status=Status.PENDING,
        status_history=(status,),
        sequence="9" * 20,
        accepted_at=LONG_AGO,
        routed=False,
        content=Text("lost?"),
    )
    world.messages.add(message)
    world.messages.begin(message_id, LONG_AGO)
    return message_id


def test_relay_requests_the_deliveries_of_what_stays_pending(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    message_id = stored_long_ago(world, agent, conversation)

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"
    # Messages that an earlier test left waiting may be sent at any time.
    assert sum("lost?" in str(request) for request in world.provider.accepted) == 1


def test_relay_ends_what_cannot_be_delivered_any_more(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    message_id = stored_long_ago(world, agent, conversation)
    world.api.patch(f"/v1/conversations/{conversation}", {"state": "ARCHIVED"})

    world.product.invoke("relay", {})

    message = world.api.get(f"/v1/messages/{message_id}").json
    assert (message["status"], message["error"]["code"]) == ("FAILED", "CONVERSATION_ARCHIVED")


def scheduled_long_ago(world: World, agent: str, conversation: str, template: Template | None = None) -> str:
    """Schedule a message, by default a text, and let its time have passed."""
    send_at = iso(datetime.now(UTC) + timedelta(days=1))
    message = world.message(world.post(conversation, agent, "later", send_at=send_at))
    overdue = msgspec.structs.replace(
        message, message_id=str(uuid.uuid4()), send_at=LONG_AGO, content=template or message.content
    )
    assert world.messages.schedule(overdue) is None
    assert world.api.post(f"/v1/messages/{message.message_id}/cancel", {}).status == 200
    return overdue.message_id


def test_relay_accepts_a_scheduled_message_at_its_time(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("sms", an_address("sms"))))
    message_id = scheduled_long_ago(world, agent, conversation)
    scheduled = world.api.get("/v1/messages", status="SCHEDULED", limit="100").json["messages"]
    assert message_id in [message["message_id"] for message in scheduled]

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"
    assert sum("later" in str(request) for request in world.provider.accepted) == 1
    assert [message["message_id"] for message in world.history(conversation)] == [message_id]


def test_relay_looks_at_the_template_of_a_scheduled_message_again(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    ready, gone = (Template(name, "en", text="The lamp is ready.") for name in ("lamp_now", "lamp_gone"))
    arriving = scheduled_long_ago(world, agent, conversation, ready)
    failing = scheduled_long_ago(world, agent, conversation, gone)
    body = {"type": "BODY", "text": "The lamp is here."}
    listed = {"id": "77", "name": "lamp_now", "language": "en", "category": "UTILITY", "status": "APPROVED"}
    world.provider.templates.append({**listed, "components": [body]})

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.progress(arriving)["current_status"] == "SENT"
    assert world.api.get(f"/v1/messages/{arriving}").json["content"]["text"] == "The lamp is here."
    message = world.api.get(f"/v1/messages/{failing}").json
    assert (message["status"], message["error"]["code"]) == ("FAILED", "TEMPLATE_NOT_USABLE")
    world.provider.templates.clear()


def in_an_open_window(world: World) -> str:
    """Create a customer whose window is known to be open by their latest message alone."""
    phone = a_phone()
    customer = world.create("CUSTOMER")
    identity = {"channel": "whatsapp", "address": phone, "wrote_at": hours_ago(24.2)}
    assert world.api.post(f"/v1/users/{customer}/identities", identity).status == 201
    wrote_at = str(int(time.time() - 23.5 * 3600))
    world.say("whatsapp", whatsapp(**{"from": phone}, timestamp=wrote_at, text={"body": "hi"}))
    world.product.pump()
    return customer


def test_relay_looks_up_a_window_for_a_scheduled_message(world: World, agent: str) -> None:
    conversation = world.converse(agent, in_an_open_window(world))
    message_id = scheduled_long_ago(world, agent, conversation)

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"


def test_a_batch_looks_up_a_window(world: World, agent: str) -> None:
    recipients = [{"user_id": in_an_open_window(world)}]
    batch_id = str(uuid.uuid4())
    body = {"batch_id": batch_id, "sender_id": agent, "content": "in time", "recipients": recipients}
    assert world.api.post("/v1/batches", body).status == 202
    world.product.pump()

    batch = world.api.get(f"/v1/batches/{batch_id}").json
    assert (batch["accepted"], batch["refused"]) == (1, 0)


def test_relay_fails_a_scheduled_message_that_is_refused_at_its_time(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("sms", an_address("sms"))))
    message_id = scheduled_long_ago(world, agent, conversation)
    world.api.patch(f"/v1/conversations/{conversation}", {"state": "ARCHIVED"})

    world.product.invoke("relay", {})

    message = world.api.get(f"/v1/messages/{message_id}").json
    assert (message["status"], message["error"]["code"]) == ("FAILED", "CONVERSATION_ARCHIVED")
    assert world.api.post(f"/v1/messages/{message_id}/retry", {}).status == 409


def test_relay_wakes_snoozed_conversations_and_archives_idle_ones(world: World, aws: Aws, agent: str) -> None:
    talk = world.converse(agent, world.create("CUSTOMER", ("sms", an_address("sms"))))
    table = aws.output("Data.ConversationsTable")
    conversations, desks = DynamoConversations(table), DynamoDesks(table)
    known = conversations.get(talk)
    assert known is not None
    assert desks.save(known, Desk(status=DeskStatus.SNOOZED, snoozed_until=LONG_AGO, active_at=LONG_AGO))
    # A run looks at one shard, so that there is an idle conversation in each.
    by_shard: dict[int, str] = {}
    while len(by_shard) < ACTIVITY_SHARDS:
        name = str(uuid.uuid4())
        by_shard[shard(name, ACTIVITY_SHARDS)] = name
    for name in by_shard.values():
        idle = msgspec.structs.replace(known, conversation_id=name, desk=Desk(active_at=LONG_AGO))
        conversations.create(idle, (str(uuid.uuid4()),))

    world.product.invoke("relay", {})

    after = conversations.get_many(list(by_shard.values()))
    archived = [conversation for conversation in after if conversation.state is ConversationState.ARCHIVED]
    assert archived
    assert all(conversation.desk.is_idle for conversation in archived)
    awake = world.api.get(f"/v1/conversations/{talk}").json
    assert (awake["state"], awake["status"], awake["snoozed_until"]) == ("ACTIVE", "OPEN", None)


def test_a_batch_reaches_its_recipients_on_their_channels(world: World, agent: str) -> None:
    customers = [
        world.create("CUSTOMER", (channel, an_address(channel)))
        for channel in ("telegram", "sms", "telegram")
    ]
    conversation, known = (world.converse(agent, customer) for customer in (customers[0], customers[2]))
    recipients = [
        {"conversation_id": conversation, "variables": {"name": "Ana"}},
        {"user_id": customers[1], "variables": {"name": "Ben"}},
        {"user_id": customers[2], "variables": {"name": "Cem"}},
        {"user_id": "nobody", "variables": {"name": "Nobody"}},
    ]
    batch_id = str(uuid.uuid4())
    body = {
        "batch_id": batch_id,
        "sender_id": agent,
        "content": "Hello {{name}} of the batch",
        "recipients": recipients,
    }

    assert [world.api.post("/v1/batches", body).status for _ in range(2)] == [202, 202]
    world.product.pump()

    batch = world.api.get(f"/v1/batches/{batch_id}").json
    assert (batch["state"], batch["accepted"], batch["refused"], batch["pending"]) == ("DONE", 3, 1, 0)
    listed = world.api.get(f"/v1/batches/{batch_id}/recipients").json["recipients"]
    assert [(shown["status"], shown["code"]) for shown in listed] == [
        *[("SENT", None)] * 3,
        (None, "USER_NOT_FOUND"),
    ]
    sent = [str(request) for request in world.provider.accepted if "of the batch" in str(request)]
    assert len(sent) == 3
    assert all(sum(name in text for text in sent) == 1 for name in ("Ana", "Ben", "Cem"))
    (begun,) = world.api.get("/v1/conversations", user_id=customers[1]).json["conversations"]
    found = [shown["conversation_id"] for shown in listed]
    assert found == [conversation, begun["conversation_id"], known, None]
    assert world.product.hand("batches", BatchWork(batch_id, 0, 2), receives=2) == []


def test_relay_begins_a_batch_anew_and_a_long_line_hands_it_back(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("sms", an_address("sms"))))
    batch_id = str(uuid.uuid4())
    recipients = [{"conversation_id": conversation}]
    body = {"batch_id": batch_id, "sender_id": agent, "content": "hi all", "recipients": recipients}
    world.api.post("/v1/batches", body)
    world.product.aws.drained(world.product.aws.queue("BatchesQueue"))
    batches = DynamoBatches(world.product.aws.output("Data.MessagesTable"))
    batches.postpone(batch_id, LONG_AGO)
    DynamoPace(world.product.aws.output("Data.LimitsTable")).take("sms", "main", 1, 3_600, time.time())
    with world.recorder.running("batches"):
        assert (
            DynamoPace(world.product.aws.output("Data.LimitsTable"))
            .take("sms", "main", 1, 1, time.time())
            .wait_s
        )

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.api.get(f"/v1/batches/{batch_id}").json["pending"] == 1
    assert [
        world.api.post(f"/v1/batches/{batch_id}/{act}", {}).status for act in ("pause", "resume", "cancel")
    ] == [200] * 3
    world.product.pump()


def test_a_batch_goes_on_in_another_record_when_its_time_is_over(world: World, agent: str) -> None:
    customers = [world.create("CUSTOMER", ("telegram", an_address("telegram"))) for _ in range(2)]
    batches = DynamoBatches(world.product.aws.output("Data.MessagesTable"))
    recipients = [BatchRecipient(user_id=customer) for customer in customers]
    batch = Batch(str(uuid.uuid4()), agent, Text("in two records"), 2, "f", iso(datetime.now(UTC)))
    batches.add(batch)
    batches.add_chunks(batch.batch_id, chunks_of(recipients))
    batches.make_ready(batch, iso(datetime.now(UTC)))
    queue = SqsBatchQueue(world.product.aws.sqs, world.product.aws.queue("BatchesQueue"))
    with world.recorder.running("batches"):
        queue.send(BatchWork(batch.batch_id, 0, 0))

    world.product.pump()

    assert sum("in two records" in str(request) for request in world.provider.accepted) == 2


def test_a_batch_asks_the_provider_for_a_template_that_is_not_known(world: World, agent: str) -> None:
    known = DynamoTemplates(world.product.aws.output("Data.DirectoryTable"))
    names = ("lamp_for_all", "lamp_for_nobody")
    for name in names:
        new = {"name": name, "language": "en", "category": "MARKETING", "body": "The lamp of {{1}} is ready."}
        created = world.api.post("/v1/channels/whatsapp/templates", {**new, "samples": {"1": "Ana"}})
        assert created.status == 201
    for template in world.provider.templates:
        template["status"] = "APPROVED"
    ids = []
    for name in names:
        content = {"type": "template", "name": name, "language": "en", "parameters": {"1": "{{whose}}"}}
        customer = world.create("CUSTOMER", ("whatsapp", a_phone()))
        recipients = [{"user_id": customer, "variables": {"whose": f"{name} of Ana"}}]
        ids.append(str(uuid.uuid4()))
        body = {"batch_id": ids[-1], "sender_id": agent, "content": content, "recipients": recipients}
        assert world.api.post("/v1/batches", body).status == 202
        known.remove("whatsapp", secret_of("whatsapp").business_account_id, name, "en")
    world.provider.templates = world.provider.templates[:1]

    world.product.pump()

    sent, refused = (
        world.api.get(f"/v1/batches/{batch_id}/recipients").json["recipients"] for batch_id in ids
    )
    assert [(shown["outcome"], shown["code"]) for shown in (*sent, *refused)] == [
        ("accepted", None),
        ("refused", "TEMPLATE_NOT_USABLE"),
    ]
    assert world.api.get(f"/v1/messages/{sent[0]['message_id']}").json["purpose"] == "marketing"
    assert "lamp_for_all of Ana" in str(world.provider.accepted[-1]["template"])
    assert refused[0]["conversation_id"] is None
    world.provider.templates.clear()


def test_what_failed_is_redriven_and_arrives_once(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    world.provider.refuse("once more, please", 400, {"error": {"code": 131026, "message": "Undeliverable"}})
    message_id = world.post(conversation, agent, "once more, please")
    world.product.pump()
    letters = world.api.get("/v1/dead-letters", channel="whatsapp", limit="100").json["dead_letters"]
    (letter,) = [dead_letter for dead_letter in letters if dead_letter["message_id"] == message_id]
    assert (letter["kind"], letter["error"]["code"]) == ("DELIVERY", "131026")

    redriven = world.api.post("/v1/dead-letters/redrive", {"dead_letter_id": letter["dead_letter_id"]})
    assert (redriven.status, redriven.json["redriven"], redriven.json["refused"]) == (202, 1, [])
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"
    assert sum("once more, please" in str(request) for request in world.provider.accepted) == 1
    again = world.api.post(f"/v1/messages/{message_id}/retry", {})
    assert (again.status, again.json["error"]) == (409, "NOT_FAILED")
    (retry,) = audited(world, "message.retry", f"message:{message_id}")
    (redrive,) = audited(world, "dead-letters.redrive", f"dead-letter:{letter['dead_letter_id']}")
    assert retry["actor"] == redrive["actor"] != ""


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_falls_back_to_the_next_channel(world: World, agent: str, channel: str) -> None:
    following = CHANNELS[(CHANNELS.index(channel) + 1) % len(CHANNELS)]
    identities = [(known, an_address(known)) for known in (channel, following)]
    conversation = world.converse(agent, world.create("CUSTOMER", *identities))
    text = f"by any way but {channel}"
    world.provider.refuse(text, 400, {})

    message_id = world.post(conversation, agent, text, channels=[channel, following])
    world.product.pump()

    progress = world.progress(message_id)
    assert progress["current_status"] == "SENT"
    assert {delivery["channel"]: delivery["status"] for delivery in progress["deliveries"]} == {
        channel: "FAILED",
        following: "SENT",
    }
    assert sum(text in str(request) for request in world.provider.accepted) == 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_offer_goes_out_unless_the_person_opts_out_while_it_waits(
    world: World, agent: str, channel: str
) -> None:
    customer = world.create("CUSTOMER", (channel, an_address(channel)))
    conversation = world.converse(agent, customer)
    arrives = world.post(conversation, agent, f"an offer by {channel}", purpose="marketing")
    world.product.pump()
    stopped = world.post(conversation, agent, f"a last offer by {channel}", purpose="marketing")
    consent = {"channel": channel, "purpose": "marketing", "state": "OPTED_OUT"}
    assert world.api.put(f"/v1/users/{customer}/consents", consent).status == 200
    world.product.pump()

    assert world.progress(arrives)["current_status"] == "SENT"
    (delivery,) = world.progress(stopped)["deliveries"]
    assert (delivery["status"], delivery["error"]["code"]) == ("FAILED", "OPTED_OUT")
    assert sum(f"last offer by {channel}" in str(request) for request in world.provider.accepted) == 0


@pytest.mark.parametrize(
    ("channel", "refusal", "purposes"),
    [
        ("whatsapp", (400, {"error": {"code": 131050, "message": "Stopped"}}), {"marketing"}),
        ("telegram", (403, {"ok": False, "error_code": 403, "description": "Forbidden"}), {"marketing"}),
        ("sms", (400, {"code": 21610, "message": "Unsubscribed"}), {"service", "marketing"}),
    ],
)
def test_a_refusal_that_tells_an_opt_out_is_recorded_and_audited(
    world: World, agent: str, channel: str, refusal: tuple[int, object], purposes: set[str]
) -> None:
    customer = world.create("CUSTOMER", (channel, an_address(channel)))
    conversation = world.converse(agent, customer)
    world.provider.refuse(f"not wanted on {channel}", *refusal)

    world.post(conversation, agent, f"not wanted on {channel}")
    world.product.pump()

    consents = world.api.get(f"/v1/users/{customer}/consents").json["consents"]
    assert {consent["purpose"] for consent in consents} == purposes
    assert {(consent["state"], consent["source"]) for consent in consents} == {("OPTED_OUT", "provider")}
    assert len(audited(world, "consent.changed", f"user:{customer}")) == len(purposes)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_goes_on_with_another_content_on_the_same_channel(
    world: World, agent: str, channel: str
) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", (channel, an_address(channel))))
    text = f"refused on {channel} at first"
    world.provider.refuse(text, 400, {})

    message_id = world.post(conversation, agent, text, fallback=[{"content": f"other words by {channel}"}])
    world.product.pump()

    progress = world.progress(message_id)
    assert progress["current_status"] == "SENT"
    assert [(delivery["step"], delivery["status"]) for delivery in progress["deliveries"]] == [
        (0, "FAILED"),
        (1, "SENT"),
    ]
    assert [(step["channel"], step["kind"], step["decision"]) for step in progress["plan"]] == [
        (channel, "text", "tried")
    ] * 2
    assert sum(f"other words by {channel}" in str(request) for request in world.provider.accepted) == 1


def test_a_step_that_is_not_possible_in_its_turn_ends_the_message_with_the_reason(
    world: World, agent: str
) -> None:
    number = an_address("sms")
    customer = world.create("CUSTOMER", ("whatsapp", a_phone()), ("sms", number))
    conversation = world.converse(agent, customer)
    world.provider.refuse("nowhere to go", 400, {})
    message_id = world.post(conversation, agent, "nowhere to go", channels=["whatsapp", "sms"])
    world.api.delete(f"/v1/users/{customer}/identities/sms/{number}")

    world.product.pump()

    progress = world.progress(message_id)
    assert progress["current_status"] == "FAILED"
    errors = {delivery["channel"]: delivery["error"]["code"] for delivery in progress["deliveries"]}
    assert errors["sms"] == "NO_IDENTITY"
    assert [(step["decision"], step["code"]) for step in progress["plan"]] == [
        ("tried", None),
        ("skipped", "NO_IDENTITY"),
    ]


def test_a_next_channel_is_taken_in_the_hour_that_the_recorded_time_leaves_open(
    world: World, agent: str
) -> None:
    phone, text = a_phone(), "by any way but telegram, a day later"
    customer = world.create("CUSTOMER", ("telegram", an_address("telegram")))
    conversation = world.converse(agent, customer)
    identity = {"channel": "whatsapp", "address": phone, "wrote_at": hours_ago(24.2)}
    assert world.api.post(f"/v1/users/{customer}/identities", identity).status == 201
    wrote_at = str(int(time.time() - 23.5 * 3600))
    world.say("whatsapp", whatsapp(**{"from": phone}, timestamp=wrote_at, text={"body": "hi"}))
    world.product.pump()
    world.provider.refuse(text, 400, {})

    message_id = world.post(conversation, agent, text, channels=["telegram", "whatsapp"])
    world.product.pump()

    deliveries = {delivery["channel"]: delivery for delivery in world.progress(message_id)["deliveries"]}
    assert {channel: found["status"] for channel, found in deliveries.items()} == {
        "telegram": "FAILED",
        "whatsapp": "SENT",
    }
    _, of_customer = world.api.get(f"/v1/conversations/{conversation}/window").json["participants"]
    assert [window["is_open"] for window in of_customer["windows"]] == [True, True]


def test_a_next_channel_whose_window_is_closed_fails(world: World, agent: str) -> None:
    text = "by any way but telegram, too late"
    customer = world.create("CUSTOMER", ("telegram", an_address("telegram")))
    conversation = world.converse(agent, customer)
    identity = {"channel": "whatsapp", "address": a_phone(), "wrote_at": hours_ago(30)}
    assert world.api.post(f"/v1/users/{customer}/identities", identity).status == 201
    world.provider.refuse(text, 400, {})

    message_id = world.post(conversation, agent, text, channels=["telegram", "whatsapp"])
    world.product.pump()

    progress = world.progress(message_id)
    deliveries = {delivery["channel"]: delivery for delivery in progress["deliveries"]}
    assert (progress["current_status"], deliveries["whatsapp"]["error"]["code"]) == (
        "FAILED",
        "WINDOW_CLOSED",
    )


def test_what_is_not_confirmed_in_time_falls_back(world: World, agent: str) -> None:
    customer = world.create("CUSTOMER", ("whatsapp", a_phone()), ("telegram", str(uuid.uuid4().int % 10**9)))
    conversation = world.converse(agent, customer)
    message_id = world.post(
        conversation, agent, "in time", channels=["whatsapp", "telegram"], delivery_timeout_s=30
    )
    world.product.pump()
    fallbacks = DynamoFallbacks(world.product.aws.output("Data.MessagesTable"))
    fallback = fallbacks.get(message_id, customer)
    assert fallback is not None
    assert fallbacks.postpone(fallback, LONG_AGO)

    world.product.invoke("relay", {})
    world.product.pump()

    deliveries = {delivery["channel"]: delivery for delivery in world.progress(message_id)["deliveries"]}
    assert deliveries["whatsapp"]["error"]["code"] == "NOT_CONFIRMED"
    assert deliveries["telegram"]["status"] == "SENT"


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": ["carrier"]},
        {"channels": ["whatsapp", "whatsapp"]},
        {"channels": ["whatsapp"], "channel": "whatsapp"},
        {"channels": ["whatsapp"] * 6},
        {"channels": "whatsapp"},
        {"channels": ["whatsapp"], "delivery_timeout_s": 29},
        {"channels": ["whatsapp"], "delivery_timeout_s": 86_401},
        {"delivery_timeout_s": 60},
    ],
)
def test_channels_that_cannot_be_meant_are_refused(
    world: World, agent: str, wrong: dict[str, object]
) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    body = {"conversation_id": conversation, "sender_id": agent, "content": "hello", **wrong}

    answer = world.api.post("/v1/messages", body)

    assert (answer.status, answer.json["error"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_long_wait_is_spent_in_a_table(world: World, agent: str, channel: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", (channel, an_address(channel))))
    text = f"in a day, by {channel}"
    wait = {"Retry-After": "100000"}
    world.provider.refuse(text, 429, {}, wait)
    message_id = world.post(conversation, agent, text)
    world.product.pump()
    time.sleep(2.1)
    world.provider.refuse(text, 429, {}, wait)
    world.product.pump()
    output = world.product.aws.output
    held_deliveries = DynamoHeldDeliveries(output("Data.MessagesTable"), output("Data.LimitsTable"))
    (holding_queue,) = [
        queue for queue in held_deliveries.due("2099", 100) if queue.group.startswith(conversation)
    ]
    assert held_deliveries.postpone(holding_queue, LONG_AGO)

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"
    assert held_deliveries.head(channel, holding_queue.account, holding_queue.group) is None


def test_a_failed_message_is_retried(world: World, agent: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", ("whatsapp", a_phone())))
    world.provider.refuse("retry me", 400, {"error": {"code": 131026, "message": "Undeliverable"}})
    message_id = world.post(conversation, agent, "retry me")
    world.product.pump()

    answer = world.api.post(f"/v1/messages/{message_id}/retry", {})
    assert (answer.status, answer.json["status"], answer.json["message_id"]) == (202, "PENDING", message_id)
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"


@pytest.mark.parametrize(
    ("source", "queue"),
    [
        ("chat-events", "ChatEventsQueue"),
        ("status-updates", "StatusUpdatesQueue"),
        ("inbound", "InboundQueue"),
        *((channel.name, f"{channel.logical_name}Channel.Queue") for channel in manifests()),
    ],
)
def test_what_a_queue_gave_up_is_a_dead_letter(world: World, aws: Aws, source: str, queue: str) -> None:
    url = aws.queue(f"{queue.removesuffix('Queue')}DeadLetterQueue")
    body = f"no JSON {uuid.uuid4()}"
    aws.sqs.send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=str(uuid.uuid4())
    )

    world.product.invoke("relay", {})

    letters = world.api.get("/v1/dead-letters", limit="100").json["dead_letters"]
    (letter,) = [dead_letter for dead_letter in letters if dead_letter["kind"] == "RECORD"]
    assert letter["source"] == source
    assert aws.drained(url) == []
    world.api.post("/v1/dead-letters/redrive", {"all": True})
    world.product.invoke("relay", {})
    assert body in aws.drained(aws.queue(queue))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"all": False},
        {"all": True, "channel": "whatsapp"},
        {"dead_letter_id": "x", "channel": "whatsapp"},
        {"channel": "carrier"},
        {"dead_letter_id": ""},
        {"all": True, "cursor": "x"},
        {"all": True, "limit": 0},
    ],
)
def test_a_redrive_that_cannot_be_meant_is_refused(world: World, body: dict[str, Any]) -> None:
    answer = world.api.post("/v1/dead-letters/redrive", body)

    assert (answer.status, answer.json["error"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("unknown", ["x", "a|b|c|0", "RECORD#x", "\u0000", "x" * 512])
def test_an_unknown_dead_letter_is_not_found(world: World, unknown: str) -> None:
    answer = world.api.post("/v1/dead-letters/redrive", {"dead_letter_id": unknown})

    assert (answer.status, answer.json["error"]) == (404, "DEAD_LETTER_NOT_FOUND")


def test_the_same_records_again_send_nothing_again(world: World, agent: str) -> None:
    customer = world.create("CUSTOMER", ("whatsapp", a_phone()), ("whatsapp", a_phone()))
    conversation = world.converse(agent, customer)
    message_id = world.post(conversation, agent, "once")
    world.product.pump()
    message = world.message(message_id)
    delivery = world.deliveries.of_message(message_id)[0]
    recipients = (_recipient(delivery.recipient_id, delivery.address),)
    submitted = MessageSubmitted(message, recipients, 0)
    accepted = MessageAccepted(
        message_id, conversation, message.content, recipients, message.accepted_at, message.sequence, 1
    )

    assert world.product.hand("router", submitted, number=message.sequence) == []
    assert world.product.hand("router", accepted) == []
    world.product.pump()

    # Only this message counts: messages that an earlier test left waiting may be sent at any time.
    assert len([request for request in world.provider.accepted if message_id in str(request)]) == 1


def _with_an_account(api: Gateway, channel: str, breakers: DynamoBreakers) -> Iterator[Answer]:
    manifest = manifest_of(channel)
    credentials = dict.fromkeys((field.name for field in manifest.secret), INSTAGRAM_ACCOUNT)
    credentials["access_token"] = f"{INSTAGRAM_ACCOUNT}:token"
    account = credentials[manifest.account_field]
    path = f"/v1/channels/{channel}/accounts/{account}"
    refused = Breaker(Circuit.OPEN, opens=1, retry_at=time.time() + 600, credentials_refused_at=1.0)
    assert breakers.save(channel, account, refused, breakers.get(channel, account).version)
    yield api.put(path, {"credentials": credentials})
    assert breakers.get(channel, account).breaker.retry_at < time.time() + 60
    yield api.post(f"{path}/enable", {})
    yield api.post(f"{path}/disable", {})
    yield api.get(path)
    yield api.delete(path)


def _recipient(user_id: str, address: str) -> Recipient:
    return Recipient(user_id, "whatsapp", "main", address, 1)


def test_every_route_of_the_api_is_asked_once(world: World, agent: str) -> None:
    """The requests record the permissions that the routes need."""
    phone, api = a_phone(), world.api
    breakers = DynamoBreakers(environment(functions(world.product.template)["status"])["LIMITS_TABLE"])
    first, second, third = (world.create("CUSTOMER", ("whatsapp", a_phone())) for _ in range(3))
    group = world.converse(agent, first, second)
    message_id = world.post(group, agent, "hello")
    linked = api.post(f"/v1/users/{first}/identities", {"channel": "whatsapp", "address": phone})
    asked = [
        linked,
        api.delete(f"/v1/users/{first}/identities/whatsapp/{in_path(phone)}"),
        api.get("/v1/users"),
        api.get(f"/v1/users/{first}"),
        api.get("/v1/conversations"),
        api.get("/v1/conversations", user_id=agent),
        api.patch(f"/v1/conversations/{group}", {"assignee": agent}),
        api.get("/v1/conversations", assignee=agent, sort="active_at"),
        api.get("/v1/conversations", status="OPEN", sort="active_at"),
        api.get(f"/v1/conversations/{group}"),
        api.post(f"/v1/conversations/{group}/participants", {"user_id": third}),
        api.delete(f"/v1/conversations/{group}/participants/{third}"),
        api.patch(f"/v1/conversations/{group}", {"state": "ARCHIVED"}),
        api.put(f"/v1/conversations/{group}/seen/{agent}", {}),
        api.get(f"/v1/conversations/{group}/seen/{agent}"),
        api.get("/v1/conversations", unread_by=agent, user_id=agent),
        api.get(f"/v1/conversations/{group}/notes"),
        api.get("/v1/messages", sender_id=agent),
        api.get("/v1/messages", status="PENDING"),
        api.get("/v1/messages", conversation_id=group),
        api.get(f"/v1/messages/{message_id}"),
        api.get("/v1/batches"),
        api.get("/v1/channels"),
        api.get("/v1/channels/whatsapp/capabilities"),
        *(answer for channel in CHANNELS for answer in _with_an_account(api, channel, breakers)),
        api.get("/v1/health"),
        world.webhooks.request(
            "GET",
            "/v1/webhooks/whatsapp",
            query={
                "hub.mode": "subscribe",
                "hub.verify_token": secret_of("whatsapp").verify_token,
                "hub.challenge": "1",
            },
        ),
    ]
    note = api.post(f"/v1/conversations/{group}/notes", {"author_id": agent, "text": "VIP"}).json["note_id"]
    assert api.patch(f"/v1/conversations/{group}/notes/{note}", {"text": "no VIP"}).status == 200
    assert api.delete(f"/v1/conversations/{group}/notes/{note}").status == 200
    assert [answer.status for answer in asked] == [201] + [200] * (len(asked) - 1)
    world.product.pump()


def test_a_huge_webhook_goes_to_the_bucket_and_is_replayed_from_there(world: World) -> None:
    noise = "".join(str(uuid.uuid4()) for _ in range(20_000))

    webhook = whatsapp(type="image", image={"caption": noise})
    assert world.say("whatsapp", webhook).status == 200

    by_id = replay(world, "whatsapp", msgspec.json.encode(webhook))
    operator = world.webhooks.with_key(world.api._key)
    lately = iso(datetime.now(UTC) - timedelta(minutes=10))
    by_time = operator.post("/v1/webhooks/replay", {"channel": "whatsapp", "from": lately})

    assert (by_id["replayed"], by_id["refused"]) == (1, [])
    assert by_time.json["replayed"] >= 1


def test_a_webhook_that_leads_to_no_message_is_listed_before_and_after_a_replay(world: World) -> None:
    entry = {"id": str(uuid.uuid4()), "changes": [{"field": "account_update", "value": {}}]}
    webhook = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})
    assert world.hear("whatsapp", webhook).json == {"events": 0}
    operator = world.webhooks.with_key(world.api._key)

    assert replay(world, "whatsapp", webhook)["replayed"] == 1
    page = operator.get("/v1/webhooks", outcome="ignored", channel="whatsapp")

    assert page.status == 200
    webhook_id = webhook_id_of(world.product.aws, "whatsapp", webhook)
    assert [listed["webhook_id"] for listed in page.json["webhooks"]].count(webhook_id) == 1


def replay(world: World, channel: str, webhook: bytes) -> Any:  # noqa: ANN401 - what the API answers
    operator = world.webhooks.with_key(world.api._key)
    webhook_id = webhook_id_of(world.product.aws, channel, webhook)
    return operator.post("/v1/webhooks/replay", {"webhook_ids": [webhook_id]}).json


def test_a_file_is_uploaded_inspected_sent_and_removed_in_the_end(world: World, agent: str) -> None:
    photo = uploaded(world, "photo.png", "image/png", a_png())
    world.product.pump()
    assert world.api.get(f"/v1/files/{photo}").json["status"] == "READY"
    assert set(world.api.get(f"/v1/files/{photo}").json["thumbnails"]) == {"200", "500"}
    link = world.api.get(f"/v1/files/{photo}/download").json["url"]
    assert world.api.get(link[link.index("/v1/") :]).status == 302

    for channel in CHANNELS:
        conversation = world.converse(agent, world.create("CUSTOMER", (channel, an_address(channel))))
        message_id = world.post(conversation, agent, a_file_message(photo, f"look, {channel}"))
        world.product.pump()
        assert world.progress(message_id)["current_status"] == "SENT"
    sent = [str(request) for request in world.provider.accepted if f"files/{photo}?" in str(request)]
    assert len(sent) == len(CHANNELS)

    stored = world.files.get(photo)
    assert stored is not None
    world.files.save(stored, FileStatus.READY, LONG_AGO)
    world.product.invoke("relay", {})
    assert world.api.get(f"/v1/files/{photo}").json["status"] == "EXPIRED"


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_too_much_for_a_channel_goes_as_a_link(world: World, agent: str, channel: str) -> None:
    text = uploaded(world, "notes.txt", "text/plain", b"words")
    world.product.pump()
    stored = world.files.get(text)
    assert stored is not None
    assert world.files.save(msgspec.structs.replace(stored, size=MOST_BYTES), FileStatus.READY, None)
    conversation = world.converse(agent, world.create("CUSTOMER", (channel, an_address(channel))))
    before = len(world.provider.accepted)

    message_id = world.post(conversation, agent, a_file_message(text, "read this"))
    world.product.pump()

    assert world.progress(message_id)["current_status"] == "SENT"
    assert any("/v1/links/" in str(request) for request in world.provider.accepted[before:])


def test_malware_is_put_where_nobody_gets_it(world: World) -> None:
    evil = uploaded(world, "evil.txt", "text/plain", EICAR)
    world.product.pump()

    shown = world.api.get(f"/v1/files/{evil}").json
    assert (shown["status"], shown["error"]["code"]) == ("INFECTED", "MALWARE")
    assert world.api.get(f"/v1/files/{evil}/download").status == 409
    audited = world.api.get("/v1/audit", action="file.infected").json["entries"]
    (entry,) = [recorded for recorded in audited if recorded["subject"] == f"file:{evil}"]
    assert (entry["actor"], entry["details"]["content_type"]) == ("files", "text/plain")


def test_an_upload_that_is_taken_back_or_forgotten_is_removed(world: World) -> None:
    aborted = world.api.post("/v1/files", {"filename": "a.txt", "size": 5, "content_type": "text/plain"}).json
    assert world.api.delete(f"/v1/files/{aborted['file_id']}").json["status"] == "ABORTED"
    forgotten = world.api.post(
        "/v1/files", {"filename": "a.txt", "size": 5, "content_type": "text/plain"}
    ).json
    stored = world.files.get(forgotten["file_id"])
    assert stored is not None
    world.files.save(stored, FileStatus.PENDING, LONG_AGO)

    world.product.invoke("relay", {})

    assert world.api.get(f"/v1/files/{forgotten['file_id']}").json["status"] == "EXPIRED"


def test_an_upload_that_the_bucket_has_removed_is_to_be_begun_anew(world: World) -> None:
    begun = world.api.post("/v1/files", {"filename": "a.txt", "size": 5, "content_type": "text/plain"}).json
    stored = world.files.get(begun["file_id"])
    assert stored is not None
    world.product.aws.s3.abort_multipart_upload(
        Bucket=world.product.aws.output("Data.FilesBucket"),
        Key=f"files/{stored.file_id}",
        UploadId=stored.upload_id or "",
    )

    world.api.post(f"/v1/files/{stored.file_id}/complete", {}).refused(409, "UPLOAD_GONE")


def test_an_inspection_that_never_came_is_asked_for_again(world: World) -> None:
    text = uploaded(world, "notes.txt", "text/plain", b"words")
    world.product.aws.drained(world.product.aws.queue("FilesQueue"))
    stored = world.files.get(text)
    assert stored is not None
    world.files.save(stored, FileStatus.SCANNING, LONG_AGO)

    world.product.invoke("relay", {})
    # Within five minutes SQS drops what it has seen: the same event goes by another name here.
    world.product.hand("files", FileStored(text))

    assert world.api.get(f"/v1/files/{text}").json["status"] == "READY"


def a_file_message(file_id: str, text: str) -> dict[str, str]:
    return {"type": "media", "file_id": file_id, "text": text}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_photo_that_somebody_sends_is_fetched(world: World, channel: str) -> None:
    file_id, address = str(uuid.uuid4().int), an_address(channel)
    world.provider.files[file_id] = a_png()

    webhook = sample(channel).photo_webhook(address, file_id, world.provider.url)
    assert world.hear(channel, webhook).status == 200
    world.product.pump()
    replay(world, channel, webhook)
    world.product.pump()

    assert file_from(world, channel, address)["status"] == "READY"


def test_a_photo_that_breaks_off_is_fetched_again(world: World) -> None:
    file_id, phone = str(uuid.uuid4().int), a_phone()
    world.provider.files[file_id] = a_noisy_png()
    world.provider.cut.add(file_id)
    world.hear("whatsapp", sample("whatsapp").photo_webhook(phone, file_id, world.provider.url))
    world.product.pump()

    world.provider.cut.remove(file_id)
    time.sleep(1.1)
    world.product.pump()

    assert file_from(world, "whatsapp", phone)["status"] == "READY"


@pytest.mark.parametrize("in_time", [True, False])
def test_a_photo_of_a_customer_reaches_the_other_apps_in_a_group_once_it_is_fetched(
    world: World, *, in_time: bool
) -> None:
    file_id, phone = str(uuid.uuid4().int), a_phone()
    on_telegram, on_instagram = an_address("telegram"), an_address("instagram")
    world.provider.files[file_id] = a_png()
    if not in_time:
        world.provider.cut.add(file_id)
    lia = world.create("CUSTOMER", ("whatsapp", phone), name="Lia")
    others = [world.create("CUSTOMER", to) for to in (("telegram", on_telegram), ("instagram", on_instagram))]
    world.converse(world.create("AGENT"), lia, *others)
    world.hear("whatsapp", sample("whatsapp").photo_webhook(phone, file_id, world.provider.url))
    world.product.pump()
    later = f"later {uuid.uuid4()}"
    wamid = f"wamid.{uuid.uuid4()}"
    world.say("whatsapp", whatsapp(**{"from": phone, "id": wamid, "type": "text", "text": {"body": later}}))
    world.product.pump()
    if not in_time:
        (name,) = sent_to(world, on_instagram)
        assert (name["message"]["text"], sent_to(world, on_telegram)) == ("Lia: 📎", [])
        world.provider.cut.remove(file_id)

    until(world, lambda: len(sent_to(world, on_telegram)) == 2 and len(sent_to(world, on_instagram)) == 3)

    # moto turns the records of a group around that are handed back together, so the order is not asked here.
    photo, words = sorted(sent_to(world, on_telegram), key=lambda sent: "text" in sent)
    assert photo["caption"] == "Lia: 📎"
    assert photo["photo"].startswith("http")
    assert words["text"] == f"Lia: {later}"
    messages = [sent["message"] for sent in sent_to(world, on_instagram)]
    assert [message["attachment"]["type"] for message in messages if "attachment" in message] == ["image"]
    texts = {message["text"] for message in messages if "text" in message}
    assert texts == {"Lia: 📎", f"Lia: {later}"}


def sent_to(world: World, address: str) -> list[dict[str, Any]]:
    return [sent for sent in world.provider.accepted if address in map(str, _addressees(sent))]


def _addressees(sent: dict[str, Any]) -> tuple[object, ...]:
    return sent.get("chat_id"), (sent.get("recipient") or {}).get("id"), sent.get("to"), sent.get("To")


def until(world: World, is_done: Callable[[], bool]) -> None:
    """Run the functions until `is_done`, while records that were handed back become visible again."""
    deadline = time.monotonic() + 30
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.5)
        world.product.pump()


def photo_and_its_deletion(world: World, phone: str) -> tuple[dict[str, Any], dict[str, Any]]:
    file_id = str(uuid.uuid4().int)
    world.provider.files[file_id] = a_noisy_png()
    photo = whatsapp(**{"from": phone}, type="image", image={"id": file_id, "mime_type": "image/png"})
    (message,) = photo["entry"][0]["changes"][0]["value"]["messages"]
    return photo, whatsapp(**{"from": phone}, type="revoke", revoke={"original_message_id": message["id"]})


def objects(world: World) -> set[str]:
    listed = world.product.aws.s3.list_objects_v2(Bucket=world.product.aws.output("Data.FilesBucket"))
    return {entry["Key"] for entry in listed.get("Contents", [])}


def test_the_bytes_of_a_photo_go_with_the_message_that_its_author_deletes(world: World) -> None:
    phone, before = a_phone(), objects(world)
    photo, revoked = photo_and_its_deletion(world, phone)
    assert world.say("whatsapp", photo).status == 200
    world.product.pump()
    file_id = file_from(world, "whatsapp", phone)["file_id"]
    assert len(objects(world) - before) == 3

    for _ in range(2):
        assert world.say("whatsapp", revoked).status == 200
        world.product.pump()

    assert objects(world) == before
    shown = world.api.get(f"/v1/files/{file_id}").json
    assert (shown["status"], shown["filename"], shown["thumbnails"]) == ("DELETED", "image.png", {})
    world.api.get(f"/v1/files/{file_id}/download").refused(409, "FILE_GONE")


def test_a_photo_that_is_deleted_before_its_fetch_leaves_no_bytes(world: World) -> None:
    before = objects(world)

    for webhook in photo_and_its_deletion(world, a_phone()):
        assert world.say("whatsapp", webhook).status == 200
    world.product.pump()

    assert objects(world) == before


def file_from(world: World, channel: str, address: str) -> Any:  # noqa: ANN401 - what a test expects, it asserts
    """Return the file that this person sent."""
    user = world.api.get("/v1/identities/resolve", channel=channel, address=address).json
    (conversation,) = world.api.get("/v1/conversations", user_id=user["user_id"]).json["conversations"]
    (message,) = world.history(conversation["conversation_id"])
    return world.api.get(f"/v1/files/{message['content']['file']['file_id']}").json


def audited(world: World, action: str, subject: str) -> list[dict[str, Any]]:
    entries = world.api.get("/v1/audit", action=action, limit="100").json["entries"]
    return [entry for entry in entries if entry["subject"] == subject]


def uploaded(world: World, filename: str, content_type: str, body: bytes) -> str:
    """Upload a file in a single part, complete the upload, and return the file's id."""
    wanted = {"filename": filename, "size": len(body), "content_type": content_type}
    upload = world.api.post("/v1/files", wanted).json
    file = world.files.get(upload["file_id"])
    assert file is not None
    world.product.aws.s3.upload_part(
        Bucket=world.product.aws.output("Data.FilesBucket"),
        Key=f"files/{file.file_id}",
        UploadId=file.upload_id or "",
        PartNumber=1,
        Body=body,
    )
    assert world.api.get(f"/v1/files/{file.file_id}/parts").json["stored"][0]["size"] == len(body)
    assert world.api.post(f"/v1/files/{file.file_id}/complete", {}).status == 202
    return file.file_id


def a_png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (600, 400), "red").save(made, "PNG")
    return made.getvalue()


def a_noisy_png() -> bytes:
    """Make a PNG that does not compress to a few bytes."""
    made = io.BytesIO()
    Image.effect_noise((600, 400), 100).save(made, "PNG")
    return made.getvalue()


def test_a_person_is_erased_and_once_more_when_the_next_pass_is_due(world: World) -> None:
    planted = Planted()
    person, _ = plant(world, planted)

    erasure = erase(world, person)
    pass_again(world, erasure["erasure_id"])

    assert world.api.get(f"/v1/users/{person}").json["display_name"] == "[erased]"


def an_address(channel: str) -> str:
    return sample(channel).new_address()


@pytest.mark.parametrize("channel", CHANNELS)
def test_operators_hear_of_a_channel_that_refuses_our_account(world: World, agent: str, channel: str) -> None:
    conversation = world.converse(agent, world.create("CUSTOMER", (channel, an_address(channel))))
    world.provider.refuse("no longer ours", 401, {})

    world.post(conversation, agent, "no longer ours")
    world.product.pump()

    channels = world.api.get("/v1/channels").json["channels"]
    (shown,) = [listed for listed in channels if listed["channel"] == channel]
    (account,) = shown["accounts"]
    assert (account["account"], account["circuit"]["state"]) == ("main", "OPEN")


def found(world: World, words: str, kind: str, **query: str) -> list[str]:
    answer = world.api.get("/v1/search", q=words, type=kind, **query)
    assert answer.status == 200, answer.json
    return [result["id"] for result in answer.json["results"]]


def test_the_index_follows_the_tables_and_is_built_again(world: World, agent: str) -> None:
    aws, product = world.product.aws, world.product
    before = rows_of(aws, *STREAMED)
    customer = world.create("CUSTOMER", ("telegram", an_address("telegram")), name="Zoë Zwiebel")
    conversation = world.converse(agent, customer)
    said = world.post(conversation, agent, "Zwiebelkuchen 4711")
    body = {"author_id": agent, "text": "Zwiebel, no onions"}
    note = world.api.post(f"/v1/conversations/{conversation}/notes", body).json["note_id"]
    records = changes(aws, before)

    for _ in range(2):  # a batch may come twice
        product.invoke("search", {"Records": records})

    wanted = {"message": [said], "person": [customer], "note": [note]}
    assert {kind: found(world, "zwiebel", kind) for kind in wanted} == wanted
    before = rows_of(aws, *STREAMED)
    world.api.patch(f"/v1/conversations/{conversation}/notes/{note}", {"text": "cake"})
    product.invoke("search", {"Records": changes(aws, before)})
    assert found(world, "zwiebel", "note") == []
    assert found(world, "cake", "note") == [note]

    (table,) = rows_of(aws, "chat4all-search").items()
    for row in table[1].values():
        aws.dynamodb.delete_item(
            TableName=table[0], Key={name: row[name] for name in ("partition", "record")}
        )
    assert found(world, "zwiebel", "message") == []
    assert world.api.post("/v1/search/rebuild", None).status == 202
    assert world.api.post("/v1/search/rebuild", None).json["error"] == "REBUILD_RUNNING"
    product.invoke("search", {})
    assert world.api.get("/v1/search/rebuild").json["state"] == "DONE"
    assert found(world, "zwiebel", "message", conversation_id=conversation, user_id=agent) == [said]
    assert found(world, "cake", "note") == [note]


@pytest.mark.parametrize(
    ("query", "status", "error", "field"),
    [
        ({}, 400, "VALIDATION_ERROR", "q"),
        ({"q": "👍"}, 400, "VALIDATION_ERROR", "q"),
        ({"q": "x" * 201}, 400, "VALIDATION_ERROR", "q"),
        ({"q": "\x00order"}, 400, "VALIDATION_ERROR", "q"),
        ({"q": "order", "type": "file"}, 400, "VALIDATION_ERROR", "type"),
        ({"q": "order", "sort": "asc"}, 400, "VALIDATION_ERROR", "sort"),
        ({"q": "order", "limit": "0"}, 400, "VALIDATION_ERROR", "limit"),
        ({"q": "order", "cursor": "WyIyMDI2Il0"}, 400, "VALIDATION_ERROR", "cursor"),
        ({"q": "order", "since": "yesterday"}, 400, "VALIDATION_ERROR", "since"),
        ({"q": "order", "channel": "pigeon"}, 400, "VALIDATION_ERROR", "channel"),
        (
            {"q": "order", "type": "person", "conversation_id": "one"},
            400,
            "VALIDATION_ERROR",
            "conversation_id",
        ),
        ({"q": "order", "user_id": "nobody"}, 400, "UNKNOWN_USER", "user_id"),
        ({"q": "order", "conversation_id": "nowhere"}, 404, "CONVERSATION_NOT_FOUND", None),
    ],
)
def test_a_wrong_search_is_refused_with_its_field(
    world: World, query: dict[str, str], status: int, error: str, field: str | None
) -> None:
    answer = world.api.get("/v1/search", **query)

    assert (answer.status, answer.json["error"]) == (status, error)
    assert [detail["field"] for detail in answer.json["details"]][:1] == ([field] if field else [])


def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(world: World) -> None:
    row = {"partition": {"S": "default#gone"}, "record": {"S": "MESSAGE"}}
    change = {"Keys": row, "NewImage": {**row, "content": {"S": "{}"}}}

    answer = world.product.invoke(
        "search", {"Records": [{"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": change}]}
    )

    assert answer == {"changes": 0}


def aged(world: World, item: str, record: str, *times: str) -> None:
    """Set these times of a record to LONG_AGO."""
    world.product.aws.dynamodb.update_item(
        TableName=world.product.aws.output("Data.MessagesTable"),
        Key={"partition": {"S": f"default#{item}"}, "record": {"S": record}},
        UpdateExpression="SET " + ", ".join(f"{name} = :at" for name in times),
        ExpressionAttributeValues={":at": {"S": LONG_AGO}},
    )


def walk(world: World) -> None:
    """Run `privacy` until its queue is empty, however long it takes: it visits what all tests have made."""
    while world.product.serve("privacy"):
        pass


def records_of(world: World, message_id: str) -> dict[str, dict[str, Any]]:
    """Return the records of a message, by their names."""
    found = world.product.aws.dynamodb.query(
        TableName=world.product.aws.output("Data.MessagesTable"),
        KeyConditionExpression="#p = :p",
        ExpressionAttributeNames={"#p": "partition"},
        ExpressionAttributeValues={":p": {"S": f"default#{message_id}"}},
    )["Items"]
    return {item["record"]["S"]: item for item in found}


def test_everything_about_a_person_is_exported_as_a_zip(world: World, agent: str) -> None:
    phone = a_phone()
    person = world.create("CUSTOMER", ("whatsapp", phone), name="Ana Ção")
    conversation = world.converse(agent, person)
    photo = uploaded(world, "photo.png", "image/png", a_png())
    world.product.pump()
    sent = world.post(conversation, agent, a_file_message(photo, "look <b>"))
    group = world.converse(agent, person, world.create("CUSTOMER", ("sms", a_phone())))
    world.post(group, agent, "not about the person")
    own = world.post(group, person, "own words in the group")
    note = world.api.post(f"/v1/conversations/{conversation}/notes", {"author_id": agent, "text": "VIP"}).json
    world.product.pump()
    world.api.post(f"/v1/users/{person}/identities", {"channel": "sms", "address": a_phone()})

    answer = world.api.post(f"/v1/users/{person}/exports", {})
    assert (answer.status, answer.json["state"], answer.json["zips"]) == (202, "RUNNING", [])
    assert world.api.post(f"/v1/users/{person}/exports", {}).json["export_id"] == answer.json["export_id"]
    world.product.pump()

    export = world.api.get(f"/v1/exports/{answer.json['export_id']}").json
    assert export["state"] == "READY"
    assert export["counts"]["messages"] == 2
    assert export["counts"]["files"] == export["counts"]["notes"] == 1
    (url,) = [stored["url"] for stored in export["zips"]]
    followed = world.api.get(url[url.index("/v1/") :])
    assert followed.status == 302
    key = urlsplit(followed.headers["location"]).path.lstrip("/")
    body = world.product.aws.s3.get_object(Bucket=world.product.aws.output("Data.FilesBucket"), Key=key)
    with ZipFile(io.BytesIO(body["Body"].read())) as archive:
        assert archive.testzip() is None
        words = b"".join(map(archive.read, archive.namelist())).decode(errors="replace")
        (photo_name,) = [name for name in archive.namelist() if name.startswith("files/")]
        assert archive.read(photo_name) == a_png()
    for expected in (
        sent,
        own,
        conversation,
        group,
        note["note_id"],
        phone,
        "Ana Ção",
        "identity.link",
        "look &lt;b",
    ):
        assert expected in words, expected
    assert "not about the person" not in words


def test_an_export_whose_record_was_lost_is_woken(world: World) -> None:
    person = world.create("CUSTOMER", ("whatsapp", a_phone()))
    export_id = world.api.post(f"/v1/users/{person}/exports", {}).json["export_id"]
    aws = world.product.aws
    aws.drained(aws.queue("PrivacyQueue"))
    DynamoExports(aws.output("Data.MessagesTable")).postpone(
        Export(export_id, person, (person,), LONG_AGO), LONG_AGO
    )

    world.product.invoke("relay", {})
    world.product.pump()

    assert world.api.get(f"/v1/exports/{export_id}").json["state"] == "READY"


def test_what_is_over_is_stripped_and_leaves_every_list(world: World, agent: str) -> None:
    api = world.api
    api.get("/v1/retention").refused(404, "RETENTION_NOT_SET")
    person = world.create("CUSTOMER", ("whatsapp", a_phone()))
    conversation = world.converse(agent, person)
    old = world.post(conversation, agent, "old words", metadata={"order": "seventeen"})
    world.provider.refuse("old and failed", 400, {"error": {"code": 131026, "message": "No."}})
    failed = world.post(conversation, agent, "old and failed")
    world.product.pump()
    waiting = world.post(conversation, agent, "old and waiting")
    young = world.post(conversation, agent, "young words")
    world.product.pump_some("router")
    cancelled = world.post(conversation, agent, "never", send_at=iso(datetime.now(UTC) + timedelta(days=9)))
    assert api.post(f"/v1/messages/{cancelled}/cancel", {}).status == 200
    for message_id in (old, failed, waiting):
        aged(world, message_id, "MESSAGE", "accepted_at")
    aged(world, cancelled, "MESSAGE", "accepted_at", "due_at")
    photo = uploaded(world, "old.png", "image/png", a_png())
    world.product.pump_some("files")
    stored = world.files.get(photo)
    assert stored is not None
    assert world.files.save(
        msgspec.structs.replace(stored, created_at=LONG_AGO), FileStatus.READY, stored.expires_at
    )
    before = world.history(conversation)

    shown = api.put("/v1/retention", {"days": 29}).json
    assert (shown["days"], shown["state"], shown["walk"]) == (29, "APPLYING", None)
    walk(world)

    shown = api.get("/v1/retention").json
    assert shown["state"] == "APPLIED"
    assert shown["walk"]["removed"]["unfinished"] >= 1
    assert shown["walk"]["removed"]["files"] >= 1
    left = {message["message_id"] for message in world.history(conversation)}
    assert {message["message_id"] for message in before} - left == {old, failed}
    assert left >= {waiting, young}
    for message_id in (old, failed, cancelled):
        kept = json.dumps(records_of(world, message_id))
        assert "expires_at" in kept
        words = ("words", "old and failed", "never", "seventeen", phone_of(world, person), "wamid")
        for gone in (*words, "sender_key", "provider_key", "dead_key", "listing_key", "due_key"):
            assert gone not in kept, (message_id, gone, kept)
    assert api.get(f"/v1/files/{photo}").json["status"] == "EXPIRED"
    letters = api.get("/v1/dead-letters", limit="100").json["dead_letters"]
    assert failed not in {letter["message_id"] for letter in letters}
    assert old not in json.dumps(api.get("/v1/messages", sender_id=agent).json)

    sent = len(world.provider.accepted)
    world.product.pump()
    # The API may hide it by now: it is over, and no longer unfinished.
    assert world.message(waiting).status is Status.SENT
    assert len(world.provider.accepted) == sent + 2


def phone_of(world: World, person: str) -> str:
    (identity,) = world.api.get(f"/v1/users/{person}").json["identities"]
    return str(identity["address"])


def test_a_late_record_of_a_stripped_message_sends_nothing(
    world: World, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manage_retention, "KNOWN_S", 0.0)
    conversation = world.converse(agent, world.create("CUSTOMER", ("telegram", an_address("telegram"))))
    body = {"message_id": str(uuid.uuid4()), "conversation_id": conversation, "sender_id": agent}
    assert world.api.post("/v1/messages", {**body, "content": "once only"}).status == 202
    queue = world.product.aws.queue("ChatEventsQueue")
    (submitted,) = world.product.aws.drained(queue)
    assert world.product.hand("router", submitted) == []
    (requested,) = world.product.aws.drained(world.product.aws.queue("TelegramChannel.Queue"))
    assert world.product.hand("telegram", requested) == []
    aged(world, body["message_id"], "MESSAGE", "accepted_at")
    assert world.api.put("/v1/retention", {"days": 28}).status == 200
    walk(world)
    sent = len(world.provider.accepted)

    assert world.product.hand("router", submitted) == []
    assert world.product.hand("telegram", requested) == []
    assert world.api.post("/v1/messages", {**body, "content": "once only"}).status == 202
    world.product.pump()

    assert len(world.provider.accepted) == sent
    world.api.get(f"/v1/messages/{body['message_id']}").refused(404, "MESSAGE_NOT_FOUND")


def test_raw_webhooks_batches_and_dead_records_go_with_the_messages(world: World, agent: str) -> None:
    aws, at = world.product.aws, "2020-01-01T00:30:00.000Z"
    large = S3Bodies(lambda: aws.s3, aws.output("Data.WebhooksBucket"))
    table = aws.output("Data.WebhooksTable")
    webhooks = DynamoWebhooks(table, large)
    noise = "".join(str(uuid.uuid4()) for _ in range(20_000)).encode()
    stored = [
        StoredWebhook(WebhookId("telegram", "main", at, digest * 32), body, 2_000_000_000)
        for digest, body in (("ab", b"{}"), ("cd", noise))
    ]
    for webhook in stored:
        webhooks.store(webhook)
    DynamoListedWebhooks(table).put(
        ListedWebhook(stored[0].webhook_id, WebhookOutcome.IGNORED, 0, {"x": 1}, None, 2_000_000_000)
    )
    letters = DynamoDeadLetters(aws.output("Data.MessagesTable"), CHANNELS)
    record = DeadRecord(str(uuid.uuid4()), "inbound", "g", "words", LONG_AGO)
    letters.keep(record)
    created = world.api.post(
        "/v1/batches",
        {"sender_id": agent, "content": "x", "recipients": [{"user_id": world.create("CUSTOMER")}]},
    ).json["batch_id"]
    world.product.pump()
    aged(world, f"BATCH#{created}", "BATCH", "listed_at", "finished_at")

    world.api.put("/v1/retention", {"days": 27})
    walk(world)

    assert [webhooks.get(webhook.webhook_id) for webhook in stored] == [None, None]
    assert large.get(f"telegram/{'cd' * 32}") is None
    assert letters.get(f"RECORD#{record.record_id}") is None
    world.api.get(f"/v1/batches/{created}").refused(404, "BATCH_NOT_FOUND")
    removed = world.api.get("/v1/retention").json["walk"]["removed"]
    assert min(removed["webhooks"], removed["batches"], removed["dead_records"]) >= 1


def test_relay_begins_the_walk_that_is_due(world: World) -> None:
    setting = DynamoRetention(world.product.aws.output("Data.DirectoryTable"))
    known = setting.read()
    assert known is not None
    assert setting.postpone(known, LONG_AGO)

    world.product.invoke("relay", {})

    assert any(
        "retention" in body for body in world.product.aws.drained(world.product.aws.queue("PrivacyQueue"))
    )


def needs(world: World, name: str) -> set[Need]:
    """Return the permissions that a function used, and that Lambda uses on its behalf."""
    asked = world.recorder.needs.get(name)
    assert asked, "this test judges what the ones above it noted: run the whole file"
    queue = world.product.queue_of.get(name)
    return asked | (mapping_needs(queue) if queue else stream_needs(STREAMED) if name == "search" else set())


@pytest.mark.parametrize("name", EVERY_FUNCTION)
def test_a_role_allows_what_its_function_asks_for(world: World, name: str) -> None:
    role = Role(functions(world.product.template)[name])

    assert {need for need in needs(world, name) if not role.allows(need)} == set()


@pytest.mark.parametrize("name", EVERY_FUNCTION)
def test_a_role_allows_nothing_else(world: World, name: str) -> None:
    role = Role(functions(world.product.template)[name])

    assert role.unneeded(needs(world, name)) == set()


def test_every_call_that_is_in_the_code_was_made(world: World) -> None:
    """Otherwise the roles would be compared with only a part of their functions' calls."""
    assert aws_calls(ROOT / "layers/core/chat4all") - world.recorder.operations == set()


@pytest.mark.parametrize("name", EVERY_FUNCTION)
def test_a_role_names_its_resources(world: World, name: str) -> None:
    for actions, resources in Role(functions(world.product.template)[name]).statements:
        assert not any("*" in action for action in actions)
        assert not any(resource == "*" or resource.endswith(":*") for resource in resources)


@pytest.mark.parametrize("name", EVERY_FUNCTION)
def test_no_role_may_change_what_the_audit_log_has(world: World, name: str) -> None:
    role = Role(functions(world.product.template)[name])
    table = world.product.template.resources("AWS::DynamoDB::Table")["Data.AuditTable"]["TableName"]

    allowed = {
        action
        for actions, resources in role.statements
        for action in actions
        if any(f":table/{table}" in resource for resource in resources)
    }

    adds, reads = "dynamodb:PutItem", "dynamodb:Query"
    adding = {"files": {adds}, "webhooks": {adds}, "inbound": {adds}}
    assert allowed == {**adding, "api": {adds, reads}, "privacy": {reads}}.get(name, set())
