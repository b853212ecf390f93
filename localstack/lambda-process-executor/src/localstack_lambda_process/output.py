"""The output of a function, read from its file. The file has all output that precedes an answer."""

from pathlib import Path
from typing import Final

_EMPTIED_AT: Final = 16 * 1024 * 1024  # bytes


class Output:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0
        path.touch()

    def new(self) -> str:
        """Return the output since the last call; empty if the file is gone."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read)
                text = file.read()
        except FileNotFoundError:
            return ""
        self._read += len(text)
        if self._read > _EMPTIED_AT:
            # The function appends to the file, wherever its end is.
            with self.path.open("r+b") as file:
                file.truncate(0)
            self._read = 0
        return text.decode(errors="replace")
