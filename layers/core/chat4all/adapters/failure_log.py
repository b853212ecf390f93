"""The log line of a failed delivery."""

import logging

from chat4all.domain.delivery_id import DeliveryId

_log = logging.getLogger(__name__)


def log_failure(delivery_id: DeliveryId, conversation_id: str, code: str | None, reason: str | None) -> None:
    """Log which delivery failed and why, in fields that a search of the logs finds.

    The line contains neither the text nor the address of the message.
    """
    found_by = {
        "message_id": delivery_id.message_id,
        "conversation_id": conversation_id,
        "recipient_id": delivery_id.recipient_id,
        "channel": delivery_id.channel,
        "error_code": code,
    }
    _log.warning("a delivery failed: %s", reason, extra=found_by)


def log_fault(what: str) -> None:
    """Log the error that is being handled, and what it met."""
    _log.exception("%s", what)
