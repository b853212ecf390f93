"""Quick replies, hearts and reactions as Meta documents them, and what people send beside texts."""

from typing import Any

import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.control_api import CustomerDetails, InboundRequest
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.instagram.provider import Instagram
from chat4all_local.simulators.provider import Answer, ControlError, Download, Order, Refused
from chat4all_local.simulators.registry import manifest
from tests.unit.simulators.calls import PERSON, decoded, graph_call

INSTAGRAM = BY_CHANNEL["instagram"]
NOW = 1_700_000_000.0
SOMEBODY = "9002"


@pytest.fixture
def account() -> Account:
    account = Account(manifest("instagram").settings)
    for person in (PERSON, SOMEBODY):
        account.register(person, CustomerDetails("Ana"), NOW)
    return account


@pytest.fixture
def instagram(account: Account) -> Instagram:
    return Instagram(account)


def read(instagram: Instagram, body: object) -> Order | Refused | Answer | Download:
    return instagram.read(graph_call(INSTAGRAM.account_id, INSTAGRAM.access_token, body), NOW)


def send(instagram: Instagram, message: dict[str, object], to: str = PERSON) -> str:
    """Send a message, and return its id."""
    order = read(instagram, {"recipient": {"id": to}, "message": message})
    assert isinstance(order, Order), order
    return instagram.accept(order, NOW).provider_message_id


def error_of(result: Order | Refused | Answer | Download) -> tuple[int, int]:
    assert isinstance(result, Refused), result
    return result.answer.status, decoded(result.answer.body)["error"]["code"]


def reply(title: str = "Now", **fields: object) -> dict[str, object]:
    return {"content_type": "text", "title": title, "payload": title.lower() or "p", **fields}


def choice(title: str, payload: str) -> dict[str, str]:
    return {"title": title, "payload": payload}


def question(*replies: object, **fields: object) -> dict[str, object]:
    return {"text": "When?", "quick_replies": list(replies), **fields}


def action(name: str = "react", to: str = PERSON, **payload: object) -> dict[str, object]:
    return {"recipient": {"id": to}, "sender_action": name, "payload": payload}


def write(account: Account, instagram: Instagram, kind: str, text: str | None = None, **fields: Any) -> Any:  # noqa: ANN401
    """Let the person write, and return the event."""
    request = InboundRequest(PERSON, text, kind=kind, **fields)
    inbound = instagram.inbound(request, account.customers[PERSON], NOW)
    return decoded(inbound.body)["entry"][0]["messaging"][0]


def test_quick_replies_stand_below_their_text_with_truncated_titles(instagram: Instagram) -> None:
    message = question(reply("Now"), reply("x" * 21, payload="p" * 1000))
    order = read(instagram, {"recipient": {"id": PERSON}, "message": message})

    assert isinstance(order, Order)
    assert (order.kind, order.text) == ("quick_replies", "When?")
    assert order.content == [choice("Now", "now"), choice("x" * 20, "p" * 1000)]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (question(*[reply()] * 14), 105),
        ({"quick_replies": [reply()]}, 100),
        ({**question(reply()), "text": ""}, 100),
        (question(reply("")), 100),
        (question(reply(payload="")), 100),
        (question(reply(payload="p" * 1001)), 100),
        (question({"content_type": "text", "title": "Now"}), 100),
        (question({"title": "Now", "payload": "now"}), 100),
        (question(reply(content_type="location")), 100),
        (question(reply(description="soon")), 100),
        ({"quick_replies": [reply()], "attachment": {"type": "like_heart"}}, 100),
        ({"attachment": {"type": "like_heart", "payload": {"url": "https://x/1"}}}, 100),
        ({"attachment": {"type": "sticker"}}, 100),
        ({"attachment": {"type": "location", "payload": {}}}, 100),
    ],
)
def test_a_message_that_breaks_the_documentation_is_refused(
    instagram: Instagram, message: dict[str, object], code: int
) -> None:
    assert error_of(read(instagram, {"recipient": {"id": PERSON}, "message": message})) == (400, code)


def test_thirteen_quick_replies_are_taken(instagram: Instagram) -> None:
    order = read(instagram, {"recipient": {"id": PERSON}, "message": question(*[reply()] * 13)})

    assert isinstance(order, Order)
    assert order.content == [choice("Now", "now")] * 13


def test_a_heart_has_no_payload_and_is_echoed(instagram: Instagram) -> None:
    message = {"attachment": {"type": "like_heart"}}
    order = read(instagram, {"recipient": {"id": PERSON}, "message": message})

    assert isinstance(order, Order)
    assert (order.kind, order.text, order.media) == ("like_heart", None, None)
    echo = decoded(instagram.report("sent", instagram.accept(order, NOW), NOW))
    assert echo["entry"][0]["messaging"][0]["message"]["attachments"] == [{"type": "like_heart"}]


@pytest.mark.parametrize("emoji", ["love", "❤", "❤️", "👩🏽‍🚀", "🇩🇪", "1️⃣", "‼️"])
def test_any_emoji_is_a_reaction_which_is_answered_without_an_id_and_not_reported(
    instagram: Instagram, emoji: str
) -> None:
    mid = send(instagram, {"text": "Hello"})
    order = read(instagram, action(message_id=mid, reaction=emoji))

    assert isinstance(order, Order)
    assert (order.kind, order.text, order.quoted) == ("reaction", emoji, mid)
    accepted = instagram.accept(order, NOW)
    assert decoded(accepted.answer.body) == {"recipient_id": PERSON}
    assert accepted.reports == ()


def test_a_reaction_is_taken_back_by_the_messages_id_only(instagram: Instagram) -> None:
    mid = send(instagram, {"text": "Hello"})

    order = read(instagram, action("unreact", message_id=mid))
    assert isinstance(order, Order)
    assert (order.kind, order.text, order.quoted) == ("reaction", "", mid)
    assert error_of(read(instagram, action("unreact", message_id=mid, reaction="❤"))) == (400, 100)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"reaction": "❤"},
        {"message_id": "", "reaction": "❤"},
        {"message_id": "$mid"},
        {"message_id": "$mid", "reaction": ""},
        {"message_id": "$mid", "reaction": "like"},
        {"message_id": "$mid", "reaction": "❤ ❤"},
        {"message_id": "$mid", "reaction": "1"},
        {"message_id": "$mid", "reaction": "❤" * 36},
        {"message_id": "$mid", "reaction": "❤", "emoji": "❤"},
        {"message_id": "unknown", "reaction": "❤"},
    ],
)
def test_a_reaction_that_breaks_the_documentation_is_refused(
    instagram: Instagram, payload: dict[str, str]
) -> None:
    mid = send(instagram, {"text": "Hello"})
    filled = {name: mid if value == "$mid" else value for name, value in payload.items()}

    assert error_of(read(instagram, action(**filled))) == (400, 100)


def test_a_reaction_belongs_to_the_chat_of_its_message(instagram: Instagram) -> None:
    mid = send(instagram, {"text": "Hello"}, SOMEBODY)

    assert error_of(read(instagram, action(message_id=mid, reaction="❤"))) == (400, 100)


@pytest.mark.parametrize(
    "change",
    [
        {"sender_action": "typing"},
        {"message": {"text": "Hello"}},
        {"messaging_type": "RESPONSE"},
        {"payload": None},
        {"recipient": {}},
    ],
)
def test_another_action_is_refused(instagram: Instagram, change: dict[str, object]) -> None:
    mid = send(instagram, {"text": "Hello"})

    assert error_of(read(instagram, {**action(message_id=mid, reaction="❤"), **change})) == (400, 100)


def test_a_reaction_needs_an_open_window_and_a_known_person(account: Account, instagram: Instagram) -> None:
    mid = send(instagram, {"text": "Hello"})
    account.register(PERSON, CustomerDetails("Ana", window_open=False), NOW)

    assert error_of(read(instagram, action(message_id=mid, reaction="❤"))) == (403, 10)
    assert error_of(read(instagram, action(to="404", message_id=mid, reaction="❤"))) == (400, 100)


def test_a_person_reacts_to_a_message_of_the_chat(account: Account, instagram: Instagram) -> None:
    mid = send(instagram, {"text": "Hello"})

    love = write(account, instagram, "reaction", "❤️", quoted=mid)
    other = write(account, instagram, "reaction", "🦔", quoted=mid)
    end = write(account, instagram, "reaction", quoted=mid)

    assert love["reaction"] == {"mid": mid, "action": "react", "reaction": "love", "emoji": "❤️"}
    assert other["reaction"] == {"mid": mid, "action": "react", "reaction": "other", "emoji": "🦔"}
    assert end["reaction"] == {"mid": mid, "action": "unreact"}
    assert all("message" not in event for event in (love, other, end))
    for quoted in (None, "unknown"):
        with pytest.raises(ControlError):
            write(account, instagram, "reaction", "❤", quoted=quoted)


def test_a_person_taps_a_quick_reply_once(account: Account, instagram: Instagram) -> None:
    send(instagram, question(reply("Never")))
    send(instagram, question(reply("Now"), reply("x" * 21, payload="long")))

    tapped = write(account, instagram, "tap", "x" * 20)

    mid = tapped["message"]["mid"]
    assert tapped["message"] == {"mid": mid, "text": "x" * 20, "quick_reply": {"payload": "long"}}
    for title in ("Now", "Never"):
        with pytest.raises(ControlError):
            write(account, instagram, "tap", title)


@pytest.mark.parametrize(
    ("kind", "attachment"),
    [
        ("like_heart", {"type": "like_heart"}),
        (
            "location",
            {
                "type": "location",
                "title": "Pinned Location",
                "payload": {"coordinates": {"lat": 48.2082, "long": 16.3738}},
            },
        ),
    ],
)
def test_a_person_sends_a_heart_or_a_place(
    account: Account, instagram: Instagram, kind: str, attachment: dict[str, object]
) -> None:
    assert write(account, instagram, kind)["message"]["attachments"] == [attachment]


@pytest.mark.parametrize(
    ("kind", "word", "others"),
    [("voice", "audio", {}), ("sticker", "sticker", {"sticker_id": 369239263222822})],
)
def test_a_person_sends_a_voice_note_or_a_sticker(
    account: Account, instagram: Instagram, kind: str, word: str, others: dict[str, object]
) -> None:
    (attachment,) = write(account, instagram, kind)["message"]["attachments"]

    assert attachment["type"] == word
    assert attachment["payload"].pop("url").startswith("http://127.0.0.1/ig_messaging_cdn/")
    assert attachment["payload"] == others
