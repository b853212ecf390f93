"""Places, contacts, reactions, buttons, lists and files that broke other products, from public trackers."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec.structs import replace

from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.manifest import CAPABILITIES
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Media, Notice, Plain, ReceivedMedia, Text
from chat4all.domain.events import InboundMessage, InboundMove
from chat4all.domain.files.file import Attachment, Form
from chat4all.domain.inbound_limits import within_limits
from chat4all.domain.kind_checks import checked
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.received import Context
from chat4all.domain.routing import parts_of
from chat4all.domain.treatments import treatment_of
from tests.unit.channels.fake_http import SECRET, FakeHttp, answer, submission
from tests.unit.channels.whatsapp_webhooks import fields_of, message, parse

PHONE: Final = "4915112345678"


def heard(**parts: object) -> InboundMessage:
    """Return the event of a message, as it goes on to the queue."""
    event = within_limits(message(**parts))
    assert isinstance(event, InboundMessage)
    return event


def sent(content: Plain, quoted: str | None = None) -> Any:  # noqa: ANN401 - JSON
    http = FakeHttp(answer(200, {"messages": [{"id": "wamid.HBgL"}]}))
    outgoing = replace(submission(PHONE, quoted=quoted), content=checked(content))
    WhatsApp(http, "https://graph.example").send(outgoing, SECRET)
    return http.sent_json()


def place_card_and_reaction_are_not_empty() -> None:
    place = heard(type="location", location={"latitude": 52.5163, "longitude": 13.3777})
    card = heard(type="contacts", contacts=[{"name": {"formatted_name": "Tom"}, "phones": [{"phone": "1"}]}])
    reaction = heard(type="reaction", reaction={"message_id": "wamid.OURS", "emoji": "👍"})
    assert [event.content.text for event in (place, card, reaction)] == [
        "https://www.google.com/maps/search/?api=1&query=52.516300,13.377700",
        "Tom: 1",
        "👍",
    ]


def card_has_no_name() -> None:
    card = {"origin": "contact_request", "phones": [{"wa_id": "16505551234", "type": "CELL"}]}
    event = heard(type="contacts", contacts=[card])
    assert event.content == Contacts((Contact("", ("+16505551234",)),), "+16505551234")
    assert fields_of(event) == {"contacts": [card]}


def card_has_an_address_of_email_only_and_is_one_message() -> None:
    card = {"name": {"formatted_name": "Tom"}, "emails": [{"email": "tom@ruiz.example"}]}
    phones = {"name": {"formatted_name": "Ana"}, "phones": [{"phone": "1"}, {"phone": "2"}]}
    event = heard(type="contacts", contacts=[card, phones])
    assert event.content == Contacts(
        (Contact("Tom", (), ("tom@ruiz.example",)), Contact("Ana", ("1", "2"))),
        "Tom: tom@ruiz.example\nAna: 1, 2",
    )


def new_number_is_a_number() -> None:
    system = {"type": "user_changed_number", "body": "A changed from 1 to 2", "new_wa_id": 12195555358}
    told, move = parse(
        messages=[{"from": "16505551234", "id": "wamid.S", "type": "system", "system": system}]
    )
    assert isinstance(told, InboundMessage)
    assert isinstance(move, InboundMove)
    assert (move.address, move.new_address) == ("16505551234", "12195555358")
    card = heard(type="contacts", contacts=[{"phones": [{"phone": 16505551234}, {"wa_id": 16505550002}]}])
    assert isinstance(card.content, Contacts)
    assert card.content.contacts[0].phones == ("16505551234", "+16505550002")


def notice_names_no_contacts() -> None:
    system = {
        "body": "User A changed from \u200e573001112222 to 573003334444\u200e",
        "wa_id": "573003334444",
        "type": "user_changed_number",
    }
    told, move = parse(
        messages=[{"from": "573001112222", "id": "wamid.S", "type": "system", "system": system}]
    )
    assert isinstance(told, InboundMessage)
    assert told.content == Notice("user_changed_number", str(system["body"]))
    assert isinstance(move, InboundMove)


def row_of_a_list_has_a_description() -> None:
    row = {"id": "r2", "title": "Delivery", "description": "Where is it?"}
    event = heard(
        type="interactive",
        interactive={"type": "list_reply", "list_reply": row},
        context={"from": "1555", "id": "wamid.OURS"},
    )
    assert (event.content, event.context) == (Text("Delivery"), Context(payload="r2"))
    assert event.quoted_provider_message_id == "wamid.OURS"
    assert fields_of(event) == {"interactive": {"list_reply": row}, "context": {"from": "1555"}}


def sticker_is_a_file() -> None:
    event = heard(type="sticker", sticker={"id": "1", "mime_type": "image/webp", "animated": True})
    assert isinstance(event.content, ReceivedMedia)
    assert event.content.file.form is Form.STICKER


def reaction_is_taken_back_by_us() -> None:
    assert sent(Reaction(""), quoted="wamid.T")["reaction"] == {"message_id": "wamid.T", "emoji": ""}


def every_button_has_a_title() -> None:
    body = sent(Buttons("When?", (Button("today", "Today"),)))
    assert body["interactive"]["action"]["buttons"][0]["reply"] == {"id": "today", "title": "Today"}


def blank_description_is_left_out() -> None:
    choices = Choices("Which?", "Choose", (Section((Row("a", "A", " "),), " "),))
    assert sent(choices)["interactive"]["action"]["sections"] == [{"rows": [{"id": "a", "title": "A"}]}]


def last_name_is_kept() -> None:
    name = sent(Contacts((Contact("Ana de Lima"),)))["contacts"][0]["name"]
    assert name == {"formatted_name": "Ana de Lima", "first_name": "Ana de Lima"}


def long_label_spoils_no_message() -> None:
    buttons = Buttons("When?", (Button("a", "This is a very long button title"),))
    assert parts_of(buttons, CAPABILITIES, PHONE) == [Text("When?\n\n1. This is a very long button title")]


def long_row_spoils_no_list() -> None:
    rows = (Row("a", "A title of 25 characters!"), Row("b", "B", "d" * 73))
    choices = Choices("Which?", "Choose", (Section(rows),))
    assert parts_of(choices, CAPABILITIES, PHONE) == [
        Text(f"Which?\n\n1. A title of 25 characters!\n2. B: {'d' * 73}")
    ]


def thirteen_rows_are_no_list() -> None:
    sections = tuple(
        Section(tuple(Row(f"{first}{at}", f"{first}{at}") for at in range(count)), first)
        for first, count in (("A", 8), ("B", 5))
    )
    (part,) = parts_of(Choices("Where?", "Choose", sections), CAPABILITIES, PHONE)
    assert isinstance(part, Text)
    assert part.text.endswith("\n13. B4")


def long_question_is_no_list() -> None:
    choices = Choices("x" * 1025, "Choose", (Section((Row("a", "A"),)),))
    assert treatment_of(choices, CAPABILITIES, PHONE) is Treatment.NUMBERED_TEXT


def form_of(file: Attachment) -> Form | None:
    rule = CAPABILITIES.media_rule(file, PHONE)
    assert rule is not None
    return rule.form


def voice_note_of_another_codec_is_no_voice_note() -> None:
    opus = Attachment("file-1", "it.ogg", "audio/ogg", 400, codec="opus", form=Form.VOICE)
    assert form_of(opus) is Form.VOICE
    assert treatment_of(Media(replace(opus, codec="vorbis")), CAPABILITIES, PHONE) is Treatment.LINK


def recorded_mp3_goes_as_an_audio() -> None:
    mp3 = Attachment("file-1", "it.mp3", "audio/mpeg", 400, form=Form.VOICE)
    assert form_of(mp3) is None


def sticker_of_another_size_is_a_link() -> None:
    sticker = Attachment("file-1", "it.webp", "image/webp", 400, width=400, height=300, form=Form.STICKER)
    assert treatment_of(Media(sticker), CAPABILITIES, PHONE) is Treatment.LINK
    assert form_of(replace(sticker, width=512, height=512)) is Form.STICKER


TRACKERS: dict[str, Callable[[], None]] = {
    "https://github.com/NousResearch/hermes-agent/issues/80053": place_card_and_reaction_are_not_empty,
    "https://github.com/david-lev/pywa/pull/213": card_has_no_name,
    "https://github.com/chatwoot/chatwoot/issues/10567": card_has_an_address_of_email_only_and_is_one_message,
    "https://github.com/restfb/restfb/issues/1237": new_number_is_a_number,
    "https://github.com/netflie/whatsapp-cloud-api/issues/120": notice_names_no_contacts,
    "https://github.com/glific/glific/issues/2116": row_of_a_list_has_a_description,
    "https://github.com/botpress/botpress/pull/13862": sticker_is_a_file,
    "https://github.com/netflie/whatsapp-cloud-api/pull/190": reaction_is_taken_back_by_us,
    "https://github.com/voiceflow-community/example-integration-whatsapp/issues/7": every_button_has_a_title,
    "https://github.com/Secreto31126/whatsapp-api-js/issues/54": blank_description_is_left_out,
    "https://github.com/gabrieldwight/Whatsapp-Business-Cloud-Api-Net/issues/28": last_name_is_kept,
    "https://github.com/nyaruka/courier/pull/1126": long_label_spoils_no_message,
    "https://github.com/theopenconversationkit/tock/issues/1852": long_row_spoils_no_list,
    "https://github.com/zenvia/zenvia-openapi-spec/pull/144": thirteen_rows_are_no_list,
    "https://github.com/nyaruka/courier/pull/1081": long_question_is_no_list,
    "https://github.com/fazer-ai/chatwoot/issues/439": voice_note_of_another_codec_is_no_voice_note,
    "https://github.com/fazer-ai/chatwoot/issues/520": recorded_mp3_goes_as_an_audio,
    "https://github.com/tawn33y/whatsapp-cloud-api/issues/45": sticker_of_another_size_is_a_link,
}


@pytest.mark.parametrize("tracker", TRACKERS)
def test_what_broke_another_product_does_not_break_ours(tracker: str) -> None:
    TRACKERS[tracker]()
