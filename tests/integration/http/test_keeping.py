"""/v1/retention and the exports of people: what is refused, and what is shown before `privacy` works."""

from collections.abc import Iterator

import msgspec
import pytest

from chat4all.bootstrap.settings import ApiSettings
from chat4all.services.privacy import manage_retention
from tests.integration.aws import Aws
from tests.integration.http.conftest import Cast, a_key
from tests.integration.http.gateway import Gateway

UNKNOWN = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def _no_setting(aws: Aws) -> Iterator[None]:
    _forget(aws)
    yield
    _forget(aws)


def _forget(aws: Aws) -> None:
    aws.dynamodb.delete_item(
        TableName=aws.output("Data.DirectoryTable"), Key={"entry_id": {"S": "default#RETENTION"}}
    )


@pytest.mark.usefixtures("_no_setting")
def test_a_setting_is_applied_once(api: Gateway, aws: Aws) -> None:
    api.get("/v1/retention").refused(404, "RETENTION_NOT_SET")
    aws.drained(aws.queue("PrivacyQueue"))

    first = api.put("/v1/retention", {"days": 3650})
    again = api.put("/v1/retention", {"days": 3650})
    changed = api.put("/v1/retention", {"days": 1})

    assert (first.status, first.json["days"], first.json["state"]) == (200, 3650, "APPLYING")
    assert again.json == first.json == {**first.json, "walk": None}
    assert changed.json["since"] >= first.json["since"]
    assert api.get("/v1/retention").json == changed.json
    assert len(aws.drained(aws.queue("PrivacyQueue"))) == 2
    entries = api.get("/v1/audit", action="retention.put").json["entries"]
    assert [entry["details"]["days"] for entry in entries[:3]] == ["1", "3650", "3650"]


@pytest.mark.parametrize("days", [0, -1, 3651, 1.5, "30", True, None, [], {}, 10**30])
def test_days_that_cannot_be_are_refused(api: Gateway, days: object) -> None:
    fields = api.put("/v1/retention", {"days": days}).refused(400, "VALIDATION_ERROR")

    assert fields == ["days"]


@pytest.mark.parametrize("body", [{}, {"days": 30, "since": "2026-01-01T00:00:00Z"}, [30], 30])
def test_another_body_is_refused(api: Gateway, body: object) -> None:
    api.put("/v1/retention", body).refused(400, "VALIDATION_ERROR")


@pytest.mark.usefixtures("_no_setting")
def test_what_is_over_is_hidden_before_the_walk(
    api: Gateway, cast: Cast, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manage_retention, "KNOWN_S", 0.0)
    body = {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": "hello"}
    old = api.post("/v1/messages", body).json["message_id"]
    young = api.post("/v1/messages", body).json["message_id"]
    aws.dynamodb.update_item(
        TableName=aws.output("Data.MessagesTable"),
        Key={"partition": {"S": f"default#{old}"}, "record": {"S": "MESSAGE"}},
        UpdateExpression="SET accepted_at = :at, #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":at": {"S": "2020-01-01T00:00:00.000Z"}, ":status": {"S": "DELIVERED"}},
    )
    path = f"/v1/conversations/{cast.conversation}/messages"
    assert len(api.get(path).json["messages"]) == 2

    api.put("/v1/retention", {"days": 1})

    for order in ("accepted_at", "sent_at"):
        page = api.get(path, sort=order).json
        assert [message["message_id"] for message in page["messages"]] == [young]
        assert page["next_cursor"] is None
    first = api.get(path, limit=1).json
    assert [message["message_id"] for message in first["messages"]] == [young]
    assert api.get(path, limit=1, cursor=first["next_cursor"]).json == {"messages": [], "next_cursor": None}
    api.get(f"/v1/messages/{old}").refused(404, "MESSAGE_NOT_FOUND")
    api.get(f"/v1/messages/{old}/status").refused(404, "MESSAGE_NOT_FOUND")
    found = api.get("/v1/messages", sender_id=cast.agent).json["messages"]
    assert old not in {message["message_id"] for message in found}


def test_an_export_needs_a_known_person_and_is_known_by_its_id(api: Gateway, cast: Cast) -> None:
    api.post(f"/v1/users/{UNKNOWN}/exports", {}).refused(404, "USER_NOT_FOUND")
    for path in (UNKNOWN, "x", "%00", "a" * 129, "..%2F..", cast.customer):
        assert api.get(f"/v1/exports/{path}").status == 404

    begun = api.post(f"/v1/users/{cast.customer}/exports", {})

    assert (begun.status, begun.json["state"]) == (202, "RUNNING")
    assert api.get(f"/v1/exports/{begun.json['export_id']}").json == begun.json
    entries = api.get("/v1/audit", action="user.export").json["entries"]
    assert entries[0]["subject"] == f"user:{cast.customer}"


def test_a_merged_user_is_exported_with_the_kept_one(api: Gateway, cast: Cast) -> None:
    other = api.post("/v1/users", {"type": "CUSTOMER", "display_name": "Ben"}).json["user_id"]
    assert api.post(f"/v1/users/{cast.customer}/merge", {"user_id": other}).status == 200

    begun = api.post(f"/v1/users/{other}/exports", {}).json

    assert begun["user_id"] == cast.customer


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/retention"),
        ("PUT", "/v1/retention"),
        ("POST", f"/v1/users/{UNKNOWN}/exports"),
        ("GET", f"/v1/exports/{UNKNOWN}"),
    ],
)
def test_other_scopes_do_not_reach_them(
    api: Gateway, api_settings: ApiSettings, method: str, path: str
) -> None:
    weak = api.with_key(a_key(api_settings, "users:read", "users:write", "audit:read"))
    body = msgspec.json.encode({"days": 1}).decode()
    weak.request(method, path, body).refused(403, "MISSING_SCOPE")
    api.with_key(None).request(method, path, body).refused(401, "UNAUTHENTICATED")
