"""Record a file that a person sent as PENDING, and request its fetch; remove it when its author deletes it.

A file becomes DELETED before its bytes are removed. The `files` function removes them after everything else
that was requested for the file: bytes that are being fetched at the time are removed, too. The row stays due
until then, so that `relay` requests a removal that did not happen.
"""

import uuid
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import ProviderFile
from chat4all.domain.errors import Unavailable
from chat4all.domain.files.file import (
    Attachment,
    FileStatus,
    FileStored,
    FileToFetch,
    Source,
    StoredFile,
)
from chat4all.domain.files.inbound import attachment_of
from chat4all.domain.files.known_types import made_up_name
from chat4all.services.files.ports import FileEvents, Files

FETCH_GRACE: Final = timedelta(minutes=2)
"""How long a file may stay PENDING before `relay` requests its fetch again."""
REMOVAL_GRACE: Final = timedelta(minutes=15)
"""How long a DELETED file may keep its bytes before `relay` requests their removal again."""
_WITH_BYTES: Final = frozenset(
    (FileStatus.PENDING, FileStatus.SCANNING, FileStatus.READY, FileStatus.DELETED)
)
"""The statuses of a file whose bytes are stored, may be stored soon, or may not be removed yet."""
_TRIES: Final = 5
_NAMESPACE: Final = uuid.UUID("0c1f4f8e-3a52-4f0b-9a36-7a1a2f8f6d55")


class InboundFile:
    def __init__(self, files: Files, events: FileEvents, clock: Clock, kept_for: timedelta) -> None:
        """`kept_for`: how long a file can be downloaded before it expires."""
        self._files = files
        self._events = events
        self._clock = clock
        self._kept_for = kept_for

    def attachment(self, message_id: str, file: ProviderFile) -> Attachment:
        """Return the attachment of a message, always with the same id for the same message."""
        return attachment_of(str(uuid.uuid5(_NAMESPACE, message_id)), file)

    def fetch(self, attachment: Attachment, conversation_id: str, source: Source) -> None:
        """Request the fetch of the file, unless it was fetched before; raises Unavailable."""
        now = self._clock()
        file = StoredFile(
            file_id=attachment.file_id,
            filename=attachment.filename,
            content_type=attachment.content_type,
            size=attachment.size or 0,
            status=FileStatus.PENDING,
            created_at=iso(now),
            expires_at=iso(now + self._kept_for),
            conversation_id=conversation_id,
            source=source,
        )
        if self._files.add(file, iso(now + FETCH_GRACE)) or self._is_pending(file.file_id):
            self._events.file_event(FileToFetch(file.file_id))

    def remove(self, attachment: Attachment) -> None:
        """Request the removal of a file that its author deleted, unless a message of our side refers to it.

        Nothing stays of the file but its type, its size and its channel. A delivery that was to pass it on
        says that it is not available. Doing so again changes nothing; raises Unavailable.
        """
        for _ in range(_TRIES):
            file = self._files.get(attachment.file_id)
            if file is None or file.sent_on or file.status not in _WITH_BYTES:
                return
            if file.status is FileStatus.DELETED or self._delete(file):
                self._events.file_event(FileStored(file.file_id))
                return
        raise Unavailable("The file is changing too quickly; try again.", retry_after=1)

    def _delete(self, file: StoredFile) -> bool:
        deleted = replace(
            file,
            status=FileStatus.DELETED,
            filename=made_up_name(file.content_type),
            source=replace(file.source, reference="") if file.source else None,
            sha256=None,
            thumbnails=(),
        )
        return self._files.delete(file, deleted, iso(self._clock() + REMOVAL_GRACE))

    def _is_pending(self, file_id: str) -> bool:
        # The process that added the file may have died before it published the event.
        known = self._files.get(file_id)
        return known is not None and known.status is FileStatus.PENDING
