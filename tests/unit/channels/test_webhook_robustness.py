"""Whatever a webhook holds, reading it returns events or raises Invalid, and nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.channels import registry
from chat4all.domain.errors import Invalid
from chat4all.domain.events import InboundEvent, InboundMove, WebhookEvent
from chat4all.services.messaging.connector import Connector
from tests.unit.channels.fake_http import DELIVERY_ID, SECRET, FakeHttp

CONNECTORS = [registry.connector(name, FakeHttp(), "https://provider.example") for name in registry.names()]
every_connector = pytest.mark.parametrize(
    "connector", CONNECTORS, ids=lambda connector: connector.capabilities.channel
)

# fmt: off
NAMES = st.sampled_from(
    [
        "object", "entry", "changes", "field", "value", "metadata", "phone_number_id", "contacts", "wa_id",
        "user_id", "profile", "name", "username", "messages", "statuses", "id", "type", "from",
        "from_user_id", "timestamp", "text", "body", "edit", "original_message_id", "message", "context",
        "status", "recipient_id", "biz_opaque_callback_data", "errors", "code", "messaging", "sender",
        "recipient", "mid", "attachments", "reply_to", "is_echo", "is_deleted", "message_edit", "read",
        "delivery", "mids", "postback", "reaction", "update_id", "edited_message", "callback_query",
        "my_chat_member", "chat", "is_bot", "first_name", "message_id", "date", "edit_date",
        "reply_to_message", "user", "image", "document", "audio", "video", "photo", "voice", "caption",
        "file_id", "file_name", "file_size", "mime_type", "filename", "payload", "url",
    ]
)
# fmt: on
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "whatsapp_business_account",
            "instagram",
            "messages",
            "text",
            "image",
            "document",
            "edit",
            "sent",
            "failed",
            "private",
            "16505551234",
            "BR.1502576394655843",
            SECRET.account_id,
            DELIVERY_ID,
            1749416383,
        ]
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)
PARTS = st.dictionaries(NAMES, VALUES, max_size=6)
WHATSAPP_MESSAGE = st.fixed_dictionaries(
    {"from": st.just("16505551234") | VALUES},
    optional={
        "id": VALUES,
        "type": VALUES,
        "timestamp": VALUES,
        "text": VALUES | st.fixed_dictionaries({"body": VALUES}),
        "edit": VALUES,
        "context": VALUES,
        "image": VALUES | st.fixed_dictionaries({"id": VALUES, "caption": VALUES}),
    },
)
WHATSAPP_STATUS = st.fixed_dictionaries(
    {"id": st.text(), "status": st.sampled_from(["sent", "failed"])},
    optional={
        "timestamp": VALUES,
        "recipient_id": VALUES,
        "biz_opaque_callback_data": VALUES,
        "errors": VALUES,
    },
)
PARTY = st.fixed_dictionaries({"id": st.sampled_from([SECRET.account_id, "1535148674817116"]) | VALUES})
INSTAGRAM_EVENT = st.fixed_dictionaries(
    {"sender": PARTY, "recipient": PARTY},
    optional={
        "timestamp": VALUES,
        "message": VALUES | PARTS,
        "read": PARTS,
        "delivery": PARTS,
        "message_edit": PARTS,
        "postback": PARTS,
    },
)
USER = st.fixed_dictionaries(
    {"id": st.integers() | VALUES}, optional={"first_name": VALUES, "is_bot": VALUES}
)
TELEGRAM_MESSAGE = st.fixed_dictionaries(
    {"from": USER, "chat": USER},
    optional={
        "message_id": VALUES,
        "text": VALUES,
        "date": VALUES,
        "reply_to_message": VALUES,
        "photo": VALUES,
    },
)


def whatsapp_webhook(messages: object, statuses: object) -> dict[str, object]:
    value = {
        "metadata": {"phone_number_id": SECRET.account_id},
        "messages": messages,
        "statuses": statuses,
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"changes": [{"field": "messages", "value": value}]}],
    }


WEBHOOKS = (
    VALUES
    | st.builds(
        whatsapp_webhook, st.lists(WHATSAPP_MESSAGE, max_size=3), st.lists(WHATSAPP_STATUS, max_size=3)
    )
    | st.builds(
        lambda events: {"object": "instagram", "entry": [{"id": SECRET.account_id, "messaging": events}]},
        st.lists(INSTAGRAM_EVENT, max_size=3),
    )
    | st.fixed_dictionaries(
        {"update_id": st.integers()},
        optional={
            "message": TELEGRAM_MESSAGE,
            "edited_message": TELEGRAM_MESSAGE,
            "callback_query": TELEGRAM_MESSAGE,
            "poll": VALUES,
        },
    )
)


def events_or_none(connector: Connector, body: bytes) -> list[InboundEvent] | None:
    try:
        return list(connector.parse_webhook(body, SECRET).events)
    except Invalid:
        return None


def name_of(event: InboundEvent) -> str:
    return event.new_address if isinstance(event, InboundMove) else event.provider_message_id


def assert_fit_for_the_queue(connector: Connector, events: list[InboundEvent] | None) -> None:
    """Check that each event passes the queue unchanged, and that its address is canonical."""
    channel = connector.capabilities.channel
    for event in events or []:
        on_queue = WebhookEvent(channel, "main", "w-1", event)
        assert msgspec.json.decode(msgspec.json.encode(on_queue), type=WebhookEvent) == on_queue
        assert name_of(event)
        assert not event.address or connector.canonical_address(event.address) == event.address


@every_connector
@given(webhook=WEBHOOKS)
def test_any_json_yields_events_or_invalid(connector: Connector, webhook: object) -> None:
    assert_fit_for_the_queue(connector, events_or_none(connector, msgspec.json.encode(webhook)))


@every_connector
@given(body=st.binary())
def test_any_bytes_yield_events_or_invalid(connector: Connector, body: bytes) -> None:
    assert not events_or_none(connector, body)


@every_connector
@given(body=st.binary() | WEBHOOKS.map(msgspec.json.encode))
def test_any_accepted_webhook_can_be_answered(connector: Connector, body: bytes) -> None:
    connector.webhook_answer(body)


@every_connector
@given(webhook=WEBHOOKS, position=st.integers(min_value=0), byte=st.integers(0, 255))
def test_a_webhook_with_a_wrong_byte_yields_events_or_invalid(
    connector: Connector, webhook: object, position: int, byte: int
) -> None:
    body = bytearray(msgspec.json.encode(webhook))
    body[position % len(body)] = byte

    assert_fit_for_the_queue(connector, events_or_none(connector, bytes(body)))


@every_connector
@given(webhook=WEBHOOKS)
def test_the_same_webhook_again_yields_the_same_messages(connector: Connector, webhook: object) -> None:
    body = msgspec.json.encode(webhook)
    first, again = events_or_none(connector, body), events_or_none(connector, body)

    assert [name_of(event) for event in first or []] == [name_of(event) for event in again or []]
