"""The port to what looks for malware."""

from contextlib import AbstractContextManager
from typing import Protocol, Self

import msgspec

from chat4all.domain.inspection import Refusal


class Clean(msgspec.Struct, frozen=True):
    """Nothing was found."""


class Malware(msgspec.Struct, frozen=True):
    """`rule` is the engine's name for what it found."""

    rule: str


class CannotScan(msgspec.Struct, frozen=True):
    """The engine does not scan this file, now or later."""

    refusal: Refusal


class Awaited(msgspec.Struct, frozen=True):
    """The verdict comes later, as an event of its own."""


FinalVerdict = Clean | Malware | CannotScan
Verdict = FinalVerdict | Awaited


class Scan(Protocol):
    """The scan of one file: used in one thread, fed all its bytes in order. Its methods raise Unavailable."""

    def feed(self, piece: bytes) -> None: ...

    def verdict(self) -> Verdict:
        """Once, after the last piece."""
        ...


class Scanner(Protocol):
    def begin(self) -> AbstractContextManager[Scan]:
        """Left without its verdict, the scan is given up. Raises Unavailable."""
        ...


class KnownVerdict:
    """A scanner, and a scan, whose verdict is there already."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    def begin(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def feed(self, piece: bytes) -> None:
        pass

    def verdict(self) -> Verdict:
        return self._verdict
