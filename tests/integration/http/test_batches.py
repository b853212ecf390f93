"""/v1/batches: creating, reading, listing and controlling batches."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chat4all.adapters.dynamodb.old_messages import DynamoOldMessages
from chat4all.domain.clock import iso
from tests.integration.aws import Aws
from tests.integration.http.conftest import Cast, create_customer
from tests.integration.http.gateway import Gateway


def batch_of(cast: Cast, **fields: object) -> dict[str, object]:
    return {
        "batch_id": str(uuid.uuid4()),
        "sender_id": cast.agent,
        "content": "Hello {{name}}",
        "recipients": [{"conversation_id": cast.conversation, "variables": {"name": "Ana"}}],
        **fields,
    }


def people(count: int) -> list[dict[str, object]]:
    return [{"user_id": str(uuid.uuid4()), "variables": {"name": f"person {n}"}} for n in range(count)]


def card(title: str) -> dict[str, object]:
    return {"type": "carousel", "text": "Look", "cards": [{"title": title, "text": "Now"}]}


def template(**fields: object) -> dict[str, object]:
    return {"type": "template", "name": "order_ready", "language": "pt_BR", **fields}


def button(value: str) -> dict[str, object]:
    return {"index": 0, "type": "quick_reply", "value": value}


def issues(answer: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an answer of the gateway
    return [(detail["field"], detail["issue"]) for detail in answer.json["details"]]


def test_a_batch_is_created_read_listed_paused_resumed_and_cancelled(
    api: Gateway, cast: Cast, aws: Aws
) -> None:
    body = batch_of(cast)

    created = api.post("/v1/batches", body)

    assert created.status == 202
    assert set(created.json) == {"batch_id", "status_url"}
    path = f"/v1/batches/{body['batch_id']}"
    assert created.json["status_url"].endswith(path)
    read = api.get(path).json
    assert (read["state"], read["total"], read["pending"], read["accepted"]) == ("RUNNING", 1, 1, 0)
    assert body["batch_id"] in [batch["batch_id"] for batch in api.get("/v1/batches").json["batches"]]
    (recipient,) = api.get(f"{path}/recipients", outcome="pending").json["recipients"]
    assert (recipient["index"], recipient["conversation_id"], recipient["status"]) == (
        0,
        cast.conversation,
        None,
    )
    assert api.get(f"{path}/recipients", outcome="accepted").json["recipients"] == []
    states = [
        api.post(f"{path}/{act}", {}).json["state"]
        for act in ("pause", "pause", "resume", "resume", "cancel", "cancel")
    ]
    assert states == ["PAUSED", "PAUSED", "RUNNING", "RUNNING", "CANCELLED", "CANCELLED"]
    for act in ("pause", "resume"):
        refused = api.post(f"{path}/{act}", {})
        assert (refused.status, refused.json["error"]) == (409, "BATCH_OVER")
    assert any(str(body["batch_id"]) in work for work in aws.drained(aws.queue("BatchesQueue")))


def test_the_same_batch_again_is_a_replay_and_another_a_conflict(api: Gateway, cast: Cast) -> None:
    body = batch_of(cast)
    first = api.post("/v1/batches", body)

    again = api.post("/v1/batches", body)

    assert (again.status, again.json) == (202, first.json)
    assert again.headers["idempotent-replay"] == "true"
    for changed in ({"content": "Bye {{name}}"}, {"recipients": people(1)}, {"send_at": later()}):
        assert api.post("/v1/batches", {**body, **changed}).status == 409


def test_a_batch_that_retention_removed_is_still_not_sent_again(api: Gateway, cast: Cast, aws: Aws) -> None:
    body = batch_of(cast, content="Hello, our secret {{name}}")
    path = f"/v1/batches/{body['batch_id']}"
    created = api.post("/v1/batches", body)
    api.post(f"{path}/cancel", {})
    aws.drained(aws.queue("BatchesQueue"))
    tables = [aws.output(f"Data.{name}Table") for name in ("Messages", "Conversations", "Files")]
    old = DynamoOldMessages(*tables)
    batch_id, ever, until = str(body["batch_id"]), "9999-01-01T00:00:00.000Z", 4_000_000_000

    assert [old.strip_batch(batch_id, ever, until) for _ in range(2)] == [True, False]

    again = api.post("/v1/batches", body)
    assert (again.status, again.json) == (202, created.json)
    assert again.headers["idempotent-replay"] == "true"
    assert api.post("/v1/batches", {**body, "content": "Bye {{name}}"}).status == 409
    assert aws.drained(aws.queue("BatchesQueue")) == []
    for read in (path, f"{path}/recipients"):
        api.get(read).refused(404, "BATCH_NOT_FOUND")
    api.post(f"{path}/cancel", {}).refused(404, "BATCH_NOT_FOUND")
    assert body["batch_id"] not in [batch["batch_id"] for batch in api.get("/v1/batches").json["batches"]]
    rows = aws.dynamodb.query(
        TableName=tables[0],
        KeyConditionExpression="#p = :p",
        ExpressionAttributeNames={"#p": "partition"},
        ExpressionAttributeValues={":p": {"S": f"default#BATCH#{batch_id}"}},
    )["Items"]
    assert "secret" not in str(rows)
    assert [row["expires_at"] for row in rows] == [{"N": str(until)}]


def later() -> str:
    return iso(datetime.now(UTC) + timedelta(hours=1))


def test_a_batch_of_ten_thousand_fits_and_is_read_in_pages(api: Gateway, cast: Cast) -> None:
    body = batch_of(cast, recipients=people(10_000), send_at=later())

    assert api.post("/v1/batches", body).status == 202

    path = f"/v1/batches/{body['batch_id']}"
    assert api.get(path).json["pending"] == 10_000
    page = api.get(f"{path}/recipients", limit=100).json
    following = api.get(f"{path}/recipients", limit=100, cursor=page["next_cursor"]).json
    indexes = [recipient["index"] for recipient in (*page["recipients"], *following["recipients"])]
    assert indexes == list(range(200))
    assert api.get(f"{path}/recipients", outcome="refused").json["next_cursor"] is None
    assert api.post(f"{path}/cancel", {}).json["state"] == "CANCELLED"


def test_a_body_over_the_limit_is_too_large(api: Gateway, cast: Cast) -> None:
    recipients = [{"user_id": str(uuid.uuid4()), "variables": {"name": "x" * 400}} for _ in range(10_000)]

    assert api.post("/v1/batches", batch_of(cast, recipients=recipients)).status == 413


def test_the_indexes_of_wrong_recipients_are_named_the_first_20(api: Gateway, cast: Cast) -> None:
    twice = people(1)[0]
    unnamed = [{"user_id": str(uuid.uuid4())} for _ in range(30)]

    doubled = api.post("/v1/batches", batch_of(cast, recipients=[twice, *people(3), twice]))
    lacking = api.post("/v1/batches", batch_of(cast, recipients=[*people(2), *unnamed]))

    assert (doubled.status, issues(doubled)) == (
        400,
        [("recipients[4]", "is the same as recipients[0]")],
    )
    assert (lacking.status, issues(lacking)) == (
        400,
        [(f"recipients[{index}].variables", "lacks name") for index in range(2, 22)],
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"recipients": []}, "recipients"),
        ({"recipients": [{}]}, "recipients[0]"),
        ({"recipients": [{"user_id": "a", "conversation_id": "b"}]}, "recipients[0]"),
        ({"recipients": [{"user_id": ""}]}, "recipients[0].user_id"),
        ({"recipients": [{"user_id": 5}]}, "recipients[0].user_id"),
        ({"recipients": [{"phone": "+49"}]}, "recipients[0].phone"),
        ({"recipients": [{"user_id": "a", "variables": {"name": 7}}]}, "recipients[0].variables[...]"),
        ({"recipients": [{"user_id": "a", "variables": {"name": "\x00"}}]}, "recipients[0].variables"),
        ({"recipients": "everybody"}, "recipients"),
        ({"content": ""}, "content"),
        ({"content": "Hi {{first-name}}"}, "content"),
        ({"content": "Hi {{name"}, "content"),
        ({"content": "Hi {{}}"}, "content"),
        ({"content": "Hi {{ name"}, "content"),
        (
            {"content": "{{name}}", "recipients": [{"user_id": "a", "variables": {"name": " "}}]},
            "recipients[0].variables",
        ),
        ({"content": {"type": "reaction", "emoji": "👍"}}, "content"),
        ({"content": {"type": "text", "text": "Hi {{"}}, "content.text"),
        ({"content": {"type": "text", "text": " "}}, "content.text"),
        ({"content": {"type": "media", "file_id": "f", "text": "Hi {{name"}}, "content.text"),
        ({"content": card("{{first name}}")}, "content.cards[0].title"),
        ({"content": card("x" * 101)}, "content.cards[0].title"),
        ({"content": {**card("{{name}}"), "cards": []}}, "content.cards"),
        ({"content": card("{{name}}" * 40)}, "recipients[0].variables"),
        ({"content": card("{{name}} {{order}}")}, "recipients[0].variables"),
        ({"content": {**template(), "name": "{{name}}"}}, "content.name"),
        ({"content": template(parameters={"1": "{{ name"})}, "content.parameters.1"),
        ({"content": template(parameters={"1": "{{name}}\n"})}, "recipients[0].variables"),
        ({"content": template(buttons=[button("{{order}}")])}, "recipients[0].variables"),
        ({"content": template(buttons=[button("")])}, "content.buttons[0].value"),
        ({"content": template(text="{{name}}")}, "recipients[0].variables"),
        ({"content": {"type": "unsupported"}}, "content.type"),
        ({"channel": "pigeon"}, "channel"),
        ({"channels": ["sms", "sms"]}, "channels"),
        ({"delivery_timeout_s": 60}, "delivery_timeout_s"),
        ({"batch_id": "batch-1"}, "batch_id"),
        ({"batch_id": str(uuid.uuid1())}, "batch_id"),
        ({"batch_id": str(uuid.uuid4()).upper()}, "batch_id"),
        ({"send_at": "2020-01-01T00:00:00Z"}, "send_at"),
        ({"send_at": "soon"}, "send_at"),
        ({"sender_id": "nobody"}, "sender_id"),
        ({"metadata": {"a": "x" * 5_000}}, "metadata"),
        ({"reply_to": "m-1"}, "reply_to"),
    ],
)
def test_what_cannot_be_a_batch_is_refused_with_the_field(
    api: Gateway, cast: Cast, fields: dict[str, object], field: str
) -> None:
    refused = api.post("/v1/batches", batch_of(cast, **fields))

    assert refused.status == 400
    assert [name for name, _ in issues(refused)] == [field]


def test_more_than_ten_thousand_recipients_are_refused(api: Gateway, cast: Cast) -> None:
    recipients = [{"user_id": str(number)} for number in range(10_001)]

    refused = api.post("/v1/batches", batch_of(cast, content="hi", recipients=recipients))

    assert (refused.status, issues(refused)[0][0]) == (400, "recipients")


def test_an_unknown_batch_is_not_found(api: Gateway) -> None:
    path = f"/v1/batches/{uuid.uuid4()}"

    answers = [
        api.get(path),
        api.get(f"{path}/recipients"),
        *(api.post(f"{path}/{act}", {}) for act in ("pause", "resume", "cancel")),
    ]

    assert {(answer.status, answer.json["error"]) for answer in answers} == {(404, "BATCH_NOT_FOUND")}


@pytest.mark.parametrize("cursor", ["x", "WzEwMDAwXQ", "Wy0xXQ", "WyJhIl0"])
def test_a_cursor_of_something_else_is_refused(api: Gateway, cast: Cast, cursor: str) -> None:
    body = batch_of(cast, send_at=later())
    api.post("/v1/batches", body)

    assert api.get(f"/v1/batches/{body['batch_id']}/recipients", cursor=cursor).status == 400


def test_a_customer_without_a_conversation_is_a_recipient(api: Gateway, cast: Cast) -> None:
    customer = create_customer(api)

    created = api.post(
        "/v1/batches", batch_of(cast, content="hi", recipients=[{"user_id": customer}], send_at=later())
    )

    assert created.status == 202
