"""/v1/messages with send_at: scheduling, reading, listing and cancelling a message."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.clock import iso
from chat4all.domain.status import Status
from tests.fakes.files import a_file
from tests.integration.http.conftest import Cast
from tests.integration.http.gateway import Answer, Gateway
from tests.integration.http.test_messages import body_of


def later(**ahead: float) -> str:
    return iso(datetime.now(UTC) + timedelta(**ahead))


def schedule(api: Gateway, cast: Cast, **fields: object) -> Answer:
    message = {"message_id": str(uuid.uuid4()), "send_at": later(hours=1), **fields}
    return api.post("/v1/messages", body_of(cast, **message))


def test_a_scheduled_message_is_answered_read_listed_and_cancelled(api: Gateway, cast: Cast) -> None:
    send_at = later(days=300)

    scheduled = schedule(api, cast, send_at=send_at)

    assert (scheduled.status, scheduled.json["status"]) == (202, "SCHEDULED")
    assert scheduled.json["send_at"] == send_at
    path = f"/v1/messages/{scheduled.json['message_id']}"
    message = api.get(path).json
    assert (message["status"], message["send_at"], message["sequence"]) == ("SCHEDULED", send_at, "")
    progress = api.get(f"{path}/status").json
    assert (progress["current_status"], progress["deliveries"]) == ("SCHEDULED", [])
    listed = api.get("/v1/messages", status="SCHEDULED", limit=100).json["messages"]
    assert scheduled.json["message_id"] in [one["message_id"] for one in listed]

    cancelled = api.post(f"{path}/cancel", {})

    assert (cancelled.status, cancelled.json["status"]) == (200, "CANCELLED")
    assert api.post(f"{path}/cancel", {}).json == cancelled.json == api.get(path).json


def test_a_time_in_any_zone_is_told_in_utc(api: Gateway, cast: Cast) -> None:
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    text = at.astimezone().strftime("%Y-%m-%dT%H:%M:%S") + at.astimezone().strftime("%z")

    assert schedule(api, cast, send_at=text).json["send_at"] == iso(at)


@pytest.mark.parametrize(
    "send_at",
    [
        "tomorrow",
        "2031-01-01",
        "2031-01-01T12:00:00",
        "2020-01-01T12:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "",
        17,
        1_900_000_000,
        True,
        "2031-02-30T12:00:00Z",
        "2031-01-01T25:00:00Z",
    ],
)
def test_what_is_no_time_to_send_at_is_refused_with_the_field(
    api: Gateway, cast: Cast, send_at: object
) -> None:
    refused = schedule(api, cast, send_at=send_at)

    assert refused.status == 400
    assert [detail["field"] for detail in refused.json["details"]] == ["send_at"]


def test_the_same_body_again_is_a_replay_and_another_a_conflict(api: Gateway, cast: Cast) -> None:
    fields: dict[str, object] = {"message_id": str(uuid.uuid4()), "send_at": later(hours=2)}
    schedule(api, cast, **fields)

    again = schedule(api, cast, **fields)

    assert (again.status, again.headers["idempotent-replay"]) == (202, "true")
    assert schedule(api, cast, **fields, content="bye").status == 409
    assert schedule(api, cast, **{**fields, "send_at": None}).status == 409
    assert schedule(api, cast, **{**fields, "send_at": later(hours=3)}).status == 409


def test_a_message_that_could_not_be_sent_now_is_refused_at_once(api: Gateway, cast: Cast) -> None:
    assert schedule(api, cast, channel="sms").status == 422
    assert schedule(api, cast, sender_id=str(uuid.uuid4())).status == 403
    assert schedule(api, cast, conversation_id=str(uuid.uuid4())).status == 404


def test_a_message_that_went_or_failed_is_not_cancelled(
    api: Gateway, cast: Cast, api_settings: ApiSettings
) -> None:
    sent = api.post("/v1/messages", body_of(cast)).json["message_id"]
    failed = schedule(api, cast).json["message_id"]
    messages = DynamoMessages(api_settings.messages_table)
    messages.end_scheduled(failed, Status.FAILED, later(hours=1), "OPTED_OUT", "The person opted out.")

    refusals = [api.post(f"/v1/messages/{message_id}/cancel", {}) for message_id in (sent, failed)]

    assert [(refused.status, refused.json["error"]) for refused in refusals] == [(409, "NOT_SCHEDULED")] * 2
    assert api.get(f"/v1/messages/{failed}").json["error"]["code"] == "OPTED_OUT"
    assert api.post(f"/v1/messages/{uuid.uuid4()}/cancel", {}).status == 404
    assert api.post(f"/v1/messages/{failed}/retry", {}).status == 409


def test_a_file_that_is_removed_before_the_time_is_refused(
    api: Gateway, cast: Cast, api_settings: ApiSettings
) -> None:
    file_id = str(uuid.uuid4())
    file = a_file(file_id, conversation_id=cast.conversation, expires_at=later(days=2))
    DynamoFiles(api_settings.files_table).add(file, later(days=2))
    content = {"type": "media", "file_id": file_id}

    refused = schedule(api, cast, content=content, send_at=later(days=3))

    assert refused.status == 422
    assert [detail["field"] for detail in refused.json["details"]] == ["send_at"]
    assert schedule(api, cast, content=content, send_at=later(days=1)).status == 202
