from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.channels.shared.answers import refused
from chat4all.channels.shared.http import HttpAnswer
from chat4all.channels.sms.connector import Sms
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.domain.content import ProviderFile, ReceivedAlbum, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMessage, InboundStatus, WebhookEvent
from chat4all.domain.status import Status
from chat4all.services.messaging.connector import WebhookAnswer
from tests.unit.channels.fake_http import DELIVERY_ID, FakeHttp
from tests.unit.channels.test_sms_send import TWILIO

SMS = Sms(FakeHttp(), "https://api.twilio.example")
PHONE = "+16505551234"
MEDIA = f"https://api.twilio.example/2010-04-01/Accounts/{TWILIO.account_id}/Messages/MM1/Media/ME1"


def form(**fields: str) -> bytes:
    """Return the webhook of a text; the given fields replace or extend its fields."""
    message = {
        "ToCountry": "US",
        "SmsMessageSid": "SM1",
        "NumMedia": "0",
        "SmsSid": "SM1",
        "SmsStatus": "received",
        "Body": "Hello",
        "To": TWILIO.sender,
        "NumSegments": "1",
        "MessageSid": "SM1",
        "AccountSid": TWILIO.account_id,
        "From": PHONE,
        "ApiVersion": "2010-04-01",
    }
    return urlencode({**message, **fields}).encode()


def status_form(status: str, **fields: str) -> bytes:
    report = {
        "SmsSid": "SM1",
        "SmsStatus": status,
        "MessageStatus": status,
        "To": PHONE,
        "MessageSid": "SM1",
        "AccountSid": TWILIO.account_id,
        "From": TWILIO.sender,
        "ApiVersion": "2010-04-01",
    }
    return urlencode({**report, **fields}).encode()


def events(body: bytes, query: str = "") -> list[InboundEvent]:
    return list(SMS.parse_webhook(body, TWILIO, query).events)


def message(body: bytes) -> InboundMessage:
    (event,) = events(body)
    assert isinstance(event, InboundMessage)
    return event


def status(body: bytes, query: str = "") -> InboundStatus:
    """Return the status, which an opt-out may follow."""
    event = events(body, query)[0]
    assert isinstance(event, InboundStatus)
    return event


def test_a_text_is_an_event_of_its_sender() -> None:
    event = message(form(Body="Olá & +1 = 👋\n"))

    assert (event.address, event.phone) == (PHONE, PHONE)
    assert event.provider_message_id == "SM1"
    assert event.content == Text("Olá & +1 = 👋\n")


def test_a_picture_comes_with_its_text_as_one_message() -> None:
    event = message(
        form(MessageSid="MM1", NumMedia="1", Body="See", MediaUrl0=MEDIA, MediaContentType0="image/jpeg")
    )

    assert event.provider_message_id == "MM1"
    assert event.content == ReceivedMedia(ProviderFile(MEDIA, "image/jpeg"), "See")


@pytest.mark.parametrize("content_type", ["text/vcard", "text/x-vcard", "audio/amr", "video/3gpp"])
def test_a_card_and_a_sound_stay_files(content_type: str) -> None:
    event = message(form(Body="", NumMedia="1", MediaUrl0=MEDIA, MediaContentType0=content_type))

    assert event.content == ReceivedMedia(ProviderFile(MEDIA, content_type))


def test_several_pictures_are_an_album_with_the_words() -> None:
    files = {f"MediaUrl{number}": f"{MEDIA}{number}" for number in range(3)}
    body = form(MessageSid="MM1", NumMedia="3", Body="See", MediaContentType1="image/png", **files)

    found = message(body)

    first, second, third = (f"{MEDIA}{number}" for number in range(3))
    album = (ProviderFile(first), ProviderFile(second, "image/png"), ProviderFile(third))
    assert (found.provider_message_id, found.content) == ("MM1", ReceivedAlbum(album, "See"))


def test_a_received_message_is_a_message_though_it_tells_its_status() -> None:
    assert message(form(MessageStatus="received")).content == Text("Hello")


def test_stop_is_a_text_as_any_other() -> None:
    assert message(form(Body="STOP", OptOutType="STOP")).content == Text("STOP")


@pytest.mark.parametrize(("fields", "kind"), [({}, "empty"), ({"OptOutType": "HELP"}, "opt_out:HELP")])
def test_a_message_that_shows_nothing_is_kept_as_it_came(fields: dict[str, str], kind: str) -> None:
    kept = message(form(Body=" ", **fields))

    assert kept.content == Unsupported(kind)
    assert msgspec.json.decode(kept.provider_fields) == (fields or None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accepted", Status.SENT),
        ("queued", Status.SENT),
        ("sending", Status.SENT),
        ("sent", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("undelivered", Status.FAILED),
        ("failed", Status.FAILED),
    ],
)
def test_a_status_tells_how_far_the_message_has_come(name: str, expected: Status) -> None:
    event = status(status_form(name, RawDlrDoneDate="2611290415"))

    assert (event.status, event.provider_message_id, event.address) == (expected, "SM1", PHONE)


@pytest.mark.parametrize("name", ["read", "scheduled", "canceled", "partially_delivered", "", "SENT"])
def test_another_status_says_nothing(name: str) -> None:
    assert events(status_form(name)) == []


def test_a_status_names_its_delivery_by_the_query_of_our_address() -> None:
    query = urlencode({"delivery_id": DELIVERY_ID})

    assert status(status_form("sent"), query).delivery_id == DELIVERY_ID


@pytest.mark.parametrize("query", ["", "delivery_id=", "delivery_id=x", "other=1", "&&=%", "delivery_id"])
def test_a_status_without_an_id_of_ours_is_found_by_twilios(query: str) -> None:
    event = status(status_form("sent"), query)

    assert (event.delivery_id, event.provider_message_id) == (None, "SM1")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("30003", "The phone cannot be reached: it is switched off, without network, or takes no SMS."),
        ("30007", "Twilio or the network took the message for spam."),
        (
            "21610",
            "The person has unsubscribed: they answered STOP, and can write START to hear from us again.",
        ),
        ("39999", "Twilio did not deliver the message (error 39999)."),
        ("", "Twilio did not deliver the message."),
        ("x", "Twilio did not deliver the message."),
        ("9" * 5000, "Twilio did not deliver the message."),
        ("٣", "Twilio did not deliver the message."),
    ],
)
def test_a_failure_says_why(code: str, reason: str) -> None:
    event = status(status_form("undelivered", ErrorCode=code))

    assert event.error_reason == reason
    assert event.error_code == (code if code in {"30003", "30007", "21610", "39999"} else None)


def test_an_error_of_a_message_that_did_not_fail_says_nothing() -> None:
    event = status(status_form("delivered", ErrorCode="30008"))

    assert (event.error_code, event.error_reason, event.outcome) == (None, None, None)


@pytest.mark.parametrize("reported", ["undelivered", "failed"])
@pytest.mark.parametrize("code", TWILIO_FAILURES.codes)
def test_a_code_means_the_same_in_a_status_as_in_an_answer(code: int, reported: str) -> None:
    event = status(status_form(reported, ErrorCode=str(code)))

    answered = refused(TWILIO_FAILURES, code, HttpAnswer(400, {}, b""))
    assert (event.outcome, event.error_code, event.error_reason) == (
        answered.outcome,
        answered.code,
        answered.reason,
    )


@pytest.mark.parametrize("code", ["39999", "", "x", "9" * 5000, "٣"])
def test_a_code_that_is_in_no_table_has_no_outcome(code: str) -> None:
    assert status(status_form("undelivered", ErrorCode=code)).outcome is None


def test_events_of_another_account_are_none_of_ours() -> None:
    assert events(form(AccountSid="AC9")) == []
    assert events(status_form("sent", AccountSid="AC9")) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"\xff", b"hello", b"a=%FF", b"Body=x", b"MessageSid=&Body=x", b"&".join([b"a=1"] * 2000)],
)
def test_what_is_no_webhook_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        events(body)


NAMES = st.sampled_from(
    [
        "MessageSid",
        "SmsSid",
        "AccountSid",
        "From",
        "To",
        "Body",
        "NumMedia",
        "MediaUrl0",
        "MediaUrl1",
        "MediaContentType0",
        "MessageStatus",
        "SmsStatus",
        "ErrorCode",
        "OptOutType",
        "Other",
    ]
)
VALUES = st.text(max_size=12) | st.sampled_from(
    ["SM1", TWILIO.account_id, PHONE, "SUPPORT", "delivered", "failed", "30003", MEDIA, "\x00", "0"]
)


@given(st.dictionaries(NAMES, VALUES), st.text(max_size=30))
def test_any_form_yields_events_fit_for_the_queue_or_is_refused(fields: dict[str, str], query: str) -> None:
    body = urlencode(fields, errors="surrogatepass").encode()
    try:
        found = events(body, query)
    except Invalid:
        return
    for event in found:
        on_queue = WebhookEvent("sms", "main", "w-1", event)
        assert msgspec.json.decode(msgspec.json.encode(on_queue), type=WebhookEvent) == on_queue
        assert event.provider_message_id
        assert not event.address or SMS.canonical_address(event.address) == event.address


def test_twilio_is_answered_with_twiml_that_says_nothing() -> None:
    assert SMS.webhook_answer(b"") == WebhookAnswer("text/xml", "<Response/>")


def test_a_webhook_is_not_confirmed() -> None:
    assert SMS.challenge({"hub.mode": "subscribe", "hub.challenge": "1"}, TWILIO) is None


@pytest.mark.parametrize("name", ["FromName", "MessageText", "MediaTitle0", "ToBe", "SmsNote", "BodyHtml"])
def test_a_field_is_kept_though_its_name_begins_like_a_known_name(name: str) -> None:
    event = message(form(**{name: "words"}))

    assert msgspec.json.decode(event.provider_fields) == {name: "words"}
