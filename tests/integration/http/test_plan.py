"""POST /v1/messages with `fallback`: what is accepted, refused, previewed and told of it."""

import uuid

import msgspec
import pytest

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.content import Media, Text
from chat4all.domain.files.file import Attachment, FileStatus
from chat4all.domain.plan import Choose, Step
from tests.fakes.files import a_file
from tests.integration.aws import Aws
from tests.integration.http.conftest import Cast
from tests.integration.http.gateway import Gateway
from tests.integration.http.test_messages import body_of, published

LATER = "2026-03-02T12:00:00.000Z"
TEXT = {"type": "text", "text": "a template"}


def on_sms_too(api: Gateway, cast: Cast) -> None:
    answer = api.post(
        f"/v1/users/{cast.customer}/identities", {"channel": "sms", "address": f"+{cast.phone}"}
    )
    assert answer.status == 201, answer.json


def test_the_steps_are_submitted_with_their_contents(api: Gateway, cast: Cast, aws: Aws) -> None:
    on_sms_too(api, cast)
    fallback = [{"content": TEXT}, {"channel": "sms"}, {"channel": "sms", "content": "in short"}]

    accepted = api.post(
        "/v1/messages", body_of(cast, channel="whatsapp", fallback=fallback, choose="cheapest")
    )

    assert accepted.status == 202
    (event,) = published(aws, cast.conversation)
    assert event.message.steps == (
        Step("whatsapp"),
        Step(None, Text("a template")),
        Step("sms"),
        Step("sms", Text("in short")),
    )
    assert (event.message.choose, event.message.delivery_timeout_s) == (Choose.CHEAPEST, 300)
    (to,) = event.recipients
    assert [(route.channel, route.step) for route in to.routes] == [
        ("whatsapp", 0),
        ("whatsapp", 1),
        ("sms", 2),
        ("sms", 3),
    ]


def test_channels_are_short_for_steps(api: Gateway, cast: Cast, aws: Aws) -> None:
    on_sms_too(api, cast)
    same = body_of(cast, message_id=str(uuid.uuid4()))
    short = {**same, "channels": ["whatsapp", "sms"], "delivery_timeout_s": 60}
    long = {**same, "channel": "whatsapp", "fallback": [{"channel": "sms"}], "delivery_timeout_s": 60}

    first, again = api.post("/v1/messages", short), api.post("/v1/messages", long)

    assert (first.status, again.status) == (202, 202)
    assert again.headers["idempotent-replay"] == "true"
    (event, *_) = published(aws, cast.conversation)
    assert event.message.steps == (Step("whatsapp"), Step("sms"))


def test_a_file_of_a_step_is_attached_as_the_messages_own(
    api: Gateway, cast: Cast, aws: Aws, api_settings: ApiSettings
) -> None:
    files = DynamoFiles(api_settings.files_table)
    file_id, foreign = str(uuid.uuid4()), str(uuid.uuid4())
    file = a_file(file_id, conversation_id=cast.conversation)
    files.add(file, LATER)
    files.add(a_file(foreign, owner="somebody else"), LATER)
    fallback = [{"content": {"type": "media", "file_id": file_id, "text": "look"}}]
    body = body_of(cast, fallback=fallback, message_id=str(uuid.uuid4()))

    assert api.post("/v1/messages", body).status == 202
    (event,) = published(aws, cast.conversation)
    (_, step) = event.message.steps
    assert step.content == Media(Attachment(file_id, "invoice.pdf", "application/pdf", 1000), "look")
    files.save(msgspec.structs.replace(file, status=FileStatus.EXPIRED), FileStatus.READY, None)
    assert api.post("/v1/messages", body).headers["idempotent-replay"] == "true"

    fallback = [{"content": {"type": "media", "file_id": foreign}}]

    refused = api.post("/v1/messages", body_of(cast, fallback=fallback))

    assert refused.refused(403, "NOT_YOUR_FILE") == ["fallback[0].content.file_id"]
    fallback = [{"content": TEXT}, {"content": {"type": "media", "file_id": str(uuid.uuid4())}}]
    missing = api.post("/v1/messages", body_of(cast, fallback=fallback))
    assert missing.refused(404, "FILE_NOT_FOUND") == ["fallback[1].content.file_id"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"fallback": []}, ["fallback"]),
        ({"fallback": [{"channel": "sms"}] * 6}, ["fallback"]),
        ({"fallback": {}}, ["fallback"]),
        ({"fallback": [{}]}, ["fallback[0]"]),
        ({"fallback": [{"channel": None}]}, ["fallback[0]"]),
        ({"fallback": [{"channel": "sms"}, {"content": None}]}, ["fallback[1]"]),
        ({"fallback": [{"channel": "fax"}]}, ["fallback[0].channel"]),
        ({"fallback": [{"channel": 7}]}, ["fallback[0].channel"]),
        ({"fallback": [{"channel": ""}]}, ["fallback[0].channel"]),
        ({"fallback": [{"chanel": "sms"}]}, ["fallback[0].chanel"]),
        ({"fallback": [{"content": ""}]}, ["fallback[0].content"]),
        ({"fallback": [{"content": {"type": "text", "text": "\u200b"}}]}, ["fallback[0].content.text"]),
        ({"fallback": [{"content": "x" * 10_001}]}, ["fallback[0].content"]),
        ({"fallback": [{"content": {"type": "nonsense"}}]}, ["fallback[0].content.type"]),
        ({"fallback": [{"content": {"type": "deleted", "text": ""}}]}, ["fallback[0].content.type"]),
        (
            {
                "fallback": [
                    {"content": TEXT},
                    {"content": {"type": "location", "latitude": 91, "longitude": 0}},
                ]
            },
            ["fallback[1].content.latitude"],
        ),
        (
            {"fallback": [{"content": {"type": "buttons", "text": "Which?", "buttons": []}}]},
            ["fallback[0].content.buttons"],
        ),
        (
            {"fallback": [{"content": {"type": "media", "file_id": ""}}]},
            ["fallback[0].content.file_id"],
        ),
        ({"fallback": [{"content": {"type": "reaction", "emoji": "👍"}}]}, ["fallback[0].content"]),
        ({"fallback": [{"content": "😀" * 4_000}] * 5}, ["fallback"]),
        ({"fallback": [{"channel": "sms"}], "channels": ["whatsapp", "sms"]}, ["fallback"]),
        ({"fallback": [{"channel": "sms"}], "delivery_timeout_s": 29}, ["delivery_timeout_s"]),
        ({"fallback": [{"channel": "sms"}], "choose": "best"}, ["choose"]),
        ({"choose": "cheapest"}, ["choose"]),
        ({"delivery_timeout_s": 60}, ["delivery_timeout_s"]),
        ({"channels": ["sms", "sms"]}, ["channels"]),
    ],
)
def test_a_wrong_plan_is_invalid_and_names_the_field(
    api: Gateway, cast: Cast, fields: dict[str, object], named: list[str]
) -> None:
    preview = api.post("/v1/messages/preview", body_of(cast, **fields))
    answer = api.post("/v1/messages", body_of(cast, **fields))

    assert preview.refused(400, "VALIDATION_ERROR") == named
    assert answer.refused(400, "VALIDATION_ERROR") == named


def test_without_a_possible_step_the_error_is_that_of_the_first(api: Gateway, cast: Cast) -> None:
    fallback = [{"channel": "sms"}, {"channel": "telegram", "content": TEXT}]

    refused = api.post("/v1/messages", body_of(cast, channel="instagram", fallback=fallback))

    refused.refused(422, "NO_IDENTITY")


def test_the_preview_shows_each_step_with_its_decision(api: Gateway, cast: Cast, aws: Aws) -> None:
    on_sms_too(api, cast)
    buttons = {"type": "buttons", "text": "Which?", "buttons": [{"id": "1", "title": "One"}]}
    fallback = [{"channel": "sms", "content": buttons}, {"channel": "telegram"}, {"content": TEXT}]

    shown = api.post("/v1/messages/preview", body_of(cast, channel="whatsapp", fallback=fallback))

    assert shown.status == 200
    renderings = shown.json["renderings"]
    assert [(one["step"], one["channel"], one["decision"], one["code"]) for one in renderings] == [
        (0, "whatsapp", "tried", None),
        (1, "sms", "next", None),
        (2, "telegram", "skipped", "NO_IDENTITY"),
        (3, "telegram", "skipped", "NO_IDENTITY"),
    ]
    assert [one["is_charged"] for one in renderings] == [True, True, False, False]
    assert renderings[1]["parts"] == [{"type": "text", "text": "Which?\n\n1. One"}]
    assert (renderings[2]["account"], renderings[2]["parts"]) == (None, [])
    assert published(aws, cast.conversation) == []


def test_a_message_that_is_not_routed_yet_has_an_empty_plan(api: Gateway, cast: Cast) -> None:
    posted = api.post("/v1/messages", body_of(cast, fallback=[{"content": TEXT}])).json

    assert api.get(f"/v1/messages/{posted['message_id']}/status").json["plan"] == []


def test_the_content_of_a_message_is_its_own_and_not_a_steps(api: Gateway, cast: Cast) -> None:
    posted = api.post("/v1/messages", body_of(cast, fallback=[{"content": TEXT}])).json

    assert api.get(f"/v1/messages/{posted['message_id']}").json["content"] == {
        "type": "text",
        "text": "hello",
    }


def test_what_is_wrong_with_a_template_of_a_step_names_the_step(api: Gateway, cast: Cast) -> None:
    template = {"type": "template", "name": "order_ready", "language": "pt_BR"}
    header = {"type": "file", "file_id": str(uuid.uuid4())}
    misnamed, fileless = {**template, "name": "Order"}, {**template, "header": header}

    wrong = api.post("/v1/messages", body_of(cast, channel="whatsapp", fallback=[{"content": misnamed}]))
    missing = api.post("/v1/messages", body_of(cast, channel="whatsapp", fallback=[{"content": fileless}]))

    assert wrong.refused(400, "VALIDATION_ERROR") == ["fallback[0].content.name"]
    assert missing.refused(404, "FILE_NOT_FOUND") == ["fallback[0].content.header.file_id"]
