"""The readers of files: each fetches a file in its own thread."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Final

from msgspec.structs import replace

from chat4all_local.console.progress import ProgressDisplay, Transfer
from chat4all_local.demo.files.fetching import fetch
from chat4all_local.demo.files.observed import Content

AT_ONCE: Final = 3


class Readers:
    def __init__(self, progress: ProgressDisplay) -> None:
        self._progress = progress
        self._over = Event()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reader")
        self._reading: dict[str, Future[Content]] = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let the readers read during the block. After a failure they end with the cloud."""
        is_well = False
        try:
            yield
            is_well = True
        finally:
            self._over.set()
            self._threads.shutdown(wait=is_well, cancel_futures=True)

    def knows(self, key: str) -> bool:
        return key in self._reading

    def read(self, key: str, url: str, title: str, size: int, sha256: str | None = None) -> None:
        """Read a file in a thread. Its content counts as incomplete unless it matches `sha256`, if given."""
        advance = self._progress.transfer(title, size)
        self._reading[key] = self._threads.submit(self._read, url, advance, sha256)

    def refused(self, key: str) -> None:
        """Record that the file was refused and has no content to read."""
        nothing: Future[Content] = Future()
        nothing.set_result(Content(0, None))
        self._reading[key] = nothing

    def contents(self) -> dict[str, Content]:
        """Return the contents by key, of the finished readers."""
        return {key: reading.result() for key, reading in self._reading.items() if reading.done()}

    def _read(self, url: str, advance: Transfer, sha256: str | None) -> Content:
        content = fetch(url, advance, self._over)
        return content if sha256 in (None, content.sha256) else replace(content, sha256=None)
