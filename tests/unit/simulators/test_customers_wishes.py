"""Customers who block a bot, stop marketing messages, or answer STOP, at the simulated providers."""

from typing import Any

import msgspec
import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerDetails, InboundRequest
from chat4all_local.simulators.provider import ControlError, Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.telegram.provider import Telegram
from chat4all_local.simulators.whatsapp.provider import WhatsApp
from tests.unit.simulators.calls import CHAT, telegram_call

NOW = 1_700_000_000.0
PHONE = "5511987654321"


@pytest.fixture
def telegram() -> Telegram:
    account = Account(manifest("telegram").settings)
    account.register(CHAT, CustomerDetails("Ana"), NOW)
    account.register("-9", CustomerDetails("Team"), NOW)
    return Telegram(account)


def told(telegram: Telegram, kind: str, address: str = CHAT) -> dict[str, Any]:
    customer = telegram._account.customers[address]
    body = telegram.inbound(InboundRequest(address, kind=kind), customer, NOW).body
    change: dict[str, Any] = msgspec.json.decode(body)["my_chat_member"]
    return change


def is_taken(telegram: Telegram) -> bool:
    answer = telegram.read(telegram_call({"chat_id": CHAT, "text": "hello"}), NOW)
    if isinstance(answer, Refused):
        assert answer.answer.status == 403
    return isinstance(answer, Order)


def test_a_blocked_bot_may_not_write_until_it_is_unblocked(telegram: Telegram) -> None:
    blocked = told(telegram, "block")
    assert (blocked["old_chat_member"]["status"], blocked["new_chat_member"]["status"]) == (
        "member",
        "kicked",
    )
    assert (blocked["chat"]["type"], str(blocked["chat"]["id"])) == ("private", CHAT)
    assert not is_taken(telegram)

    assert told(telegram, "unblock")["new_chat_member"]["status"] == "member"
    assert is_taken(telegram)


def test_a_bot_is_blocked_in_private_only(telegram: Telegram) -> None:
    with pytest.raises(ControlError, match="private"):
        told(telegram, "block", "-9")


@pytest.mark.parametrize("value", ["stop", "resume"])
def test_a_customer_of_whatsapp_stops_and_resumes_marketing(value: str) -> None:
    account = Account(manifest("whatsapp").settings)
    customer = account.register(PHONE, CustomerDetails("Ana"), NOW)

    inbound = WhatsApp(account).inbound(InboundRequest(PHONE, value, kind="preference"), customer, NOW)

    (change,) = msgspec.json.decode(inbound.body)["entry"][0]["changes"]
    assert change["field"] == "user_preferences"
    (preference,) = change["value"]["user_preferences"]
    assert (preference["wa_id"], preference["category"], preference["value"], preference["timestamp"]) == (
        PHONE,
        "marketing_messages",
        value,
        int(NOW),
    )


def test_another_preference_cannot_be_played() -> None:
    account = Account(manifest("whatsapp").settings)
    customer = account.register(PHONE, CustomerDetails("Ana"), NOW)

    with pytest.raises(ControlError, match="`stop` or `resume`"):
        WhatsApp(account).inbound(InboundRequest(PHONE, "pause", kind="preference"), customer, NOW)
