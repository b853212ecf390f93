"""Inputs that broke other products, from their public trackers. No input is lost or breaks the parser."""

from collections.abc import Callable
from typing import Final

import pytest

from chat4all.domain.consent import ConsentState
from chat4all.domain.content import ReceivedMedia, Text, Unsupported
from chat4all.domain.events import (
    InboundConsent,
    InboundDeletion,
    InboundEvent,
    InboundMessage,
    InboundStatus,
)
from chat4all.domain.kinds import Contact, Contacts, Location, Reaction
from chat4all.domain.received import Context
from chat4all.domain.sending import Outcome
from chat4all.domain.status import Status
from tests.unit.channels.whatsapp_webhooks import (
    TEXT,
    WHATSAPP,
    fields_of,
    message,
    only,
    parsed_field,
    written,
)

USER_ID: Final = "EG.77120900531"
ECHO: Final = {"from": "15550783881", "to": "4915112345678", "id": "wamid.ECHO", "timestamp": "1749416383"}


def heard(event: InboundEvent) -> InboundMessage:
    assert isinstance(event, InboundMessage)
    return event


def echo(**parts: object) -> InboundMessage:
    told = {**written(**parts), "from": "15550783881", "to": "4915112345678"}
    (event,) = parsed_field("smb_message_echoes", message_echoes=[told]).events
    return heard(event)


def contact_without_a_profile() -> None:
    event = heard(only(contacts=[{"wa_id": "447710173736"}], messages=[{**TEXT, "from": "447710173736"}]))
    assert (event.address, event.display_name) == ("447710173736", None)
    assert event.content == Text("Does it come in another color?")


def contact_of_a_status_has_only_a_number() -> None:
    failed = {
        "id": "wamid.OURS",
        "status": "failed",
        "errors": [{"code": 131026}],
        "recipient_id": "97252600",
    }
    event = only(contacts=[{"wa_id": "97252600"}], statuses=[failed])
    assert isinstance(event, InboundStatus)
    assert (event.status, event.outcome) == (Status.FAILED, Outcome.PERMANENT)


def number_is_left_out() -> None:
    told = {name: value for name, value in TEXT.items() if name != "from"}
    contact = {"user_id": USER_ID, "profile": {"name": "Sara", "username": "sara"}}
    event = heard(only(contacts=[contact], messages=[{**told, "from_user_id": USER_ID}]))
    assert (event.address, event.display_name, event.handle) == (USER_ID, "Sara", "sara")


def number_is_empty() -> None:
    contact = {"wa_id": "", "user_id": USER_ID, "profile": {"name": "Sara"}}
    event = heard(only(contacts=[contact], messages=[{**TEXT, "from": "", "from_user_id": USER_ID}]))
    assert (event.address, event.display_name) == (USER_ID, "Sara")


def status_names_the_user_id_only() -> None:
    event = only(statuses=[{"id": "wamid.OURS", "status": "read", "recipient_user_id": USER_ID}])
    assert isinstance(event, InboundStatus)
    assert (event.address, event.status) == (USER_ID, Status.READ)


def brazilian_landline_keeps_its_eight_digits() -> None:
    event = heard(only(messages=[{**TEXT, "from": "554532782153"}]))
    assert (event.address, event.phone) == ("554532782153", "+554532782153")


def argentinian_is_one_person_with_and_without_the_9() -> None:
    with_nine = heard(only(messages=[{**TEXT, "from": "5491123456789"}]))
    assert with_nine.address == WHATSAPP.canonical_address("+54 11 2345-6789")


def mexican_is_one_person_with_and_without_the_1() -> None:
    with_one = heard(only(messages=[{**TEXT, "from": "5215512345678"}]))
    assert with_one.address == WHATSAPP.canonical_address("+525512345678")


def number_with_an_old_area_code_is_one_person() -> None:
    old = heard(only(messages=[{**TEXT, "from": "554188887777"}]))
    assert old.address == WHATSAPP.canonical_address("+55 41 98888-7777")


def our_own_number_is_spelled_in_two_ways() -> None:
    metadata = {"display_phone_number": "556481112222", "phone_number_id": "1"}
    past = {**TEXT, "from": "5564981112222"}
    thread = {"id": "16505551234", "messages": [past]}
    (event,) = parsed_field("history", metadata=metadata, history=[{"threads": [thread]}]).events
    assert heard(event).is_own


def reaction_is_taken_back() -> None:
    event = message(type="reaction", reaction={"message_id": "wamid.OURS"})
    assert (event.content, event.quoted_provider_message_id) == (Reaction(""), "wamid.OURS")


def reaction_says_its_emoji() -> None:
    event = message(type="reaction", reaction={"message_id": "wamid.OURS", "emoji": "😮"})
    assert event.content == Reaction("😮")


def form_is_answered() -> None:
    answers = '{"screen_0_Rating_0":"Excelente","screen_0_Comments_1":"Muy bueno"}'
    reply = {"response_json": answers, "body": "Sent", "name": "flow"}
    event = message(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": reply})
    assert (event.content, event.context) == (Text("Sent"), Context(payload=answers))


def form_is_answered_without_words() -> None:
    reply = {"response_json": {"rating": "Good"}, "body": "Sent"}
    event = message(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": reply})
    assert isinstance(event.content, Unsupported)
    assert fields_of(event) == written(
        type="interactive", interactive={"type": "nfm_reply", "nfm_reply": reply}
    )


def button_title_is_a_number() -> None:
    reply = {"id": "BUTTON_ID_1", "title": "1.000"}
    event = message(type="interactive", interactive={"type": "button_reply", "button_reply": reply})
    assert event.content == Text("1.000")


def card_has_a_number_with_spaces() -> None:
    card = {
        "name": {"formatted_name": "Ugo Neri"},
        "phones": [{"phone": "+39 393 000 1122", "type": "Cellulare"}],
    }
    event = message(type="contacts", contacts=[card, {**card, "phones": []}])
    assert event.content == Contacts((Contact("Ugo Neri", ("+39 393 000 1122",)), Contact("Ugo Neri")))


def place_is_sent_from_the_app() -> None:
    event = echo(type="location", location={"latitude": 41.9, "longitude": 12.5})
    assert (event.content, event.is_own, event.address) == (
        Location(41.9, 12.5),
        True,
        "4915112345678",
    )


def file_is_sent_from_the_app() -> None:
    event = echo(type="document", document={"id": "1", "filename": "offer.pdf"})
    assert isinstance(event.content, ReceivedMedia)
    assert event.is_own


def message_is_deleted_in_the_app() -> None:
    told = {**ECHO, "type": "revoke", "revoke": {"original_message_id": "wamid.OURS"}}
    (event,) = parsed_field("smb_message_echoes", message_echoes=[told]).events
    assert isinstance(event, InboundDeletion)
    assert (event.address, event.provider_message_id) == ("4915112345678", "wamid.OURS")


def history_names_our_side() -> None:
    mine = {**TEXT, "from": "918588096070", "history_context": {"from_me": True, "status": "read"}}
    theirs = {**TEXT, "from": "917506080480", "history_context": {"status": "pending"}}
    thread = {"id": "917506080480", "messages": [mine, theirs]}
    first, second = parsed_field("history", history=[{"threads": [thread]}]).events
    assert (heard(first).is_own, heard(second).is_own) == (True, False)
    assert heard(first).address == heard(second).address == "917506080480"


def preference_is_no_message() -> None:
    preference = {"wa_id": "16505551234", "category": "marketing_messages", "value": "stop"}
    parsed = parsed_field("user_preferences", user_preferences=[preference])
    (event,) = parsed.events
    assert isinstance(event, InboundConsent)
    assert (event.address, event.state) == ("16505551234", ConsentState.OPTED_OUT)
    assert parsed.ignored == ()


def address_book_is_no_message() -> None:
    contact = {"type": "contact", "contact": {"full_name": "Ana"}, "action": "add"}
    parsed = parsed_field("smb_app_state_sync", state_sync=[contact])
    assert (parsed.events, parsed.ignored) == ((), ("smb_app_state_sync",))


TRACKERS: dict[str, Callable[[], None]] = {
    "https://github.com/netflie/whatsapp-cloud-api/pull/234": contact_without_a_profile,
    "https://github.com/david-lev/pywa/pull/220": contact_of_a_status_has_only_a_number,
    "https://github.com/nyaruka/courier/pull/1094": number_is_left_out,
    "https://github.com/shridarpatil/whatomate/issues/531": number_is_empty,
    "https://github.com/vercel/chat/issues/794": status_names_the_user_id_only,
    "https://github.com/devlikeapro/waha/issues/1974": brazilian_landline_keeps_its_eight_digits,
    "https://github.com/chatwoot/chatwoot/issues/11053": argentinian_is_one_person_with_and_without_the_9,
    "https://github.com/chatwoot/chatwoot/issues/14048": mexican_is_one_person_with_and_without_the_1,
    "https://github.com/chatwoot/chatwoot/pull/12655": number_with_an_old_area_code_is_one_person,
    "https://github.com/megaapp977/stack/issues/576": our_own_number_is_spelled_in_two_ways,
    "https://github.com/netflie/whatsapp-cloud-api/issues/138": reaction_is_taken_back,
    "https://github.com/fazer-ai/chatwoot/pull/275": reaction_says_its_emoji,
    "https://github.com/chatwoot/chatwoot/issues/13970": form_is_answered,
    "https://github.com/nyaruka/courier/pull/1073": form_is_answered_without_words,
    "https://github.com/shridarpatil/frappe_whatsapp/issues/151": button_title_is_a_number,
    "https://github.com/restfb/restfb/pull/1397": card_has_a_number_with_spaces,
    "https://github.com/OCA/social/pull/1912": place_is_sent_from_the_app,
    "https://github.com/chatwoot/chatwoot/pull/13371": file_is_sent_from_the_app,
    "https://github.com/david-lev/pywa/pull/186": message_is_deleted_in_the_app,
    "https://github.com/sarrazola/openlivery/pull/73": history_names_our_side,
    "https://github.com/piusalfred/whatsapp/issues/70": preference_is_no_message,
    "https://github.com/chatwoot/chatwoot/pull/14025": address_book_is_no_message,
}


@pytest.mark.parametrize("tracker", TRACKERS)
def test_what_broke_another_product_does_not_break_ours(tracker: str) -> None:
    TRACKERS[tracker]()
