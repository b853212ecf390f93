"""The right person, place and author of each message that WhatsApp reports."""

import pytest
from msgspec import Raw

from chat4all.domain.content import Notice, ReceivedMedia, Text, Unsupported
from chat4all.domain.events import InboundDeletion, InboundEvent, InboundMessage, InboundMove, InboundStatus
from chat4all.domain.kinds import Location
from chat4all.domain.received import Author, AuthorKind
from tests.unit.channels.fake_http import SECRET
from tests.unit.channels.whatsapp_webhooks import (
    CONTACT,
    TEXT,
    WHATSAPP,
    fields_of,
    ignored,
    message,
    only,
    parse,
    parsed_field,
)

USER_ID = "US.13491208655302741918"
PARENT = "US.ENT.11815799212886844830"
GROUP = "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD"
OURS = "15550783881"
LIA = "4915112345678"


def of_message(events: tuple[InboundEvent, ...]) -> list[InboundMessage]:
    messages = [event for event in events if isinstance(event, InboundMessage)]
    assert len(messages) == len(events)
    return messages


@pytest.mark.parametrize(
    ("contact", "sender", "address", "aliases"),
    [
        ({"wa_id": LIA, "user_id": USER_ID}, {"from": LIA, "from_user_id": USER_ID}, LIA, (USER_ID,)),
        ({"wa_id": LIA, "user_id": USER_ID}, {"from": LIA}, LIA, (USER_ID,)),
        ({"wa_id": LIA, "user_id": USER_ID}, {"from_user_id": USER_ID}, LIA, (USER_ID,)),
        ({"wa_id": LIA}, {"from": LIA, "from_user_id": USER_ID}, LIA, (USER_ID,)),
        (
            {"wa_id": LIA, "user_id": USER_ID, "parent_user_id": PARENT},
            {"from": LIA, "from_user_id": USER_ID, "from_parent_user_id": PARENT},
            LIA,
            (USER_ID, PARENT),
        ),
        ({"user_id": USER_ID, "parent_user_id": PARENT}, {"from_user_id": USER_ID}, USER_ID, (PARENT,)),
        ({"wa_id": LIA, "user_id": USER_ID, "profile": None}, {"from": LIA}, LIA, (USER_ID,)),
        ({"wa_id": LIA, "user_id": USER_ID, "profile": {"name": 7}}, {"from": LIA}, LIA, (USER_ID,)),
        ({"wa_id": None, "user_id": USER_ID}, {"from": None, "from_user_id": USER_ID}, USER_ID, ()),
        ({"wa_id": "", "user_id": USER_ID}, {"from": "", "from_user_id": USER_ID}, USER_ID, ()),
        # Providers have put the user id where the number was.
        ({"wa_id": USER_ID, "user_id": USER_ID}, {"from": USER_ID, "from_user_id": USER_ID}, USER_ID, ()),
        # The contact's spelling of the same number is no further address.
        ({"wa_id": "5215512340001"}, {"from": "525512340001"}, "525512340001", ()),
    ],
)
def test_addresses_that_are_named_together_belong_to_the_person(
    contact: dict[str, object], sender: dict[str, object], address: str, aliases: tuple[str, ...]
) -> None:
    text = {name: value for name, value in TEXT.items() if name != "from"}
    event = only(contacts=[contact], messages=[{**text, **sender}])

    assert isinstance(event, InboundMessage)
    assert (event.address, event.aliases) == (address, aliases)
    assert event.phone == (f"+{address}" if address.isdigit() else None)
    assert event.author is None


def test_the_user_id_of_somebody_elses_contact_is_no_address_of_the_writer() -> None:
    contacts = [{"wa_id": LIA, "user_id": USER_ID}, CONTACT]
    event = only(contacts=contacts, messages=[TEXT])

    assert isinstance(event, InboundMessage)
    assert (event.address, event.aliases) == ("16505551234", ())


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("5215512340001", "525512340001"),
        ("5491123456789", "5491123456789"),
        ("541123456789", "5491123456789"),
        ("551187654321", "5511987654321"),
        ("+5215512340001", "525512340001"),
    ],
)
def test_a_writer_is_known_by_the_one_spelling_of_their_number(written: str, address: str) -> None:
    event = only(
        contacts=[{"wa_id": written, "profile": {"name": "Rosa"}}], messages=[{**TEXT, "from": written}]
    )

    assert isinstance(event, InboundMessage)
    assert (event.address, event.phone, event.display_name) == (address, f"+{address}", "Rosa")


@pytest.mark.parametrize(
    "content",
    [
        {"type": "text", "text": {"body": "for all of you"}},
        {"type": "image", "image": {"id": "1", "caption": "for all of you"}},
        {"type": "unsupported", "errors": [{"code": 131051, "title": "for all of you"}]},
        {"type": "text", "text": {"body": "for all of you"}, "context": {"id": "wamid.OTHER"}},
        {"type": "edit", "edit": {"original_message_id": "wamid.TEXT", "message": TEXT}},
    ],
)
def test_words_in_a_group_are_the_persons_and_stand_in_the_group(content: dict[str, object]) -> None:
    event = message(group_id=GROUP, from_user_id=USER_ID, **content)

    assert event.address == f"group:{GROUP}"
    assert event.author == Author(AuthorKind.PERSON, "16505551234", "Sheena Nelson")
    assert (event.display_name, event.phone, event.handle, event.aliases) == (None, None, None, ())
    assert WHATSAPP.canonical_address(event.address) == event.address


def test_a_member_of_a_group_may_hide_the_number() -> None:
    text = {name: value for name, value in TEXT.items() if name != "from"}
    contact = {"user_id": USER_ID, "profile": {"name": "Ana", "username": "ana.souza"}}
    event = only(contacts=[contact], messages=[{**text, "from_user_id": USER_ID, "group_id": GROUP}])

    assert isinstance(event, InboundMessage)
    assert event.author == Author(AuthorKind.PERSON, USER_ID, "Ana", "ana.souza")


@pytest.mark.parametrize("group_id", [7, {"id": GROUP}, [GROUP], "a b", "a" * 300, "\u202e"])
def test_a_group_of_an_unknown_form_is_never_the_persons_own_chat(group_id: object) -> None:
    event = message(group_id=group_id)

    assert event.address.startswith("group:sha256:")
    assert WHATSAPP.canonical_address(event.address) == event.address
    assert event.author == Author(AuthorKind.PERSON, "16505551234", "Sheena Nelson")


@pytest.mark.parametrize("group_id", [None, ""])
def test_without_a_group_the_words_stand_in_the_persons_chat(group_id: object) -> None:
    event = message(group_id=group_id)

    assert (event.address, event.author) == ("16505551234", None)


def test_a_status_of_a_group_names_the_group() -> None:
    status = {
        "id": "wamid.OURS",
        "status": "delivered",
        "timestamp": "1750857384",
        "recipient_id": GROUP,
        "recipient_type": "group",
    }
    event = only(statuses=[status])

    assert isinstance(event, InboundStatus)
    assert event.address == f"group:{GROUP}"


ECHO = {
    "from": OURS,
    "to": LIA,
    "id": "wamid.ECHO",
    "timestamp": "1749416383",
    "type": "text",
    "text": {"body": "typed on the phone"},
}


@pytest.mark.parametrize(
    ("content", "understood"),
    [
        ({}, Text("typed on the phone")),
        ({"type": "image", "image": {"id": "1", "caption": "look"}}, None),
        (
            {"type": "location", "location": {"latitude": 1.5, "longitude": 2}},
            Location(1.5, 2.0),
        ),
        ({"type": "media_placeholder"}, Unsupported("media_placeholder")),
        (
            {"type": "unsupported", "errors": [{"code": 131060, "title": "Gone"}]},
            Unsupported("unsupported", "Gone"),
        ),
    ],
)
def test_what_our_side_writes_in_the_app_is_ours_in_the_persons_chat(
    content: dict[str, object], understood: object
) -> None:
    parsed = parsed_field("smb_message_echoes", message_echoes=[{**ECHO, **content}])

    (event,) = of_message(parsed.events)
    assert (event.address, event.author, event.is_own) == (LIA, Author(AuthorKind.OWN), True)
    assert isinstance(event.content, ReceivedMedia) if understood is None else event.content == understood
    assert (event.display_name, event.phone) == (None, f"+{LIA}")
    assert parsed.ignored == ()


def test_an_echo_to_a_person_without_a_number_is_in_the_chat_of_the_user_id() -> None:
    echo = {**ECHO, "to_user_id": USER_ID}
    del echo["to"]
    (event,) = of_message(parsed_field("smb_message_echoes", message_echoes=[echo]).events)

    assert (event.address, event.is_own) == (USER_ID, True)


def test_an_echo_that_edits_or_revokes_changes_our_own_message() -> None:
    edit = {"original_message_id": "wamid.ECHO", "message": {"type": "image", "image": {"caption": "new"}}}
    revoke = {"original_message_id": "wamid.ECHO"}
    edited, revoked = parsed_field(
        "smb_message_echoes",
        message_echoes=[
            {**ECHO, "id": "wamid.E", "type": "edit", "edit": edit},
            {**ECHO, "id": "wamid.R", "type": "revoke", "revoke": revoke},
        ],
    ).events

    assert isinstance(edited, InboundMessage)
    assert (edited.provider_message_id, edited.content, edited.is_own) == ("wamid.ECHO", Text("new"), True)
    assert edited.edited_at is not None
    assert revoked == InboundDeletion(LIA, "wamid.ECHO", "2025-06-08T20:59:43.000Z")


@pytest.mark.parametrize("echo", [{**ECHO, "to": "nobody"}, {**ECHO, "to": None}, 7, None])
def test_an_echo_to_nobody_is_counted(echo: object) -> None:
    parsed = parsed_field("smb_message_echoes", message_echoes=[echo, ECHO])

    assert len(parsed.events) == len(parsed.ignored) == 1


def past(sender: str, **parts: object) -> dict[str, object]:
    return {
        **TEXT,
        "from": sender,
        "id": f"wamid.PAST-{sender}",
        "history_context": {"status": "READ"},
        **parts,
    }


def history(*threads: object) -> list[object]:
    return [{"metadata": {"phase": 0, "chunk_order": 1, "progress": 55}, "threads": list(threads)}]


def test_the_history_of_a_connected_number_is_kept_with_its_times_and_authors() -> None:
    parsed = parsed_field(
        "history",
        history=history(
            {
                "id": LIA,
                "messages": [
                    past(LIA),
                    past(OURS, to=LIA),
                    past("918588096070", history_context={"from_me": True}),
                ],
            },
            {
                "context": {"wa_id": "33612345678", "user_id": USER_ID, "username": "zoe"},
                "messages": [past("33612345678")],
            },
        ),
    )

    events = of_message(parsed.events)
    assert [(event.address, event.is_own) for event in events] == [
        (LIA, False),
        (LIA, True),
        (LIA, True),
        ("33612345678", False),
    ]
    assert {event.at for event in events} == {"2025-06-08T20:59:43.000Z"}
    assert (events[3].aliases, events[3].handle) == ((USER_ID,), "zoe")
    assert fields_of(events[0]) == {"history_context": {"status": "READ"}}
    assert parsed.ignored == ()


def test_a_file_of_the_history_takes_the_place_of_its_placeholder() -> None:
    placeholder = past(LIA, id="wamid.FILE", type="media_placeholder")
    file = {**TEXT, "from": LIA, "id": "wamid.FILE", "type": "image", "image": {"id": "9"}}
    own = {**TEXT, "from": OURS, "to": LIA, "id": "wamid.OWN", "type": "image", "image": {"id": "8"}}
    (before,) = of_message(
        parsed_field("history", history=history({"id": LIA, "messages": [placeholder]})).events
    )
    after, ours = of_message(parsed_field("history", messages=[file, own]).events)

    assert before.content == Unsupported("media_placeholder")
    assert before.provider_message_id == after.provider_message_id == "wamid.FILE"
    assert isinstance(after.content, ReceivedMedia)
    assert (after.is_own, ours.is_own, ours.address) == (False, True, LIA)


@pytest.mark.parametrize(
    "chunks",
    [
        [{"errors": [{"code": 2593109, "title": "History sync is turned off by the business"}]}],
        history(),
        history({"id": "nobody", "messages": [TEXT]}),
        history({"id": LIA, "messages": []}),
        history({"id": LIA, "messages": [7]}),
        history(None),
        [7],
        {},
    ],
)
def test_a_history_without_messages_is_counted(chunks: object) -> None:
    parsed = parsed_field("history", history=chunks)

    assert (parsed.events, parsed.ignored) == ((), ("history",))


@pytest.mark.parametrize(
    ("system", "sender", "new_address", "phone"),
    [
        (
            {"type": "user_changed_number", "wa_id": "12195555358"},
            "16505551234",
            "12195555358",
            "+12195555358",
        ),
        (
            {"type": "user_changed_number", "new_wa_id": "12195555358"},
            "16505551234",
            "12195555358",
            "+12195555358",
        ),
        (
            {"type": "user_changed_number", "wa_id": "5215512340001"},
            "16505551234",
            "525512340001",
            "+525512340001",
        ),
        ({"type": "user_changed_number", "user_id": USER_ID}, "16505551234", USER_ID, None),
        ({"type": "user_changed_user_id", "user_id": USER_ID}, "US.1", USER_ID, None),
        (
            {"type": "customer_changed_number", "new_wa_id": 12195555358},
            "16505551234",
            "12195555358",
            "+12195555358",
        ),
        (
            {"type": "user_changed_number", "wa_id": "12195555358", "user_id": None, "new_wa_id": {}},
            "16505551234",
            "12195555358",
            "+12195555358",
        ),
    ],
)
def test_who_changed_the_number_is_the_same_person(
    system: dict[str, str], sender: str, new_address: str, phone: str | None
) -> None:
    body = "User Sheena Nelson changed from 16505551234 to 12195555358"
    told, move = parse(
        messages=[
            {**TEXT, "from": sender, "id": "wamid.SYS", "type": "system", "system": {"body": body, **system}}
        ]
    )

    assert isinstance(told, InboundMessage)
    assert (told.address, told.content) == (sender, Notice(system["type"], body))
    assert move == InboundMove(sender, new_address, "2025-06-08T20:59:43.000Z", phone=phone)


PHONE, NEW_PHONE, FORMER_ID = "16505551234", "12195555358", "US.1"


@pytest.mark.parametrize(
    ("sender", "system", "moves"),
    [
        (
            {"from": PHONE, "from_user_id": FORMER_ID},
            {"type": "user_changed_number", "wa_id": NEW_PHONE, "user_id": USER_ID},
            [(PHONE, NEW_PHONE, f"+{NEW_PHONE}"), (FORMER_ID, USER_ID, f"+{NEW_PHONE}")],
        ),
        (
            {"from": PHONE, "from_user_id": FORMER_ID},
            {"type": "user_changed_user_id", "user_id": USER_ID},
            [(FORMER_ID, USER_ID, None)],
        ),
        (
            {"from": PHONE, "from_user_id": FORMER_ID},
            {"type": "user_changed_user_id", "wa_id": PHONE, "user_id": USER_ID},
            [(FORMER_ID, USER_ID, f"+{PHONE}")],
        ),
        (
            {"from_user_id": FORMER_ID},
            {"type": "user_changed_number", "wa_id": NEW_PHONE, "user_id": USER_ID},
            [(FORMER_ID, NEW_PHONE, f"+{NEW_PHONE}"), (FORMER_ID, USER_ID, f"+{NEW_PHONE}")],
        ),
        (
            {"from": NEW_PHONE},
            {"type": "customer_changed_number", "wa_id": NEW_PHONE, "customer": PHONE},
            [(PHONE, NEW_PHONE, f"+{NEW_PHONE}")],
        ),
    ],
)
def test_a_number_takes_the_place_of_the_number_and_a_user_id_that_of_the_user_id(
    sender: dict[str, str], system: dict[str, str], moves: list[tuple[str, str, str | None]]
) -> None:
    news = {**TEXT, "id": "wamid.SYS", "type": "system", "system": {"body": "news", **system}}
    del news["from"]

    _, *found = parse(messages=[{**news, **sender}])

    named = [(move.address, move.new_address, move.phone) for move in found if isinstance(move, InboundMove)]
    assert named == moves


@pytest.mark.parametrize(
    "system",
    [
        {"type": "user_changed_number", "wa_id": "nobody"},
        {"type": "user_changed_number", "wa_id": "16505551234"},
        {"type": "user_changed_number"},
        {"type": "customer_identity_changed", "wa_id": "12195555358", "identity": "x"},
        {"type": 7, "wa_id": "12195555358"},
    ],
)
def test_other_news_of_a_person_are_told_and_move_nobody(system: dict[str, object]) -> None:
    event = message(type="system", system={"body": "news", **system})

    assert event.content == Notice(str(system["type"]) if system["type"] != 7 else "system", "news")
    left = {name: value for name, value in system.items() if name != "type" or value == 7}
    assert fields_of(event) == ({"system": left} if left else None)


def test_a_number_changed_in_a_group_moves_no_group() -> None:
    system = {"type": "user_changed_number", "wa_id": "12195555358", "body": "changed"}
    (event,) = parse(messages=[{**TEXT, "group_id": GROUP, "type": "system", "system": system}])

    assert isinstance(event, InboundMessage)


def test_a_changed_user_id_moves_the_person() -> None:
    update = {
        "wa_id": "16505551234",
        "detail": "User changed",
        "user_id": {"previous": "US.1", "current": USER_ID},
        "timestamp": "1749416383",
    }
    parsed = parsed_field("user_id_update", user_id_update=[update, {"user_id": {"previous": "1"}}, 7])

    at, phone = "2025-06-08T20:59:43.000Z", "+16505551234"
    assert parsed.events == (InboundMove("US.1", USER_ID, at, phone=phone),)
    assert parsed.ignored == ("user_id_update", "user_id_update")


def test_what_stands_beside_a_changed_user_id_counts_as_ignored() -> None:
    update = {"user_id": {"previous": "US.1", "current": USER_ID}, "timestamp": "1749416383", "note": "words"}

    parsed = parsed_field("user_id_update", user_id_update=[update])

    assert [type(event) for event in parsed.events] == [InboundMove]
    assert parsed.ignored == ("user_id_update.fields",)


def test_a_revoked_message_is_deleted() -> None:
    revoke = {**TEXT, "id": "wamid.REV", "type": "revoke", "revoke": {"original_message_id": "wamid.TEXT"}}

    assert only(messages=[revoke]) == InboundDeletion("16505551234", "wamid.TEXT", "2025-06-08T20:59:43.000Z")
    assert only(messages=[{**revoke, "group_id": GROUP}]) == InboundDeletion(
        f"group:{GROUP}", "wamid.TEXT", "2025-06-08T20:59:43.000Z"
    )


def test_a_revoke_keeps_its_other_fields_without_the_words() -> None:
    revoke = {
        **TEXT,
        "type": "revoke",
        "revoke": {"original_message_id": "wamid.TEXT", "by": "admin"},
        "reason": 7,
    }

    (event,) = parsed_field("messages", messages=[revoke]).events

    assert isinstance(event, InboundDeletion)
    assert event.provider_fields == Raw(b'{"revoke":{"by":"admin"},"reason":7}')


def test_what_comes_for_a_second_number_moves_and_deletes_there() -> None:
    metadata = {"display_phone_number": "15550009999", "phone_number_id": "999"}
    revoke = {**TEXT, "type": "revoke", "revoke": {"original_message_id": "wamid.TEXT"}}
    system = {**TEXT, "type": "system", "system": {"body": "x", "type": "user_changed_number", "wa_id": LIA}}

    deletion, told, move = parse(messages=[revoke, system], metadata=metadata)

    assert isinstance(deletion, InboundDeletion)
    assert isinstance(told, InboundMessage)
    assert isinstance(move, InboundMove)
    assert deletion.account == told.account == move.account == "999"
    assert SECRET.account_id != "999"


@pytest.mark.parametrize("sender", [None, "", "nobody", "SUPPORT", 7, [], "12"])
def test_a_message_of_nobody_is_counted_by_its_kind(sender: object) -> None:
    assert parse(messages=[{**TEXT, "from": sender}]) == []
    assert ignored(messages=[{**TEXT, "from": sender}]) == ("text",)
