"""The parts of a message's deliveries, and the status of the message that follows from them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.status import PROOF, Status, of_message, of_parts

_KEY: Final = re.compile(r"(\d++)(?:-(\d++)-(\d++))?(?:@(\d++))?")
_LETTERS: Final = {
    Status.PENDING: "P",
    Status.SENT: "S",
    Status.DELIVERED: "D",
    Status.READ: "R",
    Status.FAILED: "F",
}
_STATUSES: Final = {letter: status for status, letter in _LETTERS.items()}
_REPLACED: Final = "X"
"""The letter of a FAILED part whose recipient is reached on the next channel."""


class PartStatus(msgspec.Struct, frozen=True):
    """The status of a delivery part, as the state of its message keeps it.

    The `key` and the `value` are short, so that the parts of 100 recipients fit into 1 KB.
    """

    recipient: int
    """The participant's number in the conversation."""
    route: int
    part: int
    part_count: int
    status: Status
    replaced: bool
    round: int

    @property
    def key(self) -> str:
        """`recipient[-part-part_count][@route]`, as numbers."""
        part = f"-{self.part}-{self.part_count}" if self.part_count > 1 else ""
        route = f"@{self.route}" if self.route else ""
        return f"{self.recipient}{part}{route}"

    @property
    def value(self) -> str:
        """The letter of the status, and the round if it is not 0."""
        return value_of(self.status, self.round, replaced=self.replaced)


def value_of(status: Status, round_: int, *, replaced: bool = False) -> str:
    return f"{_REPLACED if replaced else _LETTERS[status]}{round_ or ''}"


def is_alone(delivery: DeliveryPart) -> bool:
    """Return whether the status of this part is the status of its message."""
    return (
        delivery.recipient_count == delivery.part_count == 1 and not delivery.fallback and not delivery.route
    )


def part_status(delivery: DeliveryPart) -> PartStatus:
    return PartStatus(
        delivery.recipient_number,
        delivery.route,
        delivery.part,
        delivery.part_count,
        delivery.status,
        delivery.replaced,
        delivery.round,
    )


def part_statuses(entries: Mapping[str, str]) -> list[PartStatus]:
    """Return the parts that the entries of a state describe."""
    return [_parsed(key, value) for key, value in entries.items()]


def _parsed(key: str, value: str) -> PartStatus:
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key} is no key of a delivery part")
    recipient, part, part_count, route = found.groups()
    return PartStatus(
        int(recipient),
        int(route or 0),
        int(part or 0),
        int(part_count or 1),
        _STATUSES.get(value[0], Status.FAILED),
        value[0] == _REPLACED,
        int(value[1:] or 0),
    )


def parts_by_recipient(deliveries: Iterable[DeliveryPart]) -> dict[tuple[str, str, int], list[DeliveryPart]]:
    """Group the parts that were begun by (recipient, channel, step); keep their order."""
    parts: dict[tuple[str, str, int], list[DeliveryPart]] = {}
    for delivery in deliveries:
        parts.setdefault((delivery.recipient_id, delivery.channel, delivery.step), []).append(delivery)
    return parts


def latest_provider_id(parts: Iterable[DeliveryPart], account: str) -> str | None:
    """Return the provider's id of the last step to a recipient over a channel that did not fail.

    If all of them failed, it is the id of the last step that the provider had accepted. `parts` are of one
    recipient, one channel and one part number.
    """
    accepted = [part for part in parts if part.account == account and part.provider_message_id is not None]
    best = max(accepted, key=lambda part: (part.status is not Status.FAILED, part.step), default=None)
    return best.provider_message_id if best is not None else None


def message_status(parts: Iterable[PartStatus], recipient_count: int) -> Status:
    """Return the status of the slowest recipient that did not fail; PENDING until all were begun.

    A recipient counts on the last route that was begun, unless that route was replaced. If it is proven later
    that an earlier route reached the recipient, the recipient counts on that route.
    """
    routes: dict[int, dict[int, list[PartStatus]]] = {}
    for part in parts:
        routes.setdefault(part.recipient, {}).setdefault(part.route, []).append(part)
    statuses = [_recipient_status(by_route) for by_route in routes.values()]
    begun = [status for status in statuses if status is not None]
    return of_message(begun) if len(begun) >= recipient_count else Status.PENDING


def _recipient_status(by_route: Mapping[int, Sequence[PartStatus]]) -> Status | None:
    """Return the status of a recipient; None if the last route that was begun was replaced."""
    latest = max(by_route)
    proven = {
        status
        for parts in by_route.values()
        if (status := _delivery_status([part.status for part in parts], parts[0].part_count)) in PROOF
    }
    if proven:
        return Status.READ if Status.READ in proven else Status.DELIVERED
    on_route = by_route[latest]
    if any(part.replaced for part in on_route):
        return None
    return _delivery_status([part.status for part in on_route], on_route[0].part_count)


def status_of(parts: list[DeliveryPart]) -> Status:
    """Return the status of the slowest part; PENDING until all were begun, FAILED as soon as a part is."""
    return _delivery_status([part.status for part in parts], parts[0].part_count)


def _delivery_status(begun: Sequence[Status], part_count: int) -> Status:
    status = of_parts(begun)
    return status if len(begun) == part_count or status is Status.FAILED else Status.PENDING
