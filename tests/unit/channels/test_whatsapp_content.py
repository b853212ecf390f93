"""The words of each kind of WhatsApp's messages, and what the messages refer to."""

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chat4all.domain.content import Text, Unsupported
from chat4all.domain.received import Context, Forward, Product, Referral
from tests.unit.channels.whatsapp_webhooks import CONTACT, fields_of, message, only, written


@pytest.mark.parametrize(
    ("part", "words", "payload", "fields"),
    [
        (
            {"type": "button", "button": {"text": "Yes, please", "payload": "YES_1"}},
            "Yes, please",
            "YES_1",
            None,
        ),
        ({"type": "button", "button": {"text": "Stop"}}, "Stop", None, None),
        (
            {
                "type": "button",
                "button": {"text": "Yes", "payload": "Y"},
                "context": {"from": "1555", "id": "wamid.Q"},
            },
            "Yes",
            "Y",
            {"context": {"from": "1555"}},
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Talk"}},
            },
            "Talk",
            "b1",
            None,
        ),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "list_reply",
                    "list_reply": {"id": "r2", "title": "Delivery", "description": "Where?"},
                },
            },
            "Delivery",
            "r2",
            {"interactive": {"list_reply": {"id": "r2", "title": "Delivery", "description": "Where?"}}},
        ),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "nfm_reply",
                    "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"},
                },
            },
            "Sent",
            "{}",
            {"interactive": {"nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"}}},
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "address_message"}},
            },
            "address_message",
            None,
            {"interactive": {"nfm_reply": {"name": "address_message"}}},
        ),
    ],
)
def test_a_tap_says_the_words_on_the_button(
    part: dict[str, object], words: str, payload: str | None, fields: object
) -> None:
    event = message(**part)

    assert event.content == Text(words)
    assert (event.context.payload if event.context else None) == payload
    assert fields_of(event) == fields


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "reaction", "reaction": {"emoji": "👍🏽"}}, "👍🏽"),
        (
            {
                "type": "location",
                "location": {"latitude": 91.5, "longitude": 2, "name": "Philz", "address": "101 Forest Ave"},
            },
            "91.5, 2.0 (Philz, 101 Forest Ave)",
        ),
        (
            {"type": "order", "order": {"product_items": [{"quantity": 2}], "text": "gate 4"}},
            "1 item: gate 4",
        ),
        ({"type": "order", "order": {"catalog_id": "1", "product_items": [{}, {}]}}, "2 items"),
        ({"type": "order", "order": {"catalog_id": "1"}}, "0 items"),
        (
            {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]},
            "Message type unknown",
        ),
        (
            {
                "type": "unsupported",
                "errors": [
                    {"code": 131060, "title": "x", "error_data": {"details": "Currently unavailable."}}
                ],
            },
            "Currently unavailable.",
        ),
        ({"type": "unsupported"}, ""),
        ({"type": "request_welcome"}, ""),
    ],
)
def test_content_of_other_kinds_is_readable_and_whole(part: dict[str, object], words: str) -> None:
    event = message(**part)

    assert event.content == Unsupported(str(part["type"]), words)
    assert fields_of(event) == written(**part)


def test_an_order_of_many_items_is_whole() -> None:
    items = [{"product_retailer_id": f"sku-{number:05}-{'x' * 120}", "quantity": 2} for number in range(560)]
    event = message(type="order", order={"catalog_id": "9001", "text": "gate 4", "product_items": items})

    assert event.content == Unsupported("order", "560 items: gate 4")
    fields = fields_of(event)
    assert isinstance(fields, dict)
    assert fields["order"]["product_items"] == items


@pytest.mark.parametrize("code", [131051, 131060])
def test_a_placeholder_has_the_id_under_which_the_words_come(code: int) -> None:
    placeholder = message(type="unsupported", errors=[{"code": code, "title": "Not available"}])
    words = message()

    assert isinstance(placeholder.content, Unsupported)
    assert words.content == Text("Does it come in another color?")
    assert placeholder.provider_message_id == words.provider_message_id
    assert words.edited_at is None


REFERRAL = {
    "source_url": "https://fb.example/lamp",
    "source_id": "120200000001",
    "source_type": "ad",
    "headline": "Blue lamp",
    "body": "Only this week",
    "ctwa_clid": "CLICK_1",
}


@pytest.mark.parametrize(
    ("referral", "expected", "fields"),
    [
        (
            REFERRAL,
            Referral(
                "ad", "120200000001", "https://fb.example/lamp", "Blue lamp", "Only this week", "CLICK_1"
            ),
            None,
        ),
        (
            {**REFERRAL, "media_type": "image", "image_url": "https://example.org/lamp.jpg"},
            Referral(
                "ad", "120200000001", "https://fb.example/lamp", "Blue lamp", "Only this week", "CLICK_1"
            ),
            {"referral": {"media_type": "image", "image_url": "https://example.org/lamp.jpg"}},
        ),
        (
            {
                "source_type": "post",
                "source_url": "https://fb.example/post",
                "welcome_message": {"text": "Hi"},
            },
            Referral("post", url="https://fb.example/post"),
            {"referral": {"welcome_message": {"text": "Hi"}}},
        ),
        ({"source_id": 7, "headline": "Lamp"}, Referral(headline="Lamp"), {"referral": {"source_id": 7}}),
        ({"source_id": 7}, None, {"referral": {"source_id": 7}}),
        ("an ad", None, {"referral": "an ad"}),
    ],
)
def test_the_advertisement_that_led_to_us_is_kept(
    referral: object, expected: Referral | None, fields: object
) -> None:
    event = message(referral=referral)

    assert event.content == Text("Does it come in another color?")
    assert event.context == (Context(referral=expected) if expected else None)
    assert fields_of(event) == fields


@pytest.mark.parametrize(
    ("context", "expected", "quoted", "fields"),
    [
        ({"forwarded": True}, Context(forward=Forward()), None, None),
        ({"frequently_forwarded": True}, Context(forward=Forward(many_times=True)), None, None),
        (
            {"forwarded": True, "frequently_forwarded": True, "from": "1555", "id": "wamid.Q"},
            Context(forward=Forward(many_times=True)),
            "wamid.Q",
            {"context": {"from": "1555"}},
        ),
        ({"forwarded": False, "id": "wamid.Q"}, None, "wamid.Q", None),
        ({"forwarded": "yes"}, None, None, {"context": {"forwarded": "yes"}}),
        (
            {"id": "wamid.Q", "referred_product": {"catalog_id": "9001", "product_retailer_id": "SKU-7"}},
            Context(product=Product("SKU-7", "9001")),
            "wamid.Q",
            None,
        ),
        (
            {"referred_product": {"product_retailer_id": "SKU-7"}},
            Context(product=Product("SKU-7")),
            None,
            None,
        ),
        (
            {"referred_product": {"catalog_id": "9001"}},
            None,
            None,
            {"context": {"referred_product": {"catalog_id": "9001"}}},
        ),
        (
            {"referred_product": {"product_retailer_id": "SKU-7", "colour": "blue"}},
            Context(product=Product("SKU-7")),
            None,
            {"context": {"referred_product": {"product_retailer_id": "SKU-7", "colour": "blue"}}},
        ),
        ({"id": 7}, None, None, {"context": {"id": 7}}),
        (["wamid.Q"], None, None, {"context": ["wamid.Q"]}),
        (None, None, None, None),
    ],
)
def test_what_a_message_refers_to_is_kept(
    context: object, expected: Context | None, quoted: str | None, fields: object
) -> None:
    event = message(context=context)

    assert event.content == Text("Does it come in another color?")
    assert (event.context, event.quoted_provider_message_id) == (expected, quoted)
    assert fields_of(event) == fields


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ({"origin": "contact_request"}, {"origin": "contact_request"}),
        ({"text": {"body": "Hi", "mentions": ["Ana"]}}, {"text": {"mentions": ["Ana"]}}),
        ({"identity": {"acknowledged": True}}, {"identity": {"acknowledged": True}}),
        ({"errors": [{"code": 131052}]}, {"errors": [{"code": 131052}]}),
        ({"image": {"id": "1"}}, {"image": {"id": "1"}}),
        ({"from_user_id": ["US.1"]}, {"from_user_id": ["US.1"]}),
        ({"timestamp": "yesterday"}, {"timestamp": "yesterday"}),
        ({"timestamp": 1749416383}, None),
        ({"to": "our side"}, {"to": "our side"}),
    ],
)
def test_a_text_keeps_what_was_not_understood_of_it(parts: dict[str, object], fields: object) -> None:
    event = message(**parts)

    assert isinstance(event.content, Text)
    assert fields_of(event) == fields


MESSAGES: list[dict[str, Any]] = [
    written(
        context={"from": "1555", "id": "wamid.Q", "forwarded": True, "referred_product": {"catalog_id": "9"}}
    ),
    written(referral=REFERRAL),
    written(type="image", image={"id": "1", "caption": "Look", "mime_type": "image/png"}),
    written(type="button", button={"text": "Yes", "payload": "YES"}),
    written(
        type="interactive", interactive={"type": "button_reply", "button_reply": {"id": "b", "title": "B"}}
    ),
    written(type="interactive", interactive={"type": "list_reply", "list_reply": {"id": "r", "title": "R"}}),
    written(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": {"body": "Sent"}}),
    written(type="location", location={"latitude": 1.5, "longitude": 2.5}),
    written(type="contacts", contacts=[{"name": {"formatted_name": "Tom"}, "phones": [{"phone": "1"}]}]),
    written(
        type="contacts",
        contacts=[
            {"name": {"first_name": "Tom"}, "emails": [{"email": "a@b.c"}], "org": {"company": "Acme"}}
        ],
    ),
    written(type="location", location={"latitude": "1.5", "longitude": "2.5", "name": "A", "address": "B"}),
    written(type="audio", audio={"id": "1", "voice": True}),
    written(type="sticker", sticker={"id": "1"}),
    written(type="system", system={"type": "user_changed_number", "body": "News", "wa_id": "1"}),
    written(
        type="interactive",
        interactive={
            "type": "button",
            "body": {"text": "?"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "b", "title": "B"}}]},
        },
    ),
    written(
        type="interactive",
        interactive={
            "type": "list",
            "body": {"text": "?"},
            "action": {"button": "B", "sections": [{"rows": [{"id": "r", "title": "R"}]}]},
        },
    ),
    written(type="order", order={"catalog_id": "9", "product_items": [{"quantity": 1}]}),
    written(type="edit", edit={"original_message_id": "wamid.O", "message": written()}),
    written(
        type="edit",
        edit={"original_message_id": "wamid.O", "message": {"type": "image", "image": {"caption": "Look"}}},
    ),
    written(type="reaction", reaction={"message_id": "wamid.O", "emoji": "👍"}),
    written(group_id="Y2FwaV9ncm91cDox"),
]


def objects_in(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(inner)


@pytest.mark.parametrize("known", MESSAGES, ids=lambda known: str(known["type"]))
@pytest.mark.parametrize("new", ["words of tomorrow", {"inner": ["words of tomorrow"]}])
def test_no_field_of_tomorrow_is_lost_wherever_it_stands(known: dict[str, Any], new: object) -> None:
    for number in range(len(list(objects_in(known)))):
        changed = copy.deepcopy(known)
        list(objects_in(changed))[number]["new_field"] = new

        event = only(contacts=[CONTACT], messages=[changed])

        assert b"words of tomorrow" in msgspec.json.encode(event)


@pytest.mark.parametrize("name", ["sha256", "url", "mime_type", "filename", "caption"])
def test_a_field_of_a_file_with_another_type_is_kept(name: str) -> None:
    event = message(type="image", image={"id": "1", name: ["words"]})

    assert fields_of(event) == {"image": {name: ["words"]}}


@pytest.mark.parametrize("name", ["sha256", "url", "mime_type", "filename"])
def test_a_field_of_an_edited_file_with_another_type_is_kept(name: str) -> None:
    image = {"id": "1", "caption": "new", name: ["words"]}
    edit = {"original_message_id": "wamid.1", "message": {"type": "image", "image": image}}

    event = message(type="edit", edit=edit)

    assert fields_of(event) == {"edit": {"message": {"image": {name: ["words"]}}}}
