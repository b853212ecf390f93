import base64
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.channels.sms.connector import Sms
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.channels.sms.manifest import CAPABILITIES
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Media, Plain, Text
from chat4all.domain.files.file import Attachment, Form
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.routing import parts_of
from chat4all.domain.segments import segments_of
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.treatments import treatment_of, unfit
from chat4all.domain.wording import worded
from tests.unit.channels.fake_http import (
    DELIVERY_ID,
    SECRET,
    FakeHttp,
    answer,
    file_submission,
    submission,
)

BASE = "https://api.twilio.example"
PHONE = "+16505551234"
TWILIO = replace(
    SECRET,
    account_id="AC0123456789abcdef0123456789abcdef",
    access_token="auth-token",
    sender="+15005550006",
    webhook_url="https://chat.example/v1/webhooks/sms",
)
ACCEPTED = answer(201, {"sid": "SM1234", "status": "queued", "num_segments": "1", "error_code": None})


def refusal(status: int, code: int, headers: dict[str, str] | None = None) -> HttpAnswer:
    about = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": "whatever", "more_info": about, "status": status}
    return answer(status, body, headers)


def error_of(result: HttpAnswer | NetworkFailure, text: str = "Hello") -> SendError:
    error = Sms(FakeHttp(result), BASE).send(submission(PHONE, text), TWILIO)
    assert isinstance(error, SendError)
    return error


def test_a_text_is_posted_as_a_form_with_the_accounts_credentials() -> None:
    http = FakeHttp(ACCEPTED)

    result = Sms(http, BASE + "/").send(submission(PHONE, "Olá 👋"), TWILIO)

    assert result == Sent("SM1234")
    (form,) = http.forms
    assert form.url == f"{BASE}/2010-04-01/Accounts/{TWILIO.account_id}/Messages.json"
    credentials = base64.b64encode(f"{TWILIO.account_id}:auth-token".encode()).decode()
    assert form.headers == {"authorization": f"Basic {credentials}"}
    assert form.fields == {
        "To": PHONE,
        "From": "+15005550006",
        "Body": "Olá 👋",
        "StatusCallback": (
            "https://chat.example/v1/webhooks/sms"
            "?delivery_id=11111111-1111-4111-8111-111111111111%7Cu-1%7Cchannel%7C1"
            "#rc=5&rp=4xx,5xx,ct,rt"
        ),
    }


def test_a_messaging_service_stands_in_the_place_of_a_number() -> None:
    http = FakeHttp(ACCEPTED)

    Sms(http, BASE).send(submission(PHONE), replace(TWILIO, sender="MG0123456789abcdef0123456789abcdef"))

    (form,) = http.forms
    assert form.fields["MessagingServiceSid"] == "MG0123456789abcdef0123456789abcdef"
    assert "From" not in form.fields


@pytest.mark.parametrize("fragment", ["", "#rc=2"])
def test_the_query_of_our_address_goes_before_the_delivery(fragment: str) -> None:
    http = FakeHttp(ACCEPTED)
    configured = f"https://chat.example/v1/webhooks/sms?tenant=7{fragment}"

    Sms(http, BASE).send(submission(PHONE), replace(TWILIO, webhook_url=configured))

    (form,) = http.forms
    assert form.fields["StatusCallback"] == (
        "https://chat.example/v1/webhooks/sms?tenant=7"
        "&delivery_id=11111111-1111-4111-8111-111111111111%7Cu-1%7Cchannel%7C1"
        "#rc=5&rp=4xx,5xx,ct,rt"
    )


def test_without_an_address_of_ours_no_status_is_asked_for() -> None:
    http = FakeHttp(ACCEPTED)

    Sms(http, BASE).send(submission(PHONE), replace(TWILIO, webhook_url=""))

    (form,) = http.forms
    assert "StatusCallback" not in form.fields


def test_a_code_is_dropped_when_it_has_ended() -> None:
    http = FakeHttp(ACCEPTED, ACCEPTED)
    sms = Sms(http, BASE)

    sms.send(replace(submission(PHONE, "012345"), valid_for=timedelta(minutes=10)), TWILIO)
    sms.send(submission(PHONE, "Hello"), TWILIO)

    code, text = http.forms
    assert code.fields["ValidityPeriod"] == "600"
    assert "ValidityPeriod" not in text.fields


@pytest.mark.parametrize(("caption", "body"), [("", None), ("Your bill", "Your bill")])
def test_a_picture_goes_by_its_address_with_its_caption(caption: str, body: str | None) -> None:
    http = FakeHttp(ACCEPTED)

    Sms(http, BASE).send(file_submission(PHONE, "image/png", caption=caption), TWILIO)

    (form,) = http.forms
    assert form.fields["MediaUrl"] == ("https://store.example/invoice?signed=1",)
    assert form.fields.get("Body") == body


def test_a_quote_is_left_out() -> None:
    http = FakeHttp(ACCEPTED)

    Sms(http, BASE).send(submission(PHONE, quoted="SM99"), TWILIO)

    (form,) = http.forms
    assert "SM99" not in str(form.fields)


@pytest.mark.parametrize(
    ("address", "content_type", "megabytes", "goes"),
    [
        (PHONE, "image/jpeg", 5, True),
        (PHONE, "image/gif", 1, True),
        (PHONE, "image/jpeg", 5.1, False),
        (PHONE, "image/webp", 1, False),
        (PHONE, "application/pdf", 1, False),
        ("+5511987654321", "image/jpeg", 1, False),
        ("68849", "image/jpeg", 1, False),
    ],
)
def test_pictures_go_as_mms_to_the_united_states_and_canada_and_all_else_as_a_link(
    address: str, content_type: str, megabytes: float, *, goes: bool
) -> None:
    file = Attachment("file-1", "it", content_type, int(megabytes * 1_000_000))

    assert (CAPABILITIES.media_rule(file, address) is not None) is goes


MAP = "https://www.google.com/maps/search/?api=1&query="
COLOURS = Section((Row("r", "Red", "like fire"), Row("b", "Blue")))


@pytest.mark.parametrize(
    ("content", "body", "segments"),
    [
        (Location(48.21, 16.37), f"{MAP}48.210000,16.370000", 1),
        (Location(48.21, 16.37, "Gate", "Mall 1", live_s=60), f"Gate, Mall 1\n{MAP}48.210000,16.370000", 1),
        (Location(48.21, 16.37, "Кафе"), f"Кафе\n{MAP}48.210000,16.370000", 2),
        (Location(48.21, 16.37, text="See you there"), "See you there", 1),
        (
            Contacts((Contact("Ana", ("+49 151",), ("a@b.example",), "Acme"),)),
            "Ana (Acme): +49 151, a@b.example",
            1,
        ),
        (Contacts((Contact("Ana", ("+49",)), Contact("Ben", ("+43",)))), "Ana: +49\nBen: +43", 1),
        (Buttons("When?", (Button("1", "Now"), Button("2", "Later"))), "When?\n\n1. Now\n2. Later", 1),
        (Choices("Which?", "Choose", (COLOURS,)), "Which?\n\n1. Red: like fire\n2. Blue", 1),
    ],
)
def test_each_kind_goes_out_as_its_text(content: Plain, body: str, segments: int) -> None:
    http = FakeHttp(ACCEPTED)

    (part,) = parts_of(worded(content), CAPABILITIES, PHONE)

    assert part == Text(body)
    Sms(http, BASE).send(submission(PHONE, part.text), TWILIO)
    assert http.forms[0].fields["Body"] == body
    assert len(segments_of(body)) == segments


def test_fifty_rows_are_numbered_over_several_messages_of_at_most_24_segments() -> None:
    rows = tuple(Row(f"{number}", f"Row {number} 👋", "ö" * 99) for number in range(50))

    parts = parts_of(Choices("Which?", "Choose", (Section(rows),)), CAPABILITIES, PHONE)

    assert len(parts) > 1
    assert all(len(part.text.encode("utf-16-le")) // 2 <= 1_600 for part in parts)
    assert all(len(segments_of(part.text)) <= 24 for part in parts)
    text = "\n".join(part.text for part in parts)
    assert [f"\n{number + 1}. Row {number} 👋" in text for number in range(50)] == [True] * 50


@pytest.mark.parametrize("emoji", ["❤", ""])
def test_a_reaction_is_refused_with_the_reason(emoji: str) -> None:
    assert treatment_of(Reaction(emoji), CAPABILITIES, PHONE) is Treatment.REJECTED
    assert unfit(Reaction(emoji), CAPABILITIES) == "does not take the kind reaction"


@pytest.mark.parametrize(
    ("content_type", "form", "treatment"),
    [
        ("audio/ogg", Form.VOICE, Treatment.LINK),
        ("video/mp4", Form.VIDEO_NOTE, Treatment.LINK),
        ("image/webp", Form.STICKER, Treatment.LINK),
        ("image/png", Form.STICKER, Treatment.FULL),
    ],
)
def test_a_voice_note_is_a_link_and_a_sticker_a_picture(
    content_type: str, form: Form, treatment: Treatment
) -> None:
    file = Attachment("file-1", "it", content_type, 400, form=form)

    assert treatment_of(Media(file), CAPABILITIES, PHONE) is treatment
    rule = CAPABILITIES.media_rule(file, PHONE)
    assert rule is None or rule.form is None


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (401, 20003, Outcome.CHANNEL_PAUSED),
        (404, 20404, Outcome.CHANNEL_PAUSED),
        (403, 20005, Outcome.CHANNEL_PAUSED),
        (400, 21212, Outcome.CHANNEL_PAUSED),
        (400, 21659, Outcome.CHANNEL_PAUSED),
        (400, 21211, Outcome.UNREACHABLE),
        (400, 21610, Outcome.UNREACHABLE),
        (400, 21614, Outcome.UNREACHABLE),
        (400, 30006, Outcome.UNREACHABLE),
        (400, 21408, Outcome.PERMANENT),
        (400, 21602, Outcome.PERMANENT),
        (400, 21617, Outcome.PERMANENT),
        (400, 30034, Outcome.PERMANENT),
        (400, 99999, Outcome.PERMANENT),
        (429, 20429, Outcome.THROTTLED),
        (429, 99999, Outcome.THROTTLED),
        (400, 14107, Outcome.THROTTLED),
        (400, 21611, Outcome.THROTTLED),
        (400, 30001, Outcome.RETRY),
        (500, 20500, Outcome.RETRY),
        (503, 20503, Outcome.RETRY),
    ],
)
def test_an_error_means_what_its_code_means(status: int, code: int, outcome: Outcome) -> None:
    error = error_of(refusal(status, code))

    assert (error.outcome, error.code) == (outcome, str(code))
    assert (error.retry_after_s is not None) is (outcome is Outcome.THROTTLED)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code": "x"}'])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.PERMANENT),
        (401, Outcome.CHANNEL_PAUSED),
        (408, Outcome.RETRY),
        (429, Outcome.THROTTLED),
        (502, Outcome.RETRY),
    ],
)
def test_an_error_without_a_code_means_what_its_status_means(
    body: bytes, status: int, outcome: Outcome
) -> None:
    assert error_of(HttpAnswer(status, {}, body)).outcome is outcome


def test_the_wait_that_twilio_names_counts() -> None:
    assert error_of(refusal(429, 20429, {"retry-after": "7"})).retry_after_s == 7.0


def test_without_a_named_wait_the_number_is_busy_for_a_second_a_segment() -> None:
    assert error_of(refusal(429, 20429), "a").retry_after_s == 5.0
    assert error_of(refusal(429, 20429), "a" * 1600).retry_after_s == 11.0
    assert error_of(refusal(429, 20429), "中" * 1600).retry_after_s == 24.0


@pytest.mark.parametrize("body", [b"", b"{}", b'{"sid": ""}', b'{"sid": 5}'])
def test_an_accepted_message_counts_as_sent_also_under_an_id_that_cannot_be_read(body: bytes) -> None:
    result = Sms(FakeHttp(HttpAnswer(201, {}, body)), BASE).send(submission(PHONE), TWILIO)

    assert result == sent_unread(DELIVERY_ID)


@pytest.mark.parametrize("may_have_arrived", [True, False])
def test_a_send_without_an_answer_is_tried_again(*, may_have_arrived: bool) -> None:
    error = error_of(NetworkFailure(may_have_arrived))

    assert (error.outcome, error.code) == (Outcome.RETRY, "NETWORK")


def test_every_code_has_a_sentence_for_the_agent() -> None:
    for code, failure in TWILIO_FAILURES.codes.items():
        assert failure.reason.endswith("."), code
        assert (failure.wait_s is None) or failure.outcome is Outcome.THROTTLED, code
