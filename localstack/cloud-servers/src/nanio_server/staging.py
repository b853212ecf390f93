"""The folder in which files are written before they are renamed to their place.

Every request writes files of its own here. A file gets its place by a rename, whole or not at all. An object
is two files, its bytes and its metadata, and becomes visible by one rename::

    <name>.bytes     the bytes, synced
    <name>.metadata  the metadata as nanio keeps it, synced
    <name>.commit    the object's bucket and key: with this file's rename the object is stored
    ──────────────── bytes and metadata get their places, and `<name>.commit` is removed

If the process dies after the commit, `recover` gives both files their places at the next start, before any
request. Everything else in the folder belongs to requests that were never answered, and `recover` removes it.
"""

import asyncio
import json
import os
import shutil
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nanio.etag import StreamingMd5
from nanio.storage.backend import ObjectInfo
from nanio.storage.metadata import _to_dict
from nanio.storage.paths import bucket_dir, metadata_path, object_path

from ministack_server.durable import sync_folder, sync_folders, write_all, write_whole

_BUFFER_BYTES: Final = 1024 * 1024

changes: Final = threading.Lock()
"""Held while objects and uploads change: at most one object is half in its place when the process dies."""
renames: Final = threading.RLock()
"""Held for the two renames of an object, and by readers of its two files. It is never held for long."""


@dataclass(frozen=True, slots=True)
class Place:
    """The bucket and the key of an object."""

    bucket: str
    key: str


class Staging:
    def __init__(self, data: Path) -> None:
        self._data = data
        self.folder = data / ".nanio" / "staging"
        self.folder.mkdir(parents=True, exist_ok=True)

    def new_file(self) -> Path:
        return self.folder / f"{uuid.uuid4().hex}.bytes"

    def commit(self, bytes_file: Path, place: Place, info: ObjectInfo) -> None:
        """Make the object visible: the bytes of `bytes_file`, which are synced, and its metadata.

        The caller holds `changes`. After the return the object survives a power cut.
        """
        metadata = json.dumps(_to_dict(info), separators=(",", ":")).encode()
        write_whole(bytes_file.with_suffix(".writing"), bytes_file.with_suffix(".metadata"), metadata)
        commit = bytes_file.with_suffix(".commit")
        write_whole(
            bytes_file.with_suffix(".writing"), commit, json.dumps([place.bucket, place.key]).encode()
        )
        self._finish(commit, place)

    def recover(self) -> list[str]:
        """Finish what was committed, and remove everything else; return the keys that were finished."""
        finished = []
        for commit in self.folder.glob("*.commit"):
            place = Place(*json.loads(commit.read_bytes()))
            if bucket_dir(self._data, place.bucket).is_dir():
                self._finish(commit, place)
                finished.append(place.key)
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        sync_folder(self.folder)
        return finished

    def discard(self, folder: Path) -> None:
        """Remove a folder at once: it gets a name in this folder, and its files are removed afterwards."""
        removed = self.folder / f"{uuid.uuid4().hex}.removed"
        folder.rename(removed)
        sync_folders(folder.parent, self.folder)
        shutil.rmtree(removed, ignore_errors=True)

    def _finish(self, commit: Path, place: Place) -> None:
        target = object_path(self._data, place.bucket, place.key)
        sidecar = metadata_path(self._data, place.bucket, place.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        sidecar.parent.mkdir(parents=True, exist_ok=True)
        with renames:
            for name, final in ((".bytes", target), (".metadata", sidecar)):
                # After a kill -9 the first rename may have happened.
                with suppress(FileNotFoundError):
                    commit.with_suffix(name).rename(final)
        bucket = bucket_dir(self._data, place.bucket)
        sync_folders(*_up_to(bucket, target.parent), *_up_to(bucket, sidecar.parent))
        commit.unlink()


def _up_to(top: Path, folder: Path) -> list[Path]:
    """Return `folder` and the folders above it up to `top`: any of them may be new."""
    return [folder, *(above for above in folder.parents if above == top or top in above.parents)]


async def receive(body: AsyncIterator[bytes], file: Path) -> StreamingMd5:
    """Write a request's body to `file`, synced; the file is removed if the body does not arrive whole."""
    digest = StreamingMd5()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)

    def write(piece: bytes) -> None:
        write_all(descriptor, piece)
        digest.update(piece)

    try:
        buffer = bytearray()
        async for chunk in body:
            buffer += chunk
            if len(buffer) >= _BUFFER_BYTES:
                await asyncio.to_thread(write, bytes(buffer))
                buffer.clear()
        await asyncio.to_thread(write, bytes(buffer))
        await asyncio.to_thread(os.fsync, descriptor)
    except BaseException:
        os.unlink(file)  # noqa: PTH108 (no wait is worth a thread)
        raise
    finally:
        os.close(descriptor)
    return digest
