"""What has been uploaded and sent so far."""

from collections.abc import Mapping

import msgspec

from chat4all_local.demo.files.making import Made
from chat4all_local.demo.sent import Accepted


class FilesSent(msgspec.Struct, frozen=True):
    """`uploaded_s`: by file, the seconds until it was READY. `accepted`: by file and channel, the message with it."""

    made: Mapping[str, Made]
    uploaded_s: Mapping[str, float] = {}
    accepted: Mapping[tuple[str, str], Accepted] = {}

    @property
    def message_ids(self) -> frozenset[str]:
        return frozenset(message.message_id for message in self.accepted.values())
