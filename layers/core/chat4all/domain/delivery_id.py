"""The id of a delivery. It names the delivery's record, so that a status with the id needs no lookup."""

import re
from typing import Final

import msgspec

_SEPARATOR: Final = "|"
_LONGEST: Final = 128
_NUMBER: Final = re.compile("[0-9]{1,4}")


class DeliveryId(msgspec.Struct, frozen=True):
    """`message|recipient|channel|part`, at most 128 characters, as SQS allows a deduplication id.

    The id of a redriven delivery names its `round`: a status of an earlier round does not apply to it. The id
    of a later step of a plan names its `round` and its `step`: two steps may go over the same channel.
    """

    message_id: str
    recipient_id: str
    channel: str
    part: int
    round: int = 0
    step: int = 0

    def __str__(self) -> str:
        named = (self.message_id, self.recipient_id, self.channel, str(self.part))
        later = (str(self.round), str(self.step)) if self.step else (str(self.round),)
        return _SEPARATOR.join((*named, *later) if self.round or self.step else named)

    @classmethod
    def parse(cls, text: str) -> "DeliveryId | None":
        """Return the id that `text` encodes, or None: a provider returns the text, which may be anything."""
        fields = text.split(_SEPARATOR) if len(text) <= _LONGEST else []
        if len(fields) not in {4, 5, 6} or not all(fields) or not all(map(_NUMBER.fullmatch, fields[3:])):
            return None
        return cls(fields[0], fields[1], fields[2], *map(int, fields[3:]))
