"""The time after a step: the deliveries of what was accepted, and single messages to a cloud at rest."""

import time
from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from typing import Final

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.bench.load.figures import Polite
from chat4all_local.cloud.running import Cloud
from chat4all_local.simulators.client import Simulator, SimulatorError
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.delivered import Verdict, recorded, verdict
from chat4all_local.traffic.load import Posted
from chat4all_local.traffic.participants import Conversation
from chat4all_local.traffic.quiet import are_empty, queues_of
from chat4all_local.traffic.target import Target, new_line
from chat4all_local.traffic.transcripts import Transcripts, are_quiet, is_taken
from chat4all_local.waiting import wait_until

DRAIN_WITHIN_S: Final = 60.0
_ARRIVE_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.5
_LOOK_FOR_ONE_EVERY_S: Final = 0.02
_UNREACHABLE: Final = (httpx.HTTPError, SimulatorError, BotoCoreError, ClientError)


class Aftermath:
    """The sends that the providers took so far, and the queues of the cloud."""

    def __init__(
        self, cloud: Cloud, simulators: Mapping[str, Simulator], conversations: Sequence[Conversation]
    ) -> None:
        self._simulators = simulators
        self._transcripts = [Transcripts({channel: simulator}) for channel, simulator in simulators.items()]
        self._sqs, self._queues = cloud.aws.sqs(), queues_of(cloud)
        self._target = Target(f"{cloud.api_url}/v1/messages", {"X-API-Key": cloud.api_key})
        self._conversations = cycle(conversations)
        self._api = ApiClient(cloud.api_url, cloud.api_key)
        self._sends: list[SendRecord] = []
        self.accepted_ids: list[str] = []

    def drain(
        self, posted: Sequence[Posted], uncertain: Sequence[Posted], within_s: float = DRAIN_WITHIN_S
    ) -> tuple[Verdict, float | None]:
        """Wait until all is delivered and nothing is under way; return the verdict and the wait.

        A repeat may come after the last delivery, so the transcripts are read once more when all is quiet.
        The wait is None if that did not happen within `within_s`.
        """
        began = time.monotonic()
        quiet_since: float | None = None
        while time.monotonic() - began < within_s:
            looked_at = time.monotonic()
            if not self._is_over(posted):
                quiet_since = None
            elif quiet_since is None:
                quiet_since = looked_at  # a message may have moved to another queue during the first look
            else:
                break
            time.sleep(_LOOK_EVERY_S)
        self._read()
        found = verdict(posted, self._sends, uncertain)
        return found, None if quiet_since is None else quiet_since - began

    def judge_inbound(self, posted: Sequence[Posted], uncertain: Sequence[Posted]) -> Verdict:
        """Compare the customers' messages with the histories. A history without an answer counts as empty."""
        touched = {message.conversation.conversation_id for message in (*posted, *uncertain)}
        return recorded(posted, uncertain, {known: self._history(known) for known in touched})

    def _history(self, conversation_id: str) -> list[str]:
        try:
            texts = [message.content.text or "" for message in self._api.history(conversation_id)]
        except (ApiError, ApiUnreachable):
            return []
        return texts[::-1]

    def _is_over(self, posted: Sequence[Posted]) -> bool:
        """Return whether nothing is missing or under way. A cloud that does not answer is not quiet."""
        if not self._read() or verdict(posted, self._sends).lost:
            return False
        try:
            return are_quiet(self._simulators) and are_empty(self._sqs, self._queues)
        except _UNREACHABLE:
            return False

    def post_politely(self, began: float) -> Polite:
        """Post a single message, wait for its arrival at the provider, and return the time that it took."""
        line = new_line(next(self._conversations))
        seen, sent, after_s = len(self._sends), time.time(), time.monotonic() - began
        try:
            self._target.send(line)
        except (ApiError, ApiUnreachable):
            return Polite(after_s, float("inf"))
        self.accepted_ids.append(line.message_id)
        arrived_at = self._arrival(line.text, seen)
        return Polite(after_s, 1_000 * (arrived_at - sent))

    def _arrival(self, text: str, seen: int) -> float:
        """Return the epoch seconds at which the provider took the text, infinite if it did not."""

        def arrived_at() -> float | None:
            self._read()
            new = self._sends[seen:]
            return next((send.at for send in new if send.text == text and is_taken(send)), None)

        try:
            return wait_until(
                "the message arrives", arrived_at, within_s=_ARRIVE_WITHIN_S, every_s=_LOOK_FOR_ONE_EVERY_S
            )
        except TimeoutError:
            return float("inf")

    def _read(self) -> bool:
        """Read the new sends; return whether every simulator answered."""
        have_answered = True
        for transcript in self._transcripts:
            try:
                self._sends.extend(chain.from_iterable(transcript.read().values()))
            except _UNREACHABLE:
                have_answered = False
        return have_answered
