"""Taking a file that was uploaded before into a message: it must be there, the sender's, and READY."""

from typing import Final

from chat4all.domain.errors import Conflict, Detail, Forbidden, NotFound
from chat4all.domain.files import Attachment, FileStatus, StoredFile
from chat4all.services.ports import Files

_NOT_READY: Final = {
    FileStatus.PENDING: "is not uploaded yet",
    FileStatus.SCANNING: "is being inspected",
    FileStatus.ABORTED: "was given up while it was uploaded",
    FileStatus.EXPIRED: "was never uploaded completely",
}


class AttachFile:
    def __init__(self, files: Files) -> None:
        self._files = files

    def __call__(self, file_id: str, owner: str, conversation_id: str) -> Attachment:
        """`owner` is the id of the key that sends the message.

        Raises:
            NotFound: no such file.
            Forbidden: neither the key's own, nor of this conversation.
            Conflict: it is not READY, and may never be.
        """
        file = self._files.get(file_id)
        if file is None:
            raise NotFound(
                "There is no such file.", Detail("file_id", "names no file"), code="FILE_NOT_FOUND"
            )
        if file.owner != owner and file.conversation_id != conversation_id:
            raise Forbidden(
                "The file is not yours.",
                Detail("file_id", "was uploaded with another key, for another conversation"),
                code="NOT_YOUR_FILE",
            )
        if file.status is not FileStatus.READY:
            raise _refusal(file)
        return file.attachment


def _refusal(file: StoredFile) -> Conflict:
    if file.status in _NOT_READY:
        issue = _NOT_READY[file.status]
        return Conflict(f"The file {issue}.", Detail("file_id", issue), code="FILE_NOT_READY")
    reason = file.reason or f"The file is {file.status.value}."
    return Conflict(reason, Detail("file_id", f"is {file.status.value}"), code="FILE_REFUSED")
