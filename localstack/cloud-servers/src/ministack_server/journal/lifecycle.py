"""The journal from MiniStack's start to its stop."""

import json
import logging
import os
import time
from pathlib import Path
from typing import Any, Final

from ministack import app
from ministack.services import lambda_svc

from ministack_server import streams
from ministack_server.journal import answers, items, queues, services
from ministack_server.journal.changes import recovered
from ministack_server.journal.compaction import Compaction
from ministack_server.journal.files import Files
from ministack_server.journal.recorder import Recorder
from ministack_server.journal.services import Recorded
from ministack_server.journal.stores import Blobs
from ministack_server.journal.writer import NotStored, Writer

PATH: Final = "/_ministack/journal"
"""The path of the journal's report."""
NOT_SAVED: Final = 74
"""The exit code of a stop that could not save everything, as EX_IOERR of sysexits.h."""

_log = logging.getLogger("journal")
_before_body = app._handle_pre_body_request  # noqa: SLF001 (MiniStack has no public name for it; its version is locked)


class Journal:
    """The journal in MiniStack's state folder. It begins when MiniStack loads its state."""

    def __init__(self) -> None:
        self.exit_code = 0
        self._report: dict[str, Any] = {}

    def install(self) -> None:
        """Replace MiniStack's way to load and to save its state."""
        app._load_persisted_state = self._begin  # noqa: SLF001
        app.save_all = self._end
        app._handle_pre_body_request = self._answer_report  # noqa: SLF001
        lambda_svc._externalize_code_zip = _keep_code  # noqa: SLF001

    def _begin(self) -> None:
        began = time.monotonic()
        folder = Path(os.environ["STATE_DIR"]) / "journal"
        files, blobs = Files(folder), Blobs(folder.with_name("blobs"))
        found = files.read()
        contents, count = recovered(found.payloads)
        loaded = services.load(contents, blobs)
        if found.cut:
            _log.warning("the journal was not whole: %s", found.cut)
        self._report = {
            "replayed": count,
            "services": loaded,
            "seconds": round(time.monotonic() - began, 3),
            "was_stopped": contents.was_stopped or not count,
            "cut": found.cut,
        }
        _log.info("replayed %d changes of %d services", count, len(loaded))
        self._writer = Writer(files, found.generation, _log.warning)
        self._writer.written = found.since_snapshot
        self._recorder = Recorder(self._writer)
        self._recorded = Recorded(blobs)
        items.install(self._recorder)
        queues.install(self._recorder)
        streams.record(self._recorder.record, self._recorder)
        for _ in self._recorded.changes(services.names()):
            pass  # what was loaded is recorded already
        answers.install(self._recorder, self._recorded)
        self._compaction = Compaction(files, self._recorder, blobs, found.snapshot_size)
        self._compaction.start()

    def _end(self, _: object) -> None:
        """Record what is recorded at a stop only, such as function logs, and sync everything."""
        self._compaction.end()
        try:
            answers.record(self._recorder, self._recorded, services.names(), at_stop=True)
            self._recorder.record("end")
        except OSError as error:
            self._not_saved(error)
        try:
            self._writer.close()
        except NotStored as error:
            self._not_saved(error)

    def _not_saved(self, error: Exception) -> None:
        _log.error("the last changes could not be saved: %s", error)
        self.exit_code = NOT_SAVED

    async def _answer_report(
        self, method: str, path: str, headers: dict[str, str], query: dict[str, Any], request_id: str
    ) -> Any:  # noqa: ANN401 (MiniStack has no types)
        if path != PATH:
            return await _before_body(method, path, headers, query, request_id)
        report = {**self._report, "problem": self._writer.problem, "unsaved": self._writer.unsynced}
        return 200, {"Content-Type": "application/json"}, json.dumps(report).encode()


def _keep_code(_function: dict[str, Any], _referenced: set[str]) -> None:
    """Leave the code in the state: the journal keeps it in a file of its own."""
