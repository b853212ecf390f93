"""The id of a delivery: it names its record, so that a status carrying it needs no lookup."""

import re
from typing import Final

import msgspec

_SEPARATOR: Final = "|"
_PART: Final = re.compile("[0-9]{1,4}")


class DeliveryId(msgspec.Struct, frozen=True):
    """`message|recipient|channel|part`, at most 128 characters, as SQS allows a deduplication id."""

    message_id: str
    recipient_id: str
    channel: str
    part: int

    def __str__(self) -> str:
        return _SEPARATOR.join((self.message_id, self.recipient_id, self.channel, str(self.part)))

    @classmethod
    def parse(cls, text: str) -> "DeliveryId | None":
        """The id that `text` spells, or None: it may be anything, since providers hand it back."""
        fields = text.split(_SEPARATOR)
        if len(fields) != 4 or not all(fields) or not _PART.fullmatch(fields[3]):
            return None
        return cls(fields[0], fields[1], fields[2], int(fields[3]))
