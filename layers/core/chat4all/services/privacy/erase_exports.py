"""Erase the exports of a person: the running ones end, and the zips of all go with every version."""

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso
from chat4all.domain.erasing import Erasure, counted
from chat4all.domain.exports import Export
from chat4all.domain.files.file import FileStatus, StoredFile
from chat4all.services.files.ports import Files
from chat4all.services.privacy.export_ports import Exports
from chat4all.services.privacy.ports import ErasedFiles


class EraseExports:
    def __init__(self, exports: Exports, files: Files, bytes_of_files: ErasedFiles, clock: Clock) -> None:
        self._exports = exports
        self._files = files
        self._bytes = bytes_of_files
        self._clock = clock

    def __call__(self, erasure: Erasure, _cursor: str) -> tuple[Erasure, str | None]:
        """Erase all exports of the person; a person has few.

        A zip that was being written when its export ended is erased by the next pass.
        """
        for user_id in erasure.user_ids:
            for export in self._exports.of_user(user_id):
                self._exports.stop(export, iso(self._clock()))
                erasure = counted(erasure, {"exports": self._erase(export)})
        return erasure, None

    def _erase(self, export: Export) -> int:
        """Erase the zips, and the one that may be half written; return 1 if there was a zip, else 0."""
        erased = 0
        for file_id in (*(stored.file_id for stored in export.zips), export.next_file_id):
            file = self._files.get(file_id)
            if file is not None and file.status is FileStatus.READY:
                self._files.save(replace(file, status=FileStatus.EXPIRED), file.status, None)
                erased = 1
            self._bytes.erase(file or _unknown(file_id, export))
        return erased


def _unknown(file_id: str, export: Export) -> StoredFile:
    """Return a file without a record, whose bytes a process may have stored before it died."""
    at = export.created_at
    return StoredFile(file_id, "", "application/zip", 0, FileStatus.EXPIRED, at, at)
