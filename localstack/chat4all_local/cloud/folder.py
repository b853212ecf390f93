"""The folder with all files of a local cloud."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.errors import Busy, NotOurs, NotSaved
from chat4all_local.cloud.settings import STATE_VARIABLE
from chat4all_local.cloud.state import State, decode, encode, is_state
from chat4all_local.waiting import wait_until

_LOCKED_WITHIN_S: Final = 0.5
"""Checking whether the folder is locked holds the lock for less than this, so a launcher waits this long."""
_LOCK_RETRY_S: Final = 0.01
_ADVICE: Final = f"name a folder that is new or empty: --state DIR, or {STATE_VARIABLE}"


class StateFolder:
    """The folder of a local cloud.

    The user may name a wrong folder. Therefore a cloud uses the folder only if it is new or empty, or has the
    state.json of a local cloud. Only these are ever removed from it: state.json, lock, logs/, ministack/ (the
    data of MiniStack), localstack/ (LocalStack's files of one run), tmp/ (the unpacked code of the
    functions), s3/ (nanio's data), customers/ (what the simulators remember), demo/ (the files of a
    demo).
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.ministack = self.path / "ministack"
        self.localstack = self.path / "localstack"
        self.tmp = self.path / "tmp"
        self.s3 = self.path / "s3"
        self.customers = self.path / "customers"
        self.demo = self.path / "demo"
        self._state = self.path / "state.json"
        self._new = self.path / "state.new"
        self._lock = self.path / "lock"

    def create(self) -> None:
        """Create the folder and its subfolders where they are missing. Raises NotOurs."""
        self.check_ours()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be created: {error.strerror}", _ADVICE) from error
        with self._writing():
            if not self._state.exists():
                self._write(State())
            for folder in (self.logs, self.ministack, self.s3, self.customers):
                folder.mkdir(exist_ok=True)

    def check_ours(self) -> None:
        """Check that the folder is a local cloud's, empty or missing. Raises NotOurs."""
        try:
            found = {path.name for path in self.path.iterdir()}
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be used as a folder: {error.strerror}", _ADVICE) from error
        if found <= {self._new.name}:
            return
        if not (self._state.is_file() and is_state(self._state.read_bytes())):
            raise NotOurs(f"{self.path} is not the folder of a local cloud, and stays unchanged", _ADVICE)

    def read(self) -> State:
        """Return the recorded state; a new state if none is recorded. Raises NotOurs."""
        try:
            return decode(self._state.read_bytes())
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be read: {error.strerror}", _ADVICE) from error

    def is_of_this_launcher(self) -> bool:
        """Return whether the recorded state is this process's. The folder may have been removed meanwhile."""
        launcher = self.read().launcher
        return launcher is not None and launcher.pid == os.getpid()

    def write(self, state: State) -> None:
        """Write the state atomically, to a file that only its owner can read. Raises NotSaved."""
        try:
            self._write(state)
        except OSError as error:
            what = f"{self.path} cannot be written: {error.strerror}"
            raise NotSaved(what, "see whether the disk is full") from error

    def _write(self, state: State) -> None:
        with open(os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 (a mode)
            file.write(encode(state))
            file.flush()
            os.fsync(file.fileno())  # otherwise a power cut may leave an empty state.json, which is not ours
        self._new.replace(self._state)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn an OSError of a write into NotOurs."""
        try:
            yield
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be written: {error.strerror}", _ADVICE) from error

    @contextmanager
    def locked(self, within_s: float = _LOCKED_WITHIN_S) -> Iterator[None]:
        """Hold the lock of the folder. The kernel releases the lock when its holder dies.

        Raises Busy, NotOurs.
        """
        with self._writing():
            lock = self._lock.open("a")
        with lock:
            try:
                wait_until(
                    "the lock of the folder",
                    lambda: _acquires(lock, fcntl.LOCK_EX),
                    within_s=within_s,
                    every_s=_LOCK_RETRY_S,
                )
            except TimeoutError as taken:
                raise Busy(f"a local cloud is already using {self.path}", "see: chat4all status") from taken
            yield

    def is_locked(self) -> bool:
        """Return whether a launcher holds the lock.

        The check takes a shared lock for a moment: other checks share it, and a launcher waits for it.
        """
        try:
            with self._lock.open() as lock:
                return not _acquires(lock, fcntl.LOCK_SH)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def empty_tmp(self) -> None:
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp.mkdir()

    def purge(self) -> bool:
        """Remove the cloud's files, and the folder if nothing else is in it.

        Return whether the folder is gone. Raises Busy, NotOurs.
        """
        self.check_ours()
        if not self.path.exists():
            return True
        with self.locked():
            return self._removed()

    def _removed(self) -> bool:
        data = (self.ministack, self.localstack, self.s3, self.customers, self.demo)
        for folder in (*data, self.logs, self.tmp):
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # the folder has other files
            for file in (self._lock, self._new, self._state):
                file.unlink(missing_ok=True)
            self.path.rmdir()
        return not self.path.exists()


def _acquires(lock: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def default_folder() -> StateFolder:
    """Return the folder that CHAT4ALL_STATE names, or else `.chat4all` in the checkout."""
    return StateFolder(Path(os.environ.get(STATE_VARIABLE) or ROOT / ".chat4all"))
