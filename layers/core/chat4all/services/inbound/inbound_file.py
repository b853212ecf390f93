"""Record a file that a person sent as PENDING, and request its fetch from the provider."""

import uuid
from datetime import timedelta
from typing import Final

from chat4all.domain.clock import Clock, iso
from chat4all.domain.content import ProviderFile
from chat4all.domain.files.file import Attachment, FileStatus, FileToFetch, Source, StoredFile
from chat4all.domain.files.inbound import attachment_of
from chat4all.services.files.ports import FileEvents, Files

FETCH_GRACE: Final = timedelta(minutes=2)
"""How long a file may stay PENDING before `relay` requests its fetch again."""
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

    def _is_pending(self, file_id: str) -> bool:
        # The process that added the file may have died before it published the event.
        known = self._files.get(file_id)
        return known is not None and known.status is FileStatus.PENDING
