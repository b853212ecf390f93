"""Places, contacts, reactions, buttons, lists and notices in WhatsApp's webhooks."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from chat4all.domain.content import Notice, ReceivedContent, Text, Unsupported
from chat4all.domain.events import InboundMessage
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.received import Context
from tests.unit.channels.whatsapp_webhooks import fields_of, message, parsed_field, written

REPLY = {"type": "reply", "reply": {"id": "today", "title": "Today"}}
ROW = {"id": "r", "title": "Red", "description": "like fire"}


@pytest.mark.parametrize(
    ("location", "place", "left"),
    [
        ({"latitude": -23.5505, "longitude": -46.6333}, Location(-23.5505, -46.6333), None),
        ({"latitude": 90, "longitude": -180}, Location(90.0, -180.0), None),
        (
            {
                "latitude": 37.483307,
                "longitude": -122.148981,
                "name": "Philz",
                "address": "101 Forest Ave",
                "url": "https://philz.example",
            },
            Location(37.483307, -122.148981, "Philz", "101 Forest Ave"),
            {"url": "https://philz.example"},
        ),
        ({"latitude": "1.5", "longitude": "2", "name": 7}, Location(1.5, 2.0), {"name": 7}),
    ],
)
def test_a_place_is_read(location: dict[str, object], place: Location, left: object) -> None:
    event = message(type="location", location=location)

    assert event.content == place
    assert fields_of(event) == ({"location": left} if left else None)


CARD: dict[str, Any] = {
    "name": {"formatted_name": "Dr. Ana Lima", "first_name": "Ana", "last_name": "Lima"},
    "phones": [{"phone": "+55 11 98765-4321", "type": "CELL", "wa_id": "5511987654321"}],
    "emails": [{"email": "ana@b.example", "type": "WORK"}],
    "org": {"company": "Acme", "department": "Sales"},
    "birthday": "1999-01-23",
}


@pytest.mark.parametrize(
    ("card", "contact"),
    [
        (CARD, Contact("Dr. Ana Lima", ("+55 11 98765-4321",), ("ana@b.example",), "Acme")),
        ({"name": {"first_name": "Ana", "last_name": "Lima"}}, Contact("Ana Lima")),
        ({"name": {"formatted_name": 7, "first_name": "Ana"}}, Contact("Ana")),
        ({"org": {"company": "Acme"}, "phones": [{"phone": "1"}]}, Contact("Acme", ("1",))),
        ({"phones": [{"wa_id": "16505550002"}, {"phone": ""}, {}, 7]}, Contact("", ("+16505550002",))),
        ({"name": {"formatted_name": "Ana"}, "emails": {}, "org": "Acme", "phones": None}, Contact("Ana")),
    ],
)
def test_a_card_is_read_and_kept_whole(card: dict[str, object], contact: Contact) -> None:
    event = message(type="contacts", contacts=[card, 7, {}])

    assert event.content == Contacts((contact,))
    assert fields_of(event) == {"contacts": [card, 7, {}]}


def test_more_cards_than_a_message_of_ours_holds_are_kept_whole() -> None:
    cards = [{"name": {"formatted_name": f"Ana {number}"}} for number in range(12)]

    event = within_limits(message(type="contacts", contacts=cards))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Contacts)
    assert len(event.content.contacts) == 10
    assert fields_of(event) == {"contacts": cards}


@pytest.mark.parametrize(
    ("reaction", "emoji"),
    [
        ({"message_id": "wamid.OURS", "emoji": "👍🏽"}, "👍🏽"),
        ({"message_id": "wamid.OURS", "emoji": ""}, ""),
        ({"message_id": "wamid.OURS", "emoji": None}, ""),
        ({"message_id": "wamid.OURS"}, ""),
    ],
)
def test_a_reaction_quotes_its_message(reaction: dict[str, object], emoji: str) -> None:
    event = message(type="reaction", reaction=reaction)

    assert (event.content, event.quoted_provider_message_id) == (Reaction(emoji), "wamid.OURS")
    assert fields_of(event) is None


def test_a_reaction_in_an_answer_quotes_the_message_of_the_reaction() -> None:
    reaction = {"message_id": "wamid.OURS", "emoji": "👍"}

    event = message(type="reaction", reaction=reaction, context={"id": "wamid.OTHER"})

    assert event.quoted_provider_message_id == "wamid.OURS"
    assert fields_of(event) == {"context": {"id": "wamid.OTHER"}}


def test_a_tap_quotes_the_message_with_the_buttons() -> None:
    reply = {"type": "button_reply", "button_reply": {"id": "today", "title": "Today"}}

    event = message(type="interactive", interactive=reply, context={"from": "1555", "id": "wamid.OURS"})

    assert event.content == Text("Today")
    assert event.context == Context(payload="today")
    assert event.quoted_provider_message_id == "wamid.OURS"


@pytest.mark.parametrize(
    ("action", "kind", "content"),
    [
        ({"buttons": [REPLY, {"type": "reply"}, 7]}, "button", Buttons("?", (Button("today", "Today"),))),
        (
            {"button": "Choose", "sections": [{"title": "Colours", "rows": [ROW, 7]}, {"rows": []}, 7]},
            "list",
            Choices("?", "Choose", (Section((Row("r", "Red", "like fire"),), "Colours"),)),
        ),
        ({"sections": [{"rows": [ROW]}]}, "list", Choices("?", "", (Section((Row(**ROW),)),))),
    ],
)
def test_buttons_and_lists_that_our_side_sent_are_read_and_kept_whole(
    action: dict[str, object], kind: str, content: ReceivedContent
) -> None:
    interactive = {"type": kind, "body": {"text": "?"}, "action": action, "footer": {"text": "Acme"}}
    echo = {**written(type="interactive", interactive=interactive), "from": "15550783881"}
    echo["to"] = "4915112345678"

    (event,) = parsed_field("smb_message_echoes", message_echoes=[echo]).events

    assert isinstance(event, InboundMessage)
    assert (event.content, event.is_own) == (content, True)
    assert fields_of(event) == {
        "interactive": {name: value for name, value in interactive.items() if name != "type"}
    }


@pytest.mark.parametrize(
    ("system", "notice", "left"),
    [
        (
            {"type": "customer_identity_changed", "body": "Ana's code changed", "identity": "abc"},
            Notice("customer_identity_changed", "Ana's code changed"),
            {"identity": "abc"},
        ),
        ({"body": "News"}, Notice("system", "News"), None),
        (
            {"type": "user_changed_user_id", "previous_user_id": "US.1"},
            Notice("user_changed_user_id"),
            {"previous_user_id": "US.1"},
        ),
    ],
)
def test_a_system_message_is_a_notice(system: dict[str, object], notice: Notice, left: object) -> None:
    event = message(type="system", system=system)

    assert event.content == notice
    assert fields_of(event) == ({"system": left} if left else None)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "location", "location": {"latitude": 48.21, "longitude": 16.37, "name": "Café"}},
        {"type": "contacts", "contacts": [CARD]},
        {"type": "reaction", "reaction": {"message_id": "wamid.OURS", "emoji": "👍"}},
        {"type": "system", "system": {"type": "user_changed_number", "body": "News"}},
    ],
)
def test_an_event_of_each_kind_reads_the_same_from_a_queue(part: dict[str, object]) -> None:
    event = within_limits(message(**part))

    assert isinstance(event, InboundMessage)
    assert not isinstance(event.content, Unsupported)
    assert event.content.text
    again = msgspec.json.decode(msgspec.json.encode(event), type=InboundMessage)
    assert (again.content, bytes(again.provider_fields)) == (event.content, bytes(event.provider_fields))
    assert isinstance(again.provider_fields, Raw)
