"""The lines that have been sent so far, in the order of sending."""

from collections.abc import Sequence

import msgspec

from chat4all_local.demo.script import Line, Script


class Accepted(msgspec.Struct, frozen=True):
    """An agent's line that the API accepted; `posted_at` is the start of its first POST, in epoch seconds."""

    line: Line
    message_id: str
    posted_at: float
    repeats: int


class Sent:
    """The lines of `script` that have been sent.

    The speakers' threads add lines, a single thread for each key. The watcher's thread reads them.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self._accepted: dict[str, list[Accepted]] = {name: [] for name in script.conversations}
        self._written: dict[str, list[Line]] = {channel: [] for channel in script.channels}

    def accept(self, accepted: Accepted) -> None:
        self._accepted[accepted.line.conversation].append(accepted)

    def write(self, line: Line) -> None:
        self._written[line.speaker].append(line)

    def accepted(self, conversation: str) -> Sequence[Accepted]:
        return tuple(self._accepted[conversation])

    def written(self, channel: str) -> Sequence[Line]:
        """Return the lines that the customer on `channel` wrote, in all conversations."""
        return tuple(self._written[channel])

    def replies(self, conversation: str) -> Sequence[Line]:
        """Return the customers' lines in `conversation`."""
        written = (line for lines in self._written.values() for line in tuple(lines))
        return [line for line in written if line.conversation == conversation]

    def is_all(self, conversation: str) -> bool:
        """Return whether every line of the script in `conversation` has been sent."""
        wanted = sum(
            reply.line.conversation == conversation
            for replies in self.script.replies.values()
            for reply in replies
        )
        is_agent_done = len(self._accepted[conversation]) == len(self.script.agent_lines[conversation])
        return is_agent_done and len(self.replies(conversation)) == wanted

    @property
    def repeats(self) -> int:
        """Count the POSTs that were repeated."""
        return sum(message.repeats for accepted in self._accepted.values() for message in accepted)
