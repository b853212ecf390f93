"""The content of a request: its files are attached, and its words are checked."""

from typing import Protocol

from msgspec.structs import replace

from chat4all.domain.content import Media, Plain, PostedContent, PostedMedia, Text
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.files.file import Attachment
from chat4all.domain.kind_checks import checked
from chat4all.domain.kinds import HeaderFile, Template
from chat4all.domain.text import check_content
from chat4all.domain.wording import worded


class Attach(Protocol):
    def __call__(self, file_id: str, field: str, /) -> Attachment:
        """Return the attachment of the file that `field` names."""
        ...


def content_of(posted: str | PostedContent, field: str, attach: Attach) -> Plain | Media:
    """Return the content in `field` with its files; raises Invalid and the errors of `attach`."""
    content = attached(posted, field, attach)
    if isinstance(posted, str):
        check_content(field, posted)
        return content
    return worded(checked(content, field))


def attached(posted: str | PostedContent, field: str, attach: Attach) -> Plain | Media:
    """Return the content in `field` with its files, but its words unchecked."""
    match posted:
        case str(text):
            return Text(text)
        case PostedMedia(file_id=file_id, text=text, form=form):
            return Media(replace(attach(file_id, f"{field}.file_id"), form=form), text)
        case Template(header=HeaderFile() as header) as template:
            if header.file is not None:
                issue = "is set by the API; leave it out"
                raise Invalid("The file is not valid.", Detail(f"{field}.header.file", issue))
            file = attach(header.file_id, f"{field}.header.file_id")
            return replace(template, header=replace(header, file=file))
        case plain:
            return plain
