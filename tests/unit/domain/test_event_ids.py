"""The ids by which the log lines of an event are found."""

import pytest

from chat4all.domain.content import Text
from chat4all.domain.events import (
    ChatEvent,
    DeliveryRequested,
    InboundMessage,
    MessageAccepted,
    MessageSubmitted,
    ParticipantJoining,
    Recipient,
    StatusUpdate,
    WebhookEvents,
)
from chat4all.domain.files.file import FileStored, FileToFetch
from chat4all.domain.message import Message
from chat4all.domain.status import Status

ADDRESS = "5511987654321"
AT = "2026-01-31T12:00:00.000Z"
ANA = Recipient("ana", "telegram", "main", ADDRESS, 1)
ACCEPTED = MessageAccepted("m-1", "c-1", Text("private words"), (ANA,), AT, "17", 1)
REQUESTED = DeliveryRequested("m-1", "c-1", ANA, Text("private words"), 0, 1, 1, AT, "17")
MESSAGE = Message("m-1", "c-1", "", "agent", Text("private words"), Status.PENDING, (), AT, "fingerprint")
SUBMITTED = MessageSubmitted(MESSAGE, (ANA,), 1)
WRITTEN = InboundMessage(ADDRESS, f"{ADDRESS}:7", Text("private words"), AT)


def receipt(delivery_id: str | None) -> StatusUpdate:
    return StatusUpdate("telegram", "main", Status.READ, AT, f"{ADDRESS}:7", delivery_id)


@pytest.mark.parametrize(
    ("event", "ids"),
    [
        (ACCEPTED, {"message_id": "m-1", "conversation_id": "c-1"}),
        (SUBMITTED, {"message_id": "m-1", "conversation_id": "c-1"}),
        (ParticipantJoining("c-1", "ana", AT), {"conversation_id": "c-1", "user_id": "ana"}),
        (
            REQUESTED,
            {
                "message_id": "m-1",
                "conversation_id": "c-1",
                "recipient_id": "ana",
                "channel": "telegram",
            },
        ),
        (
            receipt(str(REQUESTED.delivery_id)),
            {"message_id": "m-1", "recipient_id": "ana", "channel": "telegram"},
        ),
        (receipt("of another program"), {"channel": "telegram"}),
        (receipt(None), {"channel": "telegram"}),
        (WebhookEvents("telegram", "main", "w-1", (WRITTEN,)), {"webhook_id": "w-1", "channel": "telegram"}),
        (FileStored("f-1"), {"file_id": "f-1"}),
        (FileToFetch("f-1"), {"file_id": "f-1"}),
    ],
)
def test_an_event_knows_its_ids_but_tells_no_address(
    event: ChatEvent | DeliveryRequested | StatusUpdate | WebhookEvents | FileStored | FileToFetch,
    ids: dict[str, str],
) -> None:
    assert event.ids == ids
