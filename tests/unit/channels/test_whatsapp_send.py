import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.domain.inbound_limits import hashed
from chat4all.domain.sending import Outcome, Sent, Submission
from tests.unit.channels.fake_http import (
    DELIVERY_ID,
    SECRET,
    FakeHttp,
    answer,
    error_of,
    file_submission,
    graph_error,
    sent_of,
    submission,
)

BASE = "https://graph.example"
PHONE = "5511987654321"
USER_ID = "BR.1502576394655843"
GROUP = "group:Y2FwaV9ncm91cDox=="
ACCEPTED = answer(
    200,
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": PHONE, "wa_id": "551187654321"}],
        "messages": [{"id": "wamid.HBgL", "message_status": "accepted"}],
    },
)


def test_a_text_is_posted_to_the_number_with_the_token_and_the_deliverys_id() -> None:
    http = FakeHttp(ACCEPTED)

    result = WhatsApp(http, BASE + "/").send(submission(PHONE, "Olá 👋"), SECRET)

    assert result == Sent("wamid.HBgL")
    (request,) = http.requests
    assert request.url == "https://graph.example/v25.0/106540352242922/messages"
    assert request.headers == {"authorization": "Bearer 123456:token"}
    assert http.sent_json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": "text",
        "text": {"preview_url": False, "body": "Olá 👋"},
        "biz_opaque_callback_data": DELIVERY_ID,
    }


def test_a_message_goes_to_the_address_as_it_is_given() -> None:
    http = FakeHttp(ACCEPTED)

    WhatsApp(http, BASE).send(submission("551187654321"), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent["to"] == "551187654321"


def test_a_user_id_goes_in_recipient_and_not_in_to() -> None:
    http = FakeHttp(ACCEPTED)

    WhatsApp(http, BASE).send(submission(USER_ID), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent["recipient"] == USER_ID
    assert sent["recipient_type"] == "individual"
    assert "to" not in sent


@pytest.mark.parametrize(
    "message",
    [
        submission(GROUP),
        submission(GROUP, quoted="wamid.QUOTED"),
        file_submission(GROUP, "image/png", caption="Look"),
    ],
)
def test_a_message_to_a_group_names_the_group_and_that_it_is_one(message: Submission) -> None:
    http = FakeHttp(ACCEPTED)

    assert WhatsApp(http, BASE).send(message, SECRET) == Sent("wamid.HBgL")

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert (sent["recipient_type"], sent["to"]) == ("group", "Y2FwaV9ncm91cDox==")
    assert "recipient" not in sent


@pytest.mark.parametrize(
    ("account", "number"),
    [("main", SECRET.account_id), ("100000000000077", "100000000000077"), ("1/../2", "1%2F..%2F2")],
)
def test_a_message_goes_out_through_the_number_that_it_names(account: str, number: str) -> None:
    http = FakeHttp(ACCEPTED)

    WhatsApp(http, BASE).send(replace(submission(PHONE), account=account), SECRET)

    (request,) = http.requests
    assert request.url == f"https://graph.example/v25.0/{number}/messages"
    assert request.headers == {"authorization": "Bearer 123456:token"}


@pytest.mark.parametrize(
    ("quoted", "context"),
    [
        (None, None),
        ("wamid.QUOTED", {"message_id": "wamid.QUOTED"}),
        (sent_unread("a|b|c|1").provider_message_id, None),
        (hashed(b"a message without an id"), None),
    ],
)
def test_only_a_message_with_the_providers_id_is_quoted(quoted: str | None, context: object) -> None:
    http = FakeHttp(ACCEPTED)

    WhatsApp(http, BASE).send(submission(PHONE, quoted=quoted), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent.get("context") == context


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_as_it_is(text: str) -> None:
    http = FakeHttp(ACCEPTED)

    WhatsApp(http, BASE).send(submission(PHONE, text), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent["text"]["body"] == text


def test_an_account_id_cannot_lead_to_another_path() -> None:
    http = FakeHttp(ACCEPTED)
    secret = type(SECRET)("1/../2", "t", "s")

    WhatsApp(http, BASE).send(submission(PHONE), secret)

    assert http.requests[0].url == "https://graph.example/v25.0/1%2F..%2F2/messages"


OUTCOMES = {
    **dict.fromkeys((4, 80007, 130429, 131048, 131056, 133016), Outcome.THROTTLED),
    **dict.fromkeys((2, 131000, 131016, 131052, 131053, 131057), Outcome.RETRY),
    **dict.fromkeys(
        (131008, 131009, 131021, 131026, 131030, 131047, 131049, 131050, 131051, 131062, 130472, 130497),
        Outcome.PERMANENT,
    ),
    **dict.fromkeys(
        (132000, 132001, 132005, 132007, 132012, 132015, 132016, 132018, 132069), Outcome.PERMANENT
    ),
    **dict.fromkeys(
        (0, 3, 10, 33, 190, 200, 250, 299, 368, 131005, 131031, 131042, 133010), Outcome.CHANNEL_PAUSED
    ),
}


@pytest.mark.parametrize(("code", "outcome"), OUTCOMES.items())
@pytest.mark.parametrize("status", [200, 400, 500])
def test_each_known_code_has_its_outcome_whatever_the_status(
    status: int, code: int, outcome: Outcome
) -> None:
    error = error_of(WhatsApp(FakeHttp(graph_error(status, code)), BASE), PHONE)

    assert (error.outcome, error.code) == (outcome, str(code))
    assert error.reason.endswith(".")
    assert (error.retry_after_s is not None) is (outcome is Outcome.THROTTLED)


def test_the_table_under_test_is_the_whole_table() -> None:
    assert set(WHATSAPP_FAILURES.codes) <= set(OUTCOMES)


@pytest.mark.parametrize(
    ("code", "headers", "wait_s"),
    [(131056, {}, 6.0), (130429, {}, 5.0), (80007, {}, 60.0), (130429, {"retry-after": "17"}, 17.0)],
)
def test_throttling_names_a_time(code: int, headers: dict[str, str], wait_s: float) -> None:
    error = error_of(WhatsApp(FakeHttp(graph_error(429, code, headers)), BASE), PHONE)

    assert error.retry_after_s == wait_s


def test_a_closed_window_is_told_in_words() -> None:
    error = error_of(WhatsApp(FakeHttp(graph_error(400, 131047)), BASE), PHONE)

    assert error.reason == "The person has not written in the last 24 hours; only a template may be sent."


@pytest.mark.parametrize(
    ("response", "outcome", "code"),
    [
        (graph_error(400, 123456), Outcome.PERMANENT, "123456"),
        (graph_error(500, 123456), Outcome.RETRY, "123456"),
        (graph_error(429, 123456), Outcome.THROTTLED, "123456"),
        (HttpAnswer(502, {}, b"<html>Bad Gateway</html>"), Outcome.RETRY, "502"),
        (HttpAnswer(400, {}, b"\xff"), Outcome.PERMANENT, "400"),
        (HttpAnswer(400, {}, b"[" * 100_000), Outcome.PERMANENT, "400"),
        (HttpAnswer(302, {"location": "/"}, b""), Outcome.RETRY, "302"),
        (answer(400, {"error": {"code": "131026"}}), Outcome.PERMANENT, "400"),
        (NetworkFailure(may_have_arrived=True), Outcome.RETRY, "NETWORK"),
        (NetworkFailure(may_have_arrived=False), Outcome.RETRY, "NETWORK"),
    ],
)
def test_what_is_not_in_the_table_is_judged_by_status(
    response: HttpAnswer | NetworkFailure, outcome: Outcome, code: str
) -> None:
    error = error_of(WhatsApp(FakeHttp(response), BASE), PHONE)

    assert (error.outcome, error.code) == (outcome, code)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"{}",
        b'{"messages":[]}',
        b'{"messages":[{"id":""}]}',
        b'{"messages":[{"id":"%b"}]}' % (b"x" * 3_000),
        b"\xff",
    ],
)
def test_an_accepted_message_without_a_readable_id_is_sent_and_not_sent_again(body: bytes) -> None:
    sent = sent_of(WhatsApp(FakeHttp(HttpAnswer(200, {}, body)), BASE), PHONE)

    assert sent == sent_unread(DELIVERY_ID)


LINK = "https://store.example/invoice?signed=1"


@pytest.mark.parametrize(
    ("content_type", "caption", "kind", "file"),
    [
        ("image/png", "Look", "image", {"link": LINK, "caption": "Look"}),
        ("video/mp4", "", "video", {"link": LINK}),
        ("audio/ogg", "", "audio", {"link": LINK}),
        (
            "application/pdf",
            "It",
            "document",
            {"link": LINK, "caption": "It", "filename": "invoice.pdf"},
        ),
    ],
)
def test_a_file_is_sent_by_its_address_as_what_it_is(
    content_type: str, caption: str, kind: str, file: dict[str, str]
) -> None:
    http = FakeHttp(ACCEPTED)

    result = WhatsApp(http, BASE).send(
        file_submission(PHONE, content_type, caption=caption, quoted="wamid.QUOTED"), SECRET
    )

    assert result == Sent("wamid.HBgL")
    assert http.sent_json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "type": kind,
        kind: file,
        "context": {"message_id": "wamid.QUOTED"},
        "biz_opaque_callback_data": DELIVERY_ID,
    }
