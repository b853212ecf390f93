"""An example of every parameter of the API's description."""

from collections.abc import Mapping
from typing import Final

from chat4all.domain.audit import AuditAction
from chat4all.domain.batches import RecipientOutcome
from chat4all.domain.desk import Control, DeskStatus, Priority
from chat4all.domain.pages import TimeCursor, encode_cursor
from chat4all.domain.person import UserType
from chat4all.domain.status import Status
from chat4all.domain.webhooks import WebhookOutcome

_CUSTOMER: Final = "b669a3f1-7e46-4b58-8f0d-5b7c1f0a9e02"
_EXAMPLES: Final[Mapping[str, str]] = {
    "account": "main",
    "action": AuditAction.WEBHOOKS_REPLAY,
    "address": "424242",
    "assignee": "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10",
    "batch_id": "3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05",
    "channel": "telegram",
    "controlled_by": Control.HUMAN,
    "conversation_id": "8fa1c7d2-2f64-4f6e-8a1b-64b6c2d1e003",
    "cursor": "kq0b7wZr0fT2m4mQ8mX1yA" + encode_cursor(TimeCursor("2026-01-31T12:00:00.000Z", _CUSTOMER)),
    "erasure_id": "8d0a4f4e-53a1-5c86-9c41-2f4d7b0c9e11",
    "export_id": "7d5f0e0a-1c8a-4a44-9b3e-6a1c2d3e4f05",
    "file_id": "5d0c8a52-0d2b-4c8e-8a53-3f1f7a9f6c21",
    "from": "2026-01-31T12:00:00Z",
    "hub.challenge": "1158201444",
    "hub.mode": "subscribe",
    "hub.verify_token": "a word of yours",
    "label": "invoice",
    "language": "pt_BR",
    "message_id": "0b7c2d1e-3a5f-4e0a-9c46-2f1d8b7a6e04",
    "name": "order_ready",
    "note_id": "20260131T120500123Z-3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05",
    "outcome": WebhookOutcome.IGNORED,
    "participant_id": _CUSTOMER,
    "priority": Priority.HIGH,
    "q": "refund order 4711",
    "sender_id": "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10",
    "since": "2026-01-31T12:00:00Z",
    "status": Status.FAILED,
    "team": "billing",
    "to": "2026-01-31T13:00:00Z",
    "token": "Zr0fT2m4mQ8mX1yqkq0b7w",
    "type": UserType.CUSTOMER,
    "until": "2026-02-01T12:00:00Z",
    "unread_by": "6a1f0c3e-93d0-4b0f-9d1e-0f8e2c7b5a10",
    "user_id": _CUSTOMER,
    "other_id": "c1d7a0b2-5f4e-4a86-9d3c-2e8b7f6a1c03",
    "webhook_id": "telegram|main|2026-01-31T12:00:00.123Z|" + "9f86d081884c7d65" * 4,
}
"""The examples of the parameters without a default. A parameter has the same meaning in every route."""
_OF_SHAPES: Final[Mapping[str, str]] = {
    "DeskStatus": DeskStatus.OPEN,
    "RecipientOutcome": RecipientOutcome.REFUSED,
}
"""The examples of values that another parameter of the same name does not have."""


def example_of(parameter: str, schema: Mapping[str, object]) -> object:
    """Return the default in the parameter's schema, or else its example. Raises KeyError without both."""
    if "default" in schema:
        return schema["default"]
    return _OF_SHAPES.get(str(schema.get("$ref", "")).rpartition("/")[2]) or _EXAMPLES[parameter]
