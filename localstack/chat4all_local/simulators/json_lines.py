"""A file with a line of JSON for each thing, added to as things happen."""

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
        """What a killed process left unfinished is passed over."""
        for line in self._path.read_bytes().splitlines() if self._path.exists() else ():
            try:
                yield msgspec.json.decode(line, type=self._kind)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue

    def append(self, one: msgspec.Struct) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(one) + b"\n")

    def replace(self, everything: Iterable[msgspec.Struct]) -> None:
        """At once, so that a start that is killed forgets nothing."""
        tidied = self._path.with_suffix(".new")
        tidied.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in everything))
        tidied.replace(self._path)
