"""Places, contacts, reactions, buttons, lists, voice notes and stickers to the simulated Cloud API."""

from typing import Any

import httpx
import pytest

from chat4all_local.simulators.account import Account
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import Customer, CustomerDetails, InboundRequest
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.provider import Accepted, ControlError, Order, Refused
from chat4all_local.simulators.registry import manifest
from chat4all_local.simulators.whatsapp.provider import WhatsApp
from tests.unit.simulators.calls import (
    PHONE,
    decoded,
    file_of,
    graph_call,
    send_whatsapp,
    whatsapp_file,
    whatsapp_message,
)
from tests.unit.simulators.conftest import Simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver

NOW = 1_700_000_000.0
DAY = 24 * 3600
OTHER = "4915112345678"
GROUP = "Y2FwaV9ncm91cDox=="
CREDENTIALS = BY_CHANNEL["whatsapp"]
REPLY = {"type": "reply", "reply": {"id": "today", "title": "Today"}}
ROW = {"id": "r", "title": "Red", "description": "like fire"}


@pytest.fixture
def whatsapp() -> WhatsApp:
    account = Account(manifest("whatsapp").settings)
    account.register(PHONE, CustomerDetails("Ana"), NOW + 40 * DAY)
    account.register(OTHER, CustomerDetails("Ben"), NOW + 40 * DAY)
    account.register(f"group:{GROUP}", CustomerDetails("The family"), NOW + 40 * DAY)
    return WhatsApp(account)


def judged(whatsapp: WhatsApp, kind: str, content: object, **fields: object) -> object:
    body = whatsapp_message(type=kind, text=None, **{kind: content}, **fields)
    return whatsapp.read(graph_call(CREDENTIALS.account_id, CREDENTIALS.access_token, body), NOW)


def sent(whatsapp: WhatsApp, kind: str, content: object, **fields: object) -> Accepted:
    order = judged(whatsapp, kind, content, **fields)
    assert isinstance(order, Order), order
    return whatsapp.accept(order, NOW)


def refusal(whatsapp: WhatsApp, kind: str, content: object, **fields: object) -> tuple[int | None, str]:
    refused = judged(whatsapp, kind, content, **fields)
    assert isinstance(refused, Refused)
    assert refused.answer.status == 400
    details: str = decoded(refused.answer.body)["error"]["error_data"]["details"]
    return refused.answer.code, details


PICTURE = {"link": "https://shop.example/red.jpg"}


def opening(label: str = "Shop") -> dict[str, object]:
    return {"name": "cta_url", "parameters": {"display_text": label, "url": "https://shop.example"}}


def taps(*ids: str) -> list[object]:
    return [{"type": "quick_reply", "quick_reply": {"id": id_, "title": "Take"}} for id_ in ids]


def cards(count: int, **fields: object) -> dict[str, Any]:
    header = {"type": "image", "image": PICTURE}
    made = [
        {"card_index": index, "type": "cta_url", "header": header, "action": opening(), **fields}
        for index in range(count)
    ]
    return {"type": "carousel", "body": {"text": "Which?"}, "action": {"cards": made}}


def unlike() -> dict[str, Any]:
    opens, asks = cards(1), cards(1, card_index=1, action={"buttons": taps("a")})
    return {**opens, "action": {"cards": [*opens["action"]["cards"], *asks["action"]["cards"]]}}


def buttons(*replies: dict[str, str], body: str = "When?", **fields: object) -> dict[str, object]:
    made = [{"type": "reply", "reply": reply} for reply in replies]
    return {"type": "button", "body": {"text": body}, "action": {"buttons": made}, **fields}


def listed(*sections: object, body: str = "Which?", button: str = "Choose") -> dict[str, object]:
    action = {"button": button, "sections": list(sections)}
    return {"type": "list", "body": {"text": body}, "action": action}


def replies(count: int) -> list[dict[str, str]]:
    return [{"id": str(number), "title": f"No {number}"} for number in range(count)]


def card(**name: str) -> dict[str, object]:
    return {"name": {"formatted_name": "Ana Lima", **name}}


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("location", {"latitude": "48.21", "longitude": "16.37"}, None),
        ("location", {"latitude": -90, "longitude": 180.0, "name": "Café", "address": "A 1"}, None),
        (
            "contacts",
            [{**card(first_name="Ana"), "phones": [{"phone": "1"}], "org": {"company": "A"}}] * 257,
            None,
        ),
        ("interactive", buttons(*replies(3), body="x" * 1024), "x" * 1024),
        ("interactive", buttons({"id": "i" * 256, "title": "t" * 20}), "When?"),
        ("interactive", listed({"rows": replies(10)}), "Which?"),
        ("interactive", listed({"title": "t" * 24, "rows": [ROW]}, {"title": "u", "rows": replies(9)}), None),
    ],
)
def test_a_message_of_each_kind_is_taken_and_reported(
    whatsapp: WhatsApp, kind: str, content: object, words: str | None
) -> None:
    accepted = sent(whatsapp, kind, content)

    assert accepted.order.kind == kind
    assert accepted.order.text == (words or accepted.order.text)
    assert accepted.order.content is not None
    assert accepted.reports == ("sent", "delivered", "read")


@pytest.mark.parametrize(
    ("kind", "content", "code", "details"),
    [
        ("location", {"latitude": "48.21"}, 100, "longitude"),
        ("location", {"latitude": "48.21", "longitude": "16.37", "zoom": 3}, 100, "zoom"),
        ("location", {"latitude": "48,21", "longitude": "16"}, 131009, "latitude is not a number"),
        ("location", {"latitude": 91, "longitude": 16}, 131009, "between -90 and 90"),
        ("location", {"latitude": "nan", "longitude": 16}, 131009, "between -90 and 90"),
        ("contacts", [], 100, "contacts"),
        ("contacts", [card(first_name="Ana")] * 258, 100, "contacts"),
        ("contacts", [{"name": {"first_name": "Ana"}}], 100, "formatted_name"),
        ("contacts", [card()], 131008, "at least one other name"),
        ("contacts", [{**card(first_name="Ana"), "birthday": "23.1.1999"}], 100, "birthday"),
        ("contacts", [{**card(first_name="Ana"), "phones": ["1"]}], 100, "phones"),
        ("reaction", {"message_id": "wamid.A"}, 100, "emoji"),
        ("reaction", {"emoji": "👍"}, 100, "message_id"),
        ("reaction", {"message_id": "7", "emoji": "👍"}, 100, "message_id"),
        ("reaction", {"message_id": "wamid.A", "emoji": "OK"}, 131009, "emoji"),
        ("interactive", {"type": "flow"}, 100, "flow"),
        ("interactive", cards(1), 131009, "Invalid cards count"),
        ("interactive", cards(11), 131009, "Invalid cards count"),
        ("interactive", cards(2, card_index=0), 131009, "card_index"),
        (
            "interactive",
            cards(2, header={"type": "video", "image": PICTURE}),
            131009,
            "header must have video",
        ),
        ("interactive", cards(2, header={"type": "document", "document": PICTURE}), 100, "document"),
        ("interactive", cards(2, body={"text": "x" * 161}), 131009, "Card body text"),
        ("interactive", cards(2, body={"text": "a\n" * 3 + "a"}), 131009, "line breaks"),
        ("interactive", cards(2, action={}), 131009, "either one URL button"),
        (
            "interactive",
            cards(2, action={**opening(), "buttons": taps("a")}),
            131009,
            "either one URL button",
        ),
        ("interactive", cards(2, action={"buttons": taps("a")}), 131009, "Duplicated button id"),
        ("interactive", cards(2, action=opening("x" * 21)), 131009, "Button label"),
        ("interactive", unlike(), 131009, "must match across all cards"),
        ("interactive", {**buttons(*replies(1)), "colour": "red"}, 100, "colour"),
        ("interactive", buttons(), 131009, "Invalid buttons count. Min allowed buttons: 1"),
        ("interactive", buttons(*replies(4)), 131009, "Max allowed buttons: 3"),
        ("interactive", buttons(*replies(1), body=" "), 131009, "Body text length invalid"),
        ("interactive", buttons(*replies(1), body="x" * 1025), 131009, "Max length: 1024"),
        ("interactive", buttons(*replies(1), footer={"text": "x" * 61}), 131009, "Footer text"),
        (
            "interactive",
            buttons(*replies(1), header={"type": "text", "text": "x" * 61}),
            131009,
            "Header text",
        ),
        (
            "interactive",
            buttons({"id": "1", "title": "x" * 21}),
            131009,
            "Button title length invalid. Min length: 1, Max length: 20",
        ),
        ("interactive", buttons({"id": "1", "title": ""}), 131009, "Button title length invalid"),
        ("interactive", buttons({"id": "1"}), 100, "title"),
        ("interactive", buttons({"id": "i" * 257, "title": "A"}), 131009, "Button id length invalid"),
        ("interactive", buttons({"id": "1 ", "title": "A"}), 131009, "leading or trailing spaces"),
        (
            "interactive",
            buttons(replies(1)[0], {"id": "1", "title": "No 0"}),
            131009,
            "Duplicated button title",
        ),
        ("interactive", buttons(replies(1)[0], {"id": "0", "title": "A"}), 131009, "Duplicated button id"),
        ("interactive", listed(), 131009, "Invalid sections count"),
        (
            "interactive",
            listed({"rows": replies(11)}),
            131009,
            "Total row count exceed max allowed count: 10",
        ),
        ("interactive", listed(*[{"title": "t", "rows": []}] * 11), 131009, "Invalid sections count"),
        ("interactive", listed({"rows": []}), 131009, "Section has no rows"),
        (
            "interactive",
            listed({"rows": [ROW]}, {"title": "t", "rows": []}),
            131009,
            "Section title is required",
        ),
        ("interactive", listed({"title": "t" * 25, "rows": [ROW]}), 131009, "Section title is too long"),
        (
            "interactive",
            listed({"rows": [{**ROW, "title": "t" * 25}]}),
            131009,
            "Row title is too long. Max length is 24",
        ),
        ("interactive", listed({"rows": [{**ROW, "title": ""}]}), 131009, "Row title is required"),
        (
            "interactive",
            listed({"rows": [{**ROW, "description": "d" * 73}]}),
            131009,
            "Row description is too long. Max length is 72",
        ),
        ("interactive", listed({"rows": [{**ROW, "id": "i" * 201}]}), 131009, "Row id length invalid"),
        ("interactive", listed({"rows": [ROW, {**ROW, "title": "Blue"}]}), 131009, "Duplicated row id"),
        ("interactive", listed({"rows": [ROW]}, button="b" * 21), 131009, "Button label length invalid"),
        ("interactive", listed({"rows": [ROW]}, body="x" * 1025), 131009, "Body text length invalid"),
    ],
)
def test_a_message_outside_of_the_documentation_is_refused(
    whatsapp: WhatsApp, kind: str, content: object, code: int, details: str
) -> None:
    got, words = refusal(whatsapp, kind, content)

    assert got == code
    assert details in words


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("location", {"latitude": 1, "longitude": 2}),
        ("contacts", [card(first_name="Ana")]),
        ("reaction", {"message_id": "wamid.A", "emoji": "👍"}),
        ("interactive", buttons(*replies(1))),
    ],
)
def test_a_group_takes_texts_and_files_only(whatsapp: WhatsApp, kind: str, content: object) -> None:
    code, details = refusal(whatsapp, kind, content, recipient_type="group", to=GROUP)

    assert (code, details) == (131051, f"Messages of type {kind} are not supported in groups.")


def written(whatsapp: WhatsApp, sender: str = PHONE, at: float = NOW, **fields: Any) -> Any:  # noqa: ANN401 (any webhook)
    customer = Customer(sender, "Ana", at)
    inbound = whatsapp.inbound(InboundRequest(sender, **fields), customer, at)
    value = decoded(inbound.body)["entry"][0]["changes"][0]["value"]
    (message,) = value["messages"]
    assert message["id"] == inbound.provider_message_id
    assert ("contacts" in value) is (message["type"] != "system")
    return message


@pytest.mark.parametrize("emoji", ["👍🏽", "❤️", "1️⃣", ""])
def test_a_reaction_is_reported_as_sent_only(whatsapp: WhatsApp, emoji: str) -> None:
    target = written(whatsapp, text="Hello")["id"]

    accepted = sent(whatsapp, "reaction", {"message_id": target, "emoji": emoji})

    assert (accepted.order.quoted, accepted.order.text) == (target, emoji)
    assert (accepted.reports, accepted.failure) == (("sent",), None)


def test_a_reaction_to_nothing_is_accepted_and_reported_as_failed(whatsapp: WhatsApp) -> None:
    old = written(whatsapp, text="Hello", at=NOW - 30 * DAY - 1)["id"]
    elsewhere = written(whatsapp, OTHER, text="Hello")["id"]
    reacted = sent(
        whatsapp, "reaction", {"message_id": written(whatsapp, text="Hi")["id"], "emoji": "👍"}
    ).provider_message_id

    lost = [
        sent(whatsapp, "reaction", {"message_id": target, "emoji": "👍"})
        for target in (old, elsewhere, reacted, "wamid.NOBODY")
    ]

    assert {(accepted.failure, accepted.reports) for accepted in lost} == {(131009, ("failed",))}
    value = decoded(whatsapp.report("failed", lost[0], NOW))["entry"][0]["changes"][0]["value"]
    (error,) = value["statuses"][0]["errors"]
    assert (error["code"], error["title"]) == (131009, "Parameter value is not valid")


def test_a_reaction_with_a_context_is_refused(whatsapp: WhatsApp) -> None:
    code, _ = refusal(
        whatsapp, "reaction", {"message_id": "wamid.A", "emoji": "👍"}, context={"message_id": "wamid.A"}
    )

    assert code == 100


def test_a_person_reacts_to_our_message_and_takes_it_back(whatsapp: WhatsApp) -> None:
    target = sent(whatsapp, "interactive", buttons(*replies(1))).provider_message_id

    reacted = written(whatsapp, kind="reaction", quoted=target, text="👍")
    taken_back = written(whatsapp, kind="reaction", quoted=target)

    assert (reacted["type"], reacted["reaction"]) == ("reaction", {"message_id": target, "emoji": "👍"})
    assert taken_back["reaction"] == {"message_id": target}
    assert "context" not in reacted


def test_a_person_taps_a_button_and_a_row(whatsapp: WhatsApp) -> None:
    asked = sent(whatsapp, "interactive", buttons(*replies(2))).provider_message_id
    menu = sent(whatsapp, "interactive", listed({"rows": [ROW, *replies(1)]})).provider_message_id

    tapped = written(whatsapp, kind="tap", quoted=asked, text="No 1")
    chosen = written(whatsapp, kind="tap", quoted=menu, text="r")
    plain = written(whatsapp, kind="tap", quoted=menu, text="No 0")

    assert tapped["context"] == {"from": "15550001234", "id": asked}
    assert tapped["interactive"] == {"type": "button_reply", "button_reply": {"id": "1", "title": "No 1"}}
    assert chosen["interactive"] == {"type": "list_reply", "list_reply": ROW}
    assert plain["interactive"]["list_reply"] == {"id": "0", "title": "No 0"}


@pytest.mark.parametrize(
    ("sender", "kind", "text"),
    [(PHONE, "tap", "No 9"), (OTHER, "tap", "No 0"), (OTHER, "reaction", "👍"), (PHONE, "tap", None)],
)
def test_nobody_taps_or_reacts_to_what_is_not_in_the_chat(
    whatsapp: WhatsApp, sender: str, kind: str, text: str | None
) -> None:
    asked = sent(whatsapp, "interactive", buttons(*replies(2))).provider_message_id

    with pytest.raises(ControlError):
        written(whatsapp, sender, kind=kind, quoted=asked, text=text)


@pytest.mark.parametrize("kind", ["tap", "reaction"])
@pytest.mark.parametrize("quoted", [None, "wamid.NOBODY"])
def test_nobody_taps_or_reacts_to_an_unknown_message(
    whatsapp: WhatsApp, kind: str, quoted: str | None
) -> None:
    with pytest.raises(ControlError):
        written(whatsapp, kind=kind, quoted=quoted, text="👍")


def test_nobody_reacts_to_their_own_message(whatsapp: WhatsApp) -> None:
    own = written(whatsapp, text="Hello")["id"]

    with pytest.raises(ControlError):
        written(whatsapp, kind="reaction", quoted=own, text="👍")


def test_a_place_a_card_and_a_notice_have_the_documented_shape(whatsapp: WhatsApp) -> None:
    place = written(whatsapp, kind="location", text="Sé")
    card = written(whatsapp, kind="contact", text="Tom Ruiz")
    notice = written(whatsapp, kind="system", text="5511987650000")

    assert place["location"].keys() == {"latitude", "longitude", "name", "address", "url"}
    assert written(whatsapp, kind="location")["location"].keys() == {"latitude", "longitude"}
    assert card["contacts"][0]["name"] == {
        "formatted_name": "Tom Ruiz",
        "first_name": "Tom",
        "last_name": "Ruiz",
    }
    assert notice["system"] == {
        "body": f"User Ana changed from {PHONE} to 5511987650000",
        "wa_id": "5511987650000",
        "type": "user_changed_number",
    }


STILL = file_of("image/webp")
MOVING = b"RIFF\x00\x10\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\xff\x01\x00\xff\x01\x00"
"""512 by 512 pixels: https://developers.google.com/speed/webp/docs/riff_container#extended_file_format"""
SMALL = MOVING.replace(b"\xff\x01", b"\xff\x00")


@pytest.fixture
def simulator(simulators: Simulators, receiver: Receiver) -> Simulator:
    simulators.whatsapp.register(PHONE, "Ana")
    simulators.whatsapp.configure(webhook_url=receiver.url)
    return simulators.whatsapp


@pytest.mark.parametrize(
    ("fields", "page", "status"),
    [
        ({"kind": "sticker"}, Page(STILL, "image/webp", size=100 * 1024), "sent"),
        ({"kind": "sticker"}, Page(STILL, "image/webp", size=100 * 1024 + 1), "failed"),
        ({"kind": "sticker"}, Page(MOVING, "image/webp", size=500 * 1024), "sent"),
        ({"kind": "sticker"}, Page(MOVING, "image/webp", size=500 * 1024 + 1), "failed"),
        ({"kind": "sticker"}, Page(SMALL, "image/webp"), "failed"),
        ({"kind": "sticker"}, Page(file_of("image/png"), "image/png"), "failed"),
        ({"kind": "audio", "voice": True}, Page(file_of("audio/ogg"), "audio/ogg"), "sent"),
        ({"kind": "audio", "voice": True}, Page(file_of("audio/mpeg"), "audio/mpeg"), "failed"),
        ({"kind": "audio", "voice": False}, Page(file_of("audio/mpeg"), "audio/mpeg"), "sent"),
    ],
)
def test_a_sticker_or_a_voice_note_must_be_one(
    simulator: Simulator,
    http: httpx.Client,
    receiver: Receiver,
    files: FileHost,
    *,
    fields: dict[str, Any],
    page: Page,
    status: str,
) -> None:
    link = files.put("/it", page)

    answer = send_whatsapp(http, simulator, **whatsapp_file(**fields, link=link))

    assert answer.status_code == 200
    value = receiver.wait_for(1)[0].json["entry"][0]["changes"][0]["value"]
    assert value["statuses"][0]["status"] == status


def test_a_sticker_has_no_caption(simulator: Simulator, http: httpx.Client) -> None:
    answer = send_whatsapp(http, simulator, **whatsapp_file("sticker", link="http://x/a.webp", caption="c"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
