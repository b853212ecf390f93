"""Templates on WhatsApp: the requests about them, how a message has one, and the news of webhooks."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.templates import WhatsAppTemplates
from chat4all.domain.errors import (
    Chat4AllError,
    Invalid,
    NotPossible,
    TemplateExists,
    TemplateRefused,
    Unavailable,
)
from chat4all.domain.events import TemplateChanged
from chat4all.domain.files.file import MediaKind
from chat4all.domain.kinds import (
    HeaderFile,
    HeaderPlace,
    HeaderText,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.sending import OutgoingMedia, SendError
from chat4all.domain.templates import (
    OUTDATED,
    AccountTemplate,
    ButtonOfTemplate,
    ButtonType,
    Header,
    HeaderFormat,
    NewTemplate,
    TemplateCategory,
    TemplateNews,
)
from chat4all.services.messaging.template_catalogue import TemplateQuery
from tests.unit.channels.fake_http import SECRET, FakeHttp, answer, file_submission, graph_error, submission

BASE = "https://graph.example"
OWNED = replace(SECRET, business_account_id="1022")
EDGE = f"{BASE}/v25.0/1022/message_templates"
LISTED = {
    "id": "594425479261596",
    "name": "order_ready",
    "language": "pt_BR",
    "status": "APPROVED",
    "category": "MARKETING",
    "parameter_format": "POSITIONAL",
    "rejected_reason": "NONE",
    "quality_score": {"score": "GREEN", "date": 1},
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Nr {{1}}", "example": {"header_text": ["17"]}},
        {"type": "BODY", "text": "Hi {{1}}, {{2}} ok", "example": {"body_text": [["Ana", "17"]]}},
        {"type": "FOOTER", "text": "Bye"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Yes"},
                {"type": "URL", "text": "See", "url": "https://a/{{1}}", "example": ["https://a/1"]},
                {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+1"},
                {"type": "COPY_CODE", "text": "Copy", "example": ["C"]},
                {"type": "FLOW", "text": "Open", "flow_id": 1},
            ],
        },
    ],
}
NEW = NewTemplate(
    name="order_ready",
    language="pt_BR",
    category=TemplateCategory.UTILITY,
    body="Hi {{1}}, ok",
    samples={"1": "Ana"},
)


def catalogue(*answers: HttpAnswer | NetworkFailure) -> tuple[WhatsAppTemplates, FakeHttp]:
    http = FakeHttp(*answers)
    return WhatsAppTemplates(http, BASE), http


def test_a_page_of_templates_is_read_with_its_filters() -> None:
    page = {"data": [LISTED, {"id": 1}], "paging": {"cursors": {"after": "MQ"}, "next": "https://x"}}
    templates, http = catalogue(answer(200, page))

    found = templates.page(OWNED, TemplateQuery("order_ready", "pt_BR", "APPROVED"), "abc", 20)

    assert found.next_cursor == "MQ"
    (template,) = found.templates
    assert (template.name, template.category, template.quality, template.reason) == (
        "order_ready",
        "MARKETING",
        "GREEN",
        None,
    )
    assert template.header == Header(HeaderFormat.TEXT, "Nr {{1}}", "17")
    assert (template.samples, template.footer) == ({"1": "Ana", "2": "17"}, "Bye")
    assert [button.type.value for button in template.buttons] == [
        "quick_reply",
        "url",
        "phone_number",
        "copy_code",
        "other",
    ]
    assert template.is_usable
    ((method, url),) = http.called
    assert (method, url.partition("?")[0]) == ("GET", EDGE)
    assert url.endswith("limit=20&name=order_ready&language=pt_BR&status=APPROVED&after=abc")


@pytest.mark.parametrize(
    "component",
    [
        {"type": "CAROUSEL", "cards": []},
        {"type": "LIMITED_TIME_OFFER"},
        {"type": "HEADER", "format": "GIF"},
        {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "View"}]},
    ],
)
def test_a_template_with_a_part_that_we_do_not_send_cannot_be_sent(component: dict[str, object]) -> None:
    listed = {**LISTED, "components": [{"type": "BODY", "text": "Hi"}, component]}
    templates, _ = catalogue(answer(200, {"data": [listed]}))

    (template,) = templates.page(OWNED, TemplateQuery(), None, 10).templates

    assert template.unsupported
    assert not template.is_usable


def test_named_samples_and_the_reason_of_a_rejection_are_read() -> None:
    body = {
        "type": "BODY",
        "text": "Hi {{name}}, ok",
        "example": {"body_text_named_params": [{"param_name": "name", "example": "Ana"}]},
    }
    listed = {**LISTED, "status": "REJECTED", "rejected_reason": "INVALID_FORMAT", "components": [body]}
    templates, _ = catalogue(answer(200, {"data": [listed]}))

    (template,) = templates.page(OWNED, TemplateQuery(), None, 10).templates

    assert (template.samples, template.reason) == ({"name": "Ana"}, "INVALID_FORMAT")


def test_a_new_template_is_posted_as_the_page_says() -> None:
    templates, http = catalogue(answer(200, {"id": "1", "status": "PENDING", "category": "MARKETING"}))
    new = replace(
        NEW,
        header=Header(HeaderFormat.TEXT, "Nr {{1}}", "17"),
        footer="Bye",
        buttons=(
            ButtonOfTemplate(ButtonType.URL, "See", url="https://a/{{1}}", sample="https://a/1"),
            ButtonOfTemplate(ButtonType.COPY_CODE, sample="C"),
        ),
    )

    created = templates.create(OWNED, new)

    assert (created.template_id, created.status, created.category) == ("1", "PENDING", "MARKETING")
    assert http.sent_json() == {
        "name": "order_ready",
        "language": "pt_BR",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Nr {{1}}", "example": {"header_text": ["17"]}},
            {"type": "BODY", "text": "Hi {{1}}, ok", "example": {"body_text": [["Ana"]]}},
            {"type": "FOOTER", "text": "Bye"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "URL", "text": "See", "url": "https://a/{{1}}", "example": ["https://a/1"]},
                    {"type": "COPY_CODE", "example": "C"},
                ],
            },
        ],
    }


def test_named_variables_are_declared_as_named() -> None:
    templates, http = catalogue(answer(200, {"id": "1", "status": "PENDING", "category": "UTILITY"}))

    templates.create(OWNED, replace(NEW, body="Hi {{name}}, ok", samples={"name": "Ana"}))

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent["parameter_format"] == "NAMED"
    named = [{"param_name": "name", "example": "Ana"}]
    assert sent["components"][0]["example"] == {"body_text_named_params": named}


def failure(code: int, subcode: int | None = None, status: int = 400) -> HttpAnswer:
    error = {"code": code, "message": "m", "error_user_msg": "because of that", "error_subcode": subcode}
    return answer(status, {"error": error})


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (failure(100, 2388024), TemplateExists),
        (failure(100, 2388023), TemplateExists),
        (failure(100, 2388299), TemplateRefused),
        (failure(190, status=401), NotPossible),
        (failure(80008), Unavailable),
        (failure(4), Unavailable),
        (failure(2, status=500), Unavailable),
        (answer(502, "<html>"), Unavailable),
        (answer(200, "nonsense"), Unavailable),
        (NetworkFailure(may_have_arrived=True), Unavailable),
    ],
)
def test_each_failure_of_a_creation_has_its_meaning(
    given: HttpAnswer | NetworkFailure, raised: type[Chat4AllError]
) -> None:
    templates, _ = catalogue(given)

    with pytest.raises(raised) as refused:
        templates.create(OWNED, NEW)

    assert (refused.value.retry_after is not None) == (raised is Unavailable)


def test_a_cursor_that_the_provider_does_not_know_is_invalid() -> None:
    templates, _ = catalogue(failure(100))

    with pytest.raises(Invalid):
        templates.page(OWNED, TemplateQuery(), "nonsense", 10)


def test_a_template_is_deleted_in_all_languages_or_by_its_id() -> None:
    templates, http = catalogue(answer(200, {"success": True}), failure(100, 2593002))

    assert templates.delete(OWNED, "order_ready", None)
    assert not templates.delete(OWNED, "order_ready", "77")
    assert http.called == [
        ("DELETE", f"{EDGE}?name=order_ready"),
        ("DELETE", f"{EDGE}?name=order_ready&hsm_id=77"),
    ]


def components(template: Template, header: OutgoingMedia | None = None) -> list[dict[str, Any]]:
    found = sent(template, header)["components"]
    assert isinstance(found, list)
    return found


def sent(template: Template, header: OutgoingMedia | None = None) -> dict[str, object]:
    http = FakeHttp(answer(200, {"messages": [{"id": "wamid.1"}]}))
    WhatsApp(http, BASE).send(replace(submission("4915112345678"), content=template, header=header), SECRET)
    body = http.sent_json()
    assert isinstance(body, dict)
    assert body["type"] == "template"
    return dict(body["template"])


def test_a_template_without_values_has_no_components() -> None:
    assert sent(Template("hello", "en", text="Hello")) == {"name": "hello", "language": {"code": "en"}}


def test_numbered_values_stand_in_the_order_of_their_numbers() -> None:
    values = {str(number): f"v{number}" for number in (10, 2, 1, 3, 4, 5, 6, 7, 8, 9)}

    (body,) = components(Template("t", "en", values))

    assert [parameter["text"] for parameter in body["parameters"]] == [f"v{n}" for n in range(1, 11)]
    assert body["parameters"][0] == {"type": "text", "text": "v1"}


def test_named_values_carry_their_names_in_header_and_body() -> None:
    message = Template("t", "en", {"first_name": "Ana"}, HeaderText("today", "day"))

    assert sent(message)["components"] == [
        {"type": "header", "parameters": [{"type": "text", "parameter_name": "day", "text": "today"}]},
        {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ana"}]},
    ]


def test_a_numbered_header_has_no_name() -> None:
    assert sent(Template("t", "en", header=HeaderText("17", "1")))["components"] == [
        {"type": "header", "parameters": [{"type": "text", "text": "17"}]}
    ]


def test_buttons_are_named_by_their_place_among_all_buttons() -> None:
    kinds = TemplateButtonKind
    buttons = (
        TemplateButton(3, kinds.COPY_CODE, "SAVE10"),
        TemplateButton(0, kinds.QUICK_REPLY, "yes"),
        TemplateButton(2, kinds.URL, "17"),
    )

    assert sent(Template("t", "en", buttons=buttons))["components"] == [
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": "yes"}],
        },
        {"type": "button", "sub_type": "url", "index": "2", "parameters": [{"type": "text", "text": "17"}]},
        {
            "type": "button",
            "sub_type": "copy_code",
            "index": "3",
            "parameters": [{"type": "coupon_code", "coupon_code": "SAVE10"}],
        },
    ]


@pytest.mark.parametrize(
    ("content_type", "kind", "more"),
    [
        ("image/png", MediaKind.IMAGE, {}),
        ("video/mp4", MediaKind.VIDEO, {}),
        ("application/pdf", MediaKind.DOCUMENT, {"filename": "invoice.pdf"}),
    ],
)
def test_the_file_of_a_header_goes_by_its_address(
    content_type: str, kind: MediaKind, more: dict[str, str]
) -> None:
    file = file_submission("1", content_type).content
    assert isinstance(file, OutgoingMedia)

    (header,) = components(Template("t", "en", header=HeaderFile("file-1")), file)

    link = {"link": "https://store.example/invoice?signed=1", **more}
    assert header == {"type": "header", "parameters": [{"type": kind.value, kind.value: link}]}


def test_the_place_of_a_header_goes_as_a_place() -> None:
    (header,) = components(Template("t", "en", header=HeaderPlace(48.2, 1e-05, "Café", "Lane 1")))

    (parameter,) = header["parameters"]
    assert parameter["location"] == {
        "latitude": "48.200000",
        "longitude": "0.000010",
        "name": "Café",
        "address": "Lane 1",
    }


@pytest.mark.parametrize(
    ("code", "status"),
    [(132015, "PAUSED"), (132016, "DISABLED"), (132001, OUTDATED), (132000, OUTDATED), (131026, None)],
)
def test_a_refusal_tells_of_the_template(code: int, status: str | None) -> None:
    for content, told in ((Template("t", "en", text="Hi"), status), (submission("1").content, None)):
        connector = WhatsApp(FakeHttp(graph_error(400, code)), BASE)
        result = connector.send(replace(submission("4915112345678"), content=content), SECRET)
        assert isinstance(result, SendError)
        assert result.template_status == told


def news(field: str, **value: object) -> list[object]:
    about = {
        "message_template_id": 1,
        "message_template_name": "order_ready",
        "message_template_language": "pt-BR",
        **value,
    }
    entry = {"id": "1022", "time": 1_739_321_024, "changes": [{"field": field, "value": about}]}
    body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})
    parsed = WhatsApp(FakeHttp(), BASE).parse_webhook(body, SECRET)
    return [*parsed.events, *parsed.ignored]


STATUS = "message_template_status_update"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (STATUS, {"event": "APPROVED", "reason": "NONE"}, TemplateNews("APPROVED")),
        (STATUS, {"event": "REJECTED", "reason": "SCAM"}, TemplateNews("REJECTED", reason="SCAM")),
        (STATUS, {"event": "PENDING_DELETION", "reason": None}, TemplateNews("PENDING_DELETION")),
        (STATUS, {"event": "REINSTATED"}, TemplateNews("APPROVED")),
        (STATUS, {"event": "FLAGGED"}, TemplateNews()),
        (
            STATUS,
            {"event": "PAUSED", "message_template_category": "MARKETING"},
            TemplateNews("PAUSED", "MARKETING"),
        ),
        ("message_template_quality_update", {"new_quality_score": "RED"}, TemplateNews(quality="RED")),
        ("message_template_components_update", {"message_template_element": "x"}, TemplateNews(OUTDATED)),
        (
            "template_category_update",
            {"previous_category": "UTILITY", "new_category": "MARKETING"},
            TemplateNews(category="MARKETING"),
        ),
        (
            "template_category_update",
            {"correct_category": "MARKETING", "new_category": "UTILITY"},
            TemplateNews(category="UTILITY"),
        ),
    ],
)
def test_news_of_a_template_are_an_event(
    field: str, value: dict[str, object], expected: TemplateNews
) -> None:
    at = "2025-02-12T00:43:44.000Z"

    assert news(field, **value) == [TemplateChanged("1022", "order_ready", "pt_BR", at, expected)]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"event": 7},
        {"event": "APPROVED", "message_template_name": None},
        {"event": "APPROVED", "message_template_name": "A#B"},
        {"event": "APPROVED", "message_template_language": "#" * 3000},
    ],
)
def test_news_of_another_form_are_counted(value: dict[str, object]) -> None:
    assert news(STATUS, **value) == [STATUS]


def test_an_account_template_reads_again_what_it_writes() -> None:
    templates, _ = catalogue(answer(200, {"data": [LISTED]}))
    (template,) = templates.page(OWNED, TemplateQuery(), None, 10).templates

    assert msgspec.json.decode(msgspec.json.encode(template), type=AccountTemplate) == template
