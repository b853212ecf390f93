from typing import Any

import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerDetails, InboundRequest, JsonObject
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.instagram.manifest import APP_ID, OTHER_ACCOUNTS
from chat4all_local.simulators.instagram.provider import Instagram
from chat4all_local.simulators.provider import Answer, ControlError, Download, Order, Refused
from chat4all_local.simulators.registry import manifest
from tests.unit.simulators.calls import PERSON, decoded, graph_call, instagram_message

INSTAGRAM = BY_CHANNEL["instagram"]

NOW = 1_700_000_000.0
DAY_S = 24 * 3600


@pytest.fixture
def account() -> Account:
    account = Account(manifest("instagram").settings)
    account.register(PERSON, CustomerDetails("Ana", handle="ana"), NOW)
    return account


@pytest.fixture
def instagram(account: Account) -> Instagram:
    return Instagram(account)


def read(
    instagram: Instagram, body: object, *, at: float = NOW, **call: str
) -> Order | Refused | Answer | Download:
    return instagram.read(graph_call(INSTAGRAM.account_id, INSTAGRAM.access_token, body, **call), at)


def ordered(instagram: Instagram, text: str = "Hello", **fields: object) -> Order:
    order = read(instagram, instagram_message(text, **fields))
    assert isinstance(order, Order), order
    return order


def refused_error(result: Order | Refused | Answer | Download) -> Any:  # noqa: ANN401 (a test looks into any answer)
    assert isinstance(result, Refused)
    error = decoded(result.answer.body)["error"]
    assert error["code"] == result.answer.code
    return error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"recipient":{"id":"9001"},"message":{"text":"\\ud800"}}',
        {"message": {"text": "x"}},
        {"recipient": {"id": 9001}, "message": {"text": "x"}},
        {"recipient": {"id": "ana"}, "message": {"text": "x"}},
        {"recipient": {"id": PERSON, "name": "Ana"}, "message": {"text": "x"}},
        {"recipient": {"id": PERSON}},
        {"recipient": {"id": PERSON}, "message": {}},
        {"recipient": {"id": PERSON}, "message": {"text": ""}},
        {"recipient": {"id": PERSON}, "message": {"text": "x", "metadata": 1}},
        {"recipient": {"id": PERSON}, "message": {"text": "x", "metadata": "x" * 1001}},
        {"recipient": {"id": PERSON}, "message": {"attachment": {"type": "image"}}},
        instagram_message(colour="red"),
        instagram_message(messaging_type="REPLY"),
        instagram_message(messaging_type="MESSAGE_TAG"),
        instagram_message(tag="HUMAN_AGENT"),
        instagram_message(messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE"),
        instagram_message(reply_to={}),
        instagram_message("x" * 1001),
        instagram_message("é" * 501),
    ],
)
def test_a_body_that_breaks_the_documentation_is_refused_with_100(instagram: Instagram, body: object) -> None:
    result = read(instagram, body)

    error = refused_error(result)
    assert isinstance(result, Refused)
    assert result.answer.status == 400
    assert (error["code"], error["type"]) == (100, "OAuthException")
    assert "error_subcode" not in error


@pytest.mark.parametrize("text", ["x" * 1000, "é" * 500])
def test_a_text_may_have_1000_bytes(instagram: Instagram, text: str) -> None:
    assert ordered(instagram, text).text == text


def test_the_wrong_path_token_object_and_content_type_are_refused(instagram: Instagram) -> None:
    elsewhere = read(instagram, instagram_message(), path="/v23.0/1/message")
    assert isinstance(elsewhere, Answer)
    assert (elsewhere.status, elsewhere.code) == (400, 2500)
    stranger = read(instagram, instagram_message(), authorization="Bearer other")
    assert isinstance(stranger, Refused)
    assert (stranger.answer.status, stranger.answer.code, stranger.authorized) == (401, 190, False)
    other = read(instagram, instagram_message(), path="/v23.0/1/messages")
    assert refused_error(other)["error_subcode"] == 33
    plain = {"content-type": "text/plain"}
    form = read(instagram, instagram_message(), at=NOW, **plain)
    assert refused_error(form)["code"] == 100


@pytest.mark.parametrize(
    ("details", "person", "status", "code", "subcode"),
    [
        (CustomerDetails("Ana"), "404", 400, 100, 2534014),
        (CustomerDetails("Ana", blocked=True), PERSON, 400, 551, 1545041),
        (CustomerDetails("Ana", window_open=False), PERSON, 403, 10, 2534022),
    ],
)
def test_a_person_who_can_not_be_reached_is_refused(
    account: Account,
    instagram: Instagram,
    *,
    details: CustomerDetails,
    person: str,
    status: int,
    code: int,
    subcode: int,
) -> None:
    account.register(PERSON, details, NOW)

    result = read(instagram, instagram_message(recipient={"id": person}))

    error = refused_error(result)
    assert isinstance(result, Refused)
    assert result.order is not None
    assert result.answer.status == status
    assert (error["code"], error["error_subcode"], error["type"]) == (code, subcode, "IGApiException")


@pytest.mark.parametrize(("days", "accepted"), [(0, True), (6.9, True), (7, False)])
def test_the_human_agent_tag_opens_the_window_for_seven_days(
    instagram: Instagram, *, days: float, accepted: bool
) -> None:
    tagged = instagram_message(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")

    assert isinstance(read(instagram, tagged, at=NOW + days * DAY_S), Order) is accepted


def test_an_accepted_message_is_answered_with_the_person_and_its_id(instagram: Instagram) -> None:
    order = ordered(instagram, reply_to={"mid": "m1"})

    accepted = instagram.accept(order, NOW)

    expected = {"recipient_id": PERSON, "message_id": accepted.provider_message_id}
    assert decoded(accepted.answer.body) == expected
    assert order.quoted == "m1"


def test_sent_is_reported_as_an_echo_with_the_metadata(instagram: Instagram) -> None:
    message = {"text": "Hello", "metadata": "d|1"}
    order = read(instagram, {"recipient": {"id": PERSON}, "message": message})
    assert isinstance(order, Order)
    accepted = instagram.accept(order, NOW)

    event = event_of(instagram.report("sent", accepted, NOW))

    assert (event["sender"]["id"], event["recipient"]["id"]) == (INSTAGRAM.account_id, PERSON)
    assert event["message"] == {
        "mid": accepted.provider_message_id,
        "text": "Hello",
        "is_echo": True,
        "app_id": APP_ID,
        "metadata": "d|1",
    }


def test_delivered_and_read_come_from_the_person(instagram: Instagram) -> None:
    accepted = instagram.accept(ordered(instagram), NOW)
    mid = accepted.provider_message_id

    delivered = event_of(instagram.report("delivered", accepted, NOW))
    read_ = event_of(instagram.report("read", accepted, NOW))

    assert delivered["sender"]["id"] == read_["sender"]["id"] == PERSON
    assert delivered["delivery"] == {"mids": [mid], "watermark": 1_700_000_000_000}
    assert read_["read"] == {"mid": mid}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (InboundRequest(PERSON, "Olá"), {"text": "Olá"}),
        (InboundRequest(PERSON, "Olá", quoted="m1"), {"text": "Olá", "reply_to": {"mid": "m1"}}),
        (InboundRequest(PERSON, kind="unsupported"), {"is_unsupported": True}),
    ],
)
def test_an_inbound_message_has_the_documented_shape(
    account: Account, instagram: Instagram, request_: InboundRequest, expected: JsonObject
) -> None:
    inbound = instagram.inbound(request_, account.customers[PERSON], NOW)

    event = event_of(inbound.body)
    assert (event["sender"]["id"], event["recipient"]["id"]) == (PERSON, INSTAGRAM.account_id)
    assert event["timestamp"] == 1_700_000_000_000
    assert event["message"] == {"mid": inbound.provider_message_id, **expected}


def test_an_inbound_image_is_an_attachment(account: Account, instagram: Instagram) -> None:
    inbound = instagram.inbound(InboundRequest(PERSON, kind="image"), account.customers[PERSON], NOW)

    (attachment,) = event_of(inbound.body)["message"]["attachments"]
    assert attachment["type"] == "image"
    assert attachment["payload"]["url"].startswith("http://127.0.0.1/ig_messaging_cdn/")


def test_each_edit_of_a_message_is_counted(account: Account, instagram: Instagram) -> None:
    edits = [InboundRequest(PERSON, text, edit_of="m1") for text in ("one", "two")]

    events = [event_of(instagram.inbound(edit, account.customers[PERSON], NOW).body) for edit in edits]

    assert [event["message_edit"] for event in events] == [
        {"mid": "m1", "text": "one", "num_edit": 1},
        {"mid": "m1", "text": "two", "num_edit": 2},
    ]


def test_an_address_has_digits_only(instagram: Instagram) -> None:
    with pytest.raises(ControlError):
        instagram.check_address("ana")


def event_of(body: bytes) -> Any:  # noqa: ANN401 (a test looks into any webhook)
    payload = decoded(body)
    assert payload["object"] == "instagram"
    assert payload["entry"][0]["id"] == INSTAGRAM.account_id
    (event,) = payload["entry"][0]["messaging"]
    return event


def test_a_second_account_of_the_business_sends_and_reports_under_its_own_id(instagram: Instagram) -> None:
    (second,) = OTHER_ACCOUNTS
    order = instagram.read(graph_call(second, INSTAGRAM.access_token, instagram_message("Hello")), NOW)
    assert isinstance(order, Order)
    accepted = instagram.accept(order, NOW)

    sent, read_ = (decoded(instagram.report(report, accepted, NOW)) for report in ("sent", "read"))

    assert [webhook["entry"][0]["id"] for webhook in (sent, read_)] == [second, second]
    assert sent["entry"][0]["messaging"][0]["sender"] == {"id": second}
    assert read_["entry"][0]["messaging"][0]["recipient"] == {"id": second}


def test_an_account_of_somebody_else_is_unknown(instagram: Instagram) -> None:
    call = graph_call("17841400000000078", INSTAGRAM.access_token, instagram_message("Hello"))

    assert refused_error(instagram.read(call, NOW))["error_subcode"] == 33
