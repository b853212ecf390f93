"""The port of a malware scanner."""

from contextlib import AbstractContextManager
from typing import Protocol, Self

import msgspec

from chat4all.domain.files.inspection import Refusal


class Clean(msgspec.Struct, frozen=True):
    """The engine found no malware."""


class Malware(msgspec.Struct, frozen=True):
    """The engine found malware; `rule` is the engine's name for it."""

    rule: str


class CannotScan(msgspec.Struct, frozen=True):
    """The engine cannot scan this file, now or later."""

    refusal: Refusal


class Awaited(msgspec.Struct, frozen=True):
    """The verdict will come later, as an event of its own."""


FinalVerdict = Clean | Malware | CannotScan
Verdict = FinalVerdict | Awaited


class Scan(Protocol):
    """The scan of one file, used in one thread and fed with all bytes in order.

    Its methods raise Unavailable.
    """

    def feed(self, piece: bytes) -> None: ...

    def verdict(self) -> Verdict:
        """Return the verdict; called once, after the last piece."""
        ...


class Scanner(Protocol):
    def begin(self) -> AbstractContextManager[Scan]:
        """Begin a scan; a context that ends without a verdict aborts the scan. Raises Unavailable."""
        ...


class KnownVerdict:
    """A scanner, and its scan, whose verdict is already known."""

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
