"""The one folder that holds everything of one local cloud."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat4all_local.cloud.checkout import ROOT
from chat4all_local.cloud.errors import Busy
from chat4all_local.cloud.settings import STATE_VARIABLE
from chat4all_local.cloud.state import State, decode, encode


class StateFolder:
    """state.json, lock, logs/, ministack/ (its data), localstack/ (its files of one run), tmp/ (the functions' code unpacked), s3/ (nanio's data),
    customers/ (whom the simulators know).
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self.ministack = self.path / "ministack"
        self.localstack = self.path / "localstack"
        self.before_deployment = self.path / "ministack.before-deployment"
        self.tmp = self.path / "tmp"
        self.s3 = self.path / "s3"
        self.customers = self.path / "customers"
        self._state = self.path / "state.json"
        self._lock = self.path / "lock"

    def create(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.logs, self.ministack, self.s3, self.customers):
            folder.mkdir(exist_ok=True)

    def read(self) -> State:
        try:
            return decode(self._state.read_bytes())
        except FileNotFoundError:
            return State()

    def write(self, state: State) -> None:
        """Whole or not at all, and for its owner's eyes only."""
        beside = self._state.with_suffix(".new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 (a mode)
            file.write(encode(state))
        beside.replace(self._state)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One launcher to a folder. The kernel lets go of the lock when its holder dies. Raises Busy."""
        with self._lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"a local cloud is already using {self.path}", "see: chat4all status") from None
            yield

    def is_locked(self) -> bool:
        if not self._lock.exists():
            return False
        try:
            with self.locked():
                return False
        except Busy:
            return True

    def empty_tmp(self) -> None:
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.tmp.mkdir()

    def purge(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def default_folder() -> StateFolder:
    """`.chat4all` in the checkout, or what CHAT4ALL_STATE says."""
    return StateFolder(Path(os.environ.get(STATE_VARIABLE) or ROOT / ".chat4all"))
