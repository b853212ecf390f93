"""Looks at the providers' transcripts and asks the API, for no more than may have changed."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from chat4all_local.api_client import ApiClient, ApiUnreachable
from chat4all_local.api_shapes import Message
from chat4all_local.demo.arrivals import at_provider, deliveries, in_history
from chat4all_local.demo.cast import BY_CHANNEL, CHANNELS, CONVERSATIONS
from chat4all_local.demo.said import Said
from chat4all_local.demo.seen import Seen
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord

READS_AT_A_LOOK: Final = 5
"""Of the API, so that watching leaves it time for what is watched."""
_UNSEEN: Final = Seen()


class Watcher:
    """`seen` is what the last look saw; it may be read from any thread."""

    def __init__(self, api: ApiClient, simulators: Mapping[str, Simulator], stage: Stage, said: Said) -> None:
        self.seen = _UNSEEN
        self._api = api
        self._simulators = simulators
        self._stage = stage
        self._said = said
        self._read_until = dict.fromkeys(CHANNELS, 0)
        self._asked_at: dict[str, float] = {}

    def look(self) -> Seen:
        """An API that does not answer now is asked again at the next look. Raises ApiError."""
        self._look_at_providers()
        wanted = self._undecided() | {one for one in CONVERSATIONS if self._may_have_news(one)}
        longest_ago = sorted(wanted, key=lambda one: self._asked_at.get(one, 0))[:READS_AT_A_LOOK]
        with suppress(ApiUnreachable):
            self._read(longest_ago)
        return self.seen

    def look_at_everything(self) -> Seen:
        """Once it is quiet: what came late, or twice, is seen too. Raises ApiError, ApiUnreachable."""
        self._look_at_providers()
        self._read(CONVERSATIONS)
        self._read({one.message_id for one in deliveries(self._said, self.seen)})
        return self.seen

    def _look_at_providers(self) -> None:
        new = {channel: self._new_at(channel) for channel in CHANNELS}
        provided = {channel: (*self.seen.provided.get(channel, ()), *new[channel]) for channel in CHANNELS}
        self.seen = replace(self.seen, provided=provided)

    def _new_at(self, channel: str) -> list[SendRecord]:
        transcript = self._simulators[channel].transcript(after=self._read_until[channel])
        self._read_until[channel] = transcript.last
        return [one for one in transcript.requests if one.provider_message_id is not None]

    def _may_have_news(self, conversation: str) -> bool:
        """Whether a reply is missing in the history; all the rest is looked for when everything has been said."""
        kept = in_history(self._said, self.seen, conversation)
        if self._said.is_all(conversation):
            return bool(kept.lost)
        return any(line.key in kept.lost for line in self._said.replies(conversation))

    def _undecided(self) -> set[str]:
        """The messages that have arrived whole at a provider and are not yet known to have come to their end."""
        arrived = {channel: at_provider(self._said, self.seen, channel).whole for channel in CHANNELS}
        return {
            one.message_id
            for one in deliveries(self._said, self.seen)
            if one.line.key in arrived[one.channel]
            and not self.seen.has_come(one.message_id, one.channel, BY_CHANNEL[one.channel].final_status)
        }

    def _read(self, wanted: Iterable[str]) -> None:
        """The histories of conversations, and the statuses of messages."""
        for one in wanted:
            self._asked_at[one] = time.monotonic()
            if one in CONVERSATIONS:
                self.seen = replace(self.seen, histories={**self.seen.histories, one: self._history(one)})
            else:
                status = self._api.message_status(one)
                self.seen = replace(self.seen, statuses={**self.seen.statuses, one: status})

    def _history(self, conversation: str) -> tuple[Message, ...]:
        newest_first = self._api.history(self._stage.conversations[conversation])
        return tuple(newest_first)[::-1]
