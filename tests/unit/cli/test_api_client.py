from collections.abc import Callable

import pytest

from chat4all.entrypoints.http.users import PostIdentity
from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.cloud.ports import choose_ports
from tests.unit.cli.conftest import FakeApi

ANN = {
    "user_id": "u1",
    "type": "AGENT",
    "display_name": "Ann",
    "identities": [],
    "metadata": {},
    "created_at": "2026-01-01T00:00:00.000Z",
}
BOB = {**ANN, "user_id": "u2", "type": "CUSTOMER", "display_name": "Bob"}
ACCEPTED = {
    "message_id": "m1",
    "conversation_id": "c1",
    "status": "PENDING",
    "accepted_at": "2026-01-01T00:00:00.000Z",
    "status_url": "https://api.example.com/v1/messages/m1/status",
}


@pytest.fixture
def client(api: FakeApi) -> ApiClient:
    return ApiClient(api.url, "the key")


def test_the_key_goes_with_every_request(api: FakeApi, client: ApiClient) -> None:
    api.answer("GET", "/api/v1/users/u1", ANN)
    assert client.user("u1").display_name == "Ann"
    assert [asked.key for asked in api.asked] == ["the key"]


def test_what_was_not_said_is_not_sent(api: FakeApi, client: ApiClient) -> None:
    api.answer("POST", "/api/v1/messages", ACCEPTED, status=202)
    client.send("c1", "u1", "Olá 👋")
    assert api.asked[0].body == {"conversation_id": "c1", "sender_id": "u1", "content": "Olá 👋"}


def test_an_identity_goes_out_without_what_the_server_makes(api: FakeApi, client: ApiClient) -> None:
    api.answer("POST", "/api/v1/users", BOB, status=201)
    client.create_user("CUSTOMER", "Bob", [PostIdentity("telegram", "42", handle="bob")])
    assert api.asked[0].body == {
        "type": "CUSTOMER",
        "display_name": "Bob",
        "identities": [{"channel": "telegram", "address": "42", "handle": "bob"}],
    }


def test_a_list_is_read_to_its_last_page(api: FakeApi, client: ApiClient) -> None:
    api.answer("GET", "/api/v1/users?limit=100&type=AGENT", {"users": [ANN], "next_cursor": "a/b="})
    api.answer(
        "GET", "/api/v1/users?limit=100&type=AGENT&cursor=a%2Fb%3D", {"users": [BOB], "next_cursor": None}
    )
    assert [user.display_name for user in client.users("AGENT")] == ["Ann", "Bob"]


def test_an_id_cannot_change_the_path(api: FakeApi, client: ApiClient) -> None:
    with pytest.raises(ApiError):
        client.user("u1?limit=1")
    assert api.asked[0].path == "/api/v1/users/u1%3Flimit%3D1"


def test_a_refusal_says_what_was_wrong(api: FakeApi, client: ApiClient) -> None:
    body = {
        "error": "VALIDATION_ERROR",
        "message": "The body is not valid.",
        "details": [{"field": "content", "issue": "must not be empty"}],
        "trace_id": "1-2-3",
    }
    api.answer("POST", "/api/v1/messages", body, status=400)
    with pytest.raises(ApiError, match="400 VALIDATION_ERROR") as refusal:
        client.send("c1", "u1", "")
    assert refusal.value.status == 400
    assert refusal.value.body.details[0].field == "content"


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"user_id": 7}', b""])
def test_an_answer_that_is_not_the_apis_is_not_taken_for_one(
    api: FakeApi, client: ApiClient, answer: bytes
) -> None:
    api.answer("GET", "/api/v1/users/u1", answer)
    with pytest.raises(ApiUnreachable, match="has the wrong form"):
        client.user("u1")


def test_an_error_that_is_not_the_apis_is_shown_as_it_is(api: FakeApi, client: ApiClient) -> None:
    api.answer("GET", "/api/v1/users/u1", b"Bad gateway", status=502)
    with pytest.raises(ApiUnreachable, match="answered 502: Bad gateway"):
        client.user("u1")


@pytest.mark.parametrize(
    "ask", [lambda client: client.user("u1"), lambda client: client.send("c1", "u1", "hello")]
)
def test_an_api_that_is_not_there_is_said_to_be_unreachable(ask: Callable[[ApiClient], object]) -> None:
    port = choose_ports(["api"], {})["api"]
    with pytest.raises(ApiUnreachable, match="does not answer"):
        ask(ApiClient(f"http://127.0.0.1:{port}/api", "key", timeout=1.0))
