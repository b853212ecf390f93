"""Places, cards, reactions, keyboards and taps, as strict as the documentation."""

import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import (
    CustomerDetails,
    InboundRequest,
    JsonObject,
    WebhookAnswer,
)
from chat4all_local.simulators.provider import Accepted, Answer, ControlError, Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.telegram.provider import Telegram
from tests.unit.simulators.calls import CHAT, decoded, telegram_call

NOW = 1_700_000_000.0
POINT = {"latitude": 48.21, "longitude": 16.37}
CARD = {"phone_number": "+49151", "first_name": "Ana"}


@pytest.fixture
def account() -> Account:
    account = Account(manifest("telegram").settings)
    account.register(CHAT, CustomerDetails("Ana"), NOW)
    account.register("43", CustomerDetails("Bob", blocked=True), NOW)
    return account


@pytest.fixture
def telegram(account: Account) -> Telegram:
    return Telegram(account)


def accepted(telegram: Telegram, method: str, **fields: object) -> Accepted:
    order = telegram.read(telegram_call({"chat_id": CHAT, **fields}, method=method), NOW)
    assert isinstance(order, Order), order
    return telegram.accept(order, NOW)


def result(telegram: Telegram, method: str, **fields: object) -> object:
    return decoded(accepted(telegram, method, **fields).answer.body)["result"]


def refusal(telegram: Telegram, method: str, **fields: object) -> tuple[int, str]:
    refused = telegram.read(telegram_call({"chat_id": CHAT, **fields}, method=method), NOW)
    assert isinstance(refused, Refused), refused
    return refused.answer.status, decoded(refused.answer.body)["description"].removeprefix("Bad Request: ")


@pytest.mark.parametrize(
    ("method", "fields", "found"),
    [
        ("sendLocation", POINT, {"location": POINT}),
        (
            "sendLocation",
            {**POINT, "live_period": 0x7FFFFFFF},
            {"location": {**POINT, "live_period": 0x7FFFFFFF}},
        ),
        (
            "sendVenue",
            {**POINT, "title": "Bar", "address": "Main St 1"},
            {"location": POINT, "venue": {"location": POINT, "title": "Bar", "address": "Main St 1"}},
        ),
        ("sendContact", {**CARD, "vcard": "x" * 2048}, {"contact": {**CARD, "vcard": "x" * 2048}}),
    ],
)
def test_the_message_has_the_fields_of_its_kind(
    telegram: Telegram, method: str, fields: dict[str, object], found: dict[str, object]
) -> None:
    message = result(telegram, method, **fields)

    assert isinstance(message, dict)
    assert {name: message.get(name) for name in found} == found
    assert "text" not in message


@pytest.mark.parametrize(
    ("method", "fields", "description"),
    [
        ("sendLocation", {"longitude": 1}, "latitude is empty"),
        ("sendLocation", {"latitude": 1}, "longitude is empty"),
        ("sendLocation", {**POINT, "latitude": 90.1}, "wrong location specified"),
        ("sendLocation", {**POINT, "longitude": "-180.1"}, "wrong location specified"),
        ("sendLocation", {**POINT, "latitude": "north"}, "wrong location specified"),
        ("sendLocation", {**POINT, "latitude": "nan"}, "wrong location specified"),
        ("sendLocation", {**POINT, "live_period": 59}, "wrong live location period specified"),
        ("sendLocation", {**POINT, "live_period": 86_401}, "wrong live location period specified"),
        ("sendVenue", {**POINT, "title": "Bar"}, 'parameter "address" is required'),
        ("sendVenue", {**POINT, "address": "Main St 1"}, 'parameter "title" is required'),
        ("sendContact", {"first_name": "Ana"}, 'parameter "phone_number" is required'),
        ("sendContact", {"phone_number": "+49151", "first_name": ""}, 'parameter "first_name" is required'),
        ("sendContact", {**CARD, "vcard": "ß" * 1025}, "vcard is too long"),
        ("sendContact", {**CARD, "chat_id": "404"}, "chat not found"),
    ],
)
def test_a_place_or_a_card_that_breaks_the_documentation_is_refused(
    telegram: Telegram, method: str, fields: dict[str, object], description: str
) -> None:
    assert refusal(telegram, method, **fields) == (400, description)


def keyboard(*buttons: object) -> dict[str, object]:
    return {"inline_keyboard": [[button] for button in buttons]}


BUTTON = {"text": "Yes", "callback_data": "y" * 64}
IN_BUTTON = "can't parse inline keyboard button: "


@pytest.mark.parametrize(
    ("markup", "description"),
    [
        ("{", "can't parse reply keyboard markup JSON object"),
        ([], "object expected as reply markup"),
        ({"inline_keyboard": [BUTTON]}, "object expected as reply markup"),
        (keyboard({**BUTTON, "callback_data": "y" * 65}), "BUTTON_DATA_INVALID"),
        (keyboard({**BUTTON, "callback_data": "ß" * 33}), "BUTTON_DATA_INVALID"),
        (
            keyboard({**BUTTON, "callback_data": ""}),
            IN_BUTTON + "text buttons are unallowed in the inline keyboard",
        ),
        (keyboard({"text": "Yes"}), IN_BUTTON + "text buttons are unallowed in the inline keyboard"),
        (keyboard({**BUTTON, "text": ""}), IN_BUTTON + "text must be non-empty"),
        (keyboard({"callback_data": "y"}), IN_BUTTON + 'field "text" must be of type String'),
        (keyboard("Yes"), IN_BUTTON + 'field "text" must be of type String'),
        (keyboard(*[{"text": "n", "callback_data": "n"}] * 101), "REPLY_MARKUP_TOO_LONG"),
        (keyboard(*[{**BUTTON, "text": "й" * 60}] * 50), "REPLY_MARKUP_TOO_LONG"),
    ],
)
def test_a_keyboard_that_breaks_the_documentation_is_refused(
    telegram: Telegram, markup: object, description: str
) -> None:
    """https://github.com/jehy/telegram-test-api/issues/62"""
    assert refusal(telegram, "sendMessage", text="?", reply_markup=markup) == (400, description)


@pytest.mark.parametrize("method", ["sendMessage", "sendLocation", "sendContact"])
def test_a_keyboard_stands_below_any_message(telegram: Telegram, method: str) -> None:
    message = result(telegram, method, text="?", **POINT, **CARD, reply_markup=keyboard(BUTTON))

    assert isinstance(message, dict)
    assert message["reply_markup"] == keyboard(BUTTON)


def reaction(*emoji: str) -> list[dict[str, str]]:
    return [{"type": "emoji", "emoji": icon} for icon in emoji]


@pytest.mark.parametrize(
    ("given", "description"),
    [
        ("{", "can't parse reaction types JSON object"),
        ({}, "expected an Array of ReactionType"),
        (["👍"], "can't parse ReactionType: expected an Object"),
        ([{"emoji": "👍"}], "can't parse ReactionType: can't find field \"type\""),
        ([{"type": "emoji"}], "can't parse ReactionType: can't find field \"emoji\""),
        ([{"type": "paid"}], "can't parse ReactionType: invalid reaction type specified"),
        ([{"type": "custom_emoji", "custom_emoji_id": "5"}], "REACTION_INVALID"),
        (reaction("\u2764\ufe0f"), "REACTION_INVALID"),
        (reaction("✅"), "REACTION_INVALID"),
        (reaction(""), "REACTION_INVALID"),
        (reaction("👍", "👎"), "REACTIONS_TOO_MANY"),
        ([], "REACTION_EMPTY"),
    ],
)
def test_a_reaction_that_breaks_the_documentation_is_refused(
    telegram: Telegram, given: object, description: str
) -> None:
    asked = accepted(telegram, "sendMessage", text="?").provider_message_id

    assert refusal(telegram, "setMessageReaction", message_id=asked, reaction=given) == (400, description)


@pytest.mark.parametrize("message_id", [None, 0, -5, 2**31 - 1, "one"])
def test_nobody_reacts_to_a_message_that_is_not_there(telegram: Telegram, message_id: object) -> None:
    refused = refusal(telegram, "setMessageReaction", message_id=message_id, reaction=reaction("👍"))

    assert refused == (400, "message to react not found")


def test_a_reaction_to_somebody_who_blocked_the_bot_is_refused(telegram: Telegram) -> None:
    refused = refusal(telegram, "setMessageReaction", chat_id="43", message_id=1, reaction=reaction("👍"))

    assert refused == (403, "Forbidden: bot was blocked by the user")


def test_a_reaction_is_set_and_taken_back_once(telegram: Telegram) -> None:
    asked = accepted(telegram, "sendMessage", text="?").provider_message_id

    for given in (reaction("👍"), reaction("👎"), reaction("👎"), []):
        assert result(telegram, "setMessageReaction", message_id=asked, reaction=given) is True

    refused = refusal(telegram, "setMessageReaction", message_id=asked)
    assert refused == (400, "REACTION_EMPTY")


def inbound(account: Account, telegram: Telegram, request: InboundRequest) -> JsonObject:
    body: JsonObject = decoded(telegram.inbound(request, account.customers[CHAT], NOW).body)
    return body


def test_an_update_tells_a_persons_former_reaction(account: Account, telegram: Telegram) -> None:
    asked = accepted(telegram, "sendMessage", text="?").provider_message_id
    changes = [
        inbound(account, telegram, InboundRequest(CHAT, emoji, kind="reaction", quoted=asked))
        for emoji in ("👍", None)
    ]

    parts = [change["message_reaction"] for change in changes]
    assert [(part["old_reaction"], part["new_reaction"]) for part in parts] == [  # type: ignore[call-overload,index]
        ([], reaction("👍")),
        (reaction("👍"), []),
    ]


def test_a_tap_on_a_message_that_is_too_old_has_no_date(account: Account, telegram: Telegram) -> None:
    """https://github.com/tdlib/telegram-bot-api/issues/401"""
    update = inbound(account, telegram, InboundRequest(CHAT, "y", kind="tap", quoted="1"))

    query = update["callback_query"]
    assert isinstance(query, dict)
    assert query["message"] == {
        "message_id": 1,
        "chat": {"id": 42, "first_name": "Ana", "type": "private"},
        "date": 0,
    }


def test_a_tap_is_answered_once_and_in_time(account: Account, telegram: Telegram) -> None:
    asked = accepted(telegram, "sendMessage", text="?", reply_markup=keyboard(BUTTON)).provider_message_id
    request = InboundRequest(CHAT, "y" * 64, kind="tap", quoted=asked)
    first, second, third = (
        telegram.inbound(request, account.customers[CHAT], NOW).provider_message_id for _ in range(3)
    )

    def answered(at: float, **fields: str) -> str:
        answer = telegram.read(telegram_call(fields, method="answerCallbackQuery"), at)
        assert isinstance(answer, Answer)
        return str(decoded(answer.body).get("description", "ok"))

    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert answered(NOW + 1, callback_query_id=first) == "ok"
    assert answered(NOW + 1, callback_query_id=first) == too_old
    assert answered(NOW + 61, callback_query_id=second) == too_old
    assert answered(NOW + 1) == too_old
    assert answered(NOW + 1, callback_query_id=third, text="x" * 201) == "Bad Request: MESSAGE_TOO_LONG"


@pytest.mark.parametrize(
    "answer", ["", "ok", "[]", '{"method":"sendMessage"}', '{"method":"answerCallbackQuery"}', '{"method":7}']
)
def test_an_answer_that_calls_nothing_changes_nothing(telegram: Telegram, answer: str) -> None:
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain", ""):
        telegram.hear(WebhookAnswer(200, answer, content_type), NOW)


@pytest.mark.parametrize(
    "request_",
    [
        InboundRequest(CHAT, "👍", kind="reaction"),
        InboundRequest(CHAT, "✅", kind="reaction", quoted="1"),
        InboundRequest(CHAT, "y", kind="tap"),
        InboundRequest(CHAT, "words", kind="sticker"),
        InboundRequest(CHAT, "words", kind="video_note"),
    ],
)
def test_what_a_person_can_not_do_is_refused(
    account: Account, telegram: Telegram, request_: InboundRequest
) -> None:
    with pytest.raises(ControlError):
        telegram.inbound(request_, account.customers[CHAT], NOW)


def test_a_button_that_is_not_there_can_not_be_tapped(account: Account, telegram: Telegram) -> None:
    asked = accepted(telegram, "sendMessage", text="?", reply_markup=keyboard(BUTTON)).provider_message_id

    with pytest.raises(ControlError):
        telegram.inbound(InboundRequest(CHAT, "n", kind="tap", quoted=asked), account.customers[CHAT], NOW)
