"""The inbox on the local cloud: a person waits, agents sort it out, a human takes over from a bot."""

from typing import Any

from tests.e2e.stage import Stage, message_body
from tests.e2e.waiting import eventually


def read(stage: Stage, path: str, **query: str) -> Any:  # noqa: ANN401 - what a test expects of it, it asserts
    answer = stage.api.call("GET", path, query=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_conversation_is_worked_on(stage: Stage) -> None:
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    path = f"/conversations/{talk.conversation_id}"
    change = {"assignee": talk.agent_id, "labels": ["vip"], "status": "RESOLVED"}
    assert stage.api.call("PATCH", path, change).json()["desk_version"] == 1

    said = message_body(talk, "anybody there?") | {"sender_id": customer.user_id}
    assert stage.api.call("POST", "/messages", said).status_code == 202

    def waiting() -> list[Any]:
        query = {"assignee": talk.agent_id, "label": "vip", "status": "OPEN", "sort": "active_at"}
        return [
            shown
            for shown in read(stage, "/conversations", **query)["conversations"]
            if shown["waiting_since"]
        ]

    (shown,) = eventually(waiting)
    assert (shown["conversation_id"], shown["desk_version"]) == (talk.conversation_id, 2)
    assert read(stage, f"{path}/seen/{talk.agent_id}") == {"unread": 1, "more": False}
    stage.reaches(stage.say(talk, "yes"), "SENT")
    assert read(stage, path)["waiting_since"] is None
    assert read(stage, f"{path}/seen/{talk.agent_id}") == {"unread": 0, "more": False}


def test_cursors_notes_and_a_snooze_that_ends(stage: Stage) -> None:
    talk = stage.talk(stage.customer("sms"))
    path = f"/conversations/{talk.conversation_id}"
    for text in ("one", "two"):
        note = {"author_id": talk.agent_id, "text": text}
        assert stage.api.call("POST", f"{path}/notes", note).status_code == 201
    first = read(stage, f"{path}/notes", limit="1")
    second = read(stage, f"{path}/notes", limit="1", cursor=first["next_cursor"])
    assert {note["text"] for page in (first, second) for note in page["notes"]} == {"one", "two"}
    other = stage.api.call("GET", "/users", query={"cursor": first["next_cursor"]})
    assert other.status_code == 400

    assert stage.api.call("PATCH", path, {"status": "SNOOZED"}).json()["status"] == "SNOOZED"
    assert stage.api.call("PATCH", path, {"state": "ARCHIVED"}).json()["state"] == "ARCHIVED"
    assert stage.api.call("PATCH", path, {"state": "ACTIVE"}).json()["status"] == "SNOOZED"
    stage.relay()
    assert read(stage, path)["state"] == "ACTIVE"
