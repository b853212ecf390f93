"""Edits, deletions, reading and typing, as strict as the documentation; and the connector beside it."""

from collections.abc import Iterator

import pytest

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.telegram.connector import Telegram as Connector
from chat4all.domain.acts import Deleting, Done, Editing, MarkingRead, Typing
from chat4all.domain.content import Text
from chat4all.domain.kinds import Button, Buttons
from chat4all.domain.sending import SendError, Sent, Submission
from chat4all.services.messaging.connector import ChannelSecret
from chat4all_local.simulators.account import Account
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import CustomerDetails
from chat4all_local.simulators.provider import Accepted, Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.telegram.provider import Telegram
from tests.unit.channels.fake_http import DELIVERY_ID
from tests.unit.simulators.calls import CHAT, TELEGRAM, decoded, telegram_call
from tests.unit.simulators.conftest import running_simulators

NOW = 1_700_000_000.0
HOUR = 3600.0
KEYBOARD = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
SECRET = ChannelSecret(TELEGRAM.account_id, TELEGRAM.access_token, TELEGRAM.webhook_secret)


@pytest.fixture
def telegram() -> Telegram:
    account = Account(manifest("telegram").settings)
    for address, name in ((CHAT, "Ana"), ("business:abc", "Ours")):
        account.register(address, CustomerDetails(name), NOW)
    return Telegram(account)


def accepted(telegram: Telegram, method: str, at: float = NOW, /, **fields: object) -> Accepted:
    order = telegram.read(telegram_call({"chat_id": CHAT, **fields}, method=method), at)
    assert isinstance(order, Order), order
    return telegram.accept(order, at)


def refusal(telegram: Telegram, method: str, at: float = NOW, /, **fields: object) -> str:
    refused = telegram.read(telegram_call({"chat_id": CHAT, **fields}, method=method), at)
    assert isinstance(refused, Refused), refused
    return str(decoded(refused.answer.body)["description"]).removeprefix("Bad Request: ")


def sent(telegram: Telegram, **fields: object) -> int:
    return int(accepted(telegram, "sendMessage", **({"text": "hello"} | fields)).provider_message_id)


def test_an_edited_message_has_the_new_text_and_keyboard(telegram: Telegram) -> None:
    number = sent(telegram, reply_markup=KEYBOARD)

    edited = accepted(telegram, "editMessageText", message_id=number, text="two")

    message = decoded(edited.answer.body)["result"]
    assert (message["text"], "reply_markup" in message, message["edit_date"]) == ("two", False, NOW)
    assert (edited.order.kind, edited.order.quoted, edited.order.text) == ("edit", str(number), "two")


def test_what_cannot_be_edited_is_refused(telegram: Telegram) -> None:
    number = sent(telegram, reply_markup=KEYBOARD)

    def refused(method: str = "editMessageText", **fields: object) -> str:
        given: dict[str, object] = {"message_id": number, "text": "two", **fields}
        return refusal(telegram, method, **given)

    assert refused(message_id=number + 1) == "message to edit not found"
    assert refused(text="") == "message text is empty"
    assert refused(text="x" * 4097) == "message is too long"
    assert refused(text="hello", reply_markup=KEYBOARD).startswith("message is not modified")
    assert refused("editMessageCaption", caption="see") == "there is no caption in the message to edit"
    assert refused("editMessageCaption", caption="x" * 1025) == "message caption is too long"
    assert refused(chat_id="43") == "chat not found"


def test_a_deleted_message_is_gone(telegram: Telegram) -> None:
    numbers = [sent(telegram), sent(telegram)]

    accepted(telegram, "deleteMessages", message_ids=numbers)

    assert (
        refusal(telegram, "editMessageText", message_id=numbers[0], text="x") == "message to edit not found"
    )
    assert refusal(telegram, "deleteMessage", message_id=numbers[1]) == "message to delete not found"
    assert accepted(telegram, "deleteMessages", message_ids=numbers).order.kind == "delete"


def test_a_message_is_deleted_within_48_hours(telegram: Telegram) -> None:
    number = sent(telegram)

    late = NOW + 48 * HOUR + 1
    for method, fields in (
        ("deleteMessage", {"message_id": number}),
        ("deleteMessages", {"message_ids": [number]}),
    ):
        assert refusal(telegram, method, late, **fields) == "message can't be deleted for everyone"
    accepted(telegram, "deleteMessage", NOW + 48 * HOUR, message_id=number)


@pytest.mark.parametrize("ids", ["", "[]", '["a"]', str(list(range(1, 102)))])
def test_deletions_name_1_to_100_messages(telegram: Telegram, ids: str) -> None:
    assert refusal(telegram, "deleteMessages", message_ids=ids)


def test_a_bot_reads_only_for_a_business(telegram: Telegram) -> None:
    number = sent(telegram, business_connection_id="abc")

    assert refusal(telegram, "readBusinessMessage", message_id=number) == "business connection not found"
    read = accepted(telegram, "readBusinessMessage", message_id=number, business_connection_id="abc")
    assert read.order.kind == "read"
    business = accepted(
        telegram, "deleteBusinessMessages", message_ids=[number], business_connection_id="abc", chat_id=""
    )
    assert business.order.address == CHAT


def test_typing_needs_an_action_and_a_chat(telegram: Telegram) -> None:
    assert accepted(telegram, "sendChatAction", action="typing").order.kind == "typing"
    assert refusal(telegram, "sendChatAction", action="sleeping").startswith("wrong parameter action")
    assert refusal(telegram, "sendChatAction", action="typing", chat_id="43") == "chat not found"


@pytest.fixture
def running() -> Iterator[Simulator]:
    with running_simulators(providers=("telegram",)) as simulators:
        simulators.telegram.register(CHAT, "Ana")
        yield simulators.telegram


def test_both_readings_of_the_acts_fit_together(running: Simulator) -> None:
    connector = Connector(HttpClient(), running.base_url)
    buttons = Buttons("Which?", (Button("a", "A"),))
    message = connector.send(Submission(DELIVERY_ID, "main", CHAT, buttons), SECRET)
    assert isinstance(message, Sent)
    name = message.provider_message_id
    changed = Buttons("Which one?", (Button("b", "B"),))

    for act in (
        Typing("main", CHAT, is_on=True),
        Editing("main", CHAT, name, changed),
        Editing("main", CHAT, name, changed),
        Deleting("main", CHAT, (name,)),
        Deleting("main", CHAT, (name,)),
    ):
        assert connector.act(act, SECRET) == Done()
    gone = connector.act(Editing("main", CHAT, name, Text("late")), SECRET)

    assert isinstance(gone, SendError)
    kinds = [record.kind for record in running.transcript().requests if record.status == 200]
    assert kinds == ["text", "typing", "edit", "delete", "delete"]
    assert isinstance(connector.act(MarkingRead("main", CHAT, name), SECRET), SendError)
