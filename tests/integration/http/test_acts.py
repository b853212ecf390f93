"""Acts: edits and deletions of messages, reading and typing."""

import uuid
from dataclasses import dataclass

import msgspec
import pytest

from chat4all.domain.events import ChatEvent, MessageSubmitted, SignalsRequested
from tests.integration.aws import Aws
from tests.integration.http.conftest import Cast
from tests.integration.http.gateway import Gateway


@dataclass(frozen=True)
class OnTelegram:
    agent: str
    conversation: str
    message: str


@pytest.fixture
def telegram(api: Gateway) -> OnTelegram:
    """Post a message to a customer on Telegram."""
    address = str(uuid.uuid4().int)[:10].replace("0", "1")
    identities = [{"channel": "telegram", "address": address}]
    agent, customer = (
        api.post("/v1/users", {"type": kind, "display_name": kind, "identities": known}).json["user_id"]
        for kind, known in (("AGENT", []), ("CUSTOMER", identities))
    )
    conversation = api.post("/v1/conversations", {"type": "1:1", "participants": [agent, customer]}).json
    body = {"conversation_id": conversation["conversation_id"], "sender_id": agent, "content": "hello"}
    return OnTelegram(agent, body["conversation_id"], api.post("/v1/messages", body).json["message_id"])


def published(aws: Aws, conversation_id: str) -> list[object]:
    """Take out what chat-events holds of one conversation."""
    events = [msgspec.json.decode(body, type=ChatEvent) for body in aws.drained(aws.queue("ChatEventsQueue"))]
    return [event for event in events if event.conversation_id == conversation_id]


def test_an_edit_is_accepted_as_a_record_of_its_own(api: Gateway, telegram: OnTelegram, aws: Aws) -> None:
    body = {"sender_id": telegram.agent, "content": "two", "act_id": str(uuid.uuid4())}

    accepted = api.patch(f"/v1/messages/{telegram.message}", body)
    again = api.patch(f"/v1/messages/{telegram.message}", body)

    assert (accepted.status, again.status) == (202, 202)
    assert ("idempotent-replay" in accepted.headers, again.headers["idempotent-replay"]) == (False, "true")
    assert accepted.json["act_id"] == again.json["act_id"] == body["act_id"]
    assert accepted.json["message_id"] == telegram.message
    record = api.get(f"/v1/messages/{body['act_id']}").json
    assert record["act"] == {"kind": "EDIT", "message_id": telegram.message}
    assert record["content"]["text"] == ""
    history = api.get(f"/v1/conversations/{telegram.conversation}/messages").json["messages"]
    assert [message["message_id"] for message in history] == [telegram.message]
    _, event = published(aws, telegram.conversation)
    assert isinstance(event, MessageSubmitted)
    assert event.content is not None
    assert event.content.text == "two"


def test_a_message_has_one_deletion(api: Gateway, telegram: OnTelegram) -> None:
    path = f"/v1/messages/{telegram.message}"

    answers = [api.request("DELETE", path, query={"sender_id": telegram.agent}) for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json["kind"] == "DELETE"
    assert answers[0].json["act_id"] == answers[1].json["act_id"]


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"content": " "}, 400, "content"),
        ({"content": "\u0000"}, 400, "content"),
        ({"content": None}, 400, "content"),
        ({"content": {"type": "text", "text": ""}}, 400, "content.text"),
        ({"content": {"type": "media", "file_id": "f"}}, 422, "content.file_id"),
        ({"content": {"type": "buttons", "text": "x", "buttons": []}}, 400, "content.buttons"),
        (
            {"content": {"type": "buttons", "text": "x", "buttons": [{"id": "a", "title": "A"}]}},
            422,
            "content",
        ),
        ({"content": {"type": "reaction", "emoji": "👍"}}, 422, "content"),
        ({"content": "x" * 5000}, 422, "content"),
        ({"act_id": "not-an-id"}, 400, "act_id"),
        ({"sender_id": ""}, 400, "sender_id"),
        ({"sender_id": "somebody"}, 403, "sender_id"),
        ({"surprise": 1}, 400, "surprise"),
    ],
)
def test_bad_edits_name_the_field(
    api: Gateway, telegram: OnTelegram, fields: dict[str, object], status: int, field: str
) -> None:
    body = {"sender_id": telegram.agent, "content": "two", **fields}

    answer = api.patch(f"/v1/messages/{telegram.message}", body)

    assert (answer.status, answer.json["details"][0]["field"]) == (status, field)


def test_an_unknown_message_is_not_found(api: Gateway, cast: Cast) -> None:
    assert api.patch("/v1/messages/none", {"sender_id": cast.agent, "content": "x"}).status == 404
    assert api.request("DELETE", "/v1/messages/none", query={"sender_id": cast.agent}).status == 404
    assert api.delete("/v1/messages/none").status == 400


def test_a_used_act_id_is_a_conflict(api: Gateway, telegram: OnTelegram) -> None:
    body = {"sender_id": telegram.agent, "content": "two", "act_id": telegram.message}

    assert api.patch(f"/v1/messages/{telegram.message}", body).json["error"] == "CONFLICT"


def test_whatsapp_takes_neither_edits_nor_deletions(api: Gateway, cast: Cast) -> None:
    body = {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": "hello"}
    message_id = api.post("/v1/messages", body).json["message_id"]

    edited = api.patch(f"/v1/messages/{message_id}", {"sender_id": cast.agent, "content": "two"})
    deleted = api.request("DELETE", f"/v1/messages/{message_id}", query={"sender_id": cast.agent})

    assert {(answer.status, answer.json["error"]) for answer in (edited, deleted)} == {
        (422, "ACT_NOT_POSSIBLE")
    }


def test_reading_and_typing_before_the_person_wrote(api: Gateway, cast: Cast) -> None:
    path = f"/v1/conversations/{cast.conversation}"

    for answer in (
        api.post(f"{path}/read", {}),
        api.request("POST", f"{path}/read"),
        api.post(f"{path}/typing", {"state": "on"}),
    ):
        assert (answer.status, answer.json["error"]) == (422, "ACT_NOT_POSSIBLE")
    assert api.post(f"{path}/read", {"message_id": "none"}).status == 404
    assert api.post(f"{path}/typing", {"state": "maybe"}).status == 400
    assert api.post(f"{path}/typing", {"state": "on", "sender_id": "somebody"}).status == 403
    assert api.post("/v1/conversations/none/typing", {"state": "on"}).status == 404
    assert api.post("/v1/conversations/none/read", {}).status == 404


def test_typing_on_telegram_goes_through_the_conversation(
    api: Gateway, telegram: OnTelegram, aws: Aws
) -> None:
    answer = api.post(f"/v1/conversations/{telegram.conversation}/typing", {"state": "on"})

    assert answer.status == 202
    event = published(aws, telegram.conversation)[-1]
    assert isinstance(event, SignalsRequested)
    assert [request.recipient.channel for request in event.requested] == ["telegram"]
