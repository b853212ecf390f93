"""What a provider charges for a content: nothing, or a number of units. Prices are known to nobody here."""

from collections.abc import Sequence

import msgspec

from chat4all.domain.channel import Charging
from chat4all.domain.content import Content, attachments_of
from chat4all.domain.segments import segments_of


class Charge(msgspec.Struct, frozen=True, order=True):
    """The charge of a content on a channel. Charges compare: what is free comes first, then fewer units.

    A unit is a message, or a segment of a text: a unit of one provider is not worth a unit of another.
    """

    units: int

    @property
    def is_charged(self) -> bool:
        return self.units > 0


def charge_of(parts: Sequence[Content], charging: Charging) -> Charge:
    """Return what a provider charges for the provider messages of a delivery."""
    match charging:
        case Charging.FREE:
            return Charge(0)
        case Charging.MESSAGES:
            return Charge(len(parts))
        case Charging.SEGMENTS:
            return Charge(sum(map(_segments, parts)))


def _segments(part: Content) -> int:
    """Return the segments of a text; files are one message, whatever their caption."""
    return 1 if attachments_of(part) else max(len(segments_of(part.text)), 1)
