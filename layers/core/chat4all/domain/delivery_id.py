"""The id of a delivery: it names its record, so that a status carrying it needs no lookup."""

import re
from typing import Final

import msgspec

_SEPARATOR: Final = "|"
_NUMBER: Final = re.compile("[0-9]{1,4}")


class DeliveryId(msgspec.Struct, frozen=True):
    """`message|recipient|channel|part`, at most 128 characters, as SQS allows a deduplication id.

    A delivery that was redriven says in which `round`: what is told of an earlier one is no news of it.
    """

    message_id: str
    recipient_id: str
    channel: str
    part: int
    round: int = 0

    def __str__(self) -> str:
        named = (self.message_id, self.recipient_id, self.channel, str(self.part))
        return _SEPARATOR.join((*named, str(self.round)) if self.round else named)

    @classmethod
    def parse(cls, text: str) -> "DeliveryId | None":
        """The id that `text` spells, or None: it may be anything, since providers hand it back."""
        fields = text.split(_SEPARATOR)
        if len(fields) not in {4, 5} or not all(fields) or not all(map(_NUMBER.fullmatch, fields[3:])):
            return None
        return cls(fields[0], fields[1], fields[2], *map(int, fields[3:]))
