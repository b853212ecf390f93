"""Erase a file that a person sent, or that was uploaded for their conversation alone.

An uploaded file without a conversation may stand in messages to other people, such as a price list: it stays
until it expires, and the erased message does not name it any more.

The record changes before the bytes go: from then on nobody can download the file. `relay` has the bytes
removed once more later, for a fetch that was under way.
"""

from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import FileStatus, StoredFile
from chat4all.domain.files.known_types import made_up_name
from chat4all.services.files.ports import Files
from chat4all.services.inbound.inbound_file import REMOVAL_GRACE
from chat4all.services.privacy.ports import ErasedFiles

_TRIES: Final = 5


class EraseFile:
    def __init__(self, files: Files, bytes_of_files: ErasedFiles, clock: Clock) -> None:
        self._files = files
        self._bytes = bytes_of_files
        self._clock = clock

    def __call__(self, file_id: str, conversation_id: str) -> int:
        """Erase the file of a message in the conversation; return 1 if it was not erased before, else 0.

        Raises:
            Unavailable: AWS did not answer, or the file is changing too quickly.
        """
        for _ in range(_TRIES):
            file = self._files.get(file_id)
            if file is None or (file.source is None and file.conversation_id != conversation_id):
                return 0
            erased = _erased(file)
            due_at = iso(self._clock() + REMOVAL_GRACE)
            if file == erased or self._files.save(erased, file.status, due_at):
                self._bytes.erase(file)
                return int(file != erased)
        raise Unavailable("The file is changing too quickly; try again.", retry_after=1)


def _erased(file: StoredFile) -> StoredFile:
    return replace(
        file,
        status=FileStatus.DELETED,
        filename=made_up_name(file.content_type),
        source=replace(file.source, reference="") if file.source is not None else None,
        sha256=None,
        declared_sha256=None,
        thumbnails=(),
        reason=None,
    )
