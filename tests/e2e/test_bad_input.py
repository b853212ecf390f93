"""Bad input over real HTTP: each request has its status, none is a 5xx, and accepted messages stay."""

from collections.abc import Iterator

import pytest

from tests.e2e.api import refusal
from tests.e2e.stage import Stage, Talk, message_body, new_id

HUGE = 300_000

NOT_A_MESSAGE = {
    "nothing": b"",
    "no JSON": b"hello",
    "half of it": b'{"conversation_id": "x", ',
    "two of it": b"{}{}",
    "a list": b"[]",
    "a number": b"42",
    "null": b"null",
    "not UTF-8": b'{"content": "\xff\xfe"}',
    "NaN": b'{"content": NaN}',
    "deep": b"[" * 100_000,
    "deep in a field": b'{"metadata": ' + b'{"a":' * 30_000 + b"1" + b"}" * 30_001,
    "no fields": b"{}",
}
BAD_FIELDS: dict[str, tuple[dict[str, object], int]] = {
    "an unknown field": ({"colour": "blue"}, 400),
    "a text that is a number": ({"content": 5}, 400),
    "a text that is null": ({"content": None}, 400),
    "a text that is a list": ({"content": ["hello"]}, 400),
    "an empty text": ({"content": ""}, 400),
    "a blank text": ({"content": " \n\t"}, 400),
    "a text that is too long": ({"content": "x" * 10_001}, 400),
    "a text with NUL": ({"content": "a\0b"}, 400),
    "metadata that is a text": ({"metadata": "x"}, 400),
    "metadata with a number": ({"metadata": {"a": 1}}, 400),
    "metadata that is too large": ({"metadata": {"a": "x" * 5_000}}, 400),
    "an id that is no uuid": ({"message_id": "1"}, 400),
    "an id that is another uuid": ({"message_id": "6f1c9a52-1d0e-1b7e-9a3f-5f6d7a0c4e11"}, 400),
    "an id in capitals": ({"message_id": new_id().upper()}, 400),
    "a channel nobody has": ({"channel": "smoke-signals"}, 400),
    "a channel the person is not on": ({"channel": "whatsapp"}, 422),
    "an answer to nothing": ({"reply_to": new_id()}, 400),
    "a sender who is no participant": ({"sender_id": new_id()}, 403),
    "a conversation nobody has": ({"conversation_id": new_id()}, 404),
    "a conversation with an odd id": ({"conversation_id": "../../x\u0000"}, 404),
    "an empty conversation id": ({"conversation_id": ""}, 400),
    "a conversation id over any key's length": ({"conversation_id": "x" * 3_000}, 400),
    "an empty sender id": ({"sender_id": ""}, 400),
    "an answer to an empty id": ({"reply_to": ""}, 400),
    "a file nobody has": ({"content": {"type": "media", "file_id": new_id()}}, 404),
    "an empty file id": ({"content": {"type": "media", "file_id": ""}}, 400),
}
BAD_QUERIES = [
    "/users?limit=0",
    "/users?limit=101",
    "/users?limit=ten",
    "/users?limit=-1",
    "/users?cursor=nonsense",
    "/users?cursor=%00",
    "/users?type=ROBOT",
    "/conversations?cursor=W10",
    "/messages",
    "/messages?status=LOST",
    "/identities/resolve",
    "/identities/resolve?channel=whatsapp&address=nobody",
]
UNKNOWN = [
    ("GET", "/", {403, 404}),
    ("GET", "/nothing", {403, 404}),
    ("DELETE", "/messages", {403, 404, 405}),
    ("GET", "/messages/none", {404}),
    ("GET", "/messages/none/status", {404}),
    ("GET", "/messages/%00", {400, 404}),
    ("GET", "/messages/%F0%9F%99%82", {404}),
    ("GET", "/messages/" + "x" * 3_000, {400, 404, 414}),
    ("GET", "/conversations/none", {404}),
    ("GET", "/conversations/" + "x" * 3_000, {400, 404, 414}),
    ("GET", "/users/" + "x" * 3_000, {400, 404, 414}),
    ("GET", "/conversations/none/messages", {404}),
    ("GET", "/users/none", {404}),
    ("GET", "/channels/smoke-signals/capabilities", {404}),
    ("DELETE", "/users/none/identities/telegram/1", {404}),
]


@pytest.fixture(scope="module")
def talk(running_stage: Stage) -> Talk:
    """Start a conversation on Instagram.

    Telegram takes one message a second in a chat, so waiting messages would delay other tests.
    """
    return running_stage.talk(running_stage.customer("instagram"))


@pytest.fixture(autouse=True)
def a_valid_message_works_afterwards(stage: Stage, talk: Talk) -> Iterator[None]:
    """Check that the test adds nothing to the conversation, and that a valid message is accepted after it."""
    before = [message.content.text for message in stage.history(talk)]
    yield
    assert [message.content.text for message in stage.history(talk)] == before
    answer = stage.api.post_message(message_body(talk, "valid"))
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("name", NOT_A_MESSAGE)
@pytest.mark.parametrize("path", ["/messages", "/users", "/conversations"])
def test_a_body_that_is_no_object_of_the_kind_is_400(stage: Stage, path: str, name: str) -> None:
    answer = stage.api.call("POST", path, content=NOT_A_MESSAGE[name])

    assert answer.status_code == 400, answer.text
    assert refusal(answer).error == "VALIDATION_ERROR"
    assert answer.headers["x-trace-id"]


@pytest.mark.parametrize("name", BAD_FIELDS)
def test_a_field_that_is_not_valid_is_refused(stage: Stage, talk: Talk, name: str) -> None:
    fields, status = BAD_FIELDS[name]

    answer = stage.api.call("POST", "/messages", {**message_body(talk, "fine"), **fields})

    assert answer.status_code == status, answer.text
    assert refusal(answer).message


@pytest.mark.parametrize("escaped", [b"\\ud800", b"\\udc00\\ud800", b"a\\udfffb", b"\\u0000"])
def test_half_a_character_and_nul_are_400(stage: Stage, talk: Talk, escaped: bytes) -> None:
    said = f'{{"conversation_id": "{talk.conversation_id}", "sender_id": "{talk.agent_id}", "content": "'

    answer = stage.api.call("POST", "/messages", content=said.encode() + escaped + b'"}')

    assert answer.status_code == 400, answer.text


def test_a_huge_body_is_413(stage: Stage, talk: Talk) -> None:
    answer = stage.api.call("POST", "/messages", message_body(talk, "x" * HUGE))

    assert answer.status_code == 413
    assert refusal(answer).error == "TOO_LARGE"


def test_a_body_that_is_not_said_to_be_json_is_415(stage: Stage, talk: Talk) -> None:
    said = message_body(talk, "hello")

    answer = stage.api.call("POST", "/messages", said, headers={"content-type": "text/plain"})

    assert answer.status_code == 415


@pytest.mark.parametrize("path_and_query", BAD_QUERIES)
def test_a_query_that_is_not_valid_is_400(stage: Stage, path_and_query: str) -> None:
    answer = stage.api.call("GET", path_and_query)

    assert answer.status_code == 400, answer.text
    assert refusal(answer).error


@pytest.mark.parametrize("user_id", ["", "x" * 3_000, "nobody"])
def test_a_participant_nobody_knows_is_400(stage: Stage, user_id: str) -> None:
    body = {"type": "1:1", "participants": [stage.agent(), user_id]}

    answer = stage.api.call("POST", "/conversations", body)

    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("user_id", ["", "x" * 3_000])
def test_conversations_of_an_impossible_user_are_refused_or_none(stage: Stage, user_id: str) -> None:
    answer = stage.api.call("GET", "/conversations", query={"user_id": user_id})

    assert answer.status_code in {200, 400, 414}, answer.text


@pytest.mark.parametrize(("method", "path", "statuses"), UNKNOWN)
def test_what_is_not_there_is_not_found(stage: Stage, method: str, path: str, statuses: set[int]) -> None:
    answer = stage.api.call(method, path)

    assert answer.status_code in statuses, answer.text


def test_a_person_without_any_identity_is_422(stage: Stage) -> None:
    nobody = stage.api.create_user("CUSTOMER", "Nobody", []).user_id
    agent_id = stage.agent()
    conversation = stage.api.create_conversation("1:1", [agent_id, nobody])

    answer = stage.api.post_message(message_body(Talk(conversation.conversation_id, agent_id), "anybody?"))

    assert answer.status_code == 422, answer.text
    assert refusal(answer).error == "NO_IDENTITY"


def test_an_address_belongs_to_one_person(stage: Stage) -> None:
    taken = stage.customer("telegram").address
    body = {
        "type": "CUSTOMER",
        "display_name": "B",
        "identities": [{"channel": "telegram", "address": taken}],
    }

    answer = stage.api.call("POST", "/users", body)

    assert answer.status_code == 409, answer.text
