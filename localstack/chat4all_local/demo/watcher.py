"""The watcher: it reads from the providers' transcripts and the API only what may have changed."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from chat4all.entrypoints.http.message_views import MessageView
from chat4all_local.api_client import ApiClient, ApiUnreachable
from chat4all_local.demo.arrivals import at_provider, deliveries, in_history
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.participants import BY_CHANNEL
from chat4all_local.traffic.transcripts import Transcripts, is_taken

READS_AT_A_LOOK: Final = 5
"""API reads at each look: few, so that watching does not slow down the messages."""
_NOTHING: Final = Observed()


class Watcher:
    """`observed` has the observations of the last look. Any thread may read it."""

    def __init__(self, api: ApiClient, simulators: Mapping[str, Simulator], stage: Stage, sent: Sent) -> None:
        self.observed = _NOTHING
        self._api = api
        self._transcripts = Transcripts(simulators)
        self._stage = stage
        self._sent = sent
        self._conversations = sent.script.conversations
        self._asked_at: dict[str, float] = {}

    def look(self) -> Observed:
        """Update the observations. A read without an answer is repeated at the next look. Raises ApiError."""
        self._look_at_providers()
        wanted = self._undecided() | set(filter(self._may_have_news, self._conversations))
        longest_ago = sorted(wanted, key=lambda wanted_id: self._asked_at.get(wanted_id, 0))[:READS_AT_A_LOOK]
        with suppress(ApiUnreachable):
            self._read(longest_ago)
        return self.observed

    def look_at_everything(self) -> Observed:
        """Read everything at the end, so that late and duplicate arrivals are observed.

        Raises ApiError, ApiUnreachable.
        """
        self._look_at_providers()
        self._read(self._conversations)
        self._read({delivery.message_id for delivery in deliveries(self._sent, self.observed)})
        return self.observed

    def _look_at_providers(self) -> None:
        provided = {
            channel: (*self.observed.provided.get(channel, ()), *filter(is_taken, sends))
            for channel, sends in self._transcripts.read().items()
        }
        self.observed = replace(self.observed, provided=provided)

    def _may_have_news(self, conversation: str) -> bool:
        """Return whether the history lacks a reply, or any message once all have been sent."""
        kept = in_history(self._sent, self.observed, conversation)
        if self._sent.is_all(conversation):
            return bool(kept.lost)
        return any(line.key in kept.lost for line in self._sent.replies(conversation))

    def _undecided(self) -> set[str]:
        """Return the messages that arrived completely at a provider, but without their last status yet."""
        arrived = {
            channel: at_provider(self._sent, self.observed, channel).whole
            for channel in self._sent.script.channels
        }
        return {
            delivery.message_id
            for delivery in deliveries(self._sent, self.observed)
            if delivery.line.key in arrived[delivery.channel]
            and not self.observed.has_come(
                delivery.message_id, delivery.channel, BY_CHANNEL[delivery.channel].final_status
            )
        }

    def _read(self, wanted: Iterable[str]) -> None:
        """Read the histories of the conversations and the statuses of the messages in `wanted`."""
        for wanted_id in wanted:
            self._asked_at[wanted_id] = time.monotonic()
            if wanted_id in self._conversations:
                self.observed = replace(
                    self.observed, histories={**self.observed.histories, wanted_id: self._history(wanted_id)}
                )
            else:
                status = self._api.message_status(wanted_id)
                self.observed = replace(self.observed, statuses={**self.observed.statuses, wanted_id: status})

    def _history(self, conversation: str) -> tuple[MessageView, ...]:
        newest_first = self._api.history(self._stage.conversations[conversation])
        return tuple(newest_first)[::-1]
