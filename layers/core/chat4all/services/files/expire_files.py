"""Sweep the files: end abandoned uploads, request inspections that did not come, expire old files."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import msgspec

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.files.file import FileEvent, FileStatus, FileStored, FileToFetch, StoredFile
from chat4all.domain.waiting import BATCH
from chat4all.services.files.ports import FileEvents, Files, FileStore
from chat4all.services.files.upload_file import INSPECTED_WITHIN

FETCHED_WITHIN: Final = timedelta(hours=24)
"""The fetch of a person's file is given up after this time; the providers keep the file longer."""


class ExpireFiles:
    """The file sweeper, a job of `relay`."""

    def __init__(self, files: Files, store: FileStore, events: FileEvents) -> None:
        self._files = files
        self._store = store
        self._events = events

    def __call__(self, now: datetime) -> Counter[str]:
        return Counter(
            metric
            for file in self._files.due(iso(now), BATCH)
            if (metric := self._sweep(file, now)) is not None
        )

    def _sweep(self, file: StoredFile, now: datetime) -> str | None:
        """Handle one due file; return the metric to count."""
        match file.status:
            case FileStatus.PENDING if file.source is not None and now < _given_up_at(file):
                return self._ask_again(file, now, FileToFetch(file.file_id))
            case FileStatus.SCANNING | FileStatus.INFECTED | FileStatus.REJECTED | FileStatus.DELETED:
                return self._ask_again(file, now, FileStored(file.file_id))
            case FileStatus.PENDING | FileStatus.READY:
                return "FilesExpired" if expire(self._files, self._store, file) else None
            case _:
                self._files.save(file, file.status, None)
                return None

    def _ask_again(self, file: StoredFile, now: datetime, event: FileEvent) -> str | None:
        """Publish the event again. A file that must have no bytes stays due until they are removed."""
        if not self._files.save(file, file.status, iso(now + INSPECTED_WITHIN)):
            return None
        self._events.file_event(event)
        return "InspectionsRequestedAgain"


def expire(files: Files, store: FileStore, file: StoredFile) -> bool:
    """Remove the bytes, then mark the file as EXPIRED: an EXPIRED file is never swept again.

    Return False if its status has changed meanwhile.
    """
    if file.upload_id is not None and file.status is FileStatus.PENDING:
        store.abort_upload(file)
    else:
        store.delete(file.file_id)
    return files.save(msgspec.structs.replace(file, status=FileStatus.EXPIRED), file.status, None)


def _given_up_at(file: StoredFile) -> datetime:
    return parse_iso(file.created_at) + FETCHED_WITHIN
