"""Inputs that broke other products, from their public trackers. No input is lost or breaks a parser."""

from collections.abc import Callable

import pytest

from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.segments import segments_of
from chat4all.domain.status import Status
from tests.unit.channels.test_sms_send import TWILIO
from tests.unit.channels.test_sms_signature import FIELDS, URL, request
from tests.unit.channels.test_sms_webhook import (
    MEDIA,
    PHONE,
    SMS,
    events,
    form,
    message,
    status,
    status_form,
)


def short_code_is_a_sender() -> None:
    event = message(form(From="68849", Body="Your code is 1234"))
    assert (event.address, event.phone, event.content) == ("68849", None, Text("Your code is 1234"))


def name_as_sender_takes_no_answer() -> None:
    # The webhook yields no event, since it has no sender to answer. The webhook itself is stored.
    assert events(form(From="SUPPORT")) == []


def picture_without_body() -> None:
    body = form(MessageSid="MM1", NumMedia="1", Body="", MediaUrl0=MEDIA, MediaContentType0="image/jpeg")
    without = body.replace(b"Body=&", b"")
    assert message(without).content == ReceivedMedia(ProviderFile(MEDIA, "image/jpeg"))


def location_leaves_the_body_empty() -> None:
    event = message(form(Body="", Latitude="-23.5", Longitude="-46.6"))
    assert isinstance(event.content, Unsupported)
    assert b'"Latitude":"-23.5"' in bytes(event.provider_fields)


def media_without_type() -> None:
    body = form(NumMedia="1", MediaUrl0=MEDIA, MediaContentType0="")
    assert message(body).content == ReceivedMedia(ProviderFile(MEDIA), "Hello")


def unescaped_plus_is_a_space() -> None:
    assert message(form().replace(b"%2B16505551234", b"+16505551234")).address == PHONE


def stop_comes_as_a_status() -> None:
    event = status(status_form("failed", ErrorCode="21610"))
    assert (event.status, event.error_code, event.address) == (Status.FAILED, "21610", PHONE)


def json_in_a_field_is_signed_as_it_is() -> None:
    fields = {**FIELDS, "AddOns": '{"status":"successful","message":null,"code":null,"results":{}}'}
    assert SMS.verify(request(fields=fields), TWILIO)


def query_is_signed_byte_for_byte() -> None:
    for query in ("b=456&a=123", "RetryMessage=Couldn%27t+find", "a=it's"):
        assert SMS.verify(request(f"{URL}?{query}"), TWILIO)


def base64_in_the_body_stays_a_text() -> None:
    assert message(form(Body="SGVsbG8gd29ybGQ=")).content == Text("SGVsbG8gd29ybGQ=")


def status_after_its_end() -> None:
    # The parser reports each status as it arrives; the core lets a status only move forward.
    assert [status(status_form(name)).status for name in ("delivered", "sending")] == [
        Status.DELIVERED,
        Status.SENT,
    ]


def emoji_on_the_border_of_two_segments() -> None:
    text = "x" * 66 + "👋" + "x" * 66
    assert [len(segment.encode("utf-16-le")) // 2 for segment in segments_of(text)] == [66, 67, 1]
    assert segments_of("x" * 66 + "👋" + "x" * 65)[1] == "👋" + "x" * 65


def combining_characters_count_each() -> None:
    assert len(segments_of("e\u0301\u0301\u0301" + "a" * 69)) == 2


TRACKERS: dict[str, Callable[[], None]] = {
    "https://github.com/chatwoot/chatwoot/issues/15283": short_code_is_a_sender,
    "https://github.com/chatwoot/chatwoot/issues/2378": name_as_sender_takes_no_answer,
    "https://github.com/twilio-labs/function-templates/issues/92": picture_without_body,
    "https://github.com/GoogleCloudPlatform/dialogflow-integrations/pull/18": location_leaves_the_body_empty,
    "https://github.com/mozilla-ai/clawbolt/issues/57": media_without_type,
    "https://github.com/neil-lobracco/twilio-rs/pull/2": unescaped_plus_is_a_space,
    "https://github.com/nyaruka/courier/issues/180": stop_comes_as_a_status,
    "https://github.com/twilio/twilio-php/issues/458": json_in_a_field_is_signed_as_it_is,
    "https://github.com/bmlt-enabled/yap/pull/1629": query_is_signed_byte_for_byte,
    "https://github.com/nyaruka/courier/blob/main/handlers/twiml/handlers.go": (
        base64_in_the_body_stays_a_text
    ),
    "https://github.com/department-of-veterans-affairs/notification-api/issues/1294": status_after_its_end,
    "https://github.com/warthog618/sms/issues/6": emoji_on_the_border_of_two_segments,
    "https://github.com/TwilioDevEd/message-segment-calculator/issues/17": combining_characters_count_each,
}


@pytest.mark.parametrize("tracker", TRACKERS)
def test_what_broke_another_product_does_not_break_ours(tracker: str) -> None:
    TRACKERS[tracker]()
