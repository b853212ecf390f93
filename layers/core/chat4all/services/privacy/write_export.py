"""Write the zips of an export, one after the other, each as far as the time of the function allows."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.exports import (
    KEPT_FOR,
    WATCHED,
    Export,
    ExportCounts,
    ExportPlace,
    ExportZip,
    Section,
)
from chat4all.domain.files.file import Attachment, FileStatus, StoredFile
from chat4all.domain.privacy_work import ExportWork
from chat4all.domain.waiting import BATCH
from chat4all.services.files.ports import Files, FileStore
from chat4all.services.privacy.collect_pages import CollectPages, ExportPage
from chat4all.services.privacy.export_html import file_path, index_html, page_html
from chat4all.services.privacy.export_ports import Exports, Shapes
from chat4all.services.privacy.ports import PrivacyQueue
from chat4all.services.privacy.zip_stream import FILES, ZipStream

MOST_ZIP_BYTES: Final = 2 * 1024**3
"""A zip begins no further page or file at this size. Its last file may have 2 GiB, too."""
MOST_PAGES: Final = 5_000
"""The directory of a zip is in memory: at most 10,000 entries, and those of the files."""
_LARGEST: Final = 10 * 1024**3


class _Written:
    """What a zip has so far, and where the export goes on behind it."""

    def __init__(self, place: ExportPlace) -> None:
        self.place = place
        self.counts = ExportCounts()
        self.size = 0
        self.pages: list[tuple[str, str]] = []
        self.files: set[str] = set()


class WriteExport:
    def __init__(
        self,
        *,
        exports: Exports,
        collect: CollectPages,
        shapes: Shapes,
        files: Files,
        store: FileStore,
        clock: Clock,
        most_zip_bytes: int = MOST_ZIP_BYTES,
    ) -> None:
        self._exports = exports
        self._collect = collect
        self._shapes = shapes
        self._files = files
        self._store = store
        self._clock = clock
        self._most_zip_bytes = most_zip_bytes

    def __call__(self, work: ExportWork, still_in_time: Callable[[], bool]) -> bool:
        """Write zips until the export or the time is over; return whether the export is written."""
        while (export := self._exports.get(work.export_id)) is not None and export.finished_at is None:
            if not still_in_time():
                return False
            written = _Written(export.place)
            size = self._store_zip(export, self._pieces(export, written, still_in_time))
            if not self._exports.save(*self._after(export, written, size)):
                break  # another process wrote the zip
        return True

    def _after(self, export: Export, written: _Written, size: int) -> tuple[Export, int, str | None]:
        now = self._clock()
        is_last = written.place.section is Section.END
        after = replace(
            export,
            zips=(*export.zips, ExportZip(export.next_file_id, size)),
            counts=export.counts + written.counts,
            place=written.place,
            finished_at=iso(now) if is_last else None,
            expires_at=_expires_at(export) if is_last else None,
        )
        return after, len(export.zips), None if is_last else iso(now + WATCHED)

    def _store_zip(self, export: Export, pieces: Iterator[bytes]) -> int:
        """Store the bytes and the record of a zip. A zip that was half written before is replaced."""
        file = StoredFile(
            file_id=export.next_file_id,
            filename=f"export-{len(export.zips) + 1}.zip",
            content_type="application/zip",
            size=0,
            status=FileStatus.READY,
            created_at=iso(self._clock()),
            expires_at=_expires_at(export),
        )
        stored = replace(file, size=self._store.write(file, pieces, _LARGEST))
        if not self._files.add(stored, stored.expires_at):
            self._files.save(stored, FileStatus.READY, stored.expires_at)
        return stored.size

    def _pieces(
        self, export: Export, written: _Written, still_in_time: Callable[[], bool]
    ) -> Iterator[bytes]:
        """Yield the bytes of the next zip, of one page at least."""
        zip_stream = ZipStream(self._clock())

        def has_room() -> bool:
            return written.size < self._most_zip_bytes and still_in_time()

        while True:
            page, following = self._collect(export, written.place)
            if page is not None:
                for piece in self._page(export, page, zip_stream, written, has_room):
                    written.size += len(piece)
                    yield piece
            if page is not None and written.place.in_files:
                break
            written.place = replace(following, in_files=False)
            is_over = following.section is Section.END
            if is_over or len(written.pages) >= MOST_PAGES or not has_room():
                break
        index = index_html(len(export.zips) + 1, written.pages, written.counts).encode()
        yield from zip_stream.entry("index.html", [index], len(index))
        yield from zip_stream.end()

    def _page(
        self,
        export: Export,
        page: ExportPage,
        zip_stream: ZipStream,
        written: _Written,
        has_room: Callable[[], bool],
    ) -> Iterator[bytes]:
        """Write a page and its files; set `in_files` at the place if there was no room for all files.

        The next zip then begins with the files that are left. Those that another zip has are skipped.
        """
        is_continued = written.place.in_files
        if not is_continued:
            json = msgspec.json.format(msgspec.json.encode(self._items(page)), indent=1)
            html = page_html(page).encode()
            written.pages.append((page.name, page.title))
            written.counts += page.counts
            yield from zip_stream.entry(f"{page.name}.json", [json], len(json))
            yield from zip_stream.entry(f"{page.name}.html", [html], len(html))
        is_first = is_continued
        for attachment in page.files:
            if attachment.file_id in written.files:
                continue
            if not is_first and not has_room():
                written.place = replace(page.place, in_files=True)
                return
            if self._exports.claim_file(export, attachment.file_id):
                is_first = False
                written.files.add(attachment.file_id)
                yield from self._file(attachment, zip_stream, written)
        written.place = replace(written.place, in_files=False)

    def _file(self, attachment: Attachment, zip_stream: ZipStream, written: _Written) -> Iterator[bytes]:
        file = self._files.get(attachment.file_id)
        found = self._store.find(attachment.file_id) if file is not None else None
        if file is None or found is None or file.status is not FileStatus.READY:
            written.counts += ExportCounts(files_missing=1)
            return
        written.counts += ExportCounts(files=1)
        pieces = self._store.stream(attachment.file_id)
        yield from zip_stream.entry(file_path(attachment), pieces, found.size, FILES)

    def _items(self, page: ExportPage) -> Sequence[object]:
        shapes = self._shapes
        if page.conversation is not None:
            return [shapes.conversation(page.conversation)]
        return [
            *map(shapes.user, page.users),
            *map(shapes.message, page.messages),
            *map(shapes.note, page.notes),
            *map(shapes.audit_entry, page.entries),
        ]


class WakeExports:
    """A job: ask exports to go on whose record was lost."""

    def __init__(self, exports: Exports, queue: PrivacyQueue) -> None:
        self._exports = exports
        self._queue = queue

    def __call__(self, now: datetime) -> Counter[str]:
        due = self._exports.due(iso(now), BATCH)
        for export in due:
            self._queue.send(ExportWork(export.export_id, export.user_id, iso(now)))
            self._exports.postpone(export, iso(now + WATCHED))
        return Counter(ExportsWoken=len(due)) if due else Counter()


def _expires_at(export: Export) -> str:
    return iso(parse_iso(export.created_at) + KEPT_FOR)
