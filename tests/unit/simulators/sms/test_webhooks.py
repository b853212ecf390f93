"""The simulator's webhooks over HTTP, signed as Twilio signs them."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

import httpx
import pytest

from chat4all_local.simulators.client import Simulator, SimulatorError
from chat4all_local.simulators.control_api import CustomerMedia
from chat4all_local.simulators.sms.webhooks import twilio_signature
from tests.unit.simulators.calls import file_of
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Received, Receiver, eventually
from tests.unit.simulators.sms.calls import PHONE, TWILIO, basic, send_sms

PNG = file_of("image/png")


@pytest.fixture
def sms(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("sms",)) as running:
        running.sms.configure(webhook_url=receiver.url)
        running.sms.register(PHONE, "Ana")
        yield running.sms


def fields_of(webhook: Received) -> dict[str, str]:
    return dict(parse_qsl(webhook.body.decode(), keep_blank_values=True, strict_parsing=True))


def reported(receiver: Receiver, sms: Simulator) -> list[dict[str, str]]:
    eventually(lambda: sms.health().webhooks_pending == 0)
    return [fields_of(webhook) for webhook in receiver.received]


def test_the_signature_is_that_of_twilios_own_example() -> None:
    body = (
        b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
    )

    signature = twilio_signature("https://mycompany.com/myapp.php?foo=1&bar=2", body, "12345")

    assert signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_statuses_go_to_the_address_of_the_message_and_are_signed_over_it(
    sms: Simulator, http: httpx.Client, receiver: Receiver
) -> None:
    callback = f"{receiver.url}?delivery_id=1%7C2%7Csms%7C0"

    sid = send_sms(http, sms, StatusCallback=f"{callback}#rc=5&rp=4xx").json()["sid"]

    statuses = reported(receiver, sms)
    assert [status["MessageStatus"] for status in statuses] == ["sent", "delivered"]
    assert {status["MessageSid"] for status in statuses} == {sid}
    assert {status["To"] for status in statuses} == {PHONE}
    for webhook in receiver.received:
        assert webhook.path.endswith("?delivery_id=1%7C2%7Csms%7C0")
        assert webhook.headers["content-type"].startswith("application/x-www-form-urlencoded")
        expected = twilio_signature(callback, webhook.body, TWILIO.webhook_secret)
        assert webhook.headers["x-twilio-signature"] == expected


def test_without_an_address_no_status_is_reported(
    sms: Simulator, http: httpx.Client, receiver: Receiver
) -> None:
    assert send_sms(http, sms).status_code == 201

    assert reported(receiver, sms) == []


@pytest.mark.parametrize(("blocked", "code"), [(True, "30004"), (None, "30005")])
def test_a_message_that_a_carrier_does_not_deliver_is_undelivered(
    sms: Simulator, http: httpx.Client, receiver: Receiver, *, blocked: bool | None, code: str
) -> None:
    if blocked:
        sms.register("+4915112345678", "Bea", blocked=True)

    send_sms(http, sms, To="+4915112345678", StatusCallback=receiver.url)

    (status,) = reported(receiver, sms)
    assert (status["MessageStatus"], status["ErrorCode"]) == ("undelivered", code)


def test_a_text_comes_to_the_address_of_the_settings(sms: Simulator, receiver: Receiver) -> None:
    written = sms.write(PHONE, "Olá & 👋")

    (webhook,) = receiver.received
    fields = fields_of(webhook)
    assert (fields["MessageSid"], fields["From"], fields["To"]) == (
        written.provider_message_id,
        PHONE,
        TWILIO.sender,
    )
    assert (fields["Body"], fields["NumMedia"], fields["NumSegments"]) == ("Olá & 👋", "0", "1")
    signature = twilio_signature(receiver.url, webhook.body, TWILIO.webhook_secret)
    assert webhook.headers["x-twilio-signature"] == signature


@pytest.mark.parametrize(("text", "kind"), [("STOP", "STOP"), ("start", "START"), ("Help", "HELP")])
def test_a_word_that_twilio_acts_on_is_marked(
    sms: Simulator, receiver: Receiver, text: str, kind: str
) -> None:
    sms.write(PHONE, text)

    assert fields_of(receiver.received[0])["OptOutType"] == kind


def test_other_fields_are_laid_over_a_message(sms: Simulator, receiver: Receiver) -> None:
    sms.write(PHONE, "x", raw={"Body": "y", "Latitude": "1"})

    fields = fields_of(receiver.received[0])
    assert (fields["Body"], fields["Latitude"]) == ("y", "1")


def test_a_file_is_fetched_with_the_credentials_where_the_webhook_says(
    sms: Simulator, http: httpx.Client, receiver: Receiver
) -> None:
    written = sms.write_media(PHONE, "image", "image/png", "See", size=5000)
    fields = fields_of(receiver.received[0])
    assert (fields["NumMedia"], fields["MediaContentType0"], fields["Body"]) == ("1", "image/png", "See")
    assert fields["MessageSid"].startswith("MM")

    url = fields["MediaUrl0"]
    assert http.get(url).status_code == 401
    assert http.get(url, headers=basic(password="other")).json()["code"] == 20003
    assert http.get(url + "0", headers=basic()).json()["code"] == 20404
    moved = http.get(url, headers=basic())
    assert moved.status_code == 307
    served = http.get(moved.headers["location"])
    assert (served.status_code, served.headers["content-type"]) == (200, "image/png")
    assert written.media is not None
    assert len(served.content) == written.media.size
    assert http.get(moved.headers["location"].replace("signature=", "signature=0")).status_code == 403


def test_a_message_may_have_several_files(sms: Simulator, http: httpx.Client, receiver: Receiver) -> None:
    more = (CustomerMedia("image/gif", seed=1), CustomerMedia("application/pdf", seed=2))
    sms.write_media(PHONE, "image", "image/png", "See", more=more)

    fields = fields_of(receiver.received[0])
    assert fields["NumMedia"] == "3"
    types = [fields[f"MediaContentType{number}"] for number in range(3)]
    assert types == ["image/png", "image/gif", "application/pdf"]
    for number, content_type in enumerate(types):
        moved = http.get(fields[f"MediaUrl{number}"], headers=basic())
        assert http.get(moved.headers["location"]).headers["content-type"] == content_type


def test_a_file_of_ours_is_fetched_and_the_message_reported_on(
    sms: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost
) -> None:
    link = files.put("/photo.png", Page(PNG, "image/png"))

    answer = send_sms(http, sms, MediaUrl=link, StatusCallback=receiver.url)

    assert answer.json()["sid"].startswith("MM")
    assert [status["MessageStatus"] for status in reported(receiver, sms)] == ["sent", "delivered"]
    (record,) = sms.transcript().requests
    assert (record.kind, record.content_type, record.size) == ("image", "image/png", len(PNG))


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(PNG, "image/png", status=404), "11200"),
        (Page(PNG, "text/html"), "12300"),
        (Page(b"no picture", "image/png"), "12300"),
        (Page(PNG, "image/png", size=5 * 2**20 + 1), "11751"),
    ],
)
def test_a_file_that_twilio_does_not_take_fails_its_message(
    sms: Simulator, http: httpx.Client, receiver: Receiver, files: FileHost, *, page: Page, code: str
) -> None:
    answer = send_sms(http, sms, MediaUrl=files.put("/photo.png", page), StatusCallback=receiver.url)

    assert answer.status_code == 201
    (status,) = reported(receiver, sms)
    assert (status["MessageStatus"], status["ErrorCode"]) == ("failed", code)


def test_a_webhook_can_be_signed_badly(sms: Simulator, receiver: Receiver) -> None:
    for sign in (False, "wrong", "upper", True):
        sms.call_webhook({"MessageSid": "SM1"}, sign=sign)
    right = twilio_signature(receiver.url, b"MessageSid=SM1", TWILIO.webhook_secret)

    missing, wrong, upper, good = (call.headers.get("x-twilio-signature") for call in receiver.received)
    assert missing is None
    assert wrong not in {None, right}
    assert upper == right.upper()
    assert good == right
    assert receiver.received[0].body == b"MessageSid=SM1"


def test_twilio_verifies_no_challenge(sms: Simulator) -> None:
    with pytest.raises(SimulatorError, match="challenge"):
        sms.verify()
