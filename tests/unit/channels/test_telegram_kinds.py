"""What the bot sends for each kind, and what a tap is answered with."""

from typing import Final

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.telegram.connector import Telegram
from chat4all.channels.telegram.manifest import CAPABILITIES
from chat4all.domain.channel import Transfer, Treatment
from chat4all.domain.content import Plain
from chat4all.domain.files.file import Attachment, Form, MediaKind
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
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent, Submission
from chat4all.domain.treatments import treatment_of
from chat4all.services.messaging.connector import WebhookAnswer
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp, answer

BASE: Final = "https://api.telegram.example"
ACCEPTED: Final = answer(200, {"ok": True, "result": {"message_id": 17, "chat": {"id": 99}, "date": 14416}})
REACTED: Final = answer(200, {"ok": True, "result": True})
FILE: Final = "https://store.example/file?signed=1"


def submission(content: Plain | OutgoingMedia, **changes: str) -> Submission:
    return replace(Submission(DELIVERY_ID, "main", "99", content), **changes)


def sent(content: Plain | OutgoingMedia, **changes: str) -> tuple[str, dict[str, object]]:
    """Return the method and the parameters of the request that sends `content`."""
    http = FakeHttp(REACTED if isinstance(content, Reaction) else ACCEPTED)
    result = Telegram(http, BASE).send(submission(content, **changes), SECRET)
    assert isinstance(result, Sent)
    if http.uploads:
        (upload,) = http.uploads
        return upload.url.rpartition("/")[2], {**upload.fields, upload.file.field: upload.file.filename}
    (request,) = http.requests
    return request.url.rpartition("/")[2], msgspec.json.decode(request.body, type=dict[str, object])


@pytest.mark.parametrize(
    ("place", "method", "parameters"),
    [
        (Location(0.0, -180.0), "sendLocation", {"latitude": 0.0, "longitude": -180.0}),
        (
            Location(48.21, 16.37, live_s=900),
            "sendLocation",
            {"latitude": 48.21, "longitude": 16.37, "live_period": 900},
        ),
        (
            Location(48.21, 16.37, "Café", "Herrengasse 14", text="See you there"),
            "sendVenue",
            {"latitude": 48.21, "longitude": 16.37, "title": "Café", "address": "Herrengasse 14"},
        ),
        (
            Location(48.21, 16.37, "Café", " "),
            "sendVenue",
            {"latitude": 48.21, "longitude": 16.37, "title": "Café", "address": "48.210000, 16.370000"},
        ),
        (
            Location(48.21, 16.37, address="Herrengasse 14"),
            "sendVenue",
            {
                "latitude": 48.21,
                "longitude": 16.37,
                "title": "Herrengasse 14",
                "address": "48.210000, 16.370000",
            },
        ),
        (
            Location(48.21, 16.37, "Café", "Herrengasse 14", live_s=60),
            "sendLocation",
            {"latitude": 48.21, "longitude": 16.37, "live_period": 60},
        ),
    ],
)
def test_a_place_with_words_is_a_venue_and_a_venue_never_moves(
    place: Location, method: str, parameters: dict[str, object]
) -> None:
    assert sent(place) == (method, {"chat_id": 99, **parameters})


def test_a_contact_with_a_name_and_a_number_needs_no_card() -> None:
    parameters = {"chat_id": 99, "phone_number": "+49 151", "first_name": "Ana Souza"}

    assert sent(Contacts((Contact("Ana Souza", ("+49 151",)),))) == ("sendContact", parameters)


def test_the_rest_of_a_contact_is_in_its_card() -> None:
    contact = Contact("Souza; Ana", ("+49151", "+4930"), ("ana@example.org",), "Lamps, Inc.\nBerlin")

    _, parameters = sent(Contacts((contact,)))

    assert parameters["vcard"] == (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Souza\\; Ana\r\nN:;Souza\\; Ana;;;\r\nTEL:+49151\r\nTEL:+4930\r\n"
        "ORG:Lamps\\, Inc.\\nBerlin\r\nEMAIL:ana@example.org\r\nEND:VCARD\r\n"
    )


@pytest.mark.parametrize("letter", ["a", "ß", "😀"])
def test_a_card_has_at_most_2048_bytes_and_an_end(letter: str) -> None:
    contact = Contact(letter * 100, ("1" * 100,) * 20, (letter * 100,) * 20, letter * 100)

    card = str(sent(Contacts((contact,)))[1]["vcard"])

    assert 1_800 < len(card.encode()) <= 2_048
    assert card.endswith("\r\nEND:VCARD\r\n")


@pytest.mark.parametrize(
    ("emoji", "reaction"),
    [
        ("❤", [{"type": "emoji", "emoji": "\u2764"}]),
        ("\u2764\ufe0f", [{"type": "emoji", "emoji": "\u2764"}]),
        ("\u2764\ufe0f\u200d\U0001f525", [{"type": "emoji", "emoji": "\u2764\u200d\U0001f525"}]),
        ("", []),
    ],
)
def test_a_reaction_replaces_the_former_one_and_nothing_takes_it_back(emoji: str, reaction: object) -> None:
    """https://github.com/letta-ai/lettabot/pull/499, https://github.com/Alex2772/kuni/pull/71"""
    sent_reaction = sent(Reaction(emoji), quoted_provider_message_id="99:5@1441645532")

    assert sent_reaction == ("setMessageReaction", {"chat_id": 99, "message_id": 5, "reaction": reaction})


def test_a_reaction_is_no_message_that_can_be_quoted() -> None:
    result = Telegram(FakeHttp(REACTED), BASE).send(
        submission(Reaction("👍"), quoted_provider_message_id="99:5"), SECRET
    )

    assert result == sent_unread(DELIVERY_ID)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "TARGET_UNKNOWN"),
        ({"quoted_provider_message_id": "98:5"}, "TARGET_UNKNOWN"),
        ({"quoted_provider_message_id": "unread:1"}, "TARGET_UNKNOWN"),
        ({"quoted_provider_message_id": "99:5", "account": "business:bc1"}, "REACTION_NOT_POSSIBLE"),
    ],
)
def test_a_reaction_that_telegram_cannot_place_is_not_sent(changes: dict[str, str], code: str) -> None:
    http = FakeHttp()

    result = Telegram(http, BASE).send(submission(Reaction("👍"), **changes), SECRET)

    assert isinstance(result, SendError)
    assert (result.outcome, result.code) == (Outcome.PERMANENT, code)
    assert not http.requests


@pytest.mark.parametrize("emoji", ["✅", "❌", "👍🏽", "🇩🇪"])
def test_an_emoji_that_bots_may_not_use_is_refused_at_post(emoji: str) -> None:
    """https://github.com/NousResearch/hermes-agent/pull/7175"""
    assert treatment_of(Reaction(emoji), CAPABILITIES, "99") is Treatment.REJECTED


@pytest.mark.parametrize(
    "emoji", ["👍", "❤", "\u2764\ufe0f", "\u26a1\ufe0f", "\U0001f937\u200d\u2640\ufe0f", ""]
)
def test_an_emoji_is_the_same_with_its_variation_selector(emoji: str) -> None:
    assert treatment_of(Reaction(emoji), CAPABILITIES, "99") is Treatment.FULL


def keyboard(*buttons: tuple[str, str]) -> object:
    return {"inline_keyboard": [[{"text": text, "callback_data": data}] for text, data in buttons]}


def test_buttons_stand_in_a_row_each() -> None:
    parameters = {"chat_id": 99, "text": "When?", "reply_markup": keyboard(("Today", "t"), ("Later", "l"))}

    assert sent(Buttons("When?", (Button("t", "Today"), Button("l", "Later")))) == ("sendMessage", parameters)


def test_the_sections_of_a_list_stand_in_its_rows() -> None:
    monday = Section((Row("m9", "9:00"), Row("m10", "10:00")), "Monday")
    tuesday = Section((Row("t9", "9:00"),), "Tuesday")

    _, one = sent(Choices("When?", "Choose", (monday,)))
    _, several = sent(Choices("When?", "Choose", (monday, tuesday)))

    assert one["reply_markup"] == keyboard(("9:00", "m9"), ("10:00", "m10"))
    assert several["reply_markup"] == keyboard(
        ("Monday: 9:00", "m9"), ("Monday: 10:00", "m10"), ("Tuesday: 9:00", "t9")
    )


@pytest.mark.parametrize(
    ("content", "treatment"),
    [
        (Buttons("a" * 4096, (Button("y", "Yes"),)), Treatment.FULL),
        (Buttons("a" * 4097, (Button("y", "Yes"),)), Treatment.NUMBERED_TEXT),
        (Choices("?", "Choose", (Section((Row("y", "Yes", "with sugar"),)),)), Treatment.NUMBERED_TEXT),
        (Location(1.0, 2.0, live_s=86_400), Treatment.FULL),
        (Location(1.0, 2.0, live_s=86_401), Treatment.TEXT),
        (
            Contacts((Contact("Ana", ("+49151",)), Contact("Printer", emails=("p@example.org",)))),
            Treatment.TEXT,
        ),
    ],
)
def test_what_a_keyboard_a_map_or_a_card_cannot_show_goes_as_text(
    content: Plain, treatment: Treatment
) -> None:
    """https://github.com/TelegramMessenger/Telegram-iOS/issues/282: no contact without a phone number"""
    assert treatment_of(content, CAPABILITIES, "99") is treatment


KINDS: Final[tuple[Plain, ...]] = (
    Location(1.0, 2.0),
    Location(1.0, 2.0, "Bar", "Main St 1"),
    Contacts((Contact("Ana", ("+49151",)),)),
    Buttons("When?", (Button("t", "Today"),)),
)


@pytest.mark.parametrize("content", KINDS, ids=["location", "venue", "contact", "buttons"])
def test_every_kind_goes_to_its_topic_connection_and_quote(content: Plain) -> None:
    _, parameters = sent(content, thread="42", account="business:bc1", quoted_provider_message_id="99:5")

    assert parameters["message_thread_id"] == 42
    assert parameters["business_connection_id"] == "bc1"
    assert parameters["reply_parameters"] == {"message_id": 5, "allow_sending_without_reply": True}


def rule_for(
    form: Form | None, content_type: str, size: int, *, side: int | None = None, codec: str | None = None
) -> tuple[Form | None, Transfer]:
    file = Attachment("f", "file", content_type, size, side, side, codec, form)
    rule = CAPABILITIES.media_rule(file, "99")
    assert rule is not None
    return rule.form, rule.transfer


@pytest.mark.parametrize(
    ("content_type", "size", "codec", "expected"),
    [
        ("audio/ogg", 1_000_000, "opus", (Form.VOICE, Transfer.LINK)),
        ("audio/ogg", 1_000_001, "opus", (Form.VOICE, Transfer.UPLOAD)),
        ("audio/ogg", 1_000, "vorbis", (None, Transfer.UPLOAD)),
        ("audio/mpeg", 1_000, None, (Form.VOICE, Transfer.UPLOAD)),
        ("audio/wav", 1_000, None, (None, Transfer.UPLOAD)),
    ],
)
def test_a_voice_note_is_shown_as_one_or_goes_as_a_file(
    content_type: str, size: int, codec: str | None, expected: object
) -> None:
    """https://github.com/windkh/node-red-contrib-telegrambot/issues/12"""
    assert rule_for(Form.VOICE, content_type, size, codec=codec) == expected


@pytest.mark.parametrize(
    ("content_type", "size", "side", "expected"),
    [
        ("image/webp", 512_000, 512, (Form.STICKER, Transfer.LINK)),
        ("image/webp", 512_001, 512, (None, Transfer.LINK)),
        ("image/webp", 1_000, 513, (None, Transfer.LINK)),
        ("image/png", 1_000, 512, (None, Transfer.LINK)),
        ("video/webm", 256_000, None, (Form.STICKER, Transfer.UPLOAD)),
        ("video/webm", 256_001, None, (None, Transfer.UPLOAD)),
    ],
)
def test_a_sticker_is_small(content_type: str, size: int, side: int | None, expected: object) -> None:
    assert rule_for(Form.STICKER, content_type, size, side=side) == expected


def test_a_video_note_is_always_uploaded() -> None:
    assert rule_for(Form.VIDEO_NOTE, "video/mp4", 1_000) == (Form.VIDEO_NOTE, Transfer.UPLOAD)
    assert rule_for(None, "video/mp4", 1_000) == (None, Transfer.LINK)


@pytest.mark.parametrize(
    ("media", "method", "parameters"),
    [
        (
            OutgoingMedia(MediaKind.AUDIO, "audio/ogg", "a.ogg", 9, Transfer.LINK, FILE, "Hi", Form.VOICE),
            "sendVoice",
            {"chat_id": 99, "voice": FILE, "caption": "Hi"},
        ),
        (
            OutgoingMedia(MediaKind.AUDIO, "audio/mpeg", "a.mp3", 9, Transfer.UPLOAD, FILE, "Hi", Form.VOICE),
            "sendVoice",
            {"chat_id": "99", "voice": "a.mp3", "caption": "Hi"},
        ),
        (
            OutgoingMedia(MediaKind.IMAGE, "image/webp", "a.webp", 9, Transfer.LINK, FILE, form=Form.STICKER),
            "sendSticker",
            {"chat_id": 99, "sticker": FILE},
        ),
        (
            OutgoingMedia(
                MediaKind.VIDEO, "video/mp4", "a.mp4", 9, Transfer.UPLOAD, FILE, form=Form.VIDEO_NOTE
            ),
            "sendVideoNote",
            {"chat_id": "99", "video_note": "a.mp4"},
        ),
    ],
)
def test_a_file_is_sent_as_its_form(media: OutgoingMedia, method: str, parameters: dict[str, object]) -> None:
    assert sent(media) == (method, parameters)


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        (
            {"update_id": 1, "callback_query": {"id": "4382", "data": "y"}},
            "method=answerCallbackQuery&callback_query_id=4382",
        ),
        (
            {"update_id": 1, "callback_query": {"id": "a&b=c"}},
            "method=answerCallbackQuery&callback_query_id=a%26b%3Dc",
        ),
        ({"update_id": 1, "callback_query": {"id": "", "data": "y"}}, None),
        ({"update_id": 1, "callback_query": {"id": 4382, "data": "y"}}, None),
        ({"update_id": 1, "callback_query": "?"}, None),
        ({"update_id": 1, "message": {"message_id": 5, "text": "hi"}}, None),
    ],
)
def test_the_answer_to_a_tap_ends_it(body: object, answered: str | None) -> None:
    """Until then the person's app shows the button as busy.

    https://github.com/zhukov/webogram/issues/1129, https://github.com/nutgram/nutgram/issues/725
    """
    found = Telegram(FakeHttp(), BASE).webhook_answer(msgspec.json.encode(body))

    assert found == (WebhookAnswer("application/x-www-form-urlencoded", answered) if answered else None)


@pytest.mark.parametrize(("letter", "treatment"), [("r", Treatment.FULL), ("й", Treatment.NUMBERED_TEXT)])
def test_a_keyboard_that_telegram_calls_too_long_goes_as_numbered_text(
    letter: str, treatment: Treatment
) -> None:
    """https://github.com/tginfo/Telegram-Limits/issues/187"""
    rows = tuple(Row(f"{number:064}", letter * 80) for number in range(50))
    menu = Choices("Which?", "Choose", (Section(rows),))
    _, parameters = sent(menu)

    assert treatment_of(menu, CAPABILITIES, "99") is treatment
    is_taken = len(msgspec.json.encode(parameters["reply_markup"])) <= 10_000
    assert is_taken is (treatment is Treatment.FULL)
