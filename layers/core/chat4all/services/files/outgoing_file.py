"""What a channel is asked to send for a file: the file itself, or a text with a link to it."""

from typing import Final

from msgspec.structs import replace

from chat4all.domain.channel import Capabilities
from chat4all.domain.files import Attachment, FileStatus
from chat4all.domain.links import link_text
from chat4all.domain.sending import Media, Outcome, SendError, Submission
from chat4all.services.files.ports import Files, FileStore, Links

URL_SECONDS: Final = 900
"""A provider fetches while it is asked to send, or a little later."""
_GONE: Final = SendError(Outcome.PERMANENT, "FILE_GONE", "The file was deleted, or may no longer be sent.")


class OutgoingFile:
    def __init__(self, files: Files, store: FileStore, links: Links) -> None:
        self._files = files
        self._store = store
        self._links = links

    def __call__(
        self, submission: Submission, file: Attachment, capabilities: Capabilities
    ) -> Submission | SendError:
        """`submission` with the file; the error it ends with where the file is not READY any more."""
        stored = self._files.get(file.file_id)
        if stored is None or stored.status is not FileStatus.READY:
            return _GONE
        rule = capabilities.media_rule(file)
        if rule is None:
            return replace(submission, text=link_text(file, self._links.link(file.file_id)))
        url = self._store.url(file.file_id, URL_SECONDS)
        media = Media(rule.kind, file.content_type, file.filename, file.size, rule.transfer, url)
        return replace(submission, media=media)
