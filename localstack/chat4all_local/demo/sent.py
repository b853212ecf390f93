"""What has been sent so far, in the order in which it was sent."""

from collections.abc import Sequence

import msgspec

from chat4all_local.demo.script import AGENT_LINES, REPLIES, Line
from chat4all_local.traffic.participants import CONVERSATIONS, SHOWN


class Accepted(msgspec.Struct, frozen=True):
    """An agent's line that was answered with 202; `posted_at` is when its first POST began, in epoch seconds."""

    line: Line
    message_id: str
    posted_at: float
    repeats: int


class Sent:
    """Written by the threads of the speakers, one for each key, and read by the one that watches."""

    def __init__(self) -> None:
        self._accepted: dict[str, list[Accepted]] = {conversation: [] for conversation in CONVERSATIONS}
        self._written: dict[str, list[Line]] = {channel: [] for channel in SHOWN}

    def accept(self, accepted: Accepted) -> None:
        self._accepted[accepted.line.conversation].append(accepted)

    def write(self, line: Line) -> None:
        self._written[line.speaker].append(line)

    def accepted(self, conversation: str) -> Sequence[Accepted]:
        return tuple(self._accepted[conversation])

    def written(self, channel: str) -> Sequence[Line]:
        """What the customer on `channel` wrote, in all conversations."""
        return tuple(self._written[channel])

    def replies(self, conversation: str) -> Sequence[Line]:
        """The customers' lines in it."""
        written = (line for lines in self._written.values() for line in tuple(lines))
        return [line for line in written if line.conversation == conversation]

    def is_all(self, conversation: str) -> bool:
        """Whether everybody has sent what they had to say in it."""
        wanted = sum(reply.line.conversation == conversation for some in REPLIES.values() for reply in some)
        accepted = len(self._accepted[conversation])
        return accepted == len(AGENT_LINES[conversation]) and len(self.replies(conversation)) == wanted

    @property
    def repeats(self) -> int:
        """How many POSTs were made again."""
        return sum(message.repeats for accepted in self._accepted.values() for message in accepted)
