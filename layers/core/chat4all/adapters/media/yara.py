"""Malware rules on yara-x, over windows of a file: a file of any size needs the memory of a window."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yara_x

from chat4all.domain.files.inspection import Refusal, RejectCode
from chat4all.services.files.scanning import CannotScan, Clean, Malware, Verdict

WINDOW_BYTES: Final = 8 * 1024 * 1024
OVERLAP_BYTES: Final = 64 * 1024
"""A rule finds a pattern of at most this length wherever it lies in the file."""
LONGEST_WINDOW_S: Final = 60
OWN_RULES: Final = Path(__file__).parent / "rules"

_TOO_SLOW: Final = Refusal(RejectCode.CANNOT_BE_SCANNED, "The malware scan of the file took too long.")


class YaraScan:
    """A scan of a file. Windows lie at fixed places of the file, whatever the sizes of the pieces."""

    def __init__(self, rules: yara_x.Rules) -> None:
        self._scanner = yara_x.Scanner(rules)
        self._scanner.set_timeout(LONGEST_WINDOW_S)
        self._pieces: list[bytes] = []
        self._held = 0
        self._is_new = True
        self._verdict: Verdict | None = None

    def feed(self, piece: bytes) -> None:
        if self._verdict is not None or not piece:
            return
        self._pieces.append(piece)
        self._held += len(piece)
        self._is_new = True
        while self._held >= WINDOW_BYTES and self._verdict is None:
            held = b"".join(self._pieces)
            self._scan(held[:WINDOW_BYTES])
            self._keep(held[WINDOW_BYTES - OVERLAP_BYTES :])

    def verdict(self) -> Verdict:
        if self._verdict is None and self._is_new:
            self._scan(b"".join(self._pieces))
        return self._verdict or Clean()

    def _keep(self, rest: bytes) -> None:
        self._pieces = [rest]
        self._held = len(rest)
        self._is_new = self._held > OVERLAP_BYTES

    def _scan(self, window: bytes) -> None:
        try:
            matches = self._scanner.scan(window).matching_rules
        except yara_x.TimeoutError:
            self._verdict = CannotScan(_TOO_SLOW)
            return
        if matches:
            self._verdict = Malware(matches[0].identifier)


class YaraScanner:
    def __init__(self, folders: Iterable[Path] = ()) -> None:
        """Compile the package's rules and `*.yar` of `folders`; raise yara_x.CompileError, OSError."""
        compiler = yara_x.Compiler()
        for path in _rule_files([OWN_RULES, *folders]):
            # Each file has a namespace, because two files may contain the same rule.
            compiler.new_namespace(str(path))
            compiler.add_source(path.read_text(encoding="utf-8"), origin=path.name)
        self._rules = compiler.build()

    @contextmanager
    def begin(self) -> Iterator[YaraScan]:
        yield YaraScan(self._rules)


def _rule_files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise NotADirectoryError(
                f"The folder of malware rules {folder} does not exist; create it, or correct its path."
            )
        yield from sorted(folder.glob("*.yar"))
