"""The exchange of files: it ends when all files have arrived, or when there is no more progress."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final

from msgspec.structs import replace

from chat4all_local.api_client import ApiClient
from chat4all_local.console.progress import ProgressDisplay
from chat4all_local.demo.files.judging import FilesVerdict, judge_files
from chat4all_local.demo.files.making import Made
from chat4all_local.demo.files.onlooker import Onlooker
from chat4all_local.demo.files.props import BACK, PHOTO, VIDEO
from chat4all_local.demo.files.readers import Readers
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.posting import post_line
from chat4all_local.demo.script import Line
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.registry import manifest
from chat4all_local.traffic.participants import AGENT, Customer
from chat4all_local.traffic.transcripts import wait_until_quiet
from chat4all_local.transfer.remembered import Remembered
from chat4all_local.transfer.types import content_type_of
from chat4all_local.transfer.upload import upload
from chat4all_local.waiting import wait_while_moving

PATIENCE_S: Final = 60.0
"""The time without progress after which the exchange gives up."""
QUIET_WITHIN_S: Final = 10.0


class Exchange:
    """An exchange with the customers at `simulators`; the folder `notes` stores unfinished uploads."""

    def __init__(
        self,
        api: ApiClient,
        simulators: Mapping[str, Simulator],
        stage: Stage,
        progress: ProgressDisplay,
        notes: Path,
    ) -> None:
        self._api = api
        self._simulators = simulators
        self._stage = stage
        self._progress = progress
        self._remembered = Remembered(notes)

    def perform(self, made: Mapping[str, Made], texts: Observed) -> FilesVerdict:
        """Send the files, and judge the arrivals. Raises TransferFailed, ApiError, ApiUnreachable."""
        readers = Readers(self._progress)
        onlooker = Onlooker(self._api, self._simulators, self._stage, texts, readers)
        sent = FilesSent(made, tuple(self._simulators))
        with readers.reading():
            self._send_back(sent.sender, made[BACK])
            for name in (PHOTO, VIDEO):
                sent = self._send(sent, name)
            self._watch(onlooker, sent)
            with suppress(TimeoutError):  # an endlessly repeated webhook is a finding of the verdict
                wait_until_quiet(self._simulators, QUIET_WITHIN_S)
            observed = onlooker.look_at_everything(sent)
        return judge_files(sent, observed)

    def _send_back(self, sender: Customer, made: Made) -> None:
        kind, content_type = manifest(sender.channel).photo_kind, content_type_of(made.path)
        simulator = self._simulators[sender.channel]
        simulator.write_media(sender.address, kind, content_type, data=made.path.read_bytes())

    def _send(self, sent: FilesSent, name: str) -> FilesSent:
        """Upload a file, and send it to every customer."""
        made, began = sent.made[name], time.monotonic()
        advance = self._progress.transfer(f"{name} up", made.size)
        file = upload(self._api, made.path, remembered=self._remembered, advance=advance)
        uploaded_s = time.monotonic() - began
        accepted = {
            (name, channel): post_line(
                self._api, self._stage, _line(name, channel), Event(), file_id=file.file_id
            )
            for channel in sent.channels
        }
        return replace(
            sent,
            uploaded_s={**sent.uploaded_s, name: uploaded_s},
            accepted={**sent.accepted, **accepted},
        )

    def _watch(self, onlooker: Onlooker, sent: FilesSent) -> None:
        with suppress(TimeoutError):  # missing files are judged at the end
            wait_while_moving(
                "every file arrives",
                lambda: judge_files(sent, onlooker.look(sent)),
                lambda verdict: verdict.is_complete,
                still_s=PATIENCE_S,
            )


def _line(name: str, channel: str) -> Line:
    """Return a line for a file without a caption."""
    return Line(f"{name} to {channel}", channel, AGENT, "")
