"""The content of a request: its files are attached, and its words are checked."""

from typing import Final, Protocol

from msgspec.structs import replace

from chat4all.domain.content import (
    Album,
    AlbumFile,
    Media,
    Plain,
    PostedAlbum,
    PostedContent,
    PostedMedia,
    Text,
)
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.files.file import Attachment
from chat4all.domain.kind_checks import checked
from chat4all.domain.kinds import HeaderFile, Template
from chat4all.domain.text import check_content
from chat4all.domain.wording import worded

LEAST_FILES: Final = 2
MOST_FILES: Final = 10
"""https://core.telegram.org/bots/api#sendmediagroup, https://www.twilio.com/docs/api/errors/21623"""


class Attach(Protocol):
    def __call__(self, file_id: str, field: str, /) -> Attachment:
        """Return the attachment of the file that `field` names."""
        ...


def content_of(posted: str | PostedContent, field: str, attach: Attach) -> Plain | Media | Album:
    """Return the content in `field` with its files; raises Invalid and the errors of `attach`."""
    content = attached(posted, field, attach)
    if isinstance(posted, str):
        check_content(field, posted)
        return content
    return worded(checked(content, field))


def attached(posted: str | PostedContent, field: str, attach: Attach) -> Plain | Media | Album:
    """Return the content in `field` with its files, but its words unchecked."""
    match posted:
        case str(text):
            return Text(text)
        case PostedMedia(file_id=file_id, text=text, form=form):
            return Media(replace(attach(file_id, f"{field}.file_id"), form=form), text)
        case PostedAlbum(files=files, text=text):
            _check_count(len(files), f"{field}.files")
            attached_files = (
                AlbumFile(attach(part.file_id, f"{field}.files[{index}].file_id"), part.text)
                for index, part in enumerate(files)
            )
            return Album(tuple(attached_files), text)
        case Template(header=HeaderFile() as header) as template:
            if header.file is not None:
                issue = "is set by the API; leave it out"
                raise Invalid("The file is not valid.", Detail(f"{field}.header.file", issue))
            file = attach(header.file_id, f"{field}.header.file_id")
            return replace(template, header=replace(header, file=file))
        case plain:
            return plain


def _check_count(count: int, field: str) -> None:
    """Raise Invalid if an album cannot have so many files."""
    if not LEAST_FILES <= count <= MOST_FILES:
        issue = f"must be {LEAST_FILES} to {MOST_FILES}, not {count}"
        raise Invalid("The message's content is not valid.", Detail(field, issue))
