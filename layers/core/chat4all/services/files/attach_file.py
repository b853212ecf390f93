"""Attach an uploaded file to a message: the file must exist, belong to the sender, and be READY."""

from msgspec.structs import replace

from chat4all.domain.errors import Detail, FileNotFound, FileNotPossible, NotYourFile
from chat4all.domain.files.file import Attachment, FileStatus, StoredFile, require_ready
from chat4all.services.files.ports import Files


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
    ) -> Attachment:
        """Return the attachment of the file that `field` of a message names.

        `owner` is the id of the key that sends it, now or at `send_at`.

        Raises:
            NotFound: no such file.
            Forbidden: the file belongs to another conversation, or another key uploaded it.
            Conflict: the file is not READY, and may never be READY.
            NotPossible: a person sent the file, and it did not pass every check: it can only be downloaded.
                Or the file is removed before `send_at`.
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
        self._keep_for_message(file, field)
        return attachment

    def _keep_for_message(self, file: StoredFile, field: str) -> None:
        """Note that a message refers to a person's file: it stays when the person deletes their message."""
        if file.source is None or file.sent_on:
            return
        if not self._files.save(replace(file, sent_on=True), FileStatus.READY, file.expires_at):
            require_ready(self._files.get(file.file_id) or file, field)
