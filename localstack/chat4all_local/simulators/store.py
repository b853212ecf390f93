"""What a provider remembers: tables of rows that survive `kill -9`, and a power cut.

A journal has a line for each change: a checksum, and in JSON the table, the key and the row. A change is in
the journal when `put` returns, so that a killed process loses no change. `synced` waits until it is on the
disk, too. At the start, the journal is cut at its last whole line and shortened to a line for each row.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from errno import ENOSPC
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from zlib import crc32

import msgspec

Row = TypeVar("Row")
_CHECKSUM_BYTES: Final = 9
_COMPACTED_AFTER_BYTES: Final = 32 * 2**20
"""A journal is compacted when it has grown by this much, and to twice its length after the last time."""
_FAST_SYNC_S: Final = 0.001
"""The event loop itself carries out the syncs while they take less."""


class _Change(msgspec.Struct, frozen=True, array_like=True):
    """A row that was put, or removed if `row` is null. Without `key`, all rows of the table were removed."""

    table: str
    key: str | None
    row: msgspec.Raw


class Store:
    """The tables of a provider, in the journal at `path`. Without `path`, they are in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._tables: dict[str, Table[object]] = {}
        self._syncing: asyncio.Task[None] | None = None
        self._written = self._synced = 0
        self._sync_took_s = 0.0
        self._file: FileIO | None = None
        self._found: dict[str, dict[str, msgspec.Raw]] = {}
        if path is not None:
            self._found = _rows(_changes(path))
            self._file, self._length = _compacted(path, self._lines())
            self._compacted_at = self._length + max(_COMPACTED_AFTER_BYTES, self._length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def table(self, name: str, kind: type[Row], most: int | None = None) -> "Table[Row]":
        """Open a table of at most `most` rows, once.

        A row that an older version wrote in another form is left out and reported.
        """
        rows: dict[str, Row] = {}
        found = self._found.pop(name, {})
        for key, row in found.items():
            with suppress(msgspec.ValidationError):
                rows[key] = msgspec.json.decode(row, type=kind)
        if unread := len(found) - len(rows):
            what = f"{unread} of {len(found)} {name} in {self._path} have another form and are left out"
            sys.stderr.write(f"simulators: {what}\n")
        table = Table(self, name, rows, most)
        self._tables[name] = table  # type: ignore[assignment]  # a table of any rows
        return table

    def write(self, table: str, key: str | None, row: object) -> None:
        """Write a change for which `synced` waits. Raises OSError for a change that does not fit."""
        self.append(table, key, row)
        self._written += 1

    def append(self, table: str, key: str | None, row: object) -> None:
        """Write a change that a power cut may undo. Raises OSError as `write` does."""
        if self._file is None:
            return
        line = _line(table, key, row)
        if self._file.write(line) != len(line):
            self._file.truncate(self._length)
            raise OSError(ENOSPC, os.strerror(ENOSPC), str(self._path))
        self._length += len(line)

    async def synced(self) -> None:
        """Wait until every change written so far is on the disk. A sync serves all that wait for it."""
        wanted = self._written
        while self._file is not None and self._synced < wanted:
            if self._syncing is None:
                self._syncing = asyncio.create_task(self._sync(self._file))
            await asyncio.shield(self._syncing)

    async def _sync(self, file: FileIO) -> None:
        try:
            await asyncio.sleep(0)  # the changes of all requests that are there share the sync
            written, began = self._written, time.perf_counter()
            # Handing over to a thread and back takes longer than a fast sync: both need Python's lock.
            if self._sync_took_s < _FAST_SYNC_S:
                os.fdatasync(file.fileno())
            else:
                await asyncio.to_thread(os.fdatasync, file.fileno())
            self._synced, self._sync_took_s = written, time.perf_counter() - began
            if self._length >= self._compacted_at and self._path is not None:
                self._compact(self._path)
        finally:
            self._syncing = None

    def _compact(self, path: Path) -> None:
        with suppress(OSError):  # a full disk: the journal goes on as it is
            after, self._length = _compacted(path, self._lines())
            if self._file is not None:
                self._file.close()
            self._file = after
            self._synced = self._written
        self._compacted_at = self._length + max(_COMPACTED_AFTER_BYTES, self._length)

    def _lines(self) -> Iterator[bytes]:
        for name, found in self._found.items():
            for key, raw in found.items():
                yield _line(name, key, raw)
        for name, table in self._tables.items():
            for key, row in table.items():
                yield _line(name, key, row)


class Table(Mapping[str, Row]):
    """Rows by key, in the order in which they came. Beyond `most` rows, the oldest row makes room."""

    def __init__(self, store: Store, name: str, rows: dict[str, Row], most: int | None) -> None:
        self._store = store
        self._name = name
        self._rows = rows
        self._most = most
        self._make_room()

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def newest_first(self) -> Iterator[Row]:
        return reversed(self._rows.values())

    def put(self, key: str, row: Row) -> None:
        self._store.write(self._name, key, row)
        self._rows[key] = row
        self._make_room()

    def get_or_put(self, key: str, row: Row) -> Row:
        """Return the row of the key, which is `row` from now on if there was none."""
        if key not in self._rows:
            self.put(key, row)
        return self._rows[key]

    def remove(self, key: str) -> None:
        """Remove a row. After a power cut, or on a full disk, it may be there again at the next start."""
        with suppress(OSError):
            self._store.append(self._name, key, None)
        self._rows.pop(key, None)

    def clear(self) -> None:
        self._store.write(self._name, None, None)
        self._rows.clear()

    def _make_room(self) -> None:
        # The next start makes the same room, so the journal needs no line for it.
        while self._most is not None and len(self._rows) > self._most:
            del self._rows[next(iter(self._rows))]


def _line(table: str, key: str | None, row: object) -> bytes:
    text = msgspec.json.encode((table, key, row))
    return b"%08x %b\n" % (crc32(text), text)


def _changes(path: Path) -> Iterator[_Change]:
    """Read the whole lines of a journal. The rest is set aside and reported."""
    written = path.read_bytes() if path.exists() else b""
    whole = 0
    for line in written.splitlines(keepends=True):
        text = line[_CHECKSUM_BYTES:-1]
        if line != b"%08x %b\n" % (crc32(text), text):
            break
        yield msgspec.json.decode(text, type=_Change)
        whole += len(line)
    if rest := written[whole:]:
        aside = path.with_suffix(".cut")
        aside.write_bytes(rest)
        what = f"{path} was cut at byte {whole}: the {len(rest)} bytes after it are not whole"
        sys.stderr.write(f"simulators: {what}; they are in {aside.name}\n")


def _rows(changes: Iterator[_Change]) -> dict[str, dict[str, msgspec.Raw]]:
    tables: dict[str, dict[str, msgspec.Raw]] = {}
    for change in changes:
        rows = tables.setdefault(change.table, {})
        if change.key is None:
            rows.clear()
        elif bytes(change.row) == b"null":
            rows.pop(change.key, None)
        else:
            rows[change.key] = change.row
    return tables


def _compacted(path: Path, lines: Iterator[bytes]) -> tuple[FileIO, int]:
    """Replace a journal in a single step. Return the new journal, open to append to it, and its length."""
    new = path.with_suffix(".new")
    try:
        with new.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return path.open("ab", buffering=0), path.stat().st_size


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
