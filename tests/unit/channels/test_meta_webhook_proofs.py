"""The signature of Meta's webhooks, which is the same for WhatsApp and Instagram."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.services.messaging.connector import Connector
from tests.unit.channels.fake_http import SECRET, FakeHttp, webhook_request

CONNECTORS: list[Connector] = [
    WhatsApp(FakeHttp(), "https://provider.example"),
    Instagram(FakeHttp(), "https://provider.example"),
]
BODY = b'{"object":"whatsapp_business_account","entry":[]}'
every_connector = pytest.mark.parametrize(
    "connector", CONNECTORS, ids=lambda connector: connector.capabilities.channel
)


def signature(body: bytes, key: str = SECRET.webhook_secret) -> str:
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def signed(value: str) -> dict[str, str]:
    return {"x-hub-signature-256": value}


@every_connector
def test_a_known_signature_is_accepted(connector: Connector) -> None:
    # Computed with `openssl dgst -sha256 -hmac key`.
    known = "sha256=9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"

    assert connector.verify(webhook_request(signed(known), b"hello"), replace(SECRET, webhook_secret="key"))


@every_connector
@given(body=st.binary(min_size=1), position=st.integers(min_value=0), flip=st.integers(1, 255))
def test_a_flipped_byte_breaks_the_signature(
    connector: Connector, body: bytes, position: int, flip: int
) -> None:
    changed = bytearray(body)
    changed[position % len(body)] ^= flip
    headers = signed(signature(body))

    assert connector.verify(webhook_request(headers, body), SECRET)
    assert not connector.verify(webhook_request(headers, bytes(changed)), SECRET)


@every_connector
@given(given_value=st.text())
def test_any_other_header_value_is_refused_and_none_raises(connector: Connector, given_value: str) -> None:
    assert not connector.verify(webhook_request(signed(given_value), BODY), SECRET)


@every_connector
@pytest.mark.parametrize(
    "value",
    [
        signature(BODY).upper(),
        "sha256=" + signature(BODY)[7:].upper(),
        signature(BODY)[7:],
        signature(BODY).replace("sha256", "sha1"),
        signature(BODY) + " ",
        " " + signature(BODY),
        signature(BODY)[:-1],
        signature(BODY, "another key"),
        "sha256=",
        "\ud800",
        "sha256=é",
    ],
)
def test_a_signature_in_any_other_spelling_is_refused(connector: Connector, value: str) -> None:
    assert connector.verify(webhook_request(signed(signature(BODY)), BODY), SECRET)
    assert not connector.verify(webhook_request(signed(value), BODY), SECRET)


@every_connector
def test_a_missing_signature_is_refused(connector: Connector) -> None:
    assert not connector.verify(webhook_request({}, BODY), SECRET)


@every_connector
def test_the_old_sha1_header_is_not_enough(connector: Connector) -> None:
    digest = hmac.new(SECRET.webhook_secret.encode(), BODY, hashlib.sha1).hexdigest()

    assert not connector.verify(webhook_request({"x-hub-signature": f"sha1={digest}"}, BODY), SECRET)


@every_connector
def test_an_empty_app_secret_accepts_nothing(connector: Connector) -> None:
    headers = signed(signature(BODY, ""))

    assert not connector.verify(webhook_request(headers, BODY), replace(SECRET, webhook_secret=""))


@every_connector
def test_a_subscription_with_our_token_gets_its_challenge_back(connector: Connector) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-token", "hub.challenge": "1158201444"}

    assert connector.challenge(query, SECRET) == "1158201444"


@every_connector
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.verify_token": "verify-token"},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "verify-tokem", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "é\ud800", "hub.challenge": "1"},
        {"hub.mode": "unsubscribe", "hub.verify_token": "verify-token", "hub.challenge": "1"},
        {"hub.verify_token": "verify-token", "hub.challenge": "1"},
    ],
)
def test_any_other_subscription_is_refused(connector: Connector, query: dict[str, str]) -> None:
    assert connector.challenge(query, SECRET) is None


@every_connector
@pytest.mark.parametrize("token", [{}, {"hub.verify_token": ""}])
def test_no_configured_token_accepts_no_subscription(connector: Connector, token: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", **token}

    assert connector.challenge(query, replace(SECRET, verify_token="")) is None
