"""A run of the demo on a running cloud, until everything has arrived or there is no more progress."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.api_client import ApiClient
from chat4all_local.cloud.running import Cloud
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.demo.display import Show
from chat4all_local.demo.files.exchange import Exchange
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.files.making import Made
from chat4all_local.demo.kinds.exchange import KindsExchange
from chat4all_local.demo.kinds.judging import KindsVerdict
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.script import write_script
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.speaking import Speakers
from chat4all_local.demo.stage import Stage, set_up
from chat4all_local.demo.verdict import Verdict, judge
from chat4all_local.demo.watcher import Watcher
from chat4all_local.simulators.client import Simulator
from chat4all_local.traffic.transcripts import wait_until_quiet
from chat4all_local.waiting import wait_while_moving

PATIENCE_S: Final = 90.0
"""The time without progress after which the run gives up."""
QUIET_WITHIN_S: Final = 10.0
_TIMEOUT_S: Final = 15.0


class Outcome(msgspec.Struct, frozen=True):
    verdict: Verdict
    sent: Sent
    observed: Observed


class Run:
    """A run on the API and the simulators of a cloud, over the simulators' channels."""

    def __init__(self, api: ApiClient, simulators: Mapping[str, Simulator]) -> None:
        self._api = api
        self._simulators = simulators

    def set_up(self) -> Stage:
        """Create the users and the conversations. Raises ApiError, ApiUnreachable."""
        return set_up(self._api, self._simulators)

    def perform(self, stage: Stage, show: Show) -> Outcome:
        """Exchange all messages of the script, and judge the result.

        Raises ApiError for a permanent refusal, and ApiUnreachable if the API stays unreachable.
        """
        sent = Sent(write_script(tuple(self._simulators)))
        watcher = Watcher(self._api, self._simulators, stage, sent)
        speakers = Speakers(self._api, self._simulators, stage, sent, lambda: watcher.observed)
        with speakers.speaking():
            self._watch(watcher, sent, speakers, show)
        with suppress(TimeoutError):  # an endlessly repeated webhook is a finding of the verdict
            wait_until_quiet(self._simulators, QUIET_WITHIN_S)
        observed = watcher.look_at_everything()
        return Outcome(judge(sent, observed), sent, observed)

    def exchange_files(
        self, stage: Stage, made: Mapping[str, Made], texts: Observed, progress: ProgressDisplay, notes: Path
    ) -> FilesVerdict:
        """Exchange files after the messages; `texts` has the observations of the messages.

        Raises TransferFailed, ApiError, ApiUnreachable.
        """
        return Exchange(self._api, self._simulators, stage, progress, notes).perform(made, texts)

    def exchange_kinds(self, stage: Stage) -> KindsVerdict:
        """Exchange buttons, a place and the like. Raises ApiError, ApiUnreachable."""
        return KindsExchange(self._api, self._simulators, stage).perform()

    def _watch(self, watcher: Watcher, sent: Sent, speakers: Speakers, show: Show) -> None:
        def look() -> Verdict:
            verdict = judge(sent, watcher.look())
            show(verdict.rows)
            speakers.check()
            return verdict

        with suppress(TimeoutError):  # missing messages are judged at the end
            wait_while_moving(
                "every message arrives", look, lambda verdict: verdict.is_complete, still_s=PATIENCE_S
            )


@contextmanager
def run_on(cloud: Cloud, channels: Sequence[str]) -> Iterator[Run]:
    simulators = {channel: Simulator(cloud.simulators[channel]) for channel in channels}
    connections = 2 * len(channels) + 1
    api = ApiClient(cloud.api_url, cloud.api_key, timeout=_TIMEOUT_S, connections=connections)
    yield Run(api, simulators)
    # After a failure the simulators' clients stay open: a call in progress would not notice the close and
    # would wait for its whole timeout. It ends as soon as the cloud stops.
    for simulator in simulators.values():
        simulator.close()
