"""A fake scanner: it detects one string, or returns the verdict that a test sets."""

from collections.abc import Iterator
from contextlib import contextmanager

from chat4all.domain.errors import Unavailable
from chat4all.services.files.scanning import Clean, Malware, Verdict
from tests.fakes.samples import EICAR


class FakeScan:
    def __init__(self, decided: Verdict | None) -> None:
        self._decided = decided
        self._fed = b""

    def feed(self, piece: bytes) -> None:
        self._fed += piece

    def verdict(self) -> Verdict:
        if self._decided is not None:
            return self._decided
        return Malware("EICAR") if EICAR in self._fed else Clean()


class FakeScanner:
    def __init__(self) -> None:
        self.decided: Verdict | None = None
        self.broken = False
        self.scans = 0

    @contextmanager
    def begin(self) -> Iterator[FakeScan]:
        if self.broken:
            raise Unavailable("The malware scanner does not answer.", retry_after=5)
        self.scans += 1
        yield FakeScan(self.decided)
