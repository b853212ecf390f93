"""The signature of Twilio's webhooks."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.sms.connector import Sms
from chat4all.channels.sms.signature import signature
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from tests.unit.channels.fake_http import FakeHttp
from tests.unit.channels.test_sms_send import TWILIO

SMS = Sms(FakeHttp(), "https://api.twilio.example")
URL = "https://chat.example/v1/webhooks/sms"
TOKEN = TWILIO.webhook_secret
FIELDS = {"MessageSid": "SM1", "Body": "Olá & 👋", "From": "+16505551234", "Empty": ""}


def request(
    url: str = URL, fields: dict[str, str] | None = None, *, signed: str | None = None, token: str = TOKEN
) -> WebhookRequest:
    """Return a request whose signature is over `signed`, or over its own address."""
    form = FIELDS if fields is None else fields
    proof = signature(signed or url, list(form.items()), token)
    return WebhookRequest(url, {"x-twilio-signature": proof}, urlencode(form).encode())


@pytest.mark.parametrize(
    ("caller", "expected"),
    [("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="), ("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")],
)
def test_the_signature_is_the_one_of_twilios_own_examples(caller: str, expected: str) -> None:
    """https://www.twilio.com/docs/usage/security#validating-requests, and the tests of its libraries."""
    fields = [
        ("Digits", "1234"),
        ("To", "+18005551212"),
        ("From", caller),
        ("Caller", caller),
        ("CallSid", "CA1234567890ABCDE"),
    ]

    assert signature("https://mycompany.com/myapp.php?foo=1&bar=2", fields, "12345") == expected


def test_a_signed_request_is_twilios() -> None:
    assert SMS.verify(request(), TWILIO)


def test_the_query_of_the_address_is_signed_with_it() -> None:
    url = f"{URL}?delivery_id=1%7C2"

    assert SMS.verify(request(url), TWILIO)
    assert not SMS.verify(request(url, signed=URL), TWILIO)
    assert not SMS.verify(request(URL, signed=url), TWILIO)


@pytest.mark.parametrize(
    "change",
    [
        {"Body": "other"},
        {"From": "+16505551235"},
        {"More": ""},
    ],
)
def test_a_changed_form_is_not_twilios(change: dict[str, str]) -> None:
    proof = request().headers

    assert not SMS.verify(WebhookRequest(URL, proof, urlencode({**FIELDS, **change}).encode()), TWILIO)


@pytest.mark.parametrize("headers", [{}, {"x-twilio-signature": ""}, {"x-twilio-signature": "é\ud800"}])
def test_a_request_without_a_signature_is_not_twilios(headers: dict[str, str]) -> None:
    assert not SMS.verify(WebhookRequest(URL, headers, request().body), TWILIO)


def test_another_token_or_none_proves_nothing() -> None:
    assert not SMS.verify(request(token="other"), TWILIO)
    assert not SMS.verify(request(token=""), replace(TWILIO, webhook_secret=""))


@pytest.mark.parametrize("body", [b"\xff", b"{}", b"a=%ED%A0%80", b"a=%FF"])
def test_what_is_no_form_is_not_twilios(body: bytes) -> None:
    proof = {"x-twilio-signature": signature(URL, [], TOKEN)}

    assert not SMS.verify(WebhookRequest(URL, proof, body), TWILIO)


def test_behind_a_proxy_the_configured_address_counts() -> None:
    """https://github.com/twilio/twilio-node/issues/1068 and many others."""
    came = "http://10.0.0.7:8080/stage/v1/webhooks/sms"

    assert SMS.verify(request(came, signed=URL), TWILIO)
    assert not SMS.verify(request(came, signed=came), TWILIO)


@pytest.mark.parametrize("configured", [f"{URL}?tenant=7", f"{URL}?tenant=7#rc=5&rp=4xx"])
def test_the_configured_address_may_have_a_query_of_its_own(configured: str) -> None:
    """https://github.com/twilio/twilio-node/issues/942, https://github.com/bmlt-enabled/yap/pull/1629"""
    here = replace(TWILIO, webhook_url=configured)

    assert SMS.verify(request(f"{URL}?tenant=7"), here)
    assert SMS.verify(request(f"{URL}?tenant=7&delivery_id=1%7C2"), here)
    assert not SMS.verify(request(f"{URL}?tenant=8", signed=f"{URL}?tenant=7"), here)
    assert not SMS.verify(request(f"{URL}?tenant=7", signed=URL), here)


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://chat.example/sms", "https://chat.example:443/sms"),
        ("https://chat.example:443/sms", "https://chat.example/sms"),
        ("http://chat.example/sms", "http://chat.example:80/sms"),
        ("http://127.0.0.1:4566/sms", "http://127.0.0.1:4566/sms"),
    ],
)
def test_the_usual_port_may_be_in_the_address_or_not(url: str, signed: str) -> None:
    """https://github.com/twilio/twilio-python/issues/392, https://github.com/twilio/twilio-python/pull/477"""
    unconfigured = replace(TWILIO, webhook_url="")

    assert SMS.verify(request(url, signed=signed), unconfigured)


def test_another_port_is_another_address() -> None:
    unconfigured = replace(TWILIO, webhook_url="")

    assert not SMS.verify(
        request("https://chat.example:8443/sms", signed="https://chat.example/sms"), unconfigured
    )


def test_a_value_that_comes_twice_is_signed_once() -> None:
    """https://github.com/twilio/twilio-python/issues/613"""
    proof = signature(URL, [("a", "1"), ("a", "2")], TOKEN)
    body = b"a=2&a=1&a=2"

    assert SMS.verify(WebhookRequest(URL, {"x-twilio-signature": proof}, body), TWILIO)


@given(st.text(max_size=30), st.binary(max_size=30), st.text(max_size=30))
def test_whatever_comes_is_judged(url: str, body: bytes, proof: str) -> None:
    secret = ChannelSecret("AC1", "t", "t")

    assert not SMS.verify(WebhookRequest(url, {"x-twilio-signature": proof}, body), secret)
