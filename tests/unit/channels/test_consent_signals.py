"""What the providers tell of people's wishes: settings, blocks, words and failures."""

from typing import Any

import msgspec
import pytest

from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.shared.answers import refused
from chat4all.channels.shared.http import HttpAnswer
from chat4all.channels.sms.connector import Sms
from chat4all.channels.sms.failures import TWILIO_FAILURES
from chat4all.channels.telegram.connector import Telegram
from chat4all.channels.telegram.failures import TELEGRAM_FAILURES
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.failures import WHATSAPP_FAILURES
from chat4all.domain.consent import EVERYTHING, ConsentState, Means, OptOut
from chat4all.domain.events import InboundConsent, InboundMessage, InboundStatus, ParsedWebhook
from chat4all.domain.purpose import Purpose
from chat4all.services.messaging.connector import ChannelSecret
from tests.unit.channels.fake_http import FakeHttp
from tests.unit.channels.test_sms_send import TWILIO
from tests.unit.channels.test_sms_webhook import PHONE, SMS, form, status_form

IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT
OURS = ChannelSecret("100", "token", "secret")
PERSON = {"id": 7_100_000_001, "is_bot": False, "first_name": "Ana"}
PREFERENCE = {
    "wa_id": "16505551234",
    "user_id": "US.13491208655302741918",
    "detail": "User requested to stop marketing messages",
    "category": "marketing_messages",
    "value": "stop",
    "timestamp": 1731705721,
}


def whatsapp(field: str, number: str = "100", **value: object) -> ParsedWebhook:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": number}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    webhook = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return WhatsApp(FakeHttp(), "").parse_webhook(msgspec.json.encode(webhook), OURS)


def telegram(**change: object) -> ParsedWebhook:
    update = {"update_id": 1, "my_chat_member": change}
    return Telegram(FakeHttp(), "").parse_webhook(msgspec.json.encode(update), OURS)


def instagram(**event: object) -> ParsedWebhook:
    said = {"sender": {"id": "178"}, "recipient": {"id": "100"}, "timestamp": 1731705721000, **event}
    webhook = {"object": "instagram", "entry": [{"id": "100", "time": 1, "messaging": [said]}]}
    return Instagram(FakeHttp(), "").parse_webhook(msgspec.json.encode(webhook), OURS)


def a_block(status: str, **more: object) -> dict[str, Any]:
    return {
        "chat": {**PERSON, "type": "private"},
        "from": PERSON,
        "date": 1731705721,
        "old_chat_member": {"user": {"id": 1, "is_bot": True, "first_name": "B"}, "status": "member"},
        "new_chat_member": {"user": {"id": 1, "is_bot": True, "first_name": "B"}, "status": status},
        **more,
    }


def test_whatsapp_tells_who_stops_marketing_messages() -> None:
    parsed = whatsapp("user_preferences", user_preferences=[PREFERENCE])

    assert parsed.ignored == ()
    assert parsed.events == (
        InboundConsent(
            address="16505551234",
            purposes=(Purpose.MARKETING,),
            state=OUT,
            at="2024-11-15T21:22:01.000Z",
            evidence="user_preferences",
            means=Means.SETTING,
            aliases=("US.13491208655302741918",),
        ),
    )


def test_whatsapp_tells_who_resumes_them_and_at_which_number() -> None:
    (event,) = whatsapp(
        "user_preferences", "999", user_preferences=[{**PREFERENCE, "value": "resume"}]
    ).events

    assert isinstance(event, InboundConsent)
    assert (event.state, event.account) == (IN, "999")


@pytest.mark.parametrize(
    "preference",
    [
        {**PREFERENCE, "category": "news_of_the_future"},
        {**PREFERENCE, "value": "pause"},
        {**PREFERENCE, "value": None},
        {**PREFERENCE, "wa_id": 7, "user_id": None},
        {},
        None,
        "stop",
    ],
)
def test_another_preference_of_whatsapp_is_counted(preference: object) -> None:
    parsed = whatsapp("user_preferences", user_preferences=[preference])

    assert (parsed.events, parsed.ignored) == ((), ("user_preferences",))


def test_a_person_of_whatsapp_without_a_number_is_told_by_the_user_id() -> None:
    (event,) = whatsapp("user_preferences", user_preferences=[{**PREFERENCE, "wa_id": None}]).events

    assert event.address == "US.13491208655302741918"


def test_a_failed_marketing_message_of_whatsapp_tells_the_opt_out() -> None:
    status = {
        "id": "wamid.1",
        "status": "failed",
        "timestamp": "1731705721",
        "recipient_id": "16505551234",
        "errors": [{"code": 131050}],
    }
    failed, told = whatsapp("messages", statuses=[status]).events

    assert isinstance(failed, InboundStatus)
    assert isinstance(told, InboundConsent)
    assert (told.address, told.state, told.purposes) == ("16505551234", OUT, (Purpose.MARKETING,))
    assert (told.at, told.evidence) == ("2024-11-15T21:22:01.000Z", "error 131050")
    nameless = whatsapp("messages", statuses=[{**status, "recipient_id": None}])
    assert [type(event) for event in nameless.events] == [InboundStatus]


@pytest.mark.parametrize(("status", "state"), [("kicked", OUT), ("member", IN)])
def test_telegram_tells_who_blocks_the_bot_and_who_unblocks_it(status: str, state: ConsentState) -> None:
    (event,) = telegram(**a_block(status)).events

    assert event == InboundConsent(
        address="7100000001",
        purposes=(Purpose.MARKETING,),
        state=state,
        at="2024-11-15T21:22:01.000Z",
        evidence="my_chat_member",
        means=Means.BLOCK,
    )


@pytest.mark.parametrize(
    "change",
    [
        a_block("left"),
        a_block("kicked", chat={"id": -100, "type": "group", "title": "Team"}),
        a_block("kicked", chat=None),
        a_block("kicked", new_chat_member=None),
        {},
    ],
)
def test_other_news_of_the_bots_membership_are_counted(change: dict[str, object]) -> None:
    parsed = telegram(**change)

    assert (parsed.events, parsed.ignored) == ((), ("my_chat_member",))


@pytest.mark.parametrize(("word", "state"), [("STOP", OUT), ("START", IN), ("HELP", None), ("", None)])
def test_twilios_word_comes_with_the_message(word: str, state: ConsentState | None) -> None:
    (event,) = SMS.parse_webhook(form(Body="Basta", OptOutType=word), TWILIO).events

    assert isinstance(event, InboundMessage)
    assert (event.consent, event.content.text) == (state, "Basta")


def test_a_status_of_twilio_tells_the_opt_out() -> None:
    failed, told = SMS.parse_webhook(status_form("failed", ErrorCode="21610"), TWILIO).events

    assert isinstance(failed, InboundStatus)
    assert isinstance(told, InboundConsent)
    assert (told.address, told.purposes, told.means) == (PHONE, EVERYTHING, Means.WORD)
    (alone,) = SMS.parse_webhook(status_form("failed", ErrorCode="30003"), TWILIO).events
    assert isinstance(alone, InboundStatus)


@pytest.mark.parametrize(("word", "state"), [("STOP NOTIFICATIONS", OUT), ("RESUME NOTIFICATIONS", IN)])
def test_instagram_tells_who_stops_and_resumes_marketing(word: str, state: ConsentState) -> None:
    optin = {"type": "notification_messages", "notification_messages_status": word, "title": "News"}
    (event,) = instagram(optin=optin).events

    assert isinstance(event, InboundConsent)
    assert (event.address, event.state, event.evidence) == ("178", state, "messaging_optins")


@pytest.mark.parametrize("optin", [{"ref": "x"}, {"notification_messages_status": "PAUSED"}, {}])
def test_another_opt_in_of_instagram_is_kept_as_a_message(optin: dict[str, str]) -> None:
    (event,) = instagram(optin=optin).events

    assert isinstance(event, InboundMessage)


def test_the_answer_to_a_send_tells_who_does_not_want_it() -> None:
    marketing = (Purpose.MARKETING,)
    answer = HttpAnswer(400, {}, b"")

    assert refused(WHATSAPP_FAILURES, 131050, answer).opt_out == OptOut(marketing, Means.SETTING)
    assert refused(TELEGRAM_FAILURES, 403, answer).opt_out == OptOut(marketing, Means.BLOCK)
    assert refused(TWILIO_FAILURES, 21610, answer).opt_out == OptOut(EVERYTHING)
    assert refused(TWILIO_FAILURES, 30003, answer).opt_out is None
    assert Sms.capabilities.opts_out_of == EVERYTHING
