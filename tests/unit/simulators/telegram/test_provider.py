from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerDetails, InboundRequest, JsonObject
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.provider import Accepted, Answer, Call, ControlError, Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.telegram.provider import Telegram
from tests.unit.simulators.calls import CHAT, decoded, telegram_call

TELEGRAM = BY_CHANNEL["telegram"]

NOW = 1_700_000_000.0
BLOCKED = "43"
LATER_THAN_ANY = str(10**12)


@pytest.fixture
def account() -> Account:
    account = Account(manifest("telegram").settings)
    account.register(CHAT, CustomerDetails("Ana", handle="ana"), NOW)
    account.register(BLOCKED, CustomerDetails("Bob", blocked=True), NOW)
    return account


@pytest.fixture
def telegram(account: Account) -> Telegram:
    return Telegram(account)


def message(**fields: object) -> dict[str, object]:
    return {"chat_id": int(CHAT), "text": "Hello", **fields}


def accepted(telegram: Telegram, **fields: object) -> Accepted:
    order = telegram.read(telegram_call(message(**fields)), NOW)
    assert isinstance(order, Order), order
    return telegram.accept(order, NOW)


@pytest.mark.parametrize(
    ("body", "status", "description"),
    [
        (message(text=""), 400, "Bad Request: message text is empty"),
        (message(text=" \n"), 400, "Bad Request: message text is empty"),
        ({"chat_id": 42}, 400, "Bad Request: message text is empty"),
        (message(text="x" * 4097), 400, "Bad Request: message is too long"),
        ({"text": "x"}, 400, "Bad Request: chat_id is empty"),
        (message(chat_id=404), 400, "Bad Request: chat not found"),
        (message(chat_id="@ana"), 400, "Bad Request: chat not found"),
        (message(chat_id=43), 403, "Forbidden: bot was blocked by the user"),
        (message(parse_mode="Fancy"), 400, "Bad Request: unsupported parse_mode"),
        (
            message(reply_parameters={"message_id": 10**10}),
            400,
            "Bad Request: message to be replied not found",
        ),
        (
            message(reply_parameters={"message_id": "one"}),
            400,
            "Bad Request: can't parse reply parameters JSON object",
        ),
    ],
)
def test_a_message_that_breaks_the_documentation_is_refused(
    telegram: Telegram, body: object, status: int, description: str
) -> None:
    refused = telegram.read(telegram_call(body), NOW)

    assert isinstance(refused, Refused)
    assert refused.answer.status == status
    assert decoded(refused.answer.body) == {"ok": False, "error_code": status, "description": description}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"chat_id":42,"text":"\\ud800"}', b'{"chat_id":42,"text":"\xff"}', b"\xff"]
)
def test_a_body_that_is_no_json_in_utf_8_is_refused(telegram: Telegram, body: bytes) -> None:
    refused = telegram.read(telegram_call(body), NOW)

    assert isinstance(refused, Refused)
    assert refused.answer.status == 400


def test_a_wrong_token_is_unauthorized(telegram: Telegram) -> None:
    refused = telegram.read(telegram_call(message(), token="1:other"), NOW)

    assert isinstance(refused, Refused)
    assert not refused.authorized
    assert refused.answer.status == 401
    assert decoded(refused.answer.body) == {"ok": False, "error_code": 401, "description": "Unauthorized"}


def test_an_unknown_method_is_not_found(telegram: Telegram) -> None:
    answer = telegram.read(telegram_call(message(), method="sendSmoke"), NOW)

    assert isinstance(answer, Answer)
    assert answer.status == 404
    assert decoded(answer.body)["description"] == "Not Found: method not found"


def test_an_accepted_message_is_answered_in_the_message_shape(telegram: Telegram) -> None:
    answer = decoded(accepted(telegram, text="Olá", colour="ignored").answer.body)

    assert answer["ok"] is True
    sent = answer["result"]
    assert sent["chat"] == {"id": 42, "first_name": "Ana", "type": "private", "username": "ana"}
    assert (sent["from"]["id"], sent["from"]["is_bot"]) == (int(TELEGRAM.account_id), True)
    assert (sent["text"], sent["date"]) == ("Olá", 1_700_000_000)
    assert isinstance(sent["message_id"], int)


def test_the_longest_text_counts_characters(telegram: Telegram) -> None:
    assert accepted(telegram, text="🙂" * 4096).order.text == "🙂" * 4096


def test_parameters_come_as_json_as_a_form_and_in_the_query(telegram: Telegram) -> None:
    path = f"/bot{TELEGRAM.access_token}/SENDMESSAGE"
    form = {"content-type": "application/x-www-form-urlencoded"}
    fields = urlencode({"chat_id": CHAT, "text": "Olá"})
    calls = [
        Call("POST", path, "", form, fields.encode()),
        Call("GET", path, fields, {}, b""),
        telegram_call({"chat_id": CHAT, "text": "Olá"}),
    ]

    for call in calls:
        order = telegram.read(call, NOW)
        assert isinstance(order, Order)
        assert (order.address, order.text) == (CHAT, "Olá")


def test_a_form_that_is_not_utf_8_is_refused(telegram: Telegram) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    call = Call("POST", f"/bot{TELEGRAM.access_token}/sendMessage", "", form, b"chat_id=42&text=%FF")

    refused = telegram.read(call, NOW)

    assert isinstance(refused, Refused)
    assert "UTF-8" in decoded(refused.answer.body)["description"]


def test_a_reply_carries_the_message_that_it_quotes(telegram: Telegram) -> None:
    first = accepted(telegram, text="first").provider_message_id

    second = accepted(telegram, text="second", reply_parameters={"message_id": int(first)})

    quoted = decoded(second.answer.body)["result"]["reply_to_message"]
    assert (str(quoted["message_id"]), quoted["text"]) == (first, "first")
    assert second.order.quoted == first


def test_a_message_of_another_chat_can_not_be_quoted(account: Account, telegram: Telegram) -> None:
    account.register("44", CustomerDetails("Cid"), NOW)
    elsewhere = int(accepted(telegram, chat_id=44).provider_message_id)
    lenient = {"message_id": elsewhere, "allow_sending_without_reply": True}

    assert isinstance(
        telegram.read(telegram_call(message(reply_parameters={"message_id": elsewhere})), NOW), Refused
    )
    assert isinstance(telegram.read(telegram_call(message(reply_parameters=lenient)), NOW), Order)


def test_a_message_from_before_the_start_can_be_quoted(telegram: Telegram) -> None:
    first = int(accepted(telegram).provider_message_id)

    before = telegram.read(telegram_call(message(reply_parameters={"message_id": first - 1})), NOW)

    assert isinstance(before, Order)


def test_a_bot_that_is_too_fast_is_told_when_to_come_back(telegram: Telegram) -> None:
    answer = telegram.throttled(429, 2.1)

    assert (answer.status, answer.retry_after) == (429, 3)
    assert decoded(answer.body) == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }


def test_set_webhook_sets_the_url_and_the_secret_token(account: Account, telegram: Telegram) -> None:
    body = {"url": "http://127.0.0.1:1/hook", "secret_token": "s3cret"}

    answer = telegram.read(telegram_call(body, method="setWebhook"), NOW)

    assert isinstance(answer, Answer)
    assert decoded(answer.body)["result"] is True
    assert account.settings.webhook_url == "http://127.0.0.1:1/hook"
    assert (
        telegram.headers(b"{}", account.settings.webhook_url, signature=True)[
            "x-telegram-bot-api-secret-token"
        ]
        == "s3cret"
    )
    info = telegram.read(telegram_call(b"", method="getWebhookInfo"), NOW)
    assert isinstance(info, Answer)
    assert decoded(info.body)["result"]["url"] == "http://127.0.0.1:1/hook"
    assert isinstance(telegram.read(telegram_call(b"", method="deleteWebhook"), NOW), Answer)
    assert account.settings.webhook_url == ""


@pytest.mark.parametrize(
    "body", [{"url": "ftp://x"}, {"url": "http://x", "secret_token": "a b"}, {"secret_token": "x" * 257}]
)
def test_a_bad_webhook_is_refused_and_changes_nothing(
    account: Account, telegram: Telegram, body: dict[str, str]
) -> None:
    before = account.settings

    answer = telegram.read(telegram_call(body, method="setWebhook"), NOW)

    assert isinstance(answer, Answer)
    assert answer.status == 400
    assert account.settings == before


def test_get_me_names_the_bot(telegram: Telegram) -> None:
    answer = telegram.read(telegram_call(b"", method="getMe"), NOW)

    assert isinstance(answer, Answer)
    assert decoded(answer.body)["result"]["id"] == int(TELEGRAM.account_id)


def test_updates_are_numbered_and_carry_the_message(account: Account, telegram: Telegram) -> None:
    bodies = [
        telegram.inbound(InboundRequest(CHAT, text), account.customers[CHAT], NOW).body for text in "ab"
    ]

    first, second = (decoded(body) for body in bodies)
    assert second["update_id"] == first["update_id"] + 1
    assert second["message"]["message_id"] > first["message"]["message_id"]
    assert (first["message"]["text"], second["message"]["text"]) == ("a", "b")
    assert first["message"]["from"] == {"id": 42, "is_bot": False, "first_name": "Ana", "username": "ana"}
    assert first["message"]["chat"]["type"] == "private"


def test_a_person_quotes_the_bot(account: Account, telegram: Telegram) -> None:
    sent = accepted(telegram).provider_message_id

    update = inbound(account, telegram, InboundRequest(CHAT, "yes", quoted=sent))

    assert str(update["message"]["reply_to_message"]["message_id"]) == sent


def test_a_person_changes_what_they_wrote(account: Account, telegram: Telegram) -> None:
    written = telegram.inbound(InboundRequest(CHAT, "old"), account.customers[CHAT], NOW)

    update = inbound(account, telegram, InboundRequest(CHAT, "new", edit_of=written.provider_message_id))

    edited = update["edited_message"]
    assert str(edited["message_id"]) == written.provider_message_id
    assert (edited["text"], edited["edit_date"]) == ("new", 1_700_000_000)


@pytest.mark.parametrize(
    "kind", ["location", "venue", "photo", "voice", "document", "sticker", "video_note", "contact"]
)
def test_a_message_of_another_kind_has_no_text(account: Account, telegram: Telegram, kind: str) -> None:
    update = inbound(account, telegram, InboundRequest(CHAT, kind=kind))

    assert kind in update["message"]
    assert "text" not in update["message"]


def test_raw_fields_are_laid_over_the_message(account: Account, telegram: Telegram) -> None:
    raw: JsonObject = {"dice": {"emoji": "🎲", "value": 3}}

    assert inbound(account, telegram, InboundRequest(CHAT, raw=raw))["message"]["dice"]["value"] == 3


def test_a_message_of_an_earlier_process_can_be_quoted_by_its_id(
    account: Account, telegram: Telegram
) -> None:
    update = inbound(account, telegram, InboundRequest(CHAT, "yes", quoted="1"))

    quoted = update["message"]["reply_to_message"]
    assert (quoted["message_id"], quoted["chat"]["id"]) == (1, int(CHAT))


@pytest.mark.parametrize(
    "request_",
    [
        InboundRequest(CHAT, kind="smoke"),
        InboundRequest(CHAT, quoted=LATER_THAN_ANY),
        InboundRequest(CHAT, edit_of="1"),
        InboundRequest(CHAT, raw={"business_connection_id": "of nobody"}),
    ],
)
def test_what_a_person_can_not_do_is_refused(
    account: Account, telegram: Telegram, request_: InboundRequest
) -> None:
    with pytest.raises(ControlError):
        telegram.inbound(request_, account.customers[CHAT], NOW)


@pytest.mark.parametrize(
    "address",
    ["@ana", "-0", "0", "", "4.2", "--5", "-5:1", "-5:0", "-5:", "-5:x", "business:", "business:a b", "5\n"],
)
def test_an_address_names_a_chat_a_topic_or_a_connection(telegram: Telegram, address: str) -> None:
    with pytest.raises(ControlError):
        telegram.check_address(address)


@pytest.mark.parametrize("address", ["42", "-5", "-1001000520191", "-1001000520191:42", "business:bc_1-A"])
def test_chats_topics_and_connections_have_addresses(telegram: Telegram, address: str) -> None:
    telegram.check_address(address)


GROUP = "-1001000520191"
TOPIC = f"{GROUP}:42"
CONNECTION = "business:bc1"


@pytest.fixture
def places(account: Account) -> None:
    account.register(GROUP, CustomerDetails("Forum"), NOW)
    account.register(TOPIC, CustomerDetails("Repairs"), NOW)
    account.register("-7", CustomerDetails("Family"), NOW)
    account.register(CONNECTION, CustomerDetails("Shop Owner"), NOW)


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"chat_id": int(GROUP)}, {}),
        (
            {"chat_id": int(GROUP), "message_thread_id": 42},
            {"message_thread_id": 42, "is_topic_message": True},
        ),
        ({"chat_id": 42, "business_connection_id": "bc1"}, {"business_connection_id": "bc1"}),
    ],
)
def test_a_message_goes_to_a_group_a_topic_or_a_business_chat(
    telegram: Telegram, fields: dict[str, object], found: dict[str, object]
) -> None:
    sent = decoded(accepted(telegram, **fields).answer.body)["result"]

    names = ("message_thread_id", "is_topic_message", "business_connection_id")
    assert {name: sent[name] for name in names if name in sent} == found
    assert sent["chat"]["id"] == fields["chat_id"]


@pytest.mark.usefixtures("places")
def test_a_group_has_a_title_and_a_type(telegram: Telegram) -> None:
    sent = [decoded(accepted(telegram, chat_id=chat).answer.body)["result"] for chat in (int(GROUP), -7)]

    assert [message["chat"] for message in sent] == [
        {"id": int(GROUP), "title": "Forum", "type": "supergroup", "is_forum": True},
        {"id": -7, "title": "Family", "type": "group"},
    ]


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"chat_id": int(GROUP), "message_thread_id": 43}, "message thread not found"),
        ({"chat_id": int(GROUP), "message_thread_id": 1}, "message thread not found"),
        ({"chat_id": -7, "message_thread_id": 42}, "message thread not found"),
        ({"chat_id": 42, "message_thread_id": 42}, "message thread not found"),
        ({"chat_id": -8}, "chat not found"),
        ({"chat_id": TOPIC, "text": ""}, "message text is empty"),
        ({"chat_id": 42, "business_connection_id": "bc2"}, "business connection not found"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(
    telegram: Telegram, fields: dict[str, object], description: str
) -> None:
    refused = telegram.read(telegram_call(message(**fields)), NOW)

    assert isinstance(refused, Refused)
    assert (refused.answer.status, decoded(refused.answer.body)["description"]) == (
        400,
        f"Bad Request: {description}",
    )


@pytest.mark.usefixtures("places")
def test_a_member_of_a_group_writes_in_its_topic(account: Account, telegram: Telegram) -> None:
    raw: JsonObject = {"from": {"id": 5, "is_bot": False, "first_name": "Noor"}}
    body = telegram.inbound(InboundRequest(TOPIC, "question", raw=raw), account.customers[TOPIC], NOW).body

    written = decoded(body)["message"]
    assert (written["chat"]["id"], written["from"]["first_name"]) == (int(GROUP), "Noor")
    assert (written["message_thread_id"], written["is_topic_message"]) == (42, True)
    assert written["reply_to_message"]["forum_topic_created"]["name"] == "Repairs"
    assert telegram.lane(TOPIC) == telegram.lane(GROUP)


@pytest.mark.usefixtures("places")
def test_a_topic_is_written_in_before_its_group_is_known(account: Account, telegram: Telegram) -> None:
    account.register("-9:3", CustomerDetails("Topic"), NOW)

    body = telegram.inbound(InboundRequest("-9:3", "hi"), account.customers["-9:3"], NOW).body

    assert decoded(body)["message"]["chat"]["id"] == -9
    assert isinstance(telegram.read(telegram_call(message(chat_id=-9)), NOW), Order)


@pytest.mark.usefixtures("places")
def test_a_message_with_a_business_connection_is_an_update_of_it(
    account: Account, telegram: Telegram
) -> None:
    raw: JsonObject = {"business_connection_id": "bc1"}
    written = telegram.inbound(InboundRequest(CHAT, "hi shop", raw=raw), account.customers[CHAT], NOW)
    edit = InboundRequest(CHAT, "hi", edit_of=written.provider_message_id, raw=raw)

    assert decoded(written.body)["business_message"]["business_connection_id"] == "bc1"
    assert inbound(account, telegram, edit)["edited_business_message"]["text"] == "hi"


def test_a_group_that_was_upgraded_names_its_supergroup(account: Account, telegram: Telegram) -> None:
    account.register("-7", CustomerDetails("Family"), NOW)
    raw: JsonObject = {"migrate_to_chat_id": -1007}
    telegram.inbound(InboundRequest("-7", raw=raw), account.customers["-7"], NOW)

    refused = telegram.read(telegram_call(message(chat_id=-7)), NOW)
    assert isinstance(refused, Refused)
    assert refused.answer.status == 400
    assert decoded(refused.answer.body)["parameters"] == {"migrate_to_chat_id": -1007}
    assert isinstance(telegram.read(telegram_call(message(chat_id=-1007)), NOW), Order)


def inbound(account: Account, telegram: Telegram, request: InboundRequest) -> Any:  # noqa: ANN401 (any update)
    return msgspec.json.decode(telegram.inbound(request, account.customers[CHAT], NOW).body)


def test_after_a_restart_message_ids_go_on_also_where_much_was_written(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOW
    monkeypatch.setattr("chat4all_local.simulators.telegram.provider.time.time", lambda: now)
    before = Telegram(account)
    ids = [int(accepted(before).provider_message_id) for _ in range(100)]

    now += 10

    assert int(accepted(Telegram(account)).provider_message_id) > max(ids)
