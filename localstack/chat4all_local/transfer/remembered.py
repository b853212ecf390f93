"""The unfinished uploads of local files, so that the same command resumes them."""

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

KEPT_S: Final = 2 * 86_400
"""Longer than a day, after which the API ends an incomplete upload."""


class Source(msgspec.Struct, frozen=True):
    """A file at the start of its upload. If its size or time changes, it counts as another file."""

    api: str
    path: str
    size: int
    modified_ns: int
    conversation_id: str | None


class _Upload(msgspec.Struct, frozen=True):
    file_id: str


def source_of(api: str, path: Path, conversation_id: str | None) -> Source:
    """Return the present state of the file. Raises OSError."""
    found = path.stat()
    return Source(api, str(path.resolve()), found.st_size, found.st_mtime_ns, conversation_id)


class Remembered:
    """The unfinished uploads: `folder` has a small file for each."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _default_folder()

    def file_id(self, source: Source) -> str | None:
        try:
            return msgspec.json.decode(self._path(source).read_bytes(), type=_Upload).file_id
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def lock(self, source: Source) -> Path:
        """Return the lock of the file's upload, with a new time so that it is not removed as old."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._path(source).with_suffix(".lock")
        lock.touch()
        return lock

    def keep(self, source: Source, file_id: str) -> None:
        """Store the upload of a file. It is durable when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._forget_old()
        path = self._path(source)
        unfinished = path.with_suffix(f".{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(msgspec.json.encode(_Upload(file_id)))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    def forget(self, source: Source) -> None:
        self._path(source).unlink(missing_ok=True)

    def _forget_old(self) -> None:
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - KEPT_S:
                    path.unlink()

    def _path(self, source: Source) -> Path:
        name = hashlib.sha256(msgspec.json.encode(source)).hexdigest()[:32]
        return self._folder / f"{name}.json"


def _default_folder() -> Path:
    """Return the folder for state: https://specifications.freedesktop.org/basedir-spec/latest/."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "chat4all" / "uploads"
