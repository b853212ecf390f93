"""Make the content that a channel sends for a file: the file itself, or a text with a link to it."""

from typing import Final

from chat4all.domain.channel import Capabilities
from chat4all.domain.content import Media, Text
from chat4all.domain.files.file import FileStatus
from chat4all.domain.files.link_text import link_text
from chat4all.domain.sending import Outcome, OutgoingContent, OutgoingMedia, SendError
from chat4all.services.files.ports import Files, FileStore, Links

URL_SECONDS: Final = 900
"""A provider fetches a file during the send request, or a little later."""
_GONE: Final = SendError(Outcome.PERMANENT, "FILE_GONE", "The file was deleted, or it can no longer be sent.")


class OutgoingFile:
    def __init__(self, files: Files, store: FileStore, links: Links) -> None:
        self._files = files
        self._store = store
        self._links = links

    def __call__(self, media: Media, capabilities: Capabilities, address: str) -> OutgoingContent | SendError:
        """Return the content to send, or the error that ends the delivery if the file is no longer READY."""
        file = media.file
        stored = self._files.get(file.file_id)
        if stored is None or stored.status is not FileStatus.READY:
            return _GONE
        rule = capabilities.media_rule(file, address)
        if rule is None:
            return Text(link_text(file, self._links.link(file.file_id)))
        return OutgoingMedia(
            kind=rule.kind,
            content_type=file.content_type,
            filename=file.filename,
            size=stored.size,
            transfer=rule.transfer,
            url=self._store.url(file.file_id, URL_SECONDS),
            text=media.text,
            form=rule.form,
        )
