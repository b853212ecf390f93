"""The files of a journal: generations of snapshots and journals in one folder.

`00000002.snapshot` is the state at the beginning of `00000002.journal`. A snapshot gets its name when it is
whole and synced. Files of earlier generations are then removed.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ministack_server.durable import sync_folder
from ministack_server.journal.frames import frames

_SNAPSHOT: Final = ".snapshot"
_JOURNAL: Final = ".journal"
_DAMAGED: Final = ".damaged"


@dataclass(frozen=True)
class Found:
    """The whole frames of a journal's folder, and where the next frame belongs.

    `cut` says which bytes were cut off or set aside, and is empty if every file was whole. `since_snapshot`
    counts the bytes of the journals.
    """

    payloads: list[bytes]
    generation: int
    since_snapshot: int
    snapshot_size: int
    cut: str


class Files:
    """The files in `folder`, which is created if necessary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)

    def journal(self, generation: int) -> Path:
        return self.folder / f"{generation:08d}{_JOURNAL}"

    def snapshot(self, generation: int) -> Path:
        return self.folder / f"{generation:08d}{_SNAPSHOT}"

    def unfinished(self, generation: int) -> Path:
        return self.snapshot(generation).with_suffix(".unfinished")

    def read(self) -> Found:
        """Read the last snapshot and the journals since, and cut off what is not whole."""
        for unfinished in self.folder.glob("*.unfinished"):
            unfinished.unlink()
        first = max((_generation(path) for path in self.folder.glob(f"*{_SNAPSHOT}")), default=0)
        payloads: list[bytes] = []
        cuts: list[str] = []
        if self.snapshot(first).exists():
            cuts += _read_whole(self.snapshot(first), payloads)
        snapshot_size = _size(self.snapshot(first))
        journals = sorted(path for path in self.folder.glob(f"*{_JOURNAL}") if _generation(path) >= first)
        generation, since = first, 0
        for journal in journals:
            if cuts:  # what follows a gap is not applied: it may build on what is missing
                cuts.append(f"{journal.name}: set aside, {_size(journal)} bytes")
                journal.replace(journal.with_suffix(_DAMAGED))
                continue
            cuts += _read_whole(journal, payloads)
            generation, since = _generation(journal), since + _size(journal)
        return Found(payloads, generation, since, snapshot_size, "; ".join(cuts))

    def remove_before(self, generation: int) -> None:
        """Remove the snapshots and journals of the generations before a whole snapshot."""
        for path in (*self.folder.glob(f"*{_SNAPSHOT}"), *self.folder.glob(f"*{_JOURNAL}")):
            if _generation(path) < generation:
                path.unlink(missing_ok=True)


def _read_whole(path: Path, payloads: list[bytes]) -> list[str]:
    """Append the payloads of the whole frames, and cut off the rest. Return a description of the cut."""
    data = path.read_bytes()
    whole = 0
    for payload, end in frames(data):
        payloads.append(payload)
        whole = end
    if whole == len(data):
        return []
    path.with_suffix(f"{path.suffix}{_DAMAGED}").write_bytes(data[whole:])
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    return [f"{path.name}: cut at byte {whole}, {len(data) - whole} bytes were not whole"]


def _generation(path: Path) -> int:
    return int(path.name.partition(".")[0])


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
