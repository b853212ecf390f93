from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.domain.clock import parse_iso
from chat4all.domain.content import ProviderFile, ReceivedMedia, Text, Unsupported
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundMessage, InboundStatus
from chat4all.domain.files.file import Form
from chat4all.domain.inbound_limits import MOST_FIELDS_BYTES, within_limits
from chat4all.domain.received import NOTHING
from chat4all.domain.sending import Outcome
from chat4all.domain.status import Status
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET
from tests.unit.channels.whatsapp_webhooks import (
    CONTACT,
    TEXT,
    WHATSAPP,
    fields_of,
    ignored,
    names_of,
    only,
    parse,
    parsed_field,
    value_of,
    webhook,
)

STATUS = {
    "id": "wamid.OURS",
    "status": "delivered",
    "timestamp": "1750857384",
    "recipient_id": "551699231822",
    "biz_opaque_callback_data": DELIVERY_ID,
    "conversation": {"id": "a75d17ad06104c51166f948319b03c6a", "origin": {"type": "service"}},
    "pricing": {"billable": True, "pricing_model": "CBP", "category": "service"},
}


def test_a_text_tells_who_wrote_what_when() -> None:
    assert only(contacts=[CONTACT], messages=[TEXT]) == InboundMessage(
        address="16505551234",
        provider_message_id="wamid.TEXT",
        content=Text("Does it come in another color?"),
        at="2025-06-08T20:59:43.000Z",
        display_name="Sheena Nelson",
        phone="+16505551234",
    )


def test_a_quoting_text_names_what_it_quotes() -> None:
    event = only(messages=[{**TEXT, "context": {"from": "15550783881", "id": "wamid.QUOTED"}}])

    assert isinstance(event, InboundMessage)
    assert event.quoted_provider_message_id == "wamid.QUOTED"


def test_a_brazilian_without_the_ninth_digit_is_the_person_with_it() -> None:
    contact = {"profile": {"name": "Ana"}, "wa_id": "551187654321"}
    event = only(contacts=[contact], messages=[{**TEXT, "from": "551187654321"}])

    assert isinstance(event, InboundMessage)
    assert (event.address, event.phone, event.display_name) == ("5511987654321", "+5511987654321", "Ana")


def test_a_person_with_a_hidden_number_is_known_by_the_user_id() -> None:
    contact = {"profile": {"name": "Ana", "username": "ana.souza"}, "user_id": "BR.1502576394655843"}
    message = {**TEXT, "from_user_id": "BR.1502576394655843"}
    del message["from"]
    event = only(contacts=[contact], messages=[message])

    assert isinstance(event, InboundMessage)
    assert (event.address, event.phone) == ("BR.1502576394655843", None)
    assert (event.display_name, event.handle) == ("Ana", "ana.souza")


def test_a_user_id_is_also_found_in_the_only_contact() -> None:
    message = {**TEXT}
    del message["from"]
    event = only(contacts=[{"user_id": "BR.1502576394655843"}], messages=[message])

    assert isinstance(event, InboundMessage)
    assert event.address == "BR.1502576394655843"


def test_a_number_that_is_shown_goes_before_the_user_id() -> None:
    message = {**TEXT, "from_user_id": "US.13491208655302741918"}
    event = only(contacts=[{**CONTACT, "user_id": "US.13491208655302741918"}], messages=[message])

    assert isinstance(event, InboundMessage)
    assert event.address == "16505551234"


def test_each_message_has_the_name_of_its_own_sender() -> None:
    other = {**TEXT, "id": "wamid.OTHER", "from": "4915112345678"}
    unnamed = {**TEXT, "id": "wamid.UNNAMED", "from": "33612345678"}
    contacts = [CONTACT, {"profile": {"name": "Jörg"}, "wa_id": "4915112345678"}]
    events = parse(contacts=contacts, messages=[other, TEXT, unnamed])

    names = [event.display_name for event in events if isinstance(event, InboundMessage)]
    assert names == ["Jörg", "Sheena Nelson", None]


@pytest.mark.parametrize(
    ("part", "text", "media", "fields"),
    [
        (
            {"type": "image", "image": {"caption": "Look", "mime_type": "image/jpeg", "id": "1"}},
            "Look",
            ProviderFile("1", "image/jpeg"),
            None,
        ),
        (
            {"type": "audio", "audio": {"mime_type": "audio/ogg; codecs=opus", "id": "1", "voice": True}},
            "",
            ProviderFile("1", "audio/ogg; codecs=opus", form=Form.VOICE),
            None,
        ),
        ({"type": "audio", "audio": {"id": "1", "voice": False}}, "", ProviderFile("1"), None),
        (
            {"type": "audio", "audio": {"id": "1", "voice": "yes"}},
            "",
            ProviderFile("1"),
            {"audio": {"voice": "yes"}},
        ),
        ({"type": "voice", "voice": {"id": "1"}}, "", ProviderFile("1", form=Form.VOICE), None),
        (
            {"type": "video", "video": {"id": "1", "caption": 7}},
            "",
            ProviderFile("1"),
            {"video": {"caption": 7}},
        ),
        (
            {
                "type": "sticker",
                "sticker": {
                    "id": "1",
                    "animated": True,
                    "mime_type": "image/webp",
                    "sha256": "x",
                    "url": "y",
                },
            },
            "",
            ProviderFile("1", "image/webp", form=Form.STICKER),
            {"sticker": {"animated": True}},
        ),
        (
            {"type": "sticker", "sticker": {"id": "1"}},
            "",
            ProviderFile("1", "image/webp", form=Form.STICKER),
            None,
        ),
        (
            {
                "type": "document",
                "document": {"id": "1", "filename": "a.pdf", "mime_type": "application/pdf", "caption": "It"},
            },
            "It",
            ProviderFile("1", "application/pdf", "a.pdf"),
            None,
        ),
    ],
)
def test_a_file_is_told_with_its_caption(
    part: dict[str, object], text: str, media: ProviderFile, fields: object
) -> None:
    message = {"from": "16505551234", "id": "wamid.X", "timestamp": "1749416383", **part}
    event = only(contacts=[CONTACT], messages=[message])

    assert isinstance(event, InboundMessage)
    assert fields_of(event) == fields
    assert replace(event, provider_fields=NOTHING) == InboundMessage(
        address="16505551234",
        provider_message_id="wamid.X",
        content=ReceivedMedia(media, text),
        at="2025-06-08T20:59:43.000Z",
        display_name="Sheena Nelson",
        phone="+16505551234",
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image", "image": {"caption": "Look", "mime_type": "image/jpeg"}},
        {"type": "sticker", "sticker": {"mime_type": "image/webp", "id": 7}},
        {"type": "reaction", "reaction": {"emoji": "👍"}},
        {"type": "reaction", "reaction": {"message_id": "wamid.OURS", "emoji": 7}},
        {"type": "location", "location": {"latitude": [], "longitude": -46.6}},
        {"type": "location", "location": {"latitude": 91, "longitude": -46.6}},
        {"type": "location", "location": {"latitude": "nan", "longitude": "1_0"}},
        {"type": "button", "button": {"payload": "Unsubscribe", "text": " "}},
        {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1"}}},
        {
            "type": "interactive",
            "interactive": {"type": "call_permission_reply", "call_permission_reply": {}},
        },
        {"type": "interactive", "interactive": 7},
        {"type": "order", "order": {"catalog_id": "1"}},
        {"type": "order", "order": None},
        {"type": "contacts", "contacts": {"name": "no list"}},
        {"type": "contacts", "contacts": [{"birthday": "2000-01-01"}, 7]},
        {"type": "interactive", "interactive": {"type": "button", "body": {"text": "When?"}}},
        {"type": "interactive", "interactive": {"type": "list", "body": {"text": "Which?"}, "action": {}}},
        {"type": "system", "system": "changed"},
        {"type": "system", "system": {"wa_id": "12195555358"}},
        {"type": "request_welcome"},
        {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]},
        {"type": "unsupported", "errors": "none"},
        {"type": "revoke", "revoke": {"original_message_id": ""}},
        {"type": "revoke"},
        {"type": "edit", "edit": {"original_message_id": "wamid.TEXT", "message": {"type": "location"}}},
    ],
)
def test_what_is_no_text_is_kept_with_its_type_and_json(part: dict[str, object]) -> None:
    message = {"from": "16505551234", "id": "wamid.X", "timestamp": "1749416383", **part}
    event = only(contacts=[CONTACT], messages=[message])

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.provider_message_id, event.address) == (
        part["type"],
        "wamid.X",
        "16505551234",
    )
    assert (event.display_name, event.phone) == ("Sheena Nelson", "+16505551234")
    assert fields_of(event) == message


@pytest.mark.parametrize("text", [None, {}, {"body": ""}, {"body": " \n"}, {"body": 7}, "hello", []])
def test_a_text_without_words_is_kept_as_unsupported(text: object) -> None:
    event = only(messages=[{**TEXT, "text": text}])

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.provider_message_id) == ("text", "wamid.TEXT")


def test_half_an_emoji_loses_neither_its_text_nor_the_next() -> None:
    half = {**TEXT, "id": "wamid.HALF", "text": {"body": "Olá 👋 HALF"}}
    body = webhook(value_of(messages=[half, TEXT])).replace(b"HALF", b"\\ud83d", 2)
    events = WHATSAPP.parse_webhook(body, SECRET).events

    assert [event.content.text for event in events if isinstance(event, InboundMessage)] == [
        "Olá 👋 ?",
        "Does it come in another color?",
    ]


def test_a_message_without_an_id_gets_the_same_one_each_time() -> None:
    message = {**TEXT}
    del message["id"]
    first, again, other = (
        only(messages=[received]) for received in (message, message, {**message, "timestamp": "1749416384"})
    )

    assert isinstance(first, InboundMessage)
    assert isinstance(again, InboundMessage)
    assert isinstance(other, InboundMessage)
    assert first.content == again.content == other.content == Text("Does it come in another color?")
    assert first.provider_message_id == again.provider_message_id != other.provider_message_id


def test_a_huge_message_is_cut_and_its_fields_are_still_json() -> None:
    message = {**TEXT, "type": "image", "image": {"caption": '"é' * MOST_FIELDS_BYTES}}
    event = within_limits(only(messages=[message]))

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert len(bytes(event.provider_fields)) <= MOST_FIELDS_BYTES
    fields = fields_of(event)
    assert isinstance(fields, dict)
    assert fields["image"]["caption"].startswith('"é"é')
    assert fields["id"] == "wamid.TEXT"


def edit(message: object) -> dict[str, object]:
    return {
        "from": "16505551234",
        "id": "wamid.EDIT",
        "timestamp": "1749416390",
        "type": "edit",
        "edit": {"original_message_id": "wamid.TEXT", "message": message},
    }


def test_an_edited_text_is_a_version_of_its_message() -> None:
    message = edit({"context": {"id": "M0"}, "type": "text", "text": {"body": "In green?"}})

    assert only(contacts=[CONTACT], messages=[message]) == InboundMessage(
        address="16505551234",
        provider_message_id="wamid.TEXT",
        content=Text("In green?"),
        at="2025-06-08T20:59:50.000Z",
        edited_at="2025-06-08T20:59:50.000Z",
        display_name="Sheena Nelson",
        phone="+16505551234",
    )


@pytest.mark.parametrize("kind", ["image", "video", "document"])
@pytest.mark.parametrize(
    ("part", "caption"),
    [
        ({"caption": "Green", "id": "123", "mime_type": "image/jpeg", "sha256": "x"}, "Green"),
        ({"caption": "Green"}, "Green"),
        # The person took the caption away.
        ({"caption": "", "id": "123"}, ""),
        ({"id": "123"}, ""),
    ],
)
def test_an_edited_caption_is_a_version_of_its_message(
    kind: str, part: dict[str, object], caption: str
) -> None:
    event = only(messages=[edit({"type": kind, kind: part})])

    assert isinstance(event, InboundMessage)
    assert (event.provider_message_id, event.content) == ("wamid.TEXT", Text(caption))
    assert event.edited_at == event.at == "2025-06-08T20:59:50.000Z"
    assert event.provider_fields == NOTHING


def test_an_edit_keeps_what_was_not_understood_of_it() -> None:
    event = only(
        messages=[
            edit({"type": "text", "text": {"body": "Green?", "style": "bold"}, "mentions": ["Ana"]})
            | {"new": 1}
        ]
    )

    assert fields_of(event) == {
        "edit": {"message": {"text": {"style": "bold"}, "mentions": ["Ana"]}},
        "new": 1,
    }


@pytest.mark.parametrize(
    "message",
    [
        {"type": "image", "image": {"caption": 7}},
        {"type": "image"},
        {"type": "text", "text": {"body": ""}},
        {"type": "location", "location": {"latitude": 1, "longitude": 2}},
        {"type": 7},
        None,
    ],
)
def test_another_edit_is_kept_under_its_own_id(message: object) -> None:
    event = only(messages=[edit(message)])

    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unsupported)
    assert (event.content.provider_kind, event.provider_message_id) == ("edit", "wamid.EDIT")
    assert event.edited_at is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("sent", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("read", Status.READ),
        ("played", Status.READ),
    ],
)
def test_a_status_names_the_delivery_and_the_person(word: str, status: Status) -> None:
    assert only(statuses=[{**STATUS, "status": word}]) == InboundStatus(
        address="5516999231822",
        status=status,
        at="2025-06-25T13:16:24.000Z",
        provider_message_id="wamid.OURS",
        delivery_id=DELIVERY_ID,
    )


@pytest.mark.parametrize("word", ["deleted", "warning", "captured", "", "SENT"])
def test_any_other_status_is_ignored_by_its_name(word: str) -> None:
    assert parse(statuses=[{**STATUS, "status": word}]) == []
    assert ignored(statuses=[{**STATUS, "status": word}]) == (f"status {word}",)


@pytest.mark.parametrize("data", [None, "", "campaign-7", 12, "a|b|c", "a|b|c|x"])
def test_what_is_no_deliverys_id_is_left_out(data: object) -> None:
    event = only(statuses=[{**STATUS, "biz_opaque_callback_data": data}])

    assert isinstance(event, InboundStatus)
    assert event.delivery_id is None


def test_a_status_of_a_person_known_by_user_id() -> None:
    status = {**STATUS, "recipient_user_id": "BR.1502576394655843"}
    del status["recipient_id"]
    event = only(statuses=[status])

    assert isinstance(event, InboundStatus)
    assert event.address == "BR.1502576394655843"


def test_a_status_that_does_not_tell_whose_it_is_is_kept_for_its_delivery() -> None:
    status = {**STATUS}
    del status["recipient_id"]
    event = only(statuses=[status])

    assert isinstance(event, InboundStatus)
    assert (event.address, event.delivery_id) == ("", DELIVERY_ID)


@pytest.mark.parametrize(
    ("errors", "code", "outcome", "reason"),
    [
        (
            [{"code": 131047, "title": "Re-engagement message"}],
            "131047",
            Outcome.PERMANENT,
            "The person has not written in the last 24 hours; only a template may be sent.",
        ),
        (
            [{"code": "131047"}],
            "131047",
            Outcome.PERMANENT,
            "The person has not written in the last 24 hours; only a template may be sent.",
        ),
        (
            [{"code": 130429, "title": "Rate limit hit"}],
            "130429",
            Outcome.THROTTLED,
            "Our WhatsApp number sends faster than it may.",
        ),
        (
            [{"code": 131056}],
            "131056",
            Outcome.THROTTLED,
            "This person was sent too many messages in a short time.",
        ),
        (
            [{"code": 131048}],
            "131048",
            Outcome.THROTTLED,
            "WhatsApp limits our number because people reported its messages as spam.",
        ),
        (
            [{"code": 131031, "title": "Business Account locked"}],
            "131031",
            Outcome.CHANNEL_PAUSED,
            "WhatsApp has restricted our account; an administrator must act.",
        ),
        (
            [{"code": "131042"}],
            "131042",
            Outcome.CHANNEL_PAUSED,
            "WhatsApp reports a payment problem; an administrator must act.",
        ),
        ([{"code": 131053}], "131053", Outcome.RETRY, "WhatsApp could not take over the file."),
        ([{"code": 999999}], "999999", None, "WhatsApp did not deliver the message (error 999999)."),
        ([{"code": "none"}], None, None, "WhatsApp did not deliver the message."),
        ([{"title": "no code"}], None, None, "WhatsApp did not deliver the message."),
        ([], None, None, "WhatsApp did not deliver the message."),
        (None, None, None, "WhatsApp did not deliver the message."),
    ],
)
def test_a_failure_tells_its_code_its_reason_and_what_it_means(
    errors: object, code: str | None, outcome: Outcome | None, reason: str
) -> None:
    event = only(statuses=[{**STATUS, "status": "failed", "errors": errors}])

    assert isinstance(event, InboundStatus)
    assert (event.status, event.error_code, event.error_reason) == (Status.FAILED, code, reason)
    assert event.outcome is outcome


def test_only_a_failure_has_an_error() -> None:
    event = only(statuses=[{**STATUS, "errors": [{"code": 131000}]}])

    assert isinstance(event, InboundStatus)
    assert (event.error_code, event.error_reason, event.outcome) == (None, None, None)


@pytest.mark.parametrize(
    "timestamp",
    [None, "", "soon", -5, 0, "1e999", "nan", 10**30, [], {"a": 1}, "253402300799000", 10**14, 5e10],
)
def test_an_odd_time_is_replaced_by_now(timestamp: object) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    event = only(messages=[{**TEXT, "timestamp": timestamp}])

    assert isinstance(event, InboundMessage)
    assert before <= parse_iso(event.at) <= datetime.now(UTC)


def test_a_providers_clock_may_be_a_little_ahead() -> None:
    ahead = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())

    event = only(messages=[{**TEXT, "timestamp": str(ahead)}])

    assert isinstance(event, InboundMessage)
    assert parse_iso(event.at).timestamp() == ahead


def test_events_come_in_the_webhooks_order() -> None:
    second = {**TEXT, "id": "wamid.SECOND"}
    body = msgspec.json.encode(
        {
            "object": "whatsapp_business_account",
            "entry": [
                {"changes": [{"field": "messages", "value": value_of(messages=[TEXT, second])}]},
                {"changes": [{"field": "messages", "value": value_of(statuses=[STATUS])}]},
            ],
        }
    )
    events = WHATSAPP.parse_webhook(body, SECRET).events

    assert names_of(events) == ["wamid.TEXT", "wamid.SECOND", "wamid.OURS"]


BROKEN: list[object] = [
    None,
    7,
    "x",
    [],
    {},
    {"from": 3},
    {"from": "nobody", "id": "x", "type": "text"},
    {"id": 1},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_message_or_status_loses_no_other(broken: object) -> None:
    events = parse(contacts=[broken, CONTACT], messages=[broken, TEXT, broken], statuses=[broken, STATUS])

    assert names_of(events) == ["wamid.TEXT", "wamid.OURS"]


@pytest.mark.parametrize("broken", [None, 7, "x", [], {}, {"changes": 3}, {"changes": [None, {"field": 3}]}])
def test_a_broken_entry_loses_no_other(broken: object) -> None:
    good = {"changes": [broken, {"field": "messages", "value": value_of(messages=[TEXT])}]}
    body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [broken, good, broken]})

    parsed = WHATSAPP.parse_webhook(body, SECRET)
    assert names_of(parsed.events) == ["wamid.TEXT"]
    assert parsed.ignored.count("change" if broken == {"changes": [None, {"field": 3}]} else "entry") >= 1


@pytest.mark.parametrize("messages", [None, 7, "x", {}])
def test_messages_that_are_no_list_lose_no_status(messages: object) -> None:
    events = parse(messages=messages, contacts=messages, statuses=[STATUS])

    assert names_of(events) == ["wamid.OURS"]


def test_what_comes_for_another_number_of_the_business_names_that_number() -> None:
    metadata = {"display_phone_number": "15550009999", "phone_number_id": "999"}
    message, status = parse(contacts=[CONTACT], messages=[TEXT], statuses=[STATUS], metadata=metadata)

    assert isinstance(message, InboundMessage)
    assert isinstance(status, InboundStatus)
    assert (message.account, message.address) == ("999", "16505551234")
    assert status.account == "999"


@pytest.mark.parametrize("metadata", [None, 7, {}, {"phone_number_id": ""}, {"phone_number_id": 7}])
def test_a_message_without_the_number_it_came_for_is_of_the_first(metadata: object) -> None:
    event = only(messages=[TEXT], metadata=metadata)

    assert isinstance(event, InboundMessage)
    assert event.account is None


@pytest.mark.parametrize(
    "field",
    [
        "message_template_status_update",
        "account_update",
        "smb_app_state_sync",
        "group_lifecycle_update",
        "a field of the future",
    ],
)
@pytest.mark.parametrize("value", [value_of(messages=[TEXT]), {}, None, 7])
def test_news_of_the_account_are_ignored_by_name(field: str, value: object) -> None:
    parsed = WHATSAPP.parse_webhook(webhook(value, field=field), SECRET)

    assert (parsed.events, parsed.ignored) == ((), (field,))


@pytest.mark.parametrize(
    "field", ["messages", "smb_message_echoes", "history", "user_id_update", "user_preferences"]
)
@pytest.mark.parametrize("value", [value_of(), value_of(contacts=[CONTACT]), {}, None, 7])
def test_a_change_without_anything_is_ignored_by_its_field(field: str, value: object) -> None:
    parsed = WHATSAPP.parse_webhook(webhook(value, field=field), SECRET)

    assert (parsed.events, parsed.ignored) == ((), (field,))


def test_each_part_that_leads_to_no_event_is_counted() -> None:
    assert ignored(
        messages=[7, {"from": "nobody", "id": "x", "type": "text"}, TEXT],
        statuses=[None, STATUS],
        errors=[{"code": 130429}],
    ) == ("messages", "text", "statuses", "errors")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"object":"page","entry":[{}]}',
        b'{"object":"instagram","entry":[{}]}',
        b'{"object":"whatsapp_business_account"}',
        b'{"object":"whatsapp_business_account","entry":[]}',
        b'{"object":"whatsapp_business_account","entry":{}}',
        b'{"object":"whatsapp_business_account","entry":[{}]',
        b'{"object":"whatsapp_business_account","entry":' + b"[" * 100_000,
    ],
)
def test_what_is_no_webhook_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        WHATSAPP.parse_webhook(body, SECRET)


def test_of_an_endless_error_code_only_the_beginning_is_kept() -> None:
    event = only(statuses=[{**STATUS, "status": "failed", "errors": [{"code": 10**4_000}]}])

    assert isinstance(event, InboundStatus)
    assert len(event.error_code or "") == 40
    assert len(event.error_reason or "") <= 100


def test_of_several_contacts_that_fit_the_first_is_meant() -> None:
    by_number = {"wa_id": "16505551234", "profile": {"name": "By number"}}
    by_user_id = {"user_id": "US.1", "profile": {"name": "By user id"}}
    text = {**TEXT, "from_user_id": "US.1"}

    for contacts in ([by_number, by_user_id], [by_user_id, by_number], [by_number, by_number, by_user_id]):
        event = only(contacts=contacts, messages=[text])

        assert isinstance(event, InboundMessage)
        assert event.display_name == contacts[0]["profile"]["name"]  # type: ignore[index]


@pytest.mark.parametrize(
    "parts", [{"list_of_the_future": [1]}, {"statuses": {"id": "not a list"}}, {"contacts": "Ana"}]
)
def test_the_unknown_parts_beside_a_message_are_counted(parts: dict[str, object]) -> None:
    read = parsed_field("messages", messages=[TEXT], **parts)

    assert len(read.events) == 1
    assert read.ignored == tuple(parts)


def test_the_unknown_parts_around_a_change_are_counted() -> None:
    change = {"field": "messages", "value": value_of(messages=[TEXT]), "note": 1}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change], "note_too": 1}]}

    read = WHATSAPP.parse_webhook(msgspec.json.encode(body), SECRET)

    assert len(read.events) == 1
    assert read.ignored == ("note_too", "note")
