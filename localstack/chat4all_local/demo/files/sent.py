"""The files that have been uploaded and sent so far."""

from collections.abc import Mapping

import msgspec

from chat4all_local.demo.files.making import Made
from chat4all_local.demo.files.props import PHOTO, sender_of, ways_wanted
from chat4all_local.demo.sent import Accepted
from chat4all_local.traffic.participants import Customer


class FilesSent(msgspec.Struct, frozen=True):
    """The files `made` for the customers on `channels`.

    `uploaded_s`: the seconds until a file was READY, by file. `accepted`: its message, by file and channel.
    """

    made: Mapping[str, Made]
    channels: tuple[str, ...]
    uploaded_s: Mapping[str, float] = {}
    accepted: Mapping[tuple[str, str], Accepted] = {}

    @property
    def sender(self) -> Customer:
        return sender_of(self.channels)

    @property
    def ways_wanted(self) -> Mapping[tuple[str, str], str]:
        return ways_wanted(self.channels, self.made[PHOTO].size)

    @property
    def message_ids(self) -> frozenset[str]:
        return frozenset(message.message_id for message in self.accepted.values())
