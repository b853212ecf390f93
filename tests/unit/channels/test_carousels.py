"""Carousels: what WhatsApp and Instagram take, and what goes out in their place elsewhere."""

from typing import Any

import pytest
from msgspec.structs import replace

from chat4all.channels import registry
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Text
from chat4all.domain.kinds import Card, CardButton, Carousel
from chat4all.domain.routing import parts_of
from chat4all.domain.treatments import treatment_of, unfit
from tests.unit.channels.fake_http import SECRET, FakeHttp, answer, submission

PICTURE = "https://shop.example/red.jpg"
SHOP = "https://shop.example/red"
ADDRESSES = {"whatsapp": "5511987654321", "instagram": "17841400000000001"}


def card(title: str = "Red", *buttons: CardButton, text: str = "Soft", picture: str = PICTURE) -> Card:
    return Card(title, text, picture, buttons or (CardButton("Take", title),))


def carousel(*cards: Card) -> Carousel:
    return Carousel("Which?", cards or (card("Red"), card("Blue")))


def sent(channel: str, content: Carousel) -> dict[str, Any]:
    http = FakeHttp(answer(200, {}))
    message = replace(submission(ADDRESSES[channel]), content=content)
    registry.connector(channel, http, "https://graph.example").send(message, SECRET)
    body = http.sent_json()
    assert isinstance(body, dict)
    return body


def test_whatsapp_gets_cards_with_quick_replies() -> None:
    interactive = sent("whatsapp", carousel(card("Red"), card("Blue", text="")))["interactive"]

    assert interactive["type"] == "carousel"
    assert interactive["body"] == {"text": "Which?"}
    red, blue = interactive["action"]["cards"]
    assert red == {
        "card_index": 0,
        "type": "cta_url",
        "header": {"type": "image", "image": {"link": PICTURE}},
        "body": {"text": "Red\nSoft"},
        "action": {"buttons": [{"type": "quick_reply", "quick_reply": {"id": "Red", "title": "Take"}}]},
    }
    assert (blue["card_index"], blue["body"]) == (1, {"text": "Blue"})


def test_whatsapp_gets_cards_that_open_an_address() -> None:
    opening = card("Red", CardButton("Shop", url=SHOP))

    (red, _) = sent("whatsapp", carousel(opening, opening))["interactive"]["action"]["cards"]

    assert red["action"] == {"name": "cta_url", "parameters": {"display_text": "Shop", "url": SHOP}}


def test_instagram_gets_a_generic_template() -> None:
    content = carousel(
        card("Red", CardButton("Take", "red"), CardButton("Shop", url=SHOP)), Card("Blue", "Deep")
    )

    message = sent("instagram", content)["message"]

    assert "text" not in message
    assert message["attachment"] == {
        "type": "template",
        "payload": {
            "template_type": "generic",
            "elements": [
                {
                    "title": "Red",
                    "subtitle": "Soft",
                    "image_url": PICTURE,
                    "buttons": [
                        {"type": "postback", "title": "Take", "payload": "red"},
                        {"type": "web_url", "title": "Shop", "url": SHOP},
                    ],
                },
                {"title": "Blue", "subtitle": "Deep"},
            ],
        },
    }


def test_the_text_goes_before_the_cards_where_they_have_none() -> None:
    capabilities = registry.capabilities()["instagram"]

    parts = parts_of(carousel(), capabilities, ADDRESSES["instagram"])

    assert parts == [Text("Which?"), replace(carousel(), text="")]


@pytest.mark.parametrize("channel", ["telegram", "sms"])
def test_the_cards_go_out_as_numbered_text_elsewhere(channel: str) -> None:
    content = carousel(
        card("Red", CardButton("Shop", url=SHOP), CardButton("Take", "red")),
        card("Blue", CardButton("Take", "blue"), text=""),
    )

    (part,) = parts_of(content, registry.capabilities()[channel], "49151")

    assert part == Text(f"Which?\n\nRed\nSoft\nShop: {SHOP}\n1. Take\n\nBlue\n2. Take")


@pytest.mark.parametrize(
    ("channel", "content", "reason"),
    [
        ("whatsapp", carousel(card()), "takes 2 cards or more"),
        ("whatsapp", carousel(card(picture=""), card()), "takes cards with a picture only"),
        ("whatsapp", carousel(Card("Red", "", PICTURE), card()), "takes cards with the same buttons only"),
        (
            "whatsapp",
            carousel(card("Red", CardButton("Shop", url=SHOP)), card()),
            "takes cards with the same buttons only",
        ),
        (
            "whatsapp",
            carousel(*[card(name, CardButton("A", url=SHOP), CardButton("B", url=SHOP)) for name in "ab"]),
            "takes cards with the same buttons only",
        ),
        (
            "whatsapp",
            carousel(*[card(name, *[CardButton(n, name + n) for n in "123"]) for name in "ab"]),
            "takes up to 2 buttons of a card",
        ),
        ("whatsapp", carousel(card(text="x" * 157), card()), "takes cards of up to 160 characters"),
        ("whatsapp", carousel(card(text="a\nb\nc"), card()), "takes up to 3 lines"),
        ("whatsapp", carousel(card("Red", CardButton("x" * 21, "r")), card()), "takes titles of up to 20"),
        ("instagram", carousel(card("x" * 81)), "takes titles of cards of up to 80"),
        ("instagram", carousel(card(text="x" * 81)), "takes texts of cards of up to 80"),
        ("instagram", carousel(card("Red", CardButton("x" * 21, "r"))), "takes titles of up to 20"),
    ],
)
def test_cards_outside_of_the_limits_go_out_as_numbered_text(
    channel: str, content: Carousel, reason: str
) -> None:
    capabilities = registry.capabilities()[channel]

    assert treatment_of(content, capabilities, ADDRESSES[channel]) is Treatment.NUMBERED_TEXT
    assert reason in unfit(content, capabilities)


@pytest.mark.parametrize(
    ("channel", "content"),
    [
        ("whatsapp", carousel(card(text="x" * 156), card(text="a\nb"))),
        ("whatsapp", carousel(*[card(f"{number}") for number in range(10)])),
        ("whatsapp", carousel(*[card(name, *[CardButton(n, name + n) for n in "12"]) for name in "ab"])),
        ("instagram", carousel(card(picture=""))),
        ("instagram", carousel(card("Red", *[CardButton(n, n) for n in "123"]), Card("Blue", "Deep"))),
    ],
)
def test_cards_within_the_limits_are_shown_as_cards(channel: str, content: Carousel) -> None:
    assert treatment_of(content, registry.capabilities()[channel], ADDRESSES[channel]) is Treatment.FULL
