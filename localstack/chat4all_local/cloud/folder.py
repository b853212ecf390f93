"""The folder with all files of a local cloud."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.errors import Busy, NotOurs
from chat4all_local.cloud.settings import STATE_VARIABLE
from chat4all_local.cloud.state import State, decode, encode, is_state
from chat4all_local.waiting import wait_until

_LOOKED_AT_S: Final = 0.5
"""Nobody who only looks whether the folder is locked takes that long."""
_LOOK_AGAIN_S: Final = 0.01
_ADVICE: Final = f"name a folder that is new or empty: --state DIR, or {STATE_VARIABLE}"


class StateFolder:
    """The folder of a local cloud, as the user names it.

    The user may be mistaken. So the folder is used only if it is new or empty, or has the state.json of a
    local cloud, and only files with our names are removed from it: state.json, lock, logs/, ministack/ (its
    data), localstack/ (its files of one run), tmp/ (the unpacked code of the functions), s3/ (nanio's data),
    customers/ (known to the simulators), demo/ (the files of a demo).
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.ministack = self.path / "ministack"
        self.localstack = self.path / "localstack"
        self.before_deployment = self.path / "ministack.before-deployment"
        self.unfinished = self.path / "ministack.unfinished"
        self.tmp = self.path / "tmp"
        self.s3 = self.path / "s3"
        self.customers = self.path / "customers"
        self.demo = self.path / "demo"
        self._state = self.path / "state.json"
        self._new = self.path / "state.new"
        self._lock = self.path / "lock"

    def create(self) -> None:
        """Raises NotOurs."""
        self.check_ours()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be made: {error.strerror}", _ADVICE) from error
        with self._writing():
            if not self._state.exists():
                self.write(State())
            for folder in (self.logs, self.ministack, self.s3, self.customers):
                folder.mkdir(exist_ok=True)

    def check_ours(self) -> None:
        """A local cloud's, empty, or not there yet. Raises NotOurs."""
        try:
            found = {path.name for path in self.path.iterdir()}
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be a folder: {error.strerror}", _ADVICE) from error
        if found <= {self._new.name}:
            return
        if not (self._state.is_file() and is_state(self._state.read_bytes())):
            raise NotOurs(f"{self.path} is not the folder of a local cloud, and is left alone", _ADVICE)

    def read(self) -> State:
        """Raises NotOurs."""
        try:
            return decode(self._state.read_bytes())
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be read: {error.strerror}", _ADVICE) from error

    def write(self, state: State) -> None:
        """Whole or not at all, and for its owner's eyes only."""
        with open(os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 (a mode)
            file.write(encode(state))
        self._new.replace(self._state)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Raise NotOurs where the system does not let us write."""
        try:
            yield
        except OSError as error:
            raise NotOurs(f"{self.path} cannot be written: {error.strerror}", _ADVICE) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the folder. The kernel releases the lock when its holder dies.

        Raises Busy, NotOurs.
        """
        with self._writing():
            lock = self._lock.open("a")
        with lock:
            try:
                wait_until(
                    "the lock of the folder",
                    lambda: _takes(lock, fcntl.LOCK_EX),
                    within_s=_LOOKED_AT_S,
                    every_s=_LOOK_AGAIN_S,
                )
            except TimeoutError as taken:
                raise Busy(f"a local cloud is already using {self.path}", "see: chat4all status") from taken
            yield

    def is_locked(self) -> bool:
        """Looked at with a lock that others who look share, and a launcher waits for."""
        try:
            with self._lock.open() as lock:
                return not _takes(lock, fcntl.LOCK_SH)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def empty_tmp(self) -> None:
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp.mkdir()

    def purge(self) -> bool:
        """Remove our files, and the folder if it is empty then; tell if so. Raises Busy, NotOurs."""
        self.check_ours()
        if not self.path.exists():
            return True
        with self.locked():
            return self._removed()

    def _removed(self) -> bool:
        data = (self.ministack, self.before_deployment, self.unfinished, self.localstack, self.s3)
        for folder in (*data, self.logs, self.tmp, self.customers, self.demo):
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # what else is in it
            for file in (self._lock, self._new, self._state):
                file.unlink(missing_ok=True)
            self.path.rmdir()
        return not self.path.exists()


def _takes(lock: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def default_folder() -> StateFolder:
    """`.chat4all` in the checkout, or what CHAT4ALL_STATE says."""
    return StateFolder(Path(os.environ.get(STATE_VARIABLE) or ROOT / ".chat4all"))
