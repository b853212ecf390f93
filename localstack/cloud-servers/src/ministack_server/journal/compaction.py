"""Snapshots while MiniStack runs: a fork of the process writes the state as it was at the fork.

The fork takes a few milliseconds, because the system copies memory only where the running process changes it.
The journal continues in the next generation.
"""

import gc
import os
import signal
import threading
from typing import Final

from ministack_server.durable import sync_folder
from ministack_server.journal import services
from ministack_server.journal.changes import encoded
from ministack_server.journal.files import Files
from ministack_server.journal.frames import framed
from ministack_server.journal.recorder import Recorder
from ministack_server.journal.stores import Blobs

LEAST_BYTES: Final = int(os.environ.get("JOURNAL_COMPACTED_FROM", "33554432"))
"""A journal is compacted when it is longer than this and than its snapshot."""
_WRITTEN_WITHIN_S: Final = 120
_NICENESS: Final = 10
_SYNCED_BYTES: Final = 1024 * 1024
_LOOK_EVERY_S: Final = 0.5
_AFTER_A_FAILURE_S: Final = 60.0


class Compaction:
    """Compacts the journal when it is long; a thread looks from time to time."""

    def __init__(self, files: Files, recorder: Recorder, blobs: Blobs, snapshot_size: int) -> None:
        self._files = files
        self._recorder = recorder
        self._blobs = blobs
        self._snapshot_size = snapshot_size
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-compaction", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Let no further snapshot begin, and wait for the snapshot in progress."""
        self._ended.set()
        self._thread.join()

    def compact(self) -> bool:
        """Write a snapshot, and remove what it replaces. Return whether it was written."""
        with self._recorder:  # nothing changes between the end of a generation and the fork
            generation = self._recorder.writer.begin_generation()
            child = os.fork()
            if not child:
                _write_and_exit(self._files, generation, self._blobs)
        _, status = os.waitpid(child, 0)
        if status:
            self._files.unfinished(generation).unlink(missing_ok=True)
            return False
        self._snapshot_size = self._files.snapshot(generation).stat().st_size
        self._files.remove_before(generation)
        return True

    def _run(self) -> None:
        wait = _LOOK_EVERY_S
        while not self._ended.wait(wait):
            is_long = self._recorder.writer.written > max(LEAST_BYTES, self._snapshot_size)
            can_be_written = not self._recorder.writer.problem and not services.deploying()
            is_written = not is_long or not can_be_written or self.compact()
            wait = _LOOK_EVERY_S if is_written else _AFTER_A_FAILURE_S


def _write_and_exit(files: Files, generation: int, blobs: Blobs) -> None:
    """Write the snapshot in the forked process, which has this thread only, and no use for sockets."""
    code = 1
    try:
        gc.disable()  # a collection would touch, and so copy, all memory
        os.nice(_NICENESS)
        signal.alarm(_WRITTEN_WITHIN_S)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        _write(files, generation, blobs)
        code = 0
    finally:
        os._exit(code)


def _write(files: Files, generation: int, blobs: Blobs) -> None:
    unfinished = files.unfinished(generation)
    with unfinished.open("wb", buffering=_SYNCED_BYTES) as file:
        synced = 0
        for frame in services.snapshot(blobs):
            file.write(framed(encoded(frame)))
            if file.tell() - synced > _SYNCED_BYTES:  # else a sync of the journal would wait for all of it
                file.flush()
                os.fsync(file.fileno())
                synced = file.tell()
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(files.snapshot(generation))
    sync_folder(files.folder)
