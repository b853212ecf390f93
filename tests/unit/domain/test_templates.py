"""Templates: the values of a message, the words that people read, and what a new template may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.whatsapp.manifest import CAPABILITIES
from chat4all.domain.errors import Invalid, TemplateMismatch, TemplateNotUsable
from chat4all.domain.files.file import Attachment
from chat4all.domain.kind_checks import checked
from chat4all.domain.kinds import (
    HeaderFile,
    HeaderPlace,
    HeaderText,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.template_checks import checked_template
from chat4all.domain.templates import (
    DELETED,
    OUTDATED,
    AccountTemplate,
    ButtonOfTemplate,
    ButtonType,
    Header,
    HeaderFormat,
    NewTemplate,
    TemplateCategory,
    TemplateNews,
    filled,
    require_usable,
    variables,
)
from tests.fakes.templates import account_template

QUICK, URL, CODE = TemplateButtonKind.QUICK_REPLY, TemplateButtonKind.URL, TemplateButtonKind.COPY_CODE
BUTTONS = (
    ButtonOfTemplate(ButtonType.QUICK_REPLY, "Yes"),
    ButtonOfTemplate(ButtonType.PHONE_NUMBER, "Call", phone_number="+15550001"),
    ButtonOfTemplate(ButtonType.URL, "Track", url="https://a.example/{{1}}", sample="https://a.example/1"),
    ButtonOfTemplate(ButtonType.COPY_CODE, "Copy"),
)
WHOLE = replace(
    account_template(body="Hi {{1}}, order {{2}} of {{1}}."),
    header=Header(HeaderFormat.TEXT, "Order {{1}}", "17"),
    footer="Ana's shop",
    buttons=BUTTONS,
)
VALUES = Template(
    "order_ready",
    "pt_BR",
    {"1": "Ana", "2": "17"},
    HeaderText("17"),
    (TemplateButton(3, CODE, "SAVE10"), TemplateButton(2, URL, "17?a=b")),
)
PDF = Attachment("file-1", "a.pdf", "application/pdf", 1000)


def refusal(message: Template, template: AccountTemplate = WHOLE) -> list[str]:
    with pytest.raises(TemplateMismatch) as refused:
        filled(message, template, CAPABILITIES)
    return [detail.field for detail in refused.value.details]


def test_the_text_has_everything_that_people_read() -> None:
    text = filled(VALUES, WHOLE, CAPABILITIES).text

    assert text == (
        "Order 17\n\nHi Ana, order 17 of Ana.\n\nAna's shop\n\n"
        "1. Yes\nCall: +15550001\nTrack: https://a.example/17?a=b\nCopy: SAVE10"
    )


def test_a_value_is_not_read_as_a_variable() -> None:
    message = Template("order_ready", "pt_BR", {"1": "{{2}}", "2": "x"})

    found = filled(message, account_template(body="a {{1}} b {{2}} c"), CAPABILITIES)

    assert found.text == "a {{2}} b x c"


@given(
    st.dictionaries(st.from_regex("[a-z_][a-z0-9_]{0,9}", fullmatch=True), st.text(min_size=1), max_size=9)
)
def test_each_value_stands_in_the_place_of_its_variable(values: dict[str, str]) -> None:
    body = "".join(f"<{{{{{name}}}}}>" for name in values)
    template = account_template(body=body or "none")

    text = filled(Template("order_ready", "pt_BR", values), template, CAPABILITIES).text

    assert variables(body) == list(values)
    assert text == ("".join(f"<{value}>" for value in values.values()) or "none")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"parameters": {"1": "Ana"}}, ["content.parameters.2"]),
        ({"parameters": {"1": "a", "2": "b", "3": "c"}}, ["content.parameters.3"]),
        (
            {"parameters": {"first_name": "Ana", "2": "b"}},
            ["content.parameters.1", "content.parameters.first_name"],
        ),
        ({"header": None}, ["content.header"]),
        ({"header": HeaderFile("file-1", PDF)}, ["content.header"]),
        ({"buttons": ()}, ["content.buttons", "content.buttons"]),
        ({"buttons": (*VALUES.buttons, TemplateButton(9, QUICK, "p"))}, ["content.buttons[2]"]),
        ({"buttons": (*VALUES.buttons, TemplateButton(0, URL, "p"))}, ["content.buttons[2]"]),
        ({"buttons": (*VALUES.buttons, TemplateButton(1, QUICK, "p"))}, ["content.buttons[2]"]),
        ({"parameters": {"1": "x" * 600, "2": "y"}}, ["content.parameters"]),
        ({"header": HeaderText("x" * 58)}, ["content.header.text"]),
    ],
)
def test_values_that_do_not_fit_are_named(changes: dict[str, object], fields: list[str]) -> None:
    assert refusal(replace(VALUES, **changes)) == fields


def test_a_body_alone_may_be_longer() -> None:
    found = filled(Template("order_ready", "pt_BR", {"1": "x" * 5_000}), account_template(), CAPABILITIES)

    assert len(found.text) > 5_000


@pytest.mark.parametrize(
    ("header", "file", "fields"),
    [
        (HeaderFormat.DOCUMENT, PDF, []),
        (HeaderFormat.IMAGE, PDF, ["content.header.file_id"]),
        (HeaderFormat.IMAGE, replace(PDF, content_type="image/png"), []),
        (
            HeaderFormat.IMAGE,
            replace(PDF, content_type="image/png", size=6_000_000),
            ["content.header.file_id"],
        ),
        (HeaderFormat.IMAGE, replace(PDF, content_type="image/webp"), ["content.header.file_id"]),
        (HeaderFormat.VIDEO, replace(PDF, content_type="video/mp4"), []),
        (HeaderFormat.LOCATION, PDF, ["content.header"]),
    ],
)
def test_the_file_of_a_header_must_be_what_the_template_shows(
    header: HeaderFormat, file: Attachment, fields: list[str]
) -> None:
    template = replace(account_template(body="hello"), header=Header(header))
    message = Template("order_ready", "pt_BR", header=HeaderFile(file.file_id, file))

    if fields:
        assert refusal(message, template) == fields
    else:
        assert filled(message, template, CAPABILITIES).text == "hello"


def test_the_place_of_a_header_can_be_read() -> None:
    template = replace(account_template(body="hello"), header=Header(HeaderFormat.LOCATION))
    message = Template("order_ready", "pt_BR", header=HeaderPlace(48.2, 16.3, "Café", "Herrengasse 14"))

    assert filled(message, template, CAPABILITIES).text.startswith("Café, Herrengasse 14\nhttps://")


def test_a_header_without_a_variable_takes_no_value() -> None:
    template = replace(account_template(), header=Header(HeaderFormat.TEXT, "Hello"))

    assert refusal(Template("order_ready", "pt_BR", {"1": "Ana"}, HeaderText("x")), template) == [
        "content.header"
    ]


def test_the_name_of_a_headers_variable_is_kept_for_the_request() -> None:
    template = replace(
        account_template(body="Hi {{name}}!"), header=Header(HeaderFormat.TEXT, "Sale {{day}}", "x")
    )

    found = filled(
        Template("order_ready", "pt_BR", {"name": "Ana"}, HeaderText("today")), template, CAPABILITIES
    )

    assert found.header == HeaderText("today", "day")
    assert found.as_posted.header == HeaderText("today")


@pytest.mark.parametrize(
    "status", ["PENDING", "REJECTED", "PAUSED", "DISABLED", "PENDING_DELETION", "NEW_ONE"]
)
def test_only_an_approved_template_can_be_sent(status: str) -> None:
    with pytest.raises(TemplateNotUsable) as refused:
        require_usable(account_template(status=status), VALUES, [])

    (detail,) = refused.value.details
    assert (detail.field, status in detail.issue) == ("content.name", True)


def test_an_unknown_language_is_told_with_the_known_ones() -> None:
    with pytest.raises(TemplateNotUsable) as refused:
        require_usable(None, replace(VALUES, language="pt"), ["pt_BR", "en"])

    assert refused.value.details[0].field == "content.language"
    assert "en, pt_BR, not in pt" in refused.value.details[0].issue


def test_news_change_a_template_or_end_what_is_known_of_it() -> None:
    paused = TemplateNews(status="PAUSED", category="MARKETING").applied(WHOLE)

    assert paused is not None
    assert (paused.status, paused.category, paused.is_usable) == ("PAUSED", "MARKETING", False)
    assert filled(VALUES, paused, CAPABILITIES).category == "MARKETING"
    assert [TemplateNews(status).applied(WHOLE) for status in (DELETED, OUTDATED)] == [None, None]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Order"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a" * 513}, "name"),
        ({"language": "pt-BR"}, "language"),
        ({"language": "PT"}, "language"),
        ({"language": "portuguese"}, "language"),
        ({"text": "Olá"}, "text"),
        ({"category": "UTILITY"}, "category"),
        ({"parameters": {"1": "a\nb"}}, "parameters.1"),
        ({"parameters": {"1": "a\tb"}}, "parameters.1"),
        ({"parameters": {"1": "a\r\n"}}, "parameters.1"),
        ({"parameters": {"1": "a     b"}}, "parameters.1"),
        ({"parameters": {"1": ""}}, "parameters.1"),
        ({"parameters": {"1": "\u200b"}}, "parameters.1"),
        ({"parameters": {"1": "a\x00"}}, "parameters.1"),
        ({"parameters": {"01": "a"}}, "parameters.01"),
        ({"parameters": {"Name": "a"}}, "parameters.Name"),
        ({"parameters": {"٣": "a"}}, "parameters.٣"),
        ({"parameters": {"1": "a", "name": "b"}}, "parameters"),
        ({"header": HeaderText("a\nb")}, "header.text"),
        ({"header": HeaderText("a", "name")}, "header.variable"),
        ({"header": HeaderPlace(1, 2, "", "x")}, "header.name"),
        ({"buttons": (TemplateButton(0, URL, "a b"),)}, "buttons[0].value"),
        ({"buttons": (TemplateButton(0, CODE, "A" * 16),)}, "buttons[0].value"),
        ({"buttons": (TemplateButton(0, CODE, "SAVE-10"),)}, "buttons[0].value"),
        ({"buttons": (TemplateButton(0, QUICK, " "),)}, "buttons[0].value"),
        ({"buttons": (TemplateButton(0, QUICK, "a"), TemplateButton(0, QUICK, "b"))}, "buttons"),
    ],
)
def test_what_no_template_could_have_is_invalid(changes: dict[str, object], field: str) -> None:
    message = replace(Template("order_ready", "pt_BR"), **changes)

    with pytest.raises(Invalid) as refused:
        checked(message)

    assert [detail.field for detail in refused.value.details] == [f"content.{field}"]


def test_four_spaces_and_odd_words_are_good() -> None:
    values = {"1": "a    b", "2": "😀 $1 \\ {{x}}", "3": "0"}

    assert checked(Template("order_ready", "fil", values)) == Template("order_ready", "fil", values)


NEW = NewTemplate(
    name="order_ready",
    language="pt_BR",
    category=TemplateCategory.UTILITY,
    body="Olá, {{1}}! O pedido {{2}} está pronto.",
    samples={"1": "Ana", "2": "17"},
)


def button(kind: ButtonType, text: str = "Go", **fields: str) -> ButtonOfTemplate:
    return ButtonOfTemplate(kind, text, **fields)


REPLY = button(ButtonType.QUICK_REPLY)
LINK = button(ButtonType.URL, url="https://a.example/{{1}}", sample="https://a.example/1")
CALL = button(ButtonType.PHONE_NUMBER, phone_number="+15550001")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": "x" * 1024, "samples": {}},
        {"body": "Hi {{first_name}}, ok", "samples": {"first_name": "Ana"}},
        {"header": Header(HeaderFormat.TEXT, "Order {{1}}", "17"), "footer": "x" * 60},
        {"header": Header(HeaderFormat.IMAGE, sample="4::aW")},
        {"header": Header(HeaderFormat.LOCATION)},
        {"buttons": (REPLY, REPLY, LINK, LINK, CALL, button(ButtonType.COPY_CODE, "", sample="SAVE10"))},
        {"buttons": (LINK, REPLY)},
        {"name": "a" * 512, "language": "en"},
    ],
)
def test_a_template_as_the_page_has_it_is_good(changes: dict[str, object]) -> None:
    template = replace(NEW, **changes)

    assert checked_template(template) == template


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Order-Ready"}, "name"),
        ({"language": "pt-BR"}, "language"),
        ({"category": TemplateCategory.AUTHENTICATION}, "category"),
        ({"body": "x" * 1025, "samples": {}}, "body"),
        ({"body": " ", "samples": {}}, "body"),
        ({"body": "Hi {{1}} and {{3}} ok", "samples": {"1": "a", "3": "b"}}, "body"),
        ({"body": "Hi {{2}} and {{1}} ok"}, "body"),
        ({"body": "Hi {{1}} and {{name}} ok", "samples": {"1": "a", "name": "b"}}, "body"),
        ({"body": "Hi {{ 1 }} ok", "samples": {"1": "a"}}, "body"),
        ({"body": "Hi {{1} ok", "samples": {}}, "body"),
        ({"body": "Hi {{}} ok", "samples": {}}, "body"),
        ({"body": "Hi {{Name}} ok", "samples": {"Name": "a"}}, "body"),
        ({"body": "{{1}} is here", "samples": {"1": "a"}}, "body"),
        ({"body": "It is {{1}}", "samples": {"1": "a"}}, "body"),
        ({"body": "Hi {{1}}{{2}} ok"}, "body"),
        ({"samples": {"1": "Ana"}}, "samples.2"),
        ({"samples": {"1": "Ana", "2": "17", "3": "x"}}, "samples.3"),
        ({"footer": "x" * 61}, "footer"),
        ({"footer": "by {{1}}"}, "footer"),
        ({"footer": "a\nb"}, "footer"),
        ({"header": Header(HeaderFormat.TEXT, "x" * 61)}, "header.text"),
        ({"header": Header(HeaderFormat.TEXT, "")}, "header.text"),
        ({"header": Header(HeaderFormat.TEXT, "*bold*")}, "header.text"),
        ({"header": Header(HeaderFormat.TEXT, "party 🎉")}, "header.text"),
        ({"header": Header(HeaderFormat.TEXT, "for {{1}}")}, "header.sample"),
        ({"header": Header(HeaderFormat.TEXT, "for {{name}}", "Ana")}, "header.text"),
        ({"header": Header(HeaderFormat.IMAGE)}, "header.sample"),
        ({"header": Header(HeaderFormat.IMAGE, "words", "4::aW")}, "header.text"),
        ({"buttons": (LINK, LINK, LINK)}, "buttons"),
        ({"buttons": (CALL, CALL)}, "buttons"),
        ({"buttons": (REPLY, CALL, REPLY)}, "buttons"),
        ({"buttons": (button(ButtonType.QUICK_REPLY, "x" * 26),)}, "buttons[0].text"),
        ({"buttons": (button(ButtonType.QUICK_REPLY, url="https://a.example"),)}, "buttons[0].url"),
        ({"buttons": (button(ButtonType.OTHER),)}, "buttons[0].type"),
        ({"buttons": (button(ButtonType.URL, url="a.example"),)}, "buttons[0].url"),
        ({"buttons": (button(ButtonType.URL, url="https://a.example/{{1}}"),)}, "buttons[0].sample"),
        ({"buttons": (button(ButtonType.PHONE_NUMBER, phone_number="call me"),)}, "buttons[0].phone_number"),
        ({"buttons": (button(ButtonType.COPY_CODE, "", sample="SAVE 10"),)}, "buttons[0].sample"),
    ],
)
def test_what_the_review_would_reject_is_refused_before_it(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_template(replace(NEW, **changes))

    assert field in {detail.field for detail in refused.value.details}
