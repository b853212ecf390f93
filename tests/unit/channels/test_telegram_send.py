from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.file_part import FilePart, SourceFailed
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.channels.telegram.connector import Telegram
from chat4all.domain.channel import Transfer
from chat4all.domain.errors import Invalid
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent, Submission
from tests.unit.channels.fake_http import (
    DELIVERY_ID,
    SECRET,
    FakeHttp,
    answer,
    error_of,
    file_submission,
    sent_of,
    submission,
)

BASE = "https://api.telegram.example"
ACCEPTED = answer(
    200,
    {
        "ok": True,
        "result": {
            "message_id": 17,
            "from": {"id": 123456, "is_bot": True, "first_name": "Bot"},
            "chat": {"id": 99, "type": "private"},
            "date": 1441645532,
            "text": "Hello",
        },
    },
)


def refusal(code: int, **parameters: object) -> HttpAnswer:
    body = {"ok": False, "error_code": code, "description": "whatever"}
    return answer(code, {**body, "parameters": parameters} if parameters else body)


def test_a_text_is_posted_to_the_bot() -> None:
    http = FakeHttp(ACCEPTED)

    result = Telegram(http, BASE + "/").send(submission("99", "Olá 👋"), SECRET)

    assert result == Sent("99:17@1441645532")
    assert http.requests[0].url == "https://api.telegram.example/bot123456:token/sendMessage"
    assert http.sent_json() == {"chat_id": 99, "text": "Olá 👋"}


@pytest.mark.parametrize(
    ("address", "quoted", "parameters"),
    [
        ("99", "99:5", {"message_id": 5, "allow_sending_without_reply": True}),
        ("99", "99:5@1441645532", {"message_id": 5, "allow_sending_without_reply": True}),
        ("99", "99:5@", None),
        ("99", "98:5@1441645532", None),
        ("-1001", "-1001:5", {"message_id": 5, "allow_sending_without_reply": True}),
        ("99", "98:5", None),
        ("99", "5", None),
        ("99", sent_unread("a|b|c|1").provider_message_id, None),
        ("99", None, None),
    ],
)
def test_only_a_message_of_the_same_chat_is_quoted(
    address: str, quoted: str | None, parameters: object
) -> None:
    http = FakeHttp(ACCEPTED)

    Telegram(http, BASE).send(submission(address, quoted=quoted), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent.get("reply_parameters") == parameters


def sent_with(submission_: Submission, **changes: str) -> tuple[object, dict[str, object]]:
    """Return the result of sending the submission with changes, and the parameters of the request."""
    http = FakeHttp(ACCEPTED)
    result = Telegram(http, BASE).send(replace(submission_, **changes), SECRET)
    if http.uploads:
        return result, dict(http.uploads[0].fields)
    return result, msgspec.json.decode(http.requests[0].body, type=dict[str, object])


SUBMISSIONS: Final = [
    submission("99"),
    file_submission("99", "image/png"),
    file_submission("99", "text/plain", transfer=Transfer.UPLOAD),
]
every_submission = pytest.mark.parametrize("submission_", SUBMISSIONS, ids=["text", "link", "upload"])


@every_submission
@pytest.mark.parametrize(
    ("thread", "topic"),
    [("42", "42"), ("1", None), ("0", None), ("-5", None), ("x", None), ("\u0664\u0662", None)],
)
def test_a_message_goes_into_its_topic(submission_: Submission, thread: str, topic: str | None) -> None:
    _, parameters = sent_with(submission_, thread=thread)

    found = parameters.get("message_thread_id")
    assert (None if found is None else str(found)) == topic


@every_submission
@pytest.mark.parametrize(
    ("thread", "topic"), [("direct:7", "7"), ("direct:", None), ("direct:x", None), ("7", None)]
)
def test_a_message_answers_the_direct_messages_of_a_person_to_a_channel(
    submission_: Submission, thread: str, topic: str | None
) -> None:
    _, parameters = sent_with(submission_, thread=thread)

    found = parameters.get("direct_messages_topic_id")
    assert (None if found is None else str(found)) == topic


@every_submission
@pytest.mark.parametrize("account", ["business:bc1", "7000000002/business:bc1"])
def test_a_message_of_a_business_names_its_connection(submission_: Submission, account: str) -> None:
    result, parameters = sent_with(submission_, account=account)

    assert parameters["business_connection_id"] == "bc1"
    assert result == Sent("99:17")


@every_submission
def test_a_message_of_the_bot_names_no_topic_and_no_connection(submission_: Submission) -> None:
    result, parameters = sent_with(submission_)

    assert result == Sent("99:17@1441645532")
    assert not {"message_thread_id", "business_connection_id"} & set(parameters)


@pytest.mark.parametrize("date", [0, -1, None, 10**12])
def test_a_message_without_a_date_is_named_by_its_number(date: int | None) -> None:
    sent = answer(200, {"ok": True, "result": {"message_id": 17, "chat": {"id": 99}, "date": date}})

    assert sent_of(Telegram(FakeHttp(sent), BASE), "99") == Sent("99:17")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_as_it_is(text: str) -> None:
    http = FakeHttp(ACCEPTED)

    Telegram(http, BASE).send(submission("99", text), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent["text"] == text


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (400, Outcome.PERMANENT),
        (401, Outcome.CHANNEL_PAUSED),
        (403, Outcome.UNREACHABLE),
        (404, Outcome.CHANNEL_PAUSED),
        (413, Outcome.PERMANENT),
        (429, Outcome.THROTTLED),
        (500, Outcome.RETRY),
        (502, Outcome.RETRY),
        (599, Outcome.RETRY),
    ],
)
@pytest.mark.parametrize("readable", [True, False])
def test_each_code_has_its_outcome(code: int, outcome: Outcome, readable: bool) -> None:  # noqa: FBT001
    response = refusal(code) if readable else HttpAnswer(code, {}, b"<html></html>")
    error = error_of(Telegram(FakeHttp(response), BASE), "99")

    assert (error.outcome, error.code) == (outcome, str(code))
    assert error.reason.endswith(".")


@pytest.mark.parametrize(
    ("response", "wait_s"),
    [
        (refusal(429, retry_after=34), 34.0),
        (refusal(429, retry_after=86_400), 86_400.0),
        (refusal(429), 5.0),
        (HttpAnswer(429, {"retry-after": "12"}, b""), 12.0),
    ],
)
def test_throttling_obeys_the_time_named(response: HttpAnswer, wait_s: float) -> None:
    error = error_of(Telegram(FakeHttp(response), BASE), "99")

    assert (error.outcome, error.retry_after_s) == (Outcome.THROTTLED, wait_s)


def test_a_group_that_has_moved_tells_its_new_address() -> None:
    http = FakeHttp(refusal(400, migrate_to_chat_id=-1001234567890))
    error = error_of(Telegram(http, BASE), "-99")

    assert (error.outcome, error.new_address) == (Outcome.ADDRESS_CHANGED, "-1001234567890")


@pytest.mark.parametrize("new_id", [0, 10**40])
def test_a_group_that_has_moved_to_no_address_is_not_followed(new_id: int) -> None:
    error = error_of(Telegram(FakeHttp(refusal(400, migrate_to_chat_id=new_id)), BASE), "-99")

    assert (error.outcome, error.new_address) == (Outcome.PERMANENT, None)


def test_a_refusal_counts_also_with_status_200() -> None:
    response = answer(200, {"ok": False, "error_code": 403, "description": "Forbidden"})

    assert error_of(Telegram(FakeHttp(response), BASE), "99").outcome is Outcome.UNREACHABLE


def test_no_answer_is_tried_again() -> None:
    error = error_of(Telegram(FakeHttp(NetworkFailure(may_have_arrived=True)), BASE), "99")

    assert (error.outcome, error.code) == (Outcome.RETRY, "NETWORK")


@pytest.mark.parametrize("body", [b"", b"ok", b"{}", b'{"ok":true,"result":true}', b"\xff"])
def test_an_accepted_message_without_a_readable_id_is_sent_and_not_sent_again(body: bytes) -> None:
    sent = sent_of(Telegram(FakeHttp(HttpAnswer(200, {}, body)), BASE), "99")

    assert sent == sent_unread(DELIVERY_ID)


@pytest.mark.parametrize(("address", "canonical"), [("99", "99"), (" -1001234567890 ", "-1001234567890")])
def test_a_chat_is_keyed_by_its_number(address: str, canonical: str) -> None:
    assert Telegram(FakeHttp(), BASE).canonical_address(address) == canonical


@pytest.mark.parametrize(
    "address", ["", "0", "-", "--5", "007", "+5", "@ana", "5.0", "\u0665", "1" * 20, "5\n6"]
)
def test_what_is_no_number_of_a_chat_is_invalid(address: str) -> None:
    with pytest.raises(Invalid):
        Telegram(FakeHttp(), BASE).canonical_address(address)


LINK = "https://store.example/invoice?signed=1"
QUOTE = {"message_id": 5, "allow_sending_without_reply": True}


@pytest.mark.parametrize(
    ("content_type", "method", "field"),
    [
        ("image/jpeg", "sendPhoto", "photo"),
        ("video/mp4", "sendVideo", "video"),
        ("audio/mpeg", "sendAudio", "audio"),
        ("application/pdf", "sendDocument", "document"),
    ],
)
def test_a_file_is_sent_by_its_address_as_what_it_is(content_type: str, method: str, field: str) -> None:
    http = FakeHttp(ACCEPTED)

    result = Telegram(http, BASE).send(
        file_submission("99", content_type, caption="Look", quoted="99:5"), SECRET
    )

    assert result == Sent("99:17@1441645532")
    assert http.requests[0].url == f"https://api.telegram.example/bot123456:token/{method}"
    assert http.sent_json() == {"chat_id": 99, "caption": "Look", field: LINK, "reply_parameters": QUOTE}


def test_a_file_without_words_has_no_caption() -> None:
    http = FakeHttp(ACCEPTED)

    Telegram(http, BASE).send(file_submission("99", "image/png"), SECRET)

    assert http.sent_json() == {"chat_id": 99, "photo": LINK}


def test_telegram_gets_the_time_to_fetch_every_file_that_it_is_linked_to() -> None:
    http = FakeHttp(*[ACCEPTED] * 3)
    photo = file_submission("99", "image/png")
    assert isinstance(photo.content, OutgoingMedia)
    telegram = Telegram(http, BASE)

    telegram.send(photo, SECRET)
    telegram.send(replace(photo, album=(photo.content, photo.content)), SECRET)
    telegram.send(submission("99"), SECRET)

    assert [request.linked_bytes for request in http.requests] == [1000, 3000, 0]


def test_a_file_that_telegram_does_not_fetch_is_uploaded() -> None:
    http = FakeHttp(ACCEPTED)
    submission_ = file_submission("99", "text/plain", caption="Look", transfer=Transfer.UPLOAD, quoted="99:5")

    assert Telegram(http, BASE).send(submission_, SECRET) == Sent("99:17@1441645532")

    (upload,) = http.uploads
    assert upload.url == "https://api.telegram.example/bot123456:token/sendDocument"
    assert upload.file == FilePart("document", "invoice.txt", "text/plain", 1000, LINK)
    assert (upload.fields["chat_id"], upload.fields["caption"]) == ("99", "Look")
    assert msgspec.json.decode(upload.fields["reply_parameters"]) == QUOTE


def test_a_file_that_cannot_be_read_is_tried_again() -> None:
    http = FakeHttp(SourceFailed())

    error = Telegram(http, BASE).send(file_submission("99", "text/plain", transfer=Transfer.UPLOAD), SECRET)

    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (Outcome.RETRY, "FILE_UNREADABLE")


@pytest.mark.parametrize(("code", "outcome"), [(400, Outcome.PERMANENT), (413, Outcome.PERMANENT)])
@pytest.mark.parametrize("transfer", list(Transfer))
def test_a_file_that_telegram_does_not_take_is_not_tried_again(
    code: int, outcome: Outcome, transfer: Transfer
) -> None:
    http = FakeHttp(refusal(code))

    error = Telegram(http, BASE).send(file_submission("99", "image/png", transfer=transfer), SECRET)

    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (outcome, str(code))
