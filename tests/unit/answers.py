"""Answers of the API for tests. A test gives values only to the fields that it needs."""

from chat4all.domain.content import Content, Text
from chat4all.domain.purpose import Purpose
from chat4all.domain.received import NOTHING
from chat4all.entrypoints.http.answers import ErrorBody
from chat4all.entrypoints.http.message_views import DeliveryView, MessageView, ProgressView


def message_view(
    message_id: str = "m-1",
    *,
    sequence: str = "1",
    sender_id: str = "u-1",
    content: Content = Text("hello"),  # noqa: B008 (it is frozen)
    status: str = "PENDING",
    accepted_at: str = "2026-01-01T00:00:00.000Z",
) -> MessageView:
    return MessageView(
        message_id=message_id,
        conversation_id="c-1",
        sequence=sequence,
        sender_id=sender_id,
        content=content,
        channel=None,
        reply_to=None,
        metadata={},
        status=status,
        error=None,
        accepted_at=accepted_at,
        send_at=None,
        edits=(),
        deleted_at=None,
        sent_at=None,
        account=None,
        thread=None,
        author=None,
        context=None,
        provider_fields=NOTHING,
        webhook_id=None,
        notice=None,
        purpose=Purpose.SERVICE,
        act=None,
        items=(),
    )


def delivery_view(channel: str, status: str) -> DeliveryView:
    return DeliveryView(
        recipient_id="u-2",
        channel=channel,
        step=0,
        status=status,
        parts=1,
        provider_message_id=None,
        provider_message_ids=(),
        attempts=0,
        error=None,
        edit=None,
        deletion=None,
    )


def progress_view(message_id: str, *deliveries: DeliveryView) -> ProgressView:
    return ProgressView(message_id, "SENT", (), 0, deliveries, ())


def error_body(code: str) -> ErrorBody:
    return ErrorBody(code, "why", (), "")
