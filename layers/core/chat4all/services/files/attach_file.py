"""Attach an uploaded file to a message: the file must exist, belong to the sender, and be READY."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from chat4all.domain.clock import iso, parse_iso
from chat4all.domain.errors import Detail, FileNotFound, FileNotPossible, NotYourFile, Unavailable
from chat4all.domain.files.file import Attachment, StoredFile, require_ready
from chat4all.services.files.ports import Files

MESSAGE_SENT_WITHIN: Final = timedelta(days=2)
"""How long retention leaves the file of a scheduled message after its `send_at`: its deliveries may wait."""
BATCH_SENT_WITHIN: Final = timedelta(days=30)
"""How long retention leaves the file of a batch after it begins: it may be paused, or share its account."""
_TRIES: Final = 5


class AttachFile:
    def __init__(self, files: Files) -> None:
        self._files = files

    def __call__(
        self,
        file_id: str,
        owner: str,
        conversation_id: str,
        send_at: str | None = None,
        field: str = "content.file_id",
        *,
        batch_at: str | None = None,
    ) -> Attachment:
        """Return the attachment of the file that `field` of a message names.

        `owner` is the id of the key that sends it, now or at `send_at`; a batch begins at `batch_at`. Both
        are ISO 8601 UTC. Retention leaves the file until the message, or the batch, should be sent.

        Raises:
            NotFound: no such file.
            Forbidden: the file belongs to another conversation, or another key uploaded it.
            Conflict: the file is not READY, and may never be READY.
            NotPossible: a person sent the file, and it did not pass every check: it can only be downloaded.
                Or the file is removed before `send_at`.
            Unavailable: AWS did not answer, or many requests name the file at once.
        """
        file = self._files.get(file_id)
        if file is None:
            raise FileNotFound("There is no such file.", Detail(field, "names no file"))
        if file.conversation_id is None:
            may_be_sent, reason = file.owner == owner, "was uploaded with another key"
        else:
            may_be_sent, reason = file.conversation_id == conversation_id, "belongs to another conversation"
        if not may_be_sent:
            raise NotYourFile("The file is not yours.", Detail(field, reason))
        attachment = require_ready(file, field).attachment
        if file.inspection is not None:
            issue = f"can be downloaded, but not be sent: {file.inspection}"
            raise FileNotPossible("A person's file of this type cannot be sent on.", Detail(field, issue))
        if send_at is not None and file.expires_at <= send_at:
            issue = f"must be before {file.expires_at}, when the file is removed"
            raise FileNotPossible("The file is removed before the message is sent.", Detail("send_at", issue))
        begins_at = send_at if batch_at is None else batch_at
        sent_within = MESSAGE_SENT_WITHIN if batch_at is None else BATCH_SENT_WITHIN
        needed_until = iso(parse_iso(begins_at) + sent_within) if begins_at is not None else None
        self._hold(file, needed_until, field)
        return attachment

    def _hold(self, file: StoredFile, needed_until: str | None, field: str) -> None:
        """Note that a message needs the file.

        A person's file stays when the person deletes their message. Any file stays until `needed_until`.
        """
        for _ in range(_TRIES):
            until = max(filter(None, (file.needed_until, needed_until)), default=None)
            held = replace(file, sent_on=file.source is not None, needed_until=until)
            if held == file or self._files.hold(file, held):
                return
            file = require_ready(self._files.get(file.file_id) or file, field)
        raise Unavailable("Many requests name the file at once; try again.", retry_after=1)
