"""/v1/conversations at the desk: PATCH, and lists with filters, orders and bound cursors."""

from datetime import timedelta
from typing import Any

import pytest

from chat4all.bootstrap import runtime
from chat4all.domain.clock import iso
from tests.integration.http.conftest import Cast, create_customer
from tests.integration.http.gateway import Gateway

SOON = iso(runtime.now() + timedelta(hours=1))


def path_of(cast: Cast) -> str:
    return f"/v1/conversations/{cast.conversation}"


def test_a_new_conversation_is_open_and_nobodys(api: Gateway, cast: Cast) -> None:
    shown = api.get(path_of(cast)).json

    assert (shown["status"], shown["assignee"], shown["team"], shown["labels"]) == ("OPEN", None, None, [])
    assert (shown["priority"], shown["controlled_by"], shown["desk_version"]) == ("NORMAL", "human", 0)
    assert (shown["snoozed_until"], shown["waiting_since"]) == (None, None)


def test_attributes_are_changed_shown_and_cleared(api: Gateway, cast: Cast) -> None:
    body = {
        "status": "SNOOZED",
        "snoozed_until": SOON,
        "assignee": cast.agent,
        "team": "Faturação 😀",
        "labels": ["VIP", "vip", "a b"],
        "priority": "URGENT",
        "controlled_by": "bot",
    }

    changed = api.patch(path_of(cast), body)
    shown = api.get(path_of(cast)).json

    assert changed.status == 200
    assert changed.json == shown
    assert {name: shown[name] for name in body} == body
    assert shown["desk_version"] == 1
    cleared = api.patch(path_of(cast), {"assignee": None, "team": None, "labels": [], "snoozed_until": None})
    assert (cleared.json["assignee"], cleared.json["team"], cleared.json["labels"]) == (None, None, [])
    assert (cleared.json["status"], cleared.json["snoozed_until"]) == ("SNOOZED", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"if_version": 0}, ""),
        ({"status": "open"}, "status"),
        ({"status": "CLOSED"}, "status"),
        ({"status": None}, "status"),
        ({"status": "SNOOZED", "snoozed_until": "tomorrow"}, "snoozed_until"),
        ({"status": "SNOOZED", "snoozed_until": "2099-01-01T00:00:00"}, "snoozed_until"),
        ({"status": "SNOOZED", "snoozed_until": "2001-01-01T00:00:00Z"}, "snoozed_until"),
        ({"status": "SNOOZED", "snoozed_until": "9999-12-31T23:59:59-14:00"}, "snoozed_until"),
        ({"status": "SNOOZED", "snoozed_until": 1_893_456_000}, "snoozed_until"),
        ({"snoozed_until": SOON}, "snoozed_until"),
        ({"status": "OPEN", "snoozed_until": SOON}, "snoozed_until"),
        ({"assignee": ""}, "assignee"),
        ({"assignee": "x" * 129}, "assignee"),
        ({"assignee": "nobody"}, "assignee"),
        ({"assignee": "none"}, "assignee"),
        ({"assignee": 7}, "assignee"),
        ({"team": ""}, "team"),
        ({"team": "x" * 101}, "team"),
        ({"team": "a\u0000b"}, "team"),
        ({"labels": ["a", "a"]}, "labels"),
        ({"labels": ["a", " "]}, "labels[1]"),
        ({"labels": ["x" * 51]}, "labels[0]"),
        ({"labels": [str(number) for number in range(21)]}, "labels"),
        ({"labels": "a"}, "labels"),
        ({"labels": None}, "labels"),
        ({"labels": [1]}, "labels[0]"),
        ({"priority": "CRITICAL"}, "priority"),
        ({"controlled_by": "nobody"}, "controlled_by"),
        ({"team": "a", "if_version": -1}, "if_version"),
        ({"team": "a", "if_version": "0"}, "if_version"),
        ({"team": "a", "version": 0}, "version"),
        ({"waiting_since": SOON}, "waiting_since"),
        ({"state": "ARCHIVED", "team": "a"}, "state"),
        ({"state": "ARCHIVED", "if_version": 0}, "state"),
        ({"state": "SNOOZED"}, "state"),
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(
    api: Gateway, cast: Cast, body: dict[str, Any], field: str
) -> None:
    answer = api.patch(path_of(cast), body)

    assert (answer.status, [detail["field"] for detail in answer.json["details"]]) == (400, [field])
    assert api.get(path_of(cast)).json["desk_version"] == 0


def test_a_customer_is_no_assignee(api: Gateway, cast: Cast) -> None:
    assert api.patch(path_of(cast), {"assignee": cast.customer}).refused(400, "UNKNOWN_USER") == ["assignee"]


def test_a_conversation_that_is_not_there_is_not_found(api: Gateway) -> None:
    api.patch("/v1/conversations/unknown", {"team": "a"}).refused(404, "CONVERSATION_NOT_FOUND")


def test_a_stale_change_is_refused(api: Gateway, cast: Cast) -> None:
    assert api.patch(path_of(cast), {"team": "a", "if_version": 0}).json["desk_version"] == 1

    assert api.patch(path_of(cast), {"team": "b", "if_version": 0}).refused(409, "DESK_CHANGED") == [
        "if_version"
    ]

    assert api.patch(path_of(cast), {"team": "a"}).json["desk_version"] == 1


def listed(api: Gateway, **query: str) -> list[str]:
    answer = api.get("/v1/conversations", **query)
    assert answer.status == 200, answer.text
    return [conversation["conversation_id"] for conversation in answer.json["conversations"]]


@pytest.mark.parametrize("sort", ["created_at", "active_at"])
def test_the_inbox_is_filtered(api: Gateway, cast: Cast, sort: str) -> None:
    other = api.post("/v1/conversations", {"type": "1:1", "participants": [cast.agent, cast.customer]})
    mine = {"assignee": cast.agent, "sort": sort}
    label = f"label of {cast.agent}"
    api.patch(path_of(cast), {"assignee": cast.agent, "labels": [label], "priority": "HIGH"})

    assert listed(api, **mine) == [cast.conversation]
    assert listed(api, **mine, status="OPEN", label=label, priority="HIGH") == [cast.conversation]
    assert listed(api, **mine, status="RESOLVED") == []
    assert listed(api, user_id=cast.agent, assignee="none", sort=sort) == [other.json["conversation_id"]]
    assert listed(api, user_id=cast.agent, label=label, sort=sort) == [cast.conversation]
    api.patch(path_of(cast), {"state": "ARCHIVED"})
    assert listed(api, **mine) == ([] if sort == "active_at" else [cast.conversation])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "open"}, "status"),
        ({"status": "ALL"}, "status"),
        ({"sort": "waiting_since"}, "sort"),
        ({"sort": "-active_at"}, "sort"),
        ({"priority": "1"}, "priority"),
        ({"controlled_by": "Bot"}, "controlled_by"),
        ({"assignee": ""}, "assignee"),
        ({"assignee_id": "x"}, "assignee_id"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_wrong_filter_is_refused(api: Gateway, query: dict[str, str], field: str) -> None:
    assert api.get("/v1/conversations", **query).refused(400, "VALIDATION_ERROR") == [field]


def test_a_cursor_works_for_its_list_alone(api: Gateway, cast: Cast) -> None:
    customers = [create_customer(api) for _ in range(2)]
    for customer in customers:
        api.post("/v1/conversations", {"type": "1:1", "participants": [cast.agent, customer]})
    query = {"user_id": cast.agent, "sort": "active_at"}
    cursor = api.get("/v1/conversations", **query, limit="1").json["next_cursor"]

    assert len(listed(api, **query, cursor=cursor, limit="2")) == 2
    for other in (
        {"user_id": cast.agent},
        {**query, "status": "OPEN"},
        {**query, "user_id": cast.customer},
        {**query, "sort": "created_at"},
    ):
        answer = api.get("/v1/conversations", **other, cursor=cursor)
        assert answer.refused(400, "VALIDATION_ERROR") == ["cursor"]
    history = api.get(f"{path_of(cast)}/messages", cursor=cursor)
    assert history.refused(400, "VALIDATION_ERROR") == ["cursor"]


def test_what_an_agent_has_not_read_is_counted_and_listed(api: Gateway, cast: Cast) -> None:
    body = {"conversation_id": cast.conversation, "sender_id": cast.customer, "content": "hello"}
    _, message_id = (api.post("/v1/messages", body).json["message_id"] for _ in range(2))
    seen = f"{path_of(cast)}/seen/{cast.agent}"
    query = {"user_id": cast.agent, "unread_by": cast.agent}
    assert api.get(seen).json == {"unread": 2, "more": False}
    (shown,) = api.get("/v1/conversations", **query).json["conversations"]
    assert (shown["conversation_id"], shown["unread"]) == (cast.conversation, {"unread": 2, "more": False})

    assert api.put(seen, {"message_id": message_id}).json == {"unread": 0, "more": False}

    assert listed(api, **query) == []
    assert api.get(path_of(cast)).json["unread"] is None


def test_who_reads_is_an_agent(api: Gateway, cast: Cast) -> None:
    for reader in (cast.customer, "nobody"):
        seen = f"{path_of(cast)}/seen/{reader}"
        assert api.get(seen).refused(400, "UNKNOWN_USER") == ["user_id"]
        assert api.put(seen, {}).refused(400, "UNKNOWN_USER") == ["user_id"]
        answer = api.get("/v1/conversations", unread_by=reader)
        assert answer.refused(400, "UNKNOWN_USER") == ["unread_by"]
    api.get(f"/v1/conversations/unknown/seen/{cast.agent}").refused(404, "CONVERSATION_NOT_FOUND")
    seen = f"{path_of(cast)}/seen/{cast.agent}"
    api.put(seen, {"message_id": "unknown"}).refused(404, "MESSAGE_NOT_FOUND")
    assert api.put(seen, {"message_id": ""}).refused(400, "VALIDATION_ERROR") == ["message_id"]


def test_notes_are_written_listed_changed_and_deleted(api: Gateway, cast: Cast) -> None:
    notes = f"{path_of(cast)}/notes"
    written = [
        api.post(notes, {"author_id": cast.agent, "text": f"note {number} 😀"}).json for number in range(3)
    ]
    first = api.get(notes, limit="2").json
    second = api.get(notes, limit="2", cursor=first["next_cursor"]).json

    listed_notes = first["notes"] + second["notes"]
    assert sorted(note["note_id"] for note in listed_notes) == sorted(note["note_id"] for note in written)
    assert second["next_cursor"] is None
    one = f"{notes}/{written[0]['note_id']}"
    assert api.patch(one, {"text": "x" * 10_000}).json["text"] == "x" * 10_000
    assert api.delete(one).status == 200
    api.delete(one).refused(404, "NOTE_NOT_FOUND")
    api.patch(one, {"text": "again"}).refused(404, "NOTE_NOT_FOUND")
    assert len(api.get(notes).json["notes"]) == 2
    assert api.get(f"{path_of(cast)}/messages").json["messages"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "a"}, "author_id"),
        ({"author_id": "nobody"}, "text"),
        ({"author_id": "nobody", "text": "a"}, "author_id"),
        ({"author_id": "nobody", "text": ""}, "text"),
        ({"author_id": "nobody", "text": "x" * 10_001}, "text"),
        ({"author_id": "nobody", "text": "a\u0000"}, "text"),
        ({"author_id": "nobody", "text": "a", "private": True}, "private"),
    ],
)
def test_a_wrong_note_names_its_field(api: Gateway, cast: Cast, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"{path_of(cast)}/notes", body)

    assert (answer.status, [detail["field"] for detail in answer.json["details"]]) == (400, [field])


def test_a_bot_is_refused_while_a_human_has_the_conversation(api: Gateway, cast: Cast) -> None:
    bot = api.post("/v1/users", {"type": "BOT", "display_name": "Robo"}).json["user_id"]
    talk = api.post("/v1/conversations", {"type": "1:1", "participants": [bot, cast.customer]})
    conversation = talk.json["conversation_id"]
    message = {"conversation_id": conversation, "sender_id": bot, "content": "hello"}

    api.post("/v1/messages", message).refused(409, "HUMAN_IN_CONTROL")
    api.patch(f"/v1/conversations/{conversation}", {"controlled_by": "bot"})
    assert api.post("/v1/messages", message).status == 202
    api.patch(f"/v1/conversations/{conversation}", {"controlled_by": "human"})

    api.post("/v1/messages", {**message, "content": "again"}).refused(409, "HUMAN_IN_CONTROL")
    assert api.get("/v1/users", type="BOT").status == 200
