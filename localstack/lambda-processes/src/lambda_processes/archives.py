"""Archives of code and layers, each unpacked once into a folder that its functions share read-only.

A folder is named by its content's hash, and appears under its name only when it is complete. The folders
belong to this process: the lock that it holds on them ends with it, and the next process removes them.
"""

import fcntl
import hashlib
import io
import os
import shutil
import tempfile
import threading
import uuid
import zipfile
import zlib
from pathlib import Path
from typing import Final

_LOCK: Final = "lock"
_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)
"""The errors of zipfile for a damaged, encrypted or strangely compressed archive, and of a full disk."""


class BadArchive(Exception):
    """The archive cannot be unpacked."""


def check(archive: bytes) -> None:
    """Check the archive's directory and the head of each member, without unpacking. Raises BadArchive."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            for member in packed.infolist():
                packed.open(member).close()
    except _UNREADABLE as error:
        raise BadArchive(str(error)) from error


class Archives:
    """The unpacked archives, in a folder of this process below `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        parent = folder or Path(tempfile.gettempdir()) / f"lambda-processes-{os.getuid()}"
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (parent / _LOCK).open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)  # another process may be about to lock its new folder
            _remove_left(parent)
            self.folder = parent / uuid.uuid4().hex
            self.folder.mkdir(mode=0o700)
            self._lock = (self.folder / _LOCK).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._users: dict[Path, int] = {}
        self._changing = threading.Lock()

    def use(self, archive: bytes) -> Path:
        """Return the folder of the unpacked archive; it stays until `release`. Raises BadArchive."""
        place = self.folder / hashlib.sha256(archive).hexdigest()
        with self._changing:
            if place not in self._users:
                _unpack(archive, place)
                self._users[place] = 0
            self._users[place] += 1
        return place

    def release(self, place: Path) -> None:
        """Remove the folder if no other version uses it."""
        with self._changing:
            self._users[place] -= 1
            if not self._users[place]:
                del self._users[place]
                _remove(place)

    def close(self) -> None:
        """Remove every folder."""
        _remove(self.folder)
        self._lock.close()


def _unpack(archive: bytes, place: Path) -> None:
    """Unpack under another name, and rename: an interrupted unpacking leaves no folder of this name."""
    half = place.with_name(f"{place.name}.{uuid.uuid4().hex}")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            files = {
                Path(packed.extract(member, half)): (member.external_attr >> 16) & 0o111
                for member in packed.infolist()
                if not member.is_dir()
            }
        for file, executable in files.items():  # when all are written: a member may come twice
            file.chmod(0o444 | executable)
        half.mkdir(exist_ok=True)  # of an empty archive
        for folder in (half, *(path for path in half.rglob("*") if path.is_dir())):
            folder.chmod(0o555)
        half.rename(place)
    except _UNREADABLE as error:
        _remove(half)
        raise BadArchive(str(error)) from error
    except BaseException:
        _remove(half)
        raise


def _remove(place: Path) -> None:
    """Remove a folder whose folders may be read-only."""
    for folder in (place, *(path for path in place.rglob("*") if path.is_dir())):
        if folder.exists():
            folder.chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)


def _remove_left(parent: Path) -> None:
    """Remove the folders of processes that have ended: their locks are free."""
    for folder in parent.iterdir():
        try:
            with (folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
        except OSError:
            continue
