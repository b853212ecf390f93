"""Places, contacts, reactions, buttons, lists, voice notes and stickers as the Cloud API takes them."""

from typing import Any

import pytest
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.manifest import CAPABILITIES
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Content, Media, Plain, Text
from chat4all.domain.files.file import Attachment, Form, MediaKind
from chat4all.domain.inbound_limits import hashed
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
from chat4all.domain.routing import parts_of
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.treatments import treatment_of
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp, answer, file_submission, submission

PHONE = "5511987654321"
GROUP = "group:Y2FwaV9ncm91cDox=="
ACCEPTED = answer(200, {"messages": [{"id": "wamid.HBgL"}]})
LINK = "https://store.example/invoice?signed=1"
CAFE = Location(48.21, 16.37, "Café", "Herrengasse 14", text="Our café")


def sent(content: Plain | OutgoingMedia, quoted: str | None = None) -> dict[str, Any]:
    """Return the body of the request that sends `content`, without what every body has."""
    http = FakeHttp(ACCEPTED)
    message = replace(submission(PHONE, quoted=quoted), content=content)
    assert WhatsApp(http, "https://graph.example").send(message, SECRET) == Sent("wamid.HBgL")
    body = http.sent_json()
    assert isinstance(body, dict)
    common = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PHONE,
        "biz_opaque_callback_data": DELIVERY_ID,
    }
    assert common.items() <= body.items()
    return {name: value for name, value in body.items() if name not in common}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (
            CAFE,
            {"latitude": "48.21", "longitude": "16.37", "name": "Café", "address": "Herrengasse 14"},
        ),
        (Location(-90, 180), {"latitude": "-90", "longitude": "180"}),
        (Location(1e-05, -1.5e-07), {"latitude": "0.00001", "longitude": "-0.00000015"}),
        (Location(1.0, 2.5, name="Here"), {"latitude": "1.0", "longitude": "2.5", "name": "Here"}),
        # The app shows an address only below a name.
        (Location(1.0, 2.5, address="A 1"), {"latitude": "1.0", "longitude": "2.5", "name": "A 1"}),
    ],
)
def test_a_place_has_its_degrees_as_text(place: Location, expected: dict[str, str]) -> None:
    assert sent(place) == {"type": "location", "location": expected}


def test_contacts_have_a_name_in_two_forms_and_what_else_is_known() -> None:
    contacts = (
        Contact("Ana Lima", ("+55 11 98765-4321", "+55 11 1234"), ("ana@b.example",), "Acme"),
        Contact("Ben"),
    )

    assert sent(Contacts(contacts, "Two people")) == {
        "type": "contacts",
        "contacts": [
            {
                "name": {"formatted_name": "Ana Lima", "first_name": "Ana Lima"},
                "phones": [
                    {"phone": "+55 11 98765-4321", "wa_id": "5511987654321"},
                    {"phone": "+55 11 1234"},
                ],
                "emails": [{"email": "ana@b.example"}],
                "org": {"company": "Acme"},
            },
            {"name": {"formatted_name": "Ben", "first_name": "Ben"}},
        ],
    }


@pytest.mark.parametrize(
    ("phone", "wa_id"),
    [
        ("+1 (650) 253-0000", "16502530000"),
        ("0049 30 901820", "4930901820"),
        ("+49 (0)30 901820", "4930901820"),
        ("+52 1 55 1234 5678", "5215512345678"),
        ("+54 11 2345-6789", "541123456789"),
        ("+55 11 8765-4321", "551187654321"),
        ("+٤٩٣٠٩٠١٨٢٠", "4930901820"),
        ("030 901820", None),
        ("16502530000", None),
        ("+1 555", None),
        ("+999 123456789", None),
        ("+1 000 000 0000", None),
        ("ask at the desk", None),
        ("", None),
        ("+", None),
        ("+49" * 50, None),
    ],
)
def test_a_number_that_its_country_has_given_out_can_be_written_to(phone: str, wa_id: str | None) -> None:
    contact = sent(Contacts((Contact("Ana", (phone,)),), "Ana"))["contacts"][0]

    assert contact["phones"] == [{"phone": phone, **({"wa_id": wa_id} if wa_id else {})}]


@pytest.mark.parametrize("emoji", ["👍🏽", "❤️", ""])
def test_a_reaction_names_its_message_and_no_context(emoji: str) -> None:
    assert sent(Reaction(emoji, "A heart"), quoted="wamid.T") == {
        "type": "reaction",
        "reaction": {"message_id": "wamid.T", "emoji": emoji},
    }


@pytest.mark.parametrize(
    "quoted", [None, "", sent_unread(DELIVERY_ID).provider_message_id, hashed(b"a message without an id")]
)
def test_a_reaction_to_a_message_without_an_id_there_is_not_sent(quoted: str | None) -> None:
    http = FakeHttp()
    reacting = replace(submission(PHONE, quoted=quoted), content=Reaction("👍"))

    error = WhatsApp(http, "https://graph.example").send(reacting, SECRET)

    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "TARGET_UNKNOWN")
    assert http.requests == []


def test_buttons_are_replies_below_a_text() -> None:
    buttons = Buttons("When?", (Button("today", "Today"), Button("later", "Later")))

    assert sent(buttons, quoted="wamid.Q") == {
        "type": "interactive",
        "interactive": {
            "type": "button",
            "body": {"text": "When?"},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "today", "title": "Today"}},
                    {"type": "reply", "reply": {"id": "later", "title": "Later"}},
                ]
            },
        },
        "context": {"message_id": "wamid.Q"},
    }


def test_a_list_has_sections_of_rows() -> None:
    sections = (
        Section((Row("r", "Red", "like fire"), Row("b", "Blue")), "Colours"),
        Section((Row("n", "None"),), "Other"),
    )

    assert sent(Choices("Which?", "Choose", sections)) == {
        "type": "interactive",
        "interactive": {
            "type": "list",
            "body": {"text": "Which?"},
            "action": {
                "button": "Choose",
                "sections": [
                    {
                        "title": "Colours",
                        "rows": [
                            {"id": "r", "title": "Red", "description": "like fire"},
                            {"id": "b", "title": "Blue"},
                        ],
                    },
                    {"title": "Other", "rows": [{"id": "n", "title": "None"}]},
                ],
            },
        },
    }


def test_a_section_without_a_title_has_none() -> None:
    listed = sent(Choices("Which?", "Choose", (Section((Row("r", "Red"),)),)))

    assert listed["interactive"]["action"]["sections"] == [{"rows": [{"id": "r", "title": "Red"}]}]


@pytest.mark.parametrize(
    ("content_type", "form", "kind", "file"),
    [
        ("audio/ogg", Form.VOICE, "audio", {"link": LINK, "voice": True}),
        ("audio/ogg", None, "audio", {"link": LINK}),
        ("image/webp", Form.STICKER, "sticker", {"link": LINK}),
    ],
)
def test_a_file_is_shown_in_its_form(
    content_type: str, form: Form | None, kind: str, file: dict[str, object]
) -> None:
    media = file_submission(PHONE, content_type).content
    assert isinstance(media, OutgoingMedia)

    assert sent(replace(media, form=form)) == {"type": kind, kind: file}


VOICE = Attachment("file-1", "it.ogg", "audio/ogg", 400, codec="opus", form=Form.VOICE)
STICKER = Attachment("file-1", "it.webp", "image/webp", 100_000, form=Form.STICKER)


@pytest.mark.parametrize(
    ("file", "kind", "form"),
    [
        (VOICE, MediaKind.AUDIO, Form.VOICE),
        # A voice note must be Opus in Ogg; any other sound goes as an audio.
        (replace(VOICE, content_type="audio/mpeg", codec=None), MediaKind.AUDIO, None),
        (replace(VOICE, form=None), MediaKind.AUDIO, None),
        (STICKER, MediaKind.IMAGE, Form.STICKER),
        (replace(STICKER, width=512, height=512), MediaKind.IMAGE, Form.STICKER),
        (replace(STICKER, content_type="image/png"), MediaKind.IMAGE, None),
    ],
)
def test_a_file_goes_in_its_form_where_whatsapp_takes_it(
    file: Attachment, kind: MediaKind, form: Form | None
) -> None:
    rule = CAPABILITIES.media_rule(file, PHONE)

    assert rule is not None
    assert (rule.kind, rule.form) == (kind, form)


@pytest.mark.parametrize(
    "file",
    [
        replace(VOICE, codec="vorbis"),
        replace(STICKER, size=100_001),
        replace(STICKER, width=512, height=511),
        replace(STICKER, width=256, height=256),
        replace(STICKER, form=None),
        replace(STICKER, content_type="image/gif"),
    ],
)
def test_any_other_file_goes_as_a_link(file: Attachment) -> None:
    assert treatment_of(Media(file), CAPABILITIES, PHONE) is Treatment.LINK


def buttons(count: int, text: str = "When?", title: str = "Now") -> Buttons:
    return Buttons(text, tuple(Button(str(number), f"{title}{number}") for number in range(count)))


def menu(
    count: int, *, text: str = "Which?", row: str = "Red", description: str = "", title: str = ""
) -> Choices:
    rows = tuple(Row(str(number), row, description) for number in range(count))
    return Choices(text, "Choose", (Section(rows, title),))


@pytest.mark.parametrize(
    ("content", "treatment"),
    [
        (CAFE, Treatment.FULL),
        (replace(CAFE, live_s=60), Treatment.TEXT),
        (Contacts((Contact("Ana"),) * 10), Treatment.FULL),
        (Reaction("🫡"), Treatment.FULL),
        (buttons(3), Treatment.FULL),
        (buttons(4), Treatment.NUMBERED_TEXT),
        (buttons(1, text="x" * 1024, title="y" * 19), Treatment.FULL),
        (buttons(1, text="x" * 1025), Treatment.NUMBERED_TEXT),
        (buttons(1, title="y" * 20), Treatment.NUMBERED_TEXT),
        (menu(10, text="x" * 1024, row="y" * 24, description="z" * 72, title="t" * 24), Treatment.FULL),
        (menu(11), Treatment.NUMBERED_TEXT),
        (menu(1, text="x" * 1025), Treatment.NUMBERED_TEXT),
        (menu(1, row="y" * 25), Treatment.NUMBERED_TEXT),
        (menu(1, description="z" * 73), Treatment.NUMBERED_TEXT),
        (menu(1, title="t" * 25), Treatment.NUMBERED_TEXT),
        (replace(menu(1), button="b" * 20), Treatment.FULL),
        (replace(menu(1), button="b" * 21), Treatment.NUMBERED_TEXT),
    ],
)
def test_the_limits_are_those_of_the_documentation(content: Content, treatment: Treatment) -> None:
    assert treatment_of(content, CAPABILITIES, PHONE) is treatment


@pytest.mark.parametrize(
    ("content", "treatment"),
    [
        (CAFE, Treatment.TEXT),
        (Contacts((Contact("Ana"),), "Ana"), Treatment.TEXT),
        (Reaction("👍"), Treatment.REJECTED),
        (buttons(2), Treatment.NUMBERED_TEXT),
        (menu(2), Treatment.NUMBERED_TEXT),
        (Media(VOICE), Treatment.FULL),
        (Media(STICKER), Treatment.FULL),
        (Text("Hello"), Treatment.FULL),
    ],
)
def test_a_group_takes_texts_and_files_only(content: Content, treatment: Treatment) -> None:
    assert treatment_of(content, CAPABILITIES, GROUP) is treatment


def test_the_parts_for_a_group_are_texts() -> None:
    assert parts_of(buttons(2), CAPABILITIES, GROUP) == [Text("When?\n\n1. Now0\n2. Now1")]
    assert parts_of(CAFE, CAPABILITIES, GROUP) == [Text("Our café")]
