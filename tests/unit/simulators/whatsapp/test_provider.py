from typing import Any

import msgspec
import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerDetails, InboundRequest, JsonObject
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.multipart import Form
from chat4all_local.simulators.provider import Answer, ControlError, Download, Lookup, Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.shared.file_signs import beginning_of
from chat4all_local.simulators.shared.media import ContentReader
from chat4all_local.simulators.whatsapp.manifest import OTHER_NUMBERS
from chat4all_local.simulators.whatsapp.provider import WhatsApp
from tests.unit.simulators.calls import PHONE, decoded, graph_call, whatsapp_file, whatsapp_message

WHATSAPP = BY_CHANNEL["whatsapp"]

NOW = 1_700_000_000.0
BSUID = "BR.13491208655302741918"


@pytest.fixture
def account() -> Account:
    account = Account(manifest("whatsapp").settings)
    account.register(PHONE, CustomerDetails("Ana", handle="ana"), NOW)
    return account


@pytest.fixture
def whatsapp(account: Account) -> WhatsApp:
    return WhatsApp(account)


def read(whatsapp: WhatsApp, body: object, **call: str) -> Order | Refused | Answer | Lookup | Download:
    return whatsapp.read(graph_call(WHATSAPP.account_id, WHATSAPP.access_token, body, **call), NOW)


def ordered(whatsapp: WhatsApp, **fields: object) -> Order:
    order = read(whatsapp, whatsapp_message(**fields))
    assert isinstance(order, Order), order
    return order


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ({"messaging_product": "sms"}, "messaging_product"),
        ({"recipient_type": "group"}, "recipient_type"),
        ({"to": "phone"}, "$.to"),
        ({"to": "0123456789"}, "$.to"),
        ({"to": BSUID}, "$.to"),
        ({"to": 5511987654321}, "$.to"),
        ({"to": None}, "parameter to is required"),
        ({"to": None, "recipient": PHONE}, "$.recipient"),
        ({"text": {"body": ""}}, "$.text.body"),
        ({"text": {"body": "x" * 4097}}, "$.text.body"),
        ({"text": {}}, "body"),
        ({"text": {"body": "x", "colour": "red"}}, "colour"),
        ({"text": "Hello"}, "$.text"),
        ({"colour": "red"}, "colour"),
        ({"context": {"message_id": "1"}}, "$.context.message_id"),
        ({"context": {}}, "message_id"),
        ({"biz_opaque_callback_data": "x" * 513}, "$.biz_opaque_callback_data"),
        ({"biz_opaque_callback_data": 1}, "$.biz_opaque_callback_data"),
    ],
)
def test_a_body_that_breaks_the_documentation_is_refused_with_100(
    whatsapp: WhatsApp, fields: dict[str, object], details: str
) -> None:
    refused = read(whatsapp, whatsapp_message(**fields))

    assert isinstance(refused, Refused)
    assert (refused.answer.status, refused.answer.code, refused.authorized) == (400, 100, True)
    error = decoded(refused.answer.body)["error"]
    assert error["message"] == "(#100) Invalid parameter"
    assert error["type"] == "OAuthException"
    assert error["error_data"]["messaging_product"] == "whatsapp"
    assert details in error["error_data"]["details"]
    assert error["fbtrace_id"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b'{"messaging_product":"whatsapp","text":"\\ud800"}']
)
def test_a_body_that_is_no_json_object_is_refused_with_100(whatsapp: WhatsApp, body: bytes) -> None:
    refused = read(whatsapp, body)

    assert isinstance(refused, Refused)
    assert (refused.answer.status, refused.answer.code) == (400, 100)


def test_a_type_that_is_not_simulated_is_refused_as_unsupported(whatsapp: WhatsApp) -> None:
    refused = read(whatsapp, {**whatsapp_message(type="order"), "order": {"name": "hello"}})

    assert isinstance(refused, Refused)
    assert refused.answer.code == 131051


@pytest.mark.parametrize("path", ["/v23/1/messages", "/23.0/1/messages", "/v23.0/1/message", "/messages"])
def test_an_unknown_path_is_no_message(whatsapp: WhatsApp, path: str) -> None:
    answer = read(whatsapp, whatsapp_message(), path=path)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.code) == (400, 2500)


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer other", WHATSAPP.access_token])
def test_a_wrong_token_is_refused_with_190(whatsapp: WhatsApp, authorization: str) -> None:
    refused = read(whatsapp, whatsapp_message(), authorization=authorization)

    assert isinstance(refused, Refused)
    assert (refused.answer.status, refused.answer.code, refused.authorized) == (401, 190, False)
    assert refused.order is None


def test_the_id_of_another_number_is_refused_with_100_and_subcode_33(whatsapp: WhatsApp) -> None:
    refused = read(whatsapp, whatsapp_message(), path="/v23.0/999/messages")

    assert isinstance(refused, Refused)
    error = decoded(refused.answer.body)["error"]
    assert refused.answer.status == 400
    assert (error["code"], error["error_subcode"], error["type"]) == (100, 33, "GraphMethodException")


def test_a_form_is_not_read(whatsapp: WhatsApp) -> None:
    refused = read(whatsapp, whatsapp_message(), **{"content-type": "application/x-www-form-urlencoded"})

    assert isinstance(refused, Refused)
    assert "messaging_product is required" in refused.answer.body.decode()


def test_an_accepted_message_is_answered_with_its_contact_and_id(whatsapp: WhatsApp) -> None:
    accepted = whatsapp.accept(ordered(whatsapp, to=f"+{PHONE}", biz_opaque_callback_data="d|1"), NOW)

    answer = decoded(accepted.answer.body)
    assert answer["messaging_product"] == "whatsapp"
    assert answer["contacts"] == [{"input": f"+{PHONE}", "wa_id": PHONE}]
    assert answer["messages"] == [{"id": accepted.provider_message_id}]
    assert accepted.provider_message_id.startswith("wamid.")
    assert accepted.order.callback_data == "d|1"


def test_the_longest_text_counts_characters_not_bytes(whatsapp: WhatsApp) -> None:
    assert ordered(whatsapp, text={"body": "🙂" * 4096}).text == "🙂" * 4096


@pytest.mark.parametrize("spelled", ["551187654321", "+551187654321", PHONE])
def test_a_brazilian_mobile_is_found_with_and_without_its_ninth_digit(
    whatsapp: WhatsApp, spelled: str
) -> None:
    order = ordered(whatsapp, to=spelled)

    assert order.address == PHONE
    assert decoded(whatsapp.accept(order, NOW).answer.body)["contacts"] == [
        {"input": spelled, "wa_id": PHONE}
    ]


def test_a_person_without_a_number_is_addressed_by_recipient(account: Account, whatsapp: WhatsApp) -> None:
    account.register(BSUID, CustomerDetails("Bia"), NOW)

    order = ordered(whatsapp, to=None, recipient=BSUID)

    assert order.address == BSUID
    assert decoded(whatsapp.accept(order, NOW).answer.body)["contacts"] == [
        {"input": BSUID, "user_id": BSUID}
    ]


def test_a_number_wins_over_a_user_id(account: Account, whatsapp: WhatsApp) -> None:
    account.register(BSUID, CustomerDetails("Bia"), NOW)

    assert ordered(whatsapp, recipient=BSUID).address == PHONE


@pytest.mark.parametrize(
    ("details", "to", "code"),
    [
        (CustomerDetails("Ana"), "5511900000000", 131026),
        (CustomerDetails("Ana", blocked=True), PHONE, 131026),
        (CustomerDetails("Ana", window_open=False), PHONE, 131047),
    ],
)
def test_what_will_not_arrive_is_accepted_and_then_reported_as_failed(
    account: Account, whatsapp: WhatsApp, details: CustomerDetails, to: str, code: int
) -> None:
    account.register(PHONE, details, NOW)

    accepted = whatsapp.accept(ordered(whatsapp, to=to, biz_opaque_callback_data="d"), NOW)

    assert accepted.answer.status == 200
    assert accepted.reports == ("failed",)
    status = value_of(whatsapp.report("failed", accepted, NOW))["statuses"][0]
    assert (status["id"], status["status"]) == (accepted.provider_message_id, "failed")
    assert (status["recipient_id"], status["biz_opaque_callback_data"]) == (to, "d")
    assert status["errors"][0]["code"] == code
    assert status["errors"][0]["error_data"]["details"]


def test_the_window_closes_a_day_after_the_last_message(account: Account, whatsapp: WhatsApp) -> None:
    order = ordered(whatsapp)

    assert whatsapp.accept(order, NOW + 24 * 3600 - 1).failure is None
    assert whatsapp.accept(order, NOW + 24 * 3600).failure == 131047


def test_a_status_names_the_message_the_person_and_the_callback_data(whatsapp: WhatsApp) -> None:
    accepted = whatsapp.accept(ordered(whatsapp, biz_opaque_callback_data="d"), NOW)

    value = value_of(whatsapp.report("delivered", accepted, NOW))

    assert value["metadata"]["phone_number_id"] == WHATSAPP.account_id
    assert value["contacts"][0]["wa_id"] == PHONE
    status = value["statuses"][0]
    assert status["id"] == accepted.provider_message_id
    assert (status["status"], status["timestamp"]) == ("delivered", "1700000000")
    assert (status["recipient_id"], status["biz_opaque_callback_data"]) == (PHONE, "d")
    assert "errors" not in status


def test_a_status_of_a_person_without_a_number_has_no_recipient_id(
    account: Account, whatsapp: WhatsApp
) -> None:
    account.register(BSUID, CustomerDetails("Bia"), NOW)
    accepted = whatsapp.accept(ordered(whatsapp, to=None, recipient=BSUID), NOW)

    status = value_of(whatsapp.report("sent", accepted, NOW))["statuses"][0]

    assert status["recipient_user_id"] == BSUID
    assert "recipient_id" not in status


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (InboundRequest(PHONE, "Olá"), {"type": "text", "text": {"body": "Olá"}}),
        (
            InboundRequest(PHONE, "Olá", quoted="wamid.1"),
            {"context": {"from": "15550001234", "id": "wamid.1"}},
        ),
        (
            InboundRequest(PHONE, "new", edit_of="wamid.1"),
            {
                "type": "edit",
                "edit": {
                    "original_message_id": "wamid.1",
                    "message": {"context": {"id": "wamid.1"}, "type": "text", "text": {"body": "new"}},
                },
            },
        ),
        (InboundRequest(PHONE, kind="location"), {"type": "location"}),
        (InboundRequest(PHONE, kind="poll_creation"), {"unsupported": {"type": "poll_creation"}}),
        (InboundRequest(PHONE, raw={"type": "button"}), {"type": "button"}),
    ],
)
def test_an_inbound_message_has_the_documented_shape(
    account: Account, whatsapp: WhatsApp, request_: InboundRequest, expected: JsonObject
) -> None:
    inbound = whatsapp.inbound(request_, account.customers[PHONE], NOW)

    value = value_of(inbound.body)
    assert value["contacts"][0]["profile"] == {"name": "Ana", "username": "ana"}
    message = value["messages"][0]
    assert message["from"] == value["contacts"][0]["wa_id"] == PHONE
    assert message["id"] == inbound.provider_message_id
    assert expected.items() <= message.items()


def test_an_image_carries_its_caption(account: Account, whatsapp: WhatsApp) -> None:
    inbound = whatsapp.inbound(InboundRequest(PHONE, "see", kind="image"), account.customers[PHONE], NOW)

    message = value_of(inbound.body)["messages"][0]
    assert (message["type"], message["image"]["caption"]) == ("image", "see")


@pytest.mark.parametrize(("days", "known"), [(6.9, True), (7, False)])
def test_the_id_of_a_persons_file_is_good_for_seven_days(
    account: Account, whatsapp: WhatsApp, *, days: float, known: bool
) -> None:
    item = whatsapp.inbound(InboundRequest(PHONE, kind="image"), account.customers[PHONE], NOW).item
    assert item is not None
    call = graph_call(WHATSAPP.account_id, WHATSAPP.access_token, b"", path=f"/v23.0/{item.media_id}")

    answer = whatsapp.read(msgspec.structs.replace(call, method="GET"), NOW + days * 24 * 3600)

    assert isinstance(answer, Lookup) is known


@pytest.mark.parametrize(("days", "known"), [(29.9, True), (30, False)])
def test_the_id_of_an_upload_is_good_for_thirty_days(whatsapp: WhatsApp, *, days: float, known: bool) -> None:
    reader = ContentReader()
    reader.read(beginning_of("image/png"))
    form = Form(
        {"messaging_product": "whatsapp", "type": "image/png"}, {"file": reader.content("image/png", "a.png")}
    )
    path = f"/v23.0/{WHATSAPP.account_id}/media"
    call = graph_call(WHATSAPP.account_id, WHATSAPP.access_token, b"", path=path)
    uploaded = whatsapp.read(msgspec.structs.replace(call, form=form), NOW)
    assert isinstance(uploaded, Answer)
    message = whatsapp_message(**whatsapp_file("image", id=decoded(uploaded.body)["id"]))
    call = graph_call(WHATSAPP.account_id, WHATSAPP.access_token, message)

    assert isinstance(whatsapp.read(call, NOW + days * 24 * 3600), Order) is known


def test_a_person_without_a_number_writes_by_user_id_only(account: Account, whatsapp: WhatsApp) -> None:
    customer = account.register(BSUID, CustomerDetails("Bia"), NOW)

    value = value_of(whatsapp.inbound(InboundRequest(BSUID, "Oi"), customer, NOW).body)

    assert value["messages"][0]["from_user_id"] == value["contacts"][0]["user_id"] == BSUID
    assert "from" not in value["messages"][0]
    assert "wa_id" not in value["contacts"][0]


@pytest.mark.parametrize("address", ["+5511987654321", "ana", "", "BR", "br.123"])
def test_what_is_neither_digits_nor_a_user_id_is_no_address(whatsapp: WhatsApp, address: str) -> None:
    with pytest.raises(ControlError):
        whatsapp.check_address(address)


def value_of(body: bytes) -> Any:  # noqa: ANN401 (a test looks into any webhook)
    payload = decoded(body)
    assert payload["object"] == "whatsapp_business_account"
    (change,) = payload["entry"][0]["changes"]
    assert change["field"] == "messages"
    assert change["value"]["messaging_product"] == "whatsapp"
    return change["value"]


GROUP = "Y2FwaV9ncm91cDox=="


def test_a_group_gets_a_message_by_its_id_and_is_reported_as_a_group(
    account: Account, whatsapp: WhatsApp
) -> None:
    account.register(f"group:{GROUP}", CustomerDetails("The family"), NOW)

    order = ordered(whatsapp, recipient_type="group", to=GROUP)
    accepted = whatsapp.accept(order, NOW)

    assert (order.address, order.input) == (f"group:{GROUP}", GROUP)
    assert accepted.reports == ("sent", "delivered", "read")
    (change,) = decoded(whatsapp.report("delivered", accepted, NOW))["entry"][0]["changes"]
    (status,) = change["value"]["statuses"]
    assert (status["recipient_id"], status["recipient_type"]) == (GROUP, "group")
    assert "recipient_user_id" not in status
    assert "contacts" not in change["value"]


def test_a_group_that_is_not_ours_gets_nothing(whatsapp: WhatsApp) -> None:
    accepted = whatsapp.accept(ordered(whatsapp, recipient_type="group", to=GROUP), NOW)

    assert (accepted.failure, accepted.reports) == (131026, ("failed",))


def test_a_group_must_have_written_within_the_window(account: Account, whatsapp: WhatsApp) -> None:
    account.register(f"group:{GROUP}", CustomerDetails("The family", window_open=False), NOW)
    order = ordered(whatsapp, recipient_type="group", to=GROUP)
    assert whatsapp.accept(order, NOW).failure == 131047

    whatsapp.inbound(InboundRequest(PHONE, "hi", raw={"group_id": GROUP}), account.customers[PHONE], NOW)

    assert whatsapp.accept(ordered(whatsapp, recipient_type="group", to=GROUP), NOW).failure is None


@pytest.mark.parametrize(
    ("recipient_type", "to"), [("group", PHONE), ("individual", GROUP), ("group", "a b"), ("groups", GROUP)]
)
def test_an_address_of_the_other_kind_is_refused(whatsapp: WhatsApp, recipient_type: str, to: str) -> None:
    refused = read(whatsapp, whatsapp_message(recipient_type=recipient_type, to=to))

    assert isinstance(refused, Refused)
    assert (refused.answer.status, refused.answer.code) == (400, 100)


def test_a_second_number_of_the_business_sends_and_reports_under_its_own_id(whatsapp: WhatsApp) -> None:
    second = next(iter(OTHER_NUMBERS))
    order = read(whatsapp, whatsapp_message(), path=f"/v23.0/{second}/messages")
    assert isinstance(order, Order)
    accepted = whatsapp.accept(order, NOW)

    (change,) = decoded(whatsapp.report("sent", accepted, NOW))["entry"][0]["changes"]

    assert change["value"]["metadata"] == {
        "display_phone_number": OTHER_NUMBERS[second],
        "phone_number_id": second,
    }


@pytest.mark.parametrize(
    ("registered", "written"),
    [
        ("5215512340001", "525512340001"),
        ("525512340001", "5215512340001"),
        ("5491123456789", "541123456789"),
        ("541123456789", "5491123456789"),
        ("551187650000", "5511987650000"),
    ],
)
def test_both_spellings_of_a_number_reach_the_person(
    account: Account, whatsapp: WhatsApp, registered: str, written: str
) -> None:
    account.register(registered, CustomerDetails("Rosa"), NOW)

    order = ordered(whatsapp, to=written)

    assert order.address == registered
    answer = decoded(whatsapp.accept(order, NOW).answer.body)
    assert answer["contacts"] == [{"input": written, "wa_id": registered}]


@pytest.mark.parametrize("address", ["group:", "group:a b", "group:short", "group"])
def test_a_group_is_registered_under_an_id_that_groups_have(whatsapp: WhatsApp, address: str) -> None:
    with pytest.raises(ControlError):
        whatsapp.check_address(address)

    whatsapp.check_address(f"group:{GROUP}")
