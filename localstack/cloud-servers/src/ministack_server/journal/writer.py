"""The writer of a journal: a single fdatasync for all changes that wait for one.

While syncs are fast, the event loop syncs itself, at the end of its iteration: handing over to a thread and
back takes longer than a sync. It keeps Python's lock meanwhile: to get the lock back from busy threads would
take longer, too, and would make a fast sync look slow. While syncs are slow, a thread syncs, so that the
event loop does not wait.

A change is kept in memory until it is synced. If it cannot be written, for example because the disk is full,
the thread tries again until it can. Meanwhile `problem` says why, and nothing new is to be accepted.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ministack_server.durable import sync_at_once, sync_folder
from ministack_server.journal.files import Files
from ministack_server.journal.frames import framed

RETRIED_EVERY_S: Final = 0.5
_FAST_S: Final = 0.001
"""A sync that the event loop may wait for."""
_APART_S: Final = 0.001
"""The least time between two syncs by the event loop: under load, more requests share a sync."""
_NEWEST: Final = 0.2
"""The weight of the newest sync in the average."""
_UNWAITED_S: Final = 0.05
"""The time until a change is synced that nothing waits for."""


class NotStored(Exception):
    """A change could not be stored; the message says why."""


class Writer:
    """Appends frames to the journal of a generation. Positions count the frames since the start."""

    def __init__(self, files: Files, generation: int, log: Callable[[str], None]) -> None:
        self.problem = ""
        """Why the last write failed; empty if it succeeded."""
        self.written = 0
        """Bytes in the journals since the last snapshot began."""
        self.generation = generation
        self._files = files
        self._log = log
        self._frames: deque[bytes | int] = deque()
        """Frames, and a generation before the first frame of its journal."""
        self._appended = 0
        self._synced = 0
        self._waiting: deque[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._state = threading.Condition()
        """Protects everything above. `_writing` is taken first."""
        self._writing = threading.Lock()
        self._sync_s = 0.0
        """The average time of the last syncs."""
        self._synced_at = 0.0
        self._is_scheduled = False
        self._is_wanted = False
        """Whether the thread is to sync now."""
        self._closing = False
        self._file = _Appended(files.journal(generation))
        sync_folder(files.folder)
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def append(self, payload: bytes) -> None:
        """Append a frame that is to be synced."""
        with self._state:
            self._frames.append(framed(payload))
            self._appended += 1

    def begin_generation(self) -> int:
        """Write the following frames to the journal of the next generation, and return its number."""
        with self._state:
            self.generation += 1
            self._frames.append(self.generation)
            return self.generation

    @property
    def unsynced(self) -> int:
        """The number of changes that are not stored yet."""
        return self._appended - self._synced

    @property
    def _is_fast(self) -> bool:
        return self._sync_s < _FAST_S

    async def synced(self) -> None:
        """Wait until everything that was appended before is synced. Raises NotStored."""
        if self._synced >= self._appended:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._state:
            if self.problem:
                raise NotStored(self.problem)
            self._waiting.append((self._appended, loop, future))
            self._resolve()
            is_fast = self._is_fast
            if not is_fast:
                self._want()
        if is_fast and not self._is_scheduled:
            self._is_scheduled = True
            wait_s = self._synced_at + _APART_S - time.monotonic()
            if wait_s > 0:
                loop.call_later(wait_s, self._flush_scheduled)
            else:
                loop.call_soon(self._flush_scheduled)
        await future

    def wait_synced(self) -> None:
        """Sync everything that was appended before. Raises NotStored."""
        position = self._appended
        if not self.problem:
            self._flush()
        if self._synced < position:
            raise NotStored(self.problem)

    def close(self) -> None:
        """Sync everything that can be synced, and end. Raises NotStored."""
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._thread.join()
        self._flush()
        self._file.close()
        if self.unsynced:
            raise NotStored(f"{self.problem} ({self.unsynced} changes)")

    def _run(self) -> None:
        """Sync what nothing waits for, what is slow, and what could not be stored before."""
        while not self._closing:
            with self._state:
                if not self._is_wanted:
                    self._state.wait(RETRIED_EVERY_S if self.problem else _UNWAITED_S)
                self._is_wanted = False
                is_needed = self._frames and not self._closing
            if is_needed:
                self._flush()

    def _want(self) -> None:
        if not self._is_wanted:  # to wake the thread takes longer than to ask
            self._is_wanted = True
            self._state.notify_all()

    def _flush_scheduled(self) -> None:
        """Sync on the event loop, or let the thread do it if it is writing just now."""
        self._is_scheduled = False
        if self._writing.acquire(blocking=False):
            self._writing.release()
            self._flush()
        else:
            with self._state:
                self._want()

    def _flush(self) -> None:
        with self._writing:
            with self._state:
                batch = list(self._frames)
            began = time.monotonic()
            try:
                self._store(batch)
            except OSError as error:
                self._failed(error.strerror or str(error))
            if batch:
                self._synced_at = time.monotonic()
                self._sync_s += _NEWEST * (self._synced_at - began - self._sync_s)

    def _store(self, batch: list[bytes | int]) -> None:
        """Write and sync the batch. After an OSError the unsynced frames are still to be written."""
        while batch:
            if isinstance(batch[0], int):
                following = _Appended(self._files.journal(batch[0]))
                sync_folder(self._files.folder)
                self._file.close()
                self._file = following
                self._done(batch[:1])
                self.written = 0
                batch = batch[1:]
                continue
            end = next((index for index, frame in enumerate(batch) if isinstance(frame, int)), len(batch))
            group = [frame for frame in batch[:end] if isinstance(frame, bytes)]
            self.written += self._file.append(b"".join(group), is_fast=self._is_fast)
            self._done(batch[:end])
            batch = batch[end:]

    def _done(self, stored: list[bytes | int]) -> None:
        with self._state:
            for _ in stored:
                self._frames.popleft()
            self._synced += sum(isinstance(frame, bytes) for frame in stored)
            if self.problem:
                self._log("there is room again: changes are accepted")
            self.problem = ""
            self._resolve()

    def _failed(self, why: str) -> None:
        with self._state:
            if not self.problem:
                self._log(f"changes are refused, because they cannot be stored: {why}")
            self.problem = why
            while self._waiting:
                _, loop, future = self._waiting.popleft()
                _call(loop, _fail, future, why)
            self._state.notify_all()

    def _resolve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._synced:
            _, loop, future = self._waiting.popleft()
            _call(loop, _succeed, future)


class _Appended:
    """A file that grows by synced pieces. It may be longer than the pieces only after a kill."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = os.lseek(self._descriptor, 0, os.SEEK_END)

    def append(self, data: bytes, *, is_fast: bool) -> int:
        """Write and sync `data`, and return its length. After an OSError the file is as before.

        A sync that `is_fast` keeps Python's lock.
        """
        try:
            view = memoryview(data)
            while view:
                view = view[os.pwrite(self._descriptor, view, self._end + len(data) - len(view)) :]
            if is_fast:
                sync_at_once(self._descriptor)
            else:
                os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(data)
        return len(data)

    def close(self) -> None:
        os.close(self._descriptor)


def _call(
    loop: asyncio.AbstractEventLoop,
    function: Callable[..., None],
    future: "asyncio.Future[None]",
    *arguments: str,
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, future, *arguments)


def _succeed(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: "asyncio.Future[None]", why: str) -> None:
    if not future.done():
        future.set_exception(NotStored(why))
