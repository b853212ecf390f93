"""A file with a line of JSON for each record, to which records are appended."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class JsonLines(Generic[T]):
    def __init__(self, path: Path, kind: type[T]) -> None:
        self._path = path
        self._kind = kind

    def read(self) -> Iterator[T]:
        """Read the records, and skip a line that a killed process left incomplete."""
        for line in self._path.read_bytes().splitlines() if self._path.exists() else ():
            try:
                yield msgspec.json.decode(line, type=self._kind)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue

    def append(self, record: msgspec.Struct) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")

    def replace(self, records: Iterable[msgspec.Struct]) -> None:
        """Replace all records in a single step, so that a process killed meanwhile loses none."""
        tidied = self._path.with_suffix(".new")
        tidied.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
        tidied.replace(self._path)
