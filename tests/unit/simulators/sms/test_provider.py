import pytest
from msgspec.structs import replace

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerDetails, InboundRequest
from chat4all_local.simulators.provider import Answer, ControlError, Order, Refused
from chat4all_local.simulators.rates import RateCounter
from chat4all_local.simulators.sms.provider import Twilio
from chat4all_local.simulators.sms.segments import segment_count
from tests.unit.simulators.calls import decoded
from tests.unit.simulators.sms.calls import FIELDS, PATH, PHONE, TWILIO, basic, twilio_call

NOW = 1_700_000_000.0
BRAZILIAN = "+5511987654321"
LINK = "http://127.0.0.1:1/photo.png"


@pytest.fixture
def account() -> Account:
    account = Account(TWILIO)
    account.register(PHONE, CustomerDetails("Ana"), NOW)
    account.register(BRAZILIAN, CustomerDetails("Bia"), NOW)
    return account


@pytest.fixture
def twilio(account: Account) -> Twilio:
    return Twilio(account)


def ordered(twilio: Twilio, **fields: str) -> Order:
    order = twilio.read(twilio_call({**FIELDS, **fields}), NOW)
    assert isinstance(order, Order), order
    return order


def refused(twilio: Twilio, fields: dict[str, str], **headers: str) -> tuple[int, int]:
    """Send a request that is refused; return its status and code."""
    refusal = twilio.read(twilio_call(fields, **headers), NOW)
    assert isinstance(refusal, Refused), refusal
    body = decoded(refusal.answer.body)
    assert set(body) == {"code", "message", "more_info", "status"}
    assert body["status"] == refusal.answer.status
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{body['code']}"
    return refusal.answer.status, body["code"]


def wrote(twilio: Twilio, text: str) -> None:
    customer = twilio._account.wrote(PHONE, NOW)
    twilio.inbound(InboundRequest(PHONE, text), customer, NOW)


def test_a_form_is_a_message_to_be_sent(twilio: Twilio) -> None:
    order = ordered(twilio, Body="Olá 👋", StatusCallback="http://127.0.0.1:1/sms?a=1%7C2#rc=5")

    assert (order.address, order.text, order.media) == (PHONE, "Olá 👋", None)
    assert order.callback_url == "http://127.0.0.1:1/sms?a=1%7C2"
    assert order.customer is not None


def test_an_accepted_message_is_answered_with_its_resource(twilio: Twilio) -> None:
    accepted = twilio.accept(ordered(twilio, Body="中" * 71), NOW)

    answer = decoded(accepted.answer.body)
    assert accepted.answer.status == 201
    assert answer["sid"] == accepted.provider_message_id
    assert answer["sid"].startswith("SM")
    assert len(answer["sid"]) == 34
    assert (answer["status"], answer["num_segments"], answer["num_media"]) == ("queued", "2", "0")
    assert (answer["to"], answer["from"], answer["error_code"]) == (PHONE, TWILIO.sender, None)


def test_without_a_status_callback_nothing_is_reported(twilio: Twilio) -> None:
    assert twilio.accept(ordered(twilio), NOW).reports == ()
    with_callback = ordered(twilio, StatusCallback="http://127.0.0.1:1/sms")
    assert twilio.accept(with_callback, NOW).reports == ("sent", "delivered")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 21604),
        ({"to": PHONE, "From": TWILIO.sender, "Body": "x"}, 21604),
        ({"To": PHONE, "Body": "x"}, 21603),
        ({"To": PHONE, "From": "", "Body": "x"}, 21603),
        ({**FIELDS, "To": "6505551234"}, 21211),
        ({**FIELDS, "To": "+0505551234"}, 21211),
        ({**FIELDS, "To": "+1 650 555 1234"}, 21211),
        ({**FIELDS, "To": "+"}, 21211),
        ({**FIELDS, "To": "68849"}, 21211),
        ({**FIELDS, "To": "whatsapp:+16505551234"}, 21211),
        ({**FIELDS, "From": "+15005550001"}, 21606),
        ({**FIELDS, "MessagingServiceSid": "MG1"}, 21701),
        ({**FIELDS, "To": "+850212345678"}, 21408),
        ({**FIELDS, "Body": ""}, 21602),
        ({**FIELDS, "Body": " "}, 21602),
        ({"To": PHONE, "From": TWILIO.sender}, 21602),
        ({**FIELDS, "Body": "x" * 1601}, 21617),
        ({**FIELDS, "Body": "👋" * 801}, 21617),
        ({**FIELDS, "MediaUrl": "photo.png"}, 21620),
        ({**FIELDS, "MediaUrl": "ftp://a/b"}, 21620),
        ({**FIELDS, "MediaUrl": "http://[/b"}, 21620),
        ({**FIELDS, "MediaUrl": LINK, "To": BRAZILIAN}, 30011),
        ({**FIELDS, "ValidityPeriod": "0"}, 90007),
        ({**FIELDS, "ValidityPeriod": "36001"}, 90007),
        ({**FIELDS, "ValidityPeriod": "10 min"}, 90007),
        ({**FIELDS, "StatusCallback": "/v1/webhooks/sms"}, 21609),
        ({**FIELDS, "StatusCallback": "https://a_b.example/sms"}, 21609),
        ({**FIELDS, "StatusCallback": "https://a.example/" + "x" * 4000}, 21609),
    ],
)
def test_what_twilio_refuses_is_refused_with_its_code(
    twilio: Twilio, fields: dict[str, str], code: int
) -> None:
    assert refused(twilio, fields) == (404 if code == 21701 else 400, code)


@pytest.mark.parametrize("fields", [{**FIELDS, "Body": "x" * 1600}, {**FIELDS, "Body": "👋" * 800}])
def test_what_just_fits_is_taken(twilio: Twilio, fields: dict[str, str]) -> None:
    assert isinstance(twilio.read(twilio_call(fields), NOW), Order)


def test_a_body_of_another_type_has_no_parameters(twilio: Twilio) -> None:
    assert refused(twilio, FIELDS, **{"content-type": "application/json"}) == (400, 21604)


def test_more_than_ten_files_are_refused(twilio: Twilio) -> None:
    call = replace(twilio_call(), body=twilio_call().body + b"&MediaUrl=http://127.0.0.1/a" * 11)
    refusal = twilio.read(call, NOW)

    assert isinstance(refusal, Refused)
    assert refusal.answer.code == 21623


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        basic(password="other"),
        basic(user="AC9"),
        {"authorization": f"Bearer {TWILIO.access_token}"},
    ],
)
def test_wrong_credentials_are_refused_before_all_else(twilio: Twilio, headers: dict[str, str]) -> None:
    assert refused(twilio, {}, **headers) == (401, 20003)


@pytest.mark.parametrize(
    "path", ["/", PATH.removesuffix(".json"), PATH.replace("Messages", "Calls"), "/2010/x"]
)
def test_another_path_is_not_found(twilio: Twilio, path: str) -> None:
    answer = twilio.read(twilio_call(path=path), NOW)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.code) == (404, 20404)


@pytest.mark.parametrize("word", ["STOP", "stop ", "StopAll", "UNSUBSCRIBE", "cancel", "END", "quit"])
def test_after_stop_nothing_is_sent_until_start(twilio: Twilio, word: str) -> None:
    wrote(twilio, word)
    assert refused(twilio, FIELDS) == (400, 21610)
    assert refused(twilio, {**FIELDS, "Body": "again"}) == (400, 21610)
    assert isinstance(twilio.read(twilio_call({**FIELDS, "To": BRAZILIAN}), NOW), Order)

    wrote(twilio, "Start")
    assert isinstance(twilio.read(twilio_call(), NOW), Order)


@pytest.mark.parametrize("text", ["STOP PLEASE", "please cancel", "HELP", "stopped", ""])
def test_only_the_word_alone_stops(twilio: Twilio, text: str) -> None:
    wrote(twilio, text)

    assert isinstance(twilio.read(twilio_call(), NOW), Order)


def test_a_number_that_nobody_has_and_one_that_blocks_us_fail_later(twilio: Twilio, account: Account) -> None:
    account.register(BRAZILIAN, CustomerDetails("Bia", blocked=True), NOW)

    unknown = twilio.accept(ordered(twilio, To="+4915112345678"), NOW)
    blocked = twilio.accept(ordered(twilio, To=BRAZILIAN), NOW)

    assert (unknown.answer.status, unknown.failure) == (201, 30005)
    assert (blocked.answer.status, blocked.failure) == (201, 30004)


def test_fifteen_messages_in_thirty_seconds_go_to_one_person() -> None:
    counter = RateCounter(Twilio.rate_limits)
    assert all(counter.take(PHONE, NOW) is None for _ in range(15))

    exceeded = counter.take(PHONE, NOW)
    assert exceeded is not None
    assert exceeded.limit.code == 14107
    assert counter.take(BRAZILIAN, NOW) is None


def test_too_many_requests_say_when_to_come_again(twilio: Twilio) -> None:
    answer = twilio.throttled(None, 1.5)

    assert (answer.status, answer.code, answer.retry_after) == (429, 20429, 2)


@pytest.mark.parametrize(
    "request_",
    [InboundRequest(PHONE, "x", edit_of="SM1"), InboundRequest(PHONE, "x", quoted="SM1")],
)
def test_nobody_changes_or_quotes_an_sms(twilio: Twilio, account: Account, request_: InboundRequest) -> None:
    customer = account.wrote(PHONE, NOW)

    with pytest.raises(ControlError, match="SMS"):
        twilio.inbound(request_, customer, NOW)


@pytest.mark.parametrize("address", ["+16505551234", "68849", "911"])
def test_an_address_is_a_number_in_e164_or_a_short_code(twilio: Twilio, address: str) -> None:
    twilio.check_address(address)


@pytest.mark.parametrize("address", ["", "+", "16505551234", "+1650", "ana", "+0650555123", "12", "+٣٤٥٦٧٨٩"])
def test_another_address_is_refused(twilio: Twilio, address: str) -> None:
    with pytest.raises(ControlError):
        twilio.check_address(address)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("]" * 153, 3),
        ("中" * 71, 2),
        ("😎" * 70, 3),
        ("a" * 80 + "\r\n" + "a" * 79, 2),
        ("e\u0301" * 70, 3),
    ],
)
def test_segments_are_those_that_twilio_bills(text: str, count: int) -> None:
    assert segment_count(text) == count
