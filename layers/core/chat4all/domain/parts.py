"""The parts of a message's deliveries, grouped by recipient and channel."""

from collections.abc import Iterable

from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.status import Status, of_message, of_parts


def parts_by_recipient(deliveries: Iterable[DeliveryPart]) -> dict[tuple[str, str], list[DeliveryPart]]:
    """Group the parts that were begun by (recipient, channel); keep their order."""
    parts: dict[tuple[str, str], list[DeliveryPart]] = {}
    for delivery in deliveries:
        parts.setdefault((delivery.recipient_id, delivery.channel), []).append(delivery)
    return parts


def message_status(deliveries: Iterable[DeliveryPart], recipient_count: int) -> Status:
    """Return the status of the slowest recipient that did not fail; PENDING until all were begun."""
    begun = {
        recipient: status_of(parts)
        for (recipient, _), parts in parts_by_recipient(deliveries).items()
        if not any(part.replaced for part in parts)
    }
    return of_message(begun.values()) if len(begun) >= recipient_count else Status.PENDING


def status_of(parts: list[DeliveryPart]) -> Status:
    """Return the status of the slowest part; PENDING until all were begun, FAILED as soon as a part is."""
    status = of_parts(part.status for part in parts)
    complete = len(parts) == parts[0].part_count
    return status if complete or status is Status.FAILED else Status.PENDING
