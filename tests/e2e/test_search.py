"""The search on the local cloud: streams reach the function, and the index follows what becomes of words."""

import uuid
from typing import Any

from tests.e2e.stage import Stage, Talk, message_body
from tests.e2e.waiting import eventually


def found(stage: Stage, words: str, **query: str) -> list[dict[str, Any]]:
    answer = stage.api.call("GET", "/search", query={"q": words, **query})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def ids(stage: Stage, words: str, **query: str) -> list[str]:
    return [result["id"] for result in found(stage, words, **query)]


def a_word() -> str:
    return f"w{uuid.uuid4().hex[:12]}x"


def test_messages_are_found_edited_and_deleted(stage: Stage) -> None:
    word, other = a_word(), a_word()
    customer = stage.customer("telegram")
    talk = stage.talk(customer)
    first = stage.say(talk, f"Größe {word} 4711 👍🏽")
    stage.reaches(first, "SENT")
    second = stage.say(talk, f"{word} again")
    stage.reaches(second, "SENT")

    eventually(lambda: ids(stage, word) == [second, first])
    (shown,) = found(stage, f"GROSSE {word[:6]}", conversation_id=talk.conversation_id)
    assert (shown["id"], shown["user_id"]) == (first, talk.agent_id)
    assert [shown["text"][match["start"] : match["end"]] for match in shown["matches"]] == ["Größe", word]
    assert ids(stage, f"711 {word}") == []
    assert ids(stage, word, user_id=customer.user_id) == []

    assert edit(stage, talk, first, f"changed {other}") == 202
    eventually(lambda: ids(stage, other) == [first] and ids(stage, word) == [second])
    assert deletion(stage, talk, second) == 202
    eventually(lambda: ids(stage, word) == [])
    eventually(lambda: not rows_with(stage, word))


def edit(stage: Stage, talk: Talk, message_id: str, text: str) -> int:
    body = {"sender_id": talk.agent_id, "content": text}
    return stage.api.call("PATCH", f"/messages/{message_id}", body).status_code


def deletion(stage: Stage, talk: Talk, message_id: str) -> int:
    query = {"sender_id": talk.agent_id}
    return stage.api.call("DELETE", f"/messages/{message_id}", query=query).status_code


def rows_with(stage: Stage, word: str) -> list[str]:
    """Return the keys of the rows of the index that contain the word."""
    dynamodb, table = stage.cloud.aws.dynamodb(), f"{stage.cloud.stack}-search"
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    keys = (row["partition"]["S"] + row["record"]["S"] for page in pages for row in page["Items"])
    return [key for key in keys if word in key]


def test_people_and_notes_are_found_and_pages_follow_each_other(stage: Stage) -> None:
    word = a_word()
    customer = stage.customer("sms", f"Maria {word}")
    talk = stage.talk(customer)
    path = f"/conversations/{talk.conversation_id}/notes"
    notes = []
    for number in range(5):
        note = {"author_id": talk.agent_id, "text": f"{word} {number}"}
        notes.append(stage.api.call("POST", path, note).json()["note_id"])

    eventually(lambda: ids(stage, word, type="note") == notes[::-1])
    eventually(lambda: ids(stage, f"maria {word}", type="person") == [customer.user_id])
    eventually(
        lambda: ids(stage, customer.address[-8:], type="person", channel="sms")[:1] == [customer.user_id]
    )
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        query = {"q": word, "type": "note", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = stage.api.call("GET", "/search", query=query).json()
        pages.append([result["id"] for result in answer["results"]])
        cursor = answer["next_cursor"]
    assert [note for page in pages for note in page] == notes[::-1]

    assert stage.api.call("DELETE", f"{path}/{notes[0]}").status_code == 200
    eventually(lambda: ids(stage, word, type="note") == notes[:0:-1])


def test_a_merged_persons_messages_are_found_under_the_kept_person(stage: Stage) -> None:
    word = a_word()
    kept, merged = (said_by_a_new_person(stage, word) for _ in range(2))

    assert stage.api.call("POST", f"/users/{kept}/merge", {"user_id": merged}).status_code == 200
    eventually(lambda: len(ids(stage, word, user_id=kept)) == 2)


def said_by_a_new_person(stage: Stage, word: str) -> str:
    customer = stage.customer("telegram")
    said = message_body(stage.talk(customer), word) | {"sender_id": customer.user_id}
    assert stage.api.call("POST", "/messages", said).status_code == 202
    return customer.user_id


def test_an_emptied_index_is_built_again(stage: Stage) -> None:
    word = a_word()
    talk = stage.talk(stage.customer("whatsapp"))
    message_id = stage.say(talk, word)
    eventually(lambda: ids(stage, word) == [message_id])
    dynamodb, table = stage.cloud.aws.dynamodb(), f"{stage.cloud.stack}-search"
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for row in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={name: row[name] for name in ("partition", "record")})
    assert ids(stage, word) == []

    assert stage.api.call("POST", "/search/rebuild").status_code == 202
    stage.cloud.aws.functions().invoke(FunctionName=f"{stage.cloud.stack}-search", Payload=b"{}")
    eventually(lambda: stage.api.call("GET", "/search/rebuild").json()["state"] == "DONE")
    assert ids(stage, word) == [message_id]
