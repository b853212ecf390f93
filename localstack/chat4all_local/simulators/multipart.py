"""Forms with files, read as they arrive: https://www.rfc-editor.org/rfc/rfc7578.

Only the Content of a file is kept, and at most MOST_FIELD_BYTES of a field.
"""

from collections.abc import AsyncIterator
from email.message import Message
from typing import Final

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from chat4all_local.simulators.shared.media import Content, ContentReader

MOST_FIELD_BYTES: Final = 65_536
_MOST_HEADER_BYTES: Final = 16_384
_MOST_PARTS: Final = 100


class FormError(ValueError):
    """The body is not a form as the standard describes it."""


class Form(msgspec.Struct, frozen=True):
    """The fields of a form, and its files by the names of their fields."""

    fields: dict[str, str]
    files: dict[str, Content]


async def read_form(content_type: str, pieces: AsyncIterator[bytes]) -> Form:
    """Read a whole form. Raises FormError."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise FormError("the content type of a form names its boundary")
    reader = _FormReader()
    try:
        with PushMultipartParser(
            boundary, max_header_size=_MOST_HEADER_BYTES, max_segment_count=_MOST_PARTS
        ) as parser:
            async for piece in pieces:
                if piece:  # an empty piece would tell the parser that the form has ended
                    for event in parser.parse(piece):
                        reader.take(event)
    except MultipartError as error:
        raise FormError(str(error)) from None
    return reader.form


class _FormReader:
    """Builds a form from the parser's events."""

    def __init__(self) -> None:
        self.form = Form({}, {})
        self._part = MultipartSegment([])
        self._content = ContentReader()
        self._text = bytearray()

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """Take the head of a part, a piece of its body, or None for its end. Raises FormError."""
        if isinstance(event, MultipartSegment):
            if not event.name:
                raise FormError("a part has a name")
            self._part, self._content, self._text = event, ContentReader(), bytearray()
        elif event is None:
            self._end(self._part.name or "", self._part.filename)
        elif self._part.filename is not None:
            self._content.read(bytes(event))
        else:
            self._text += event
            if len(self._text) > MOST_FIELD_BYTES:
                raise FormError(f"the field {self._part.name} is too long")

    def _end(self, name: str, filename: str | None) -> None:
        if filename is not None:
            content_type = self._part.content_type or "text/plain"
            self.form.files[name] = self._content.content(content_type, filename)
            return
        try:
            self.form.fields[name] = self._text.decode("utf-8")
        except UnicodeDecodeError:
            raise FormError("strings must be encoded in UTF-8") from None
