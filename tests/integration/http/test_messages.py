"""/v1/messages: accepting, reading and searching messages."""

import re
import uuid

import msgspec
import pytest

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.content import Media
from chat4all.domain.events import ChatEvent, MessageSubmitted
from chat4all.domain.files.file import Attachment, FileStatus
from tests.fakes.files import a_file
from tests.integration.aws import Aws
from tests.integration.http.conftest import PUBLIC_URL, Cast, create_customer
from tests.integration.http.gateway import Gateway


def body_of(cast: Cast, **fields: object) -> dict[str, object]:
    return {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": "hello", **fields}


def published(aws: Aws, conversation_id: str) -> list[MessageSubmitted]:
    """What chat-events holds of one conversation; takes it out."""
    events = [msgspec.json.decode(body, type=ChatEvent) for body in aws.drained(aws.queue("ChatEventsQueue"))]
    return [
        event
        for event in events
        if isinstance(event, MessageSubmitted) and event.conversation_id == conversation_id
    ]


def test_a_message_is_accepted_and_can_be_followed(api: Gateway, cast: Cast, aws: Aws) -> None:
    message_id = str(uuid.uuid4())

    accepted = api.post("/v1/messages", body_of(cast, message_id=message_id, metadata={"ticket": "7"}))

    assert accepted.status == 202
    assert "idempotent-replay" not in accepted.headers
    assert accepted.headers["content-type"] == "application/json"
    fields = {"message_id", "conversation_id", "status", "accepted_at", "status_url", "send_at"}
    assert set(accepted.json) == fields
    assert (accepted.json["message_id"], accepted.json["status"]) == (message_id, "PENDING")
    assert accepted.json["status_url"] == f"{PUBLIC_URL}/v1/messages/{message_id}/status"
    (event,) = published(aws, cast.conversation)
    assert (event.message.message_id, event.recipients[0].address) == (message_id, cast.phone)

    message = api.get(f"/v1/messages/{message_id}").json
    assert (message["content"]["text"], message["status"]) == ("hello", "PENDING")
    assert re.fullmatch("[0-9]{20}", message["sequence"])
    assert message["metadata"] == {"ticket": "7"}

    progress = api.get(f"/v1/messages/{message_id}/status").json
    assert progress["current_status"] == "PENDING"
    assert [change["status"] for change in progress["status_history"]] == ["PENDING"]
    assert (progress["retry_count"], progress["deliveries"]) == (0, [])


def test_a_message_without_an_id_gets_one(api: Gateway, cast: Cast) -> None:
    ids = {api.post("/v1/messages", body_of(cast)).json["message_id"] for _ in range(2)}

    assert len(ids) == 2
    assert all(uuid.UUID(message_id).version == 4 for message_id in ids)


def test_the_same_message_again_is_the_same_202(api: Gateway, cast: Cast, aws: Aws) -> None:
    body = body_of(cast, message_id=str(uuid.uuid4()))
    first = api.post("/v1/messages", body)

    again = api.post("/v1/messages", body)

    assert (again.status, again.json) == (202, first.json)
    assert again.headers["idempotent-replay"] == "true"
    assert len(published(aws, cast.conversation)) == 1
    assert len(api.get(f"/v1/conversations/{cast.conversation}/messages").json["messages"]) == 1


def test_the_same_id_with_another_body_is_a_conflict(api: Gateway, cast: Cast) -> None:
    body = body_of(cast, message_id=str(uuid.uuid4()))
    api.post("/v1/messages", body)

    answer = api.post("/v1/messages", {**body, "content": "goodbye"})

    assert answer.refused(409, "CONFLICT") == ["message_id"]
    assert api.get(f"/v1/messages/{body['message_id']}").json["content"] == {"type": "text", "text": "hello"}
    assert len(api.get(f"/v1/conversations/{cast.conversation}/messages").json["messages"]) == 1


@pytest.mark.parametrize(
    "content", ["x", "😀" * 10_000, "שלום مرحبا", "a\nb\tc\r\n", "a\u200db", "'; DROP TABLE"]
)
def test_every_text_comes_back_as_it_was(api: Gateway, cast: Cast, content: str) -> None:
    message_id = api.post("/v1/messages", body_of(cast, content=content)).json["message_id"]

    assert api.get(f"/v1/messages/{message_id}").json["content"]["text"] == content


def test_a_reply_names_its_message(api: Gateway, cast: Cast) -> None:
    first = api.post("/v1/messages", body_of(cast)).json["message_id"]

    reply = api.post("/v1/messages", body_of(cast, reply_to=first))

    assert api.get(f"/v1/messages/{reply.json['message_id']}").json["reply_to"] == first


def test_a_history_is_paged_newest_first(api: Gateway, cast: Cast) -> None:
    ids = [api.post("/v1/messages", body_of(cast, content=f"{n}")).json["message_id"] for n in range(5)]
    path = f"/v1/conversations/{cast.conversation}/messages"

    first = api.get(path, limit=2).json
    second = api.get(path, limit=2, cursor=first["next_cursor"]).json
    third = api.get(path, limit=1, cursor=second["next_cursor"]).json

    shown = [message["message_id"] for page in (first, second, third) for message in page["messages"]]
    assert shown == ids[::-1]
    assert third["next_cursor"] is None


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_messages_are_found_by_their_sender(api: Gateway, cast: Cast, sort: str) -> None:
    ids = [api.post("/v1/messages", body_of(cast)).json["message_id"] for _ in range(3)]

    shown: list[str] = []
    query = {"sender_id": cast.agent, "limit": 1, "sort": sort}
    for _ in range(3):
        page = api.get("/v1/messages", **query).json
        shown += [message["message_id"] for message in page["messages"]]
        query["cursor"] = page["next_cursor"]

    assert sorted(shown) == sorted(ids)
    assert query["cursor"] is None


def test_messages_are_found_by_status_and_by_conversation(api: Gateway, cast: Cast, aws: Aws) -> None:
    message_id = api.post("/v1/messages", body_of(cast)).json["message_id"]

    DynamoMessages(aws.output("Data.MessagesTable")).begin(message_id, "2999-01-01T00:00:00.000Z")

    pending = api.get("/v1/messages", status="PENDING", limit=100).json["messages"]
    here = api.get("/v1/messages", conversation_id=cast.conversation).json["messages"]

    assert message_id in [message["message_id"] for message in pending]
    assert [message["message_id"] for message in here] == [message_id]


def test_a_text_to_agents_only_is_delivered_at_once(api: Gateway) -> None:
    agents = [api.post("/v1/users", {"type": "AGENT", "display_name": "A"}).json["user_id"] for _ in range(2)]
    conversation = api.post("/v1/conversations", {"type": "1:1", "participants": agents}).json
    body = {"conversation_id": conversation["conversation_id"], "sender_id": agents[0], "content": "psst"}

    message_id = api.post("/v1/messages", body).json["message_id"]

    assert api.get(f"/v1/messages/{message_id}/status").json["current_status"] == "DELIVERED"


def test_an_identity_linked_after_a_refusal_counts_at_once(api: Gateway, cast: Cast) -> None:
    stranger = create_customer(api)
    conversation = api.post("/v1/conversations", {"type": "1:1", "participants": [cast.agent, stranger]}).json
    body = body_of(cast, conversation_id=conversation["conversation_id"])
    api.post("/v1/messages", body).refused(422, "NO_IDENTITY")

    api.post(
        f"/v1/users/{stranger}/identities",
        {"channel": "telegram", "address": str(uuid.uuid4().int)[:12].replace("0", "1")},
    )

    assert api.post("/v1/messages", body).status == 202


def test_a_key_may_come_as_a_bearer_token(api: Gateway, key: str) -> None:
    answer = api.with_key(None).request("GET", "/v1/channels", headers={"authorization": f"Bearer {key}"})

    assert answer.status == 200


LATER = "2099-01-01T00:00:00.000Z"


@pytest.fixture
def files(api_settings: ApiSettings) -> DynamoFiles:
    return DynamoFiles(api_settings.files_table)


def file_of(files: DynamoFiles, cast: Cast, **fields: object) -> str:
    """Make a file of the conversation, and return its id."""
    file_id = str(uuid.uuid4())
    files.add(a_file(file_id, **{"conversation_id": cast.conversation, **fields}), LATER)
    return file_id


def picture(file_id: object, **words: str) -> dict[str, object]:
    return {"type": "media", "file_id": file_id, **words}


@pytest.mark.parametrize("words", [{"text": "It"}, {"text": ""}, {}])
def test_a_file_goes_with_a_message(
    api: Gateway, cast: Cast, aws: Aws, files: DynamoFiles, words: dict[str, str]
) -> None:
    file_id = file_of(files, cast)
    body = body_of(cast, content=picture(file_id, **words), message_id=str(uuid.uuid4()))

    accepted = api.post("/v1/messages", body)

    assert accepted.status == 202, accepted.text
    message = api.get(f"/v1/messages/{body['message_id']}").json
    file = {
        "file_id": file_id,
        "filename": "invoice.pdf",
        "content_type": "application/pdf",
        "size": 1000,
        "width": None,
        "height": None,
        "codec": None,
        "form": None,
    }
    text = words.get("text", "")
    assert message["content"] == {"type": "media", "file": file, "text": text}
    (event,) = published(aws, cast.conversation)
    assert event.message.content == Media(Attachment(file_id, "invoice.pdf", "application/pdf", 1000), text)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"status": FileStatus.SCANNING}, (409, "FILE_NOT_READY")),
        ({"status": FileStatus.INFECTED, "reason": "It holds malware."}, (409, "FILE_REFUSED")),
        ({"conversation_id": None, "owner": "another"}, (403, "NOT_YOUR_FILE")),
    ],
)
def test_a_file_that_may_not_be_sent_is_refused(
    api: Gateway, cast: Cast, files: DynamoFiles, fields: dict[str, object], refusal: tuple[int, str]
) -> None:
    body = body_of(cast, content=picture(file_of(files, cast, **fields)))

    assert api.post("/v1/messages", body).refused(*refusal) == ["content.file_id"]


@pytest.mark.parametrize("file_id", ["", "x" * 129, 7])
def test_what_is_no_id_of_a_file_is_invalid(api: Gateway, cast: Cast, file_id: object) -> None:
    body = body_of(cast, content=picture(file_id))

    assert api.post("/v1/messages", body).refused(400, "VALIDATION_ERROR") == ["content.file_id"]


def test_a_file_that_is_not_there_is_not_found(api: Gateway, cast: Cast) -> None:
    body = body_of(cast, content=picture(str(uuid.uuid4())))

    assert api.post("/v1/messages", body).refused(404, "FILE_NOT_FOUND") == ["content.file_id"]


def test_a_message_with_a_file_stays_accepted_when_its_file_does_not_stay(
    api: Gateway, cast: Cast, files: DynamoFiles
) -> None:
    file_id = file_of(files, cast)
    body = body_of(cast, content=picture(file_id), message_id=str(uuid.uuid4()))
    assert api.post("/v1/messages", body).status == 202
    known = files.get(file_id)
    assert known is not None
    assert files.save(msgspec.structs.replace(known, status=FileStatus.INFECTED), FileStatus.READY, None)

    again = api.post("/v1/messages", body)
    other = api.post("/v1/messages", {**body, "content": picture(file_id, text="another")})
    fresh = api.post("/v1/messages", {**body, "message_id": str(uuid.uuid4())})

    assert (again.status, again.headers["idempotent-replay"]) == (202, "true")
    other.refused(409, "CONFLICT")
    fresh.refused(409, "FILE_REFUSED")


def test_without_a_file_a_message_has_words(api: Gateway, cast: Cast) -> None:
    body = body_of(cast)
    del body["content"]

    assert api.post("/v1/messages", body).refused(400, "VALIDATION_ERROR") == ["content"]
