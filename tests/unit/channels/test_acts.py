"""What each channel asks its provider for an act, and what the answers mean."""

from collections.abc import Callable

import msgspec
import pytest

from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.registry import manifests
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.channels.sms.connector import Sms
from chat4all.channels.telegram.connector import Telegram
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.domain.acts import Deleting, Done, Editing, MarkingRead, ProviderAct, Typing
from chat4all.domain.channel import Transfer
from chat4all.domain.content import Text
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.kinds import Button, Buttons, Location
from chat4all.domain.sending import Outcome, OutgoingContent, OutgoingMedia, SendError
from chat4all.services.messaging.connector import Connector
from tests.unit.channels.fake_http import SECRET, FakeHttp

OK = HttpAnswer(200, {}, b'{"ok": true, "result": true}')
SUCCESS = HttpAnswer(200, {}, b'{"success": true}')
CONNECTORS: dict[str, Callable[[FakeHttp, str], Connector]] = {
    "telegram": Telegram,
    "whatsapp": WhatsApp,
    "instagram": Instagram,
    "sms": Sms,
}
BUSINESS = "business:abc"
PHOTO = OutgoingMedia(
    MediaKind.IMAGE, "image/png", "it.png", 10, Transfer.LINK, "https://store.example/it.png", "see"
)


def edit(content: OutgoingContent, account: str = "main", name: str = "42:7@1700000000") -> Editing:
    return Editing(account, "42", name, content)


def asked(channel: str, act: ProviderAct, answer: HttpAnswer = OK) -> tuple[str, object]:
    """Return the last part of the address, and the body, of the request for an act that is done."""
    http = FakeHttp(answer)
    assert CONNECTORS[channel](http, "https://provider.example").act(act, SECRET) == Done()
    (request,) = http.requests
    return request.url.rpartition("/")[2], msgspec.json.decode(request.body)


def failure(channel: str, act: ProviderAct, answer: HttpAnswer | NetworkFailure) -> SendError:
    result = CONNECTORS[channel](FakeHttp(answer), "https://provider.example").act(act, SECRET)
    assert isinstance(result, SendError)
    return result


@pytest.mark.parametrize(
    ("act", "method", "body"),
    [
        (edit(Text("two")), "editMessageText", {"chat_id": 42, "message_id": 7, "text": "two"}),
        (
            edit(Text("two"), BUSINESS, "42:7"),
            "editMessageText",
            {"chat_id": 42, "message_id": 7, "business_connection_id": "abc", "text": "two"},
        ),
        (
            edit(Buttons("Which?", (Button("a", "A"),))),
            "editMessageText",
            {
                "chat_id": 42,
                "message_id": 7,
                "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]},
                "text": "Which?",
            },
        ),
        (edit(PHOTO), "editMessageCaption", {"chat_id": 42, "message_id": 7, "caption": "see"}),
        (
            Deleting("main", "42", ("42:7@1700000000", "42:8@1700000000")),
            "deleteMessages",
            {"chat_id": 42, "message_ids": [7, 8]},
        ),
        (
            Deleting(BUSINESS, "42", ("42:7",)),
            "deleteBusinessMessages",
            {"business_connection_id": "abc", "message_ids": [7]},
        ),
        (
            MarkingRead(BUSINESS, "42", "42:7"),
            "readBusinessMessage",
            {"business_connection_id": "abc", "chat_id": 42, "message_id": 7},
        ),
        (Typing("main", "42", is_on=True), "sendChatAction", {"chat_id": 42, "action": "typing"}),
        (
            Typing("main", "-42", is_on=True, thread="9"),
            "sendChatAction",
            {"chat_id": -42, "action": "typing", "message_thread_id": 9},
        ),
    ],
)
def test_telegram(act: ProviderAct, method: str, body: object) -> None:
    assert asked("telegram", act) == (method, body)


@pytest.mark.parametrize(
    "act",
    [
        Typing("main", "42", is_on=False),
        Typing("main", "42", is_on=True, thread="direct:5"),
        edit(msgspec.structs.replace(PHOTO, form=Form.STICKER)),
    ],
)
def test_telegram_is_not_asked_for_what_it_does_not_have(act: ProviderAct) -> None:
    assert Telegram(FakeHttp(), "https://provider.example").act(act, SECRET) == Done()


@pytest.mark.parametrize(
    "act",
    [
        edit(Text("two"), name="unread:m-1|u-1|telegram|0"),
        edit(Text("two"), name="43:7@1700000000"),
        edit(Location(1.0, 2.0)),
        Deleting("main", "42", ("42:7", "unread:m-1|u-1|telegram|1")),
        MarkingRead("main", "42", "42:7"),
        MarkingRead(BUSINESS, "42", "sha256:abc"),
    ],
)
def test_telegram_refuses_what_has_no_number(act: ProviderAct) -> None:
    result = Telegram(FakeHttp(), "https://provider.example").act(act, SECRET)
    assert isinstance(result, SendError)
    assert result.outcome is Outcome.PERMANENT


def telegram_refusal(description: str, status: int = 400, **parameters: int) -> HttpAnswer:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return HttpAnswer(status, {}, msgspec.json.encode(body))


SAME = telegram_refusal("Bad Request: message is not modified: specified new message content ...")


def test_an_edit_that_changes_nothing_is_done() -> None:
    assert asked("telegram", edit(Text("two")), SAME)[0] == "editMessageText"


@pytest.mark.parametrize(
    ("act", "answer", "outcome", "code"),
    [
        (edit(Text("x")), telegram_refusal("Bad Request: message to edit not found"), "PERMANENT", "400"),
        (edit(Text("x")), telegram_refusal("Bad Request: message can't be edited"), "PERMANENT", "400"),
        (Deleting("main", "42", ("42:7",)), SAME, "PERMANENT", "400"),
        (edit(Text("x")), telegram_refusal("Forbidden", 403), "UNREACHABLE", "403"),
        (edit(Text("x")), telegram_refusal("Too Many", 429, retry_after=3), "THROTTLED", "429"),
        (edit(Text("x")), telegram_refusal("Unauthorized", 401), "CHANNEL_PAUSED", "401"),
        (edit(Text("x")), HttpAnswer(502, {}, b"<html>"), "RETRY", "502"),
        (edit(Text("x")), NetworkFailure(may_have_arrived=True), "RETRY", "NETWORK"),
    ],
)
def test_telegrams_refusals(
    act: ProviderAct, answer: HttpAnswer | NetworkFailure, outcome: str, code: str
) -> None:
    error = failure("telegram", act, answer)
    assert (error.outcome, error.code) == (outcome, code)


READ = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"}


@pytest.mark.parametrize(
    ("act", "body"),
    [
        (MarkingRead("main", "4915", "wamid.A"), READ),
        (
            Typing("main", "4915", is_on=True, provider_message_id="wamid.A"),
            {**READ, "typing_indicator": {"type": "text"}},
        ),
    ],
)
def test_whatsapp(act: ProviderAct, body: object) -> None:
    assert asked("whatsapp", act, SUCCESS) == ("messages", body)


def test_whatsapp_asks_from_the_number_that_has_the_message() -> None:
    http = FakeHttp(SUCCESS)
    WhatsApp(http, "https://provider.example").act(MarkingRead("5551", "4915", "wamid.A"), SECRET)
    assert http.requests[0].url.endswith("/5551/messages")


def test_whatsapps_end_of_typing_asks_nothing() -> None:
    act = Typing("main", "4915", is_on=False, provider_message_id="wamid.A")
    assert WhatsApp(FakeHttp(), "https://provider.example").act(act, SECRET) == Done()


@pytest.mark.parametrize(("code", "outcome"), [(131009, Outcome.PERMANENT), (100, Outcome.PERMANENT)])
def test_whatsapp_refuses_an_unknown_message(code: int, outcome: Outcome) -> None:
    answer = HttpAnswer(400, {}, msgspec.json.encode({"error": {"code": code}}))
    assert failure("whatsapp", MarkingRead("main", "4915", "wamid.A"), answer).outcome is outcome


@pytest.mark.parametrize(
    ("act", "action"),
    [
        (MarkingRead("main", "17841", "mid"), "mark_seen"),
        (Typing("main", "17841", is_on=True), "typing_on"),
        (Typing("main", "17841", is_on=False), "typing_off"),
    ],
)
def test_instagram(act: ProviderAct, action: str) -> None:
    body = {"recipient": {"id": "17841"}, "sender_action": action}
    assert asked("instagram", act, HttpAnswer(200, {}, b'{"recipient_id": "17841"}')) == ("messages", body)


@pytest.mark.parametrize("channel", CONNECTORS)
def test_a_channel_refuses_the_acts_that_it_does_not_declare(channel: str) -> None:
    (acts,) = (manifest.capabilities.acts for manifest in manifests() if manifest.name == channel)
    tried: list[tuple[object, ProviderAct]] = [
        (acts.edit, Editing("main", "42", "42:7", Text("two"))),
        (acts.delete, Deleting("main", "42", ("42:7",))),
        (acts.read, MarkingRead("main", "42", "wamid.A")),
        (acts.typing, Typing("main", "42", is_on=True, provider_message_id="wamid.A")),
    ]
    for _, act in (known for known in tried if known[0] is None):
        result = CONNECTORS[channel](FakeHttp(), "https://provider.example").act(act, SECRET)
        assert isinstance(result, SendError)
        assert result.outcome is Outcome.PERMANENT
