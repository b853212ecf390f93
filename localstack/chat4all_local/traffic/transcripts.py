"""The requests that the providers observed, and their pending webhooks."""

from collections.abc import Mapping
from functools import partial

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.waiting import wait_until


class Transcripts:
    """The simulators' transcripts; each send is read once."""

    def __init__(self, simulators: Mapping[str, Simulator]) -> None:
        self._simulators = simulators
        self._read_until = dict.fromkeys(simulators, 0)

    def read(self) -> dict[str, list[SendRecord]]:
        """Return the sends since the last read, by channel, in the order of arrival."""
        return {channel: self._read(channel, simulator) for channel, simulator in self._simulators.items()}

    def _read(self, channel: str, simulator: Simulator) -> list[SendRecord]:
        transcript = simulator.transcript(after=self._read_until[channel])
        self._read_until[channel] = transcript.last
        return list(transcript.requests)


def is_taken(send: SendRecord) -> bool:
    """Return whether the provider accepted the send."""
    return send.provider_message_id is not None


def wait_until_quiet(simulators: Mapping[str, Simulator], within_s: float) -> None:
    """Wait until no provider has a pending webhook. Raises TimeoutError."""
    wait_until("every webhook is accepted", partial(are_quiet, simulators), within_s=within_s)


def are_quiet(simulators: Mapping[str, Simulator]) -> bool:
    """Return whether no provider has a pending webhook."""
    return all(simulator.health().webhooks_pending == 0 for simulator in simulators.values())
