"""Exports and retention on the running cloud."""

import io
import json
from typing import Any
from zipfile import ZipFile

import httpx

from tests.e2e.stage import Stage
from tests.e2e.waiting import eventually

LONG_AGO = "2010-01-01T00:00:00.000Z"
EDGE_DAYS = 3650
"""No message of another test is as old."""


def exported(stage: Stage, user_id: str) -> list[ZipFile]:
    """Export the person, wait for the zips, and download them by their links."""
    begun = stage.api.call("POST", f"/users/{user_id}/exports")
    assert begun.status_code == 202, begun.text
    path = f"/exports/{begun.json()['export_id']}"
    ready = eventually(lambda: stage.api.call("GET", path).json(), lambda export: export["state"] == "READY")
    answers = [httpx.get(stored["url"], follow_redirects=True, timeout=60) for stored in ready["zips"]]
    return [ZipFile(io.BytesIO(answer.raise_for_status().content)) for answer in answers]


def test_everything_about_a_person_is_in_the_zips(stage: Stage) -> None:
    ana = stage.customer("telegram", "Ana <Ção>")
    talk = stage.talk(ana)
    message_ids = [stage.say(talk, f"offer {number}") for number in range(3)]
    for message_id in message_ids:
        stage.reaches(message_id, "SENT", "DELIVERED", "READ")
    stage.simulators["telegram"].write(ana.address, "sim, quero")
    eventually(lambda: [message.content.text for message in stage.history(talk)], lambda t: "sim, quero" in t)

    zips = exported(stage, ana.user_id)

    records: list[Any] = []
    for archive in zips:
        assert archive.testzip() is None
        assert "index.html" in archive.namelist()
        names = [name for name in archive.namelist() if name.endswith(".json")]
        records += [record for name in names for record in json.loads(archive.read(name))]
    texts = [record["message"]["content"]["text"] for record in records if "message" in record]
    assert sorted(texts) == ["offer 0", "offer 1", "offer 2", "sim, quero"]
    (person,) = [record for record in records if "identities" in record]
    assert (person["display_name"], person["identities"][0]["address"]) == ("Ana <Ção>", ana.address)


def test_what_is_over_is_stripped_on_the_running_cloud(stage: Stage) -> None:
    bea = stage.customer("sms", "Bea")
    talk = stage.talk(bea)
    old, young = stage.say(talk, "old words"), stage.say(talk, "young words")
    for message_id in (old, young):
        stage.reaches(message_id, "DELIVERED")
    table, key = f"{stage.cloud.stack}-messages", {"S": f"default#{old}"}
    dynamodb = stage.cloud.aws.dynamodb()
    dynamodb.update_item(
        TableName=table,
        Key={"partition": key, "record": {"S": "MESSAGE"}},
        UpdateExpression="SET accepted_at = :at",
        ExpressionAttributeValues={":at": {"S": LONG_AGO}},
    )
    days = EDGE_DAYS - stage.api.call("GET", "/retention").json().get("days", 0) % 2
    """Other days than those of an earlier run on this cloud."""

    assert stage.api.call("PUT", "/retention", {"days": days}).status_code == 200

    shown = eventually(
        lambda: stage.api.call("GET", "/retention").json(), lambda shown: shown["state"] == "APPLIED"
    )
    assert shown["walk"]["removed"]["messages"] >= 1
    assert [message.message_id for message in stage.history(talk)] == [young]
    rows = dynamodb.query(
        TableName=table,
        KeyConditionExpression="#p = :p",
        ExpressionAttributeNames={"#p": "partition"},
        ExpressionAttributeValues={":p": key},
    )["Items"]
    assert len(rows) >= 3
    assert all("expires_at" in row for row in rows)
    assert not any(gone in json.dumps(rows) for gone in ("old words", bea.address))
