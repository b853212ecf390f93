"""Make the content that a channel sends for a file: the file itself, or a text with a link to it.

A person's file that is passed on may not be fetched and inspected yet, and its type may turn out to be
another than the person's app claimed. So the channel's rule is read from the stored file. A person's file
that cannot be sent is named in a text: the people it was for learn that there was a file.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from chat4all.domain.channel import Capabilities, MediaRule
from chat4all.domain.clock import parse_iso
from chat4all.domain.content import Media, Text
from chat4all.domain.files.file import Attachment, FileStatus, StoredFile
from chat4all.domain.files.link_text import link_text, name_text
from chat4all.domain.sending import Outcome, OutgoingContent, OutgoingMedia, SendError
from chat4all.domain.splitting import split_text
from chat4all.domain.text import is_blank
from chat4all.services.files.ports import Files, FileStore, Links

URL_SECONDS: Final = 900
"""A provider fetches a file during the send request, or a little later."""
LONGEST_FILE_WAIT: Final = timedelta(minutes=5)
"""How long a delivery, and every delivery behind it, waits for a person's file."""
_GONE: Final = SendError(Outcome.PERMANENT, "FILE_GONE", "The file was deleted, or it can no longer be sent.")
_AWAITED: Final = frozenset((FileStatus.PENDING, FileStatus.SCANNING))


class OutgoingFile:
    def __init__(self, files: Files, store: FileStore, links: Links) -> None:
        self._files = files
        self._store = store
        self._links = links

    def stored(self, media: Media) -> StoredFile | None:
        return self._files.get(media.file.file_id)

    def __call__(
        self, media: Media, stored: StoredFile | None, capabilities: Capabilities, address: str
    ) -> OutgoingContent | SendError:
        """Return the content to send, or the error that ends the delivery if the file is no longer READY."""
        is_ready = stored is not None and stored.status is FileStatus.READY
        if stored is None or (stored.source is None and not is_ready):
            return _GONE
        if not is_ready or stored.inspection is not None:
            return _text(media.text, name_text(stored.attachment), capabilities)
        # An uploaded file was READY when its message was accepted, so the message has its true type.
        file = media.file if stored.source is None else replace(stored.attachment, form=media.file.form)
        rule = capabilities.captioned_rule(file, media.text, address)
        if rule is None:
            return _text(media.text, link_text(file, self._links.link(file.file_id)), capabilities)
        return _outgoing(file, media.text, rule, self._store.url(file.file_id, URL_SECONDS))

    def with_new_words(
        self, media: Media, stored: StoredFile | None, capabilities: Capabilities, address: str
    ) -> OutgoingContent:
        """Return the content of an edit: only the words change, so that the file may be gone by now."""
        content = self(media, stored, capabilities, address)
        if not isinstance(content, SendError):
            return content
        rule = capabilities.captioned_rule(media.file, media.text, address)
        if rule is None:
            return _text(media.text, name_text(media.file), capabilities)
        return _outgoing(media.file, media.text, rule, "")


def _outgoing(file: Attachment, caption: str, rule: MediaRule, url: str) -> OutgoingMedia:
    return OutgoingMedia(
        kind=rule.kind,
        content_type=file.content_type,
        filename=file.filename,
        size=file.size or 0,
        transfer=rule.transfer,
        url=url,
        text=caption,
        form=rule.form,
    )


def file_wait_s(stored: StoredFile | None, accepted_at: str, now: datetime) -> float:
    """Return the seconds to wait for a person's file that is being fetched or inspected; 0: do not wait.

    The wait grows with the age of the message, so that a slow file is not looked at every second.
    """
    age = now - parse_iso(accepted_at)
    is_awaited = stored is not None and stored.source is not None and stored.status in _AWAITED
    if not is_awaited or age >= LONGEST_FILE_WAIT:
        return 0.0
    longest = (LONGEST_FILE_WAIT - age).total_seconds()
    return min(longest, max(1.0, age.total_seconds() / 2))


def _text(caption: str, line: str, capabilities: Capabilities) -> Text:
    """Return the line with the caption before it, cut if both do not fit into one text."""
    if is_blank(caption):
        return Text(line)
    unit, ending = capabilities.text_unit, f"\n{line}"
    if unit.measure(caption + ending) <= capabilities.text_length:
        return Text(caption + ending)
    ending = f"…{ending}"
    room = capabilities.text_length - unit.measure(ending)
    return Text(split_text(caption, room, unit)[0] + ending)
