"""Forms with files, read as they come: https://www.rfc-editor.org/rfc/rfc7578.

Nothing is kept of a file but its Content, and of a form no more than MOST_FIELD_BYTES a field.
"""

import re
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from chat4all_local.simulators.shared.media import Content, ContentReader

MOST_FIELD_BYTES: Final = 65_536
_MOST_HEADER_BYTES: Final = 16_384
_MOST_PARTS: Final = 100
_BOUNDARY: Final = re.compile(r'\bboundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))', re.IGNORECASE)
_NAME: Final = re.compile(r';\s*name="([^"\r\n]*)"')
_FILENAME: Final = re.compile(r';\s*filename="([^"\r\n]*)"')


class FormError(ValueError):
    """The body is no form as the standard describes it."""


class Form(msgspec.Struct, frozen=True):
    """The fields of a form, and its files by the names of their fields."""

    fields: dict[str, str]
    files: dict[str, Content]


async def read_form(content_type: str, pieces: AsyncIterator[bytes]) -> Form:
    """Read a whole form; raises FormError."""
    kind, _, parameters = content_type.partition(";")
    match = _BOUNDARY.search(parameters)
    if kind.rstrip().lower() != "multipart/form-data" or match is None:
        raise FormError("the content type of a form names its boundary")
    reader = _FormReader((match.group(1) or match.group(2)).encode("latin-1"))
    async for piece in pieces:
        reader.feed(piece)
    return reader.form()


class _FormReader:
    """One form. What may be the beginning of a boundary stays in the buffer until it is seen whole."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        # The first boundary stands at the very beginning, without the line's end that the others have.
        self._buffer = bytearray(b"\r\n")
        self._step: Callable[[], bool] = self._preamble
        self._part: _Part | None = None
        self._fields: dict[str, str] = {}
        self._files: dict[str, Content] = {}

    def feed(self, piece: bytes) -> None:
        self._buffer += piece
        while self._step():
            pass

    def form(self) -> Form:
        if self._step != self._epilogue:
            raise FormError("the form ends before its last boundary")
        return Form(self._fields, self._files)

    def _preamble(self) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            del self._buffer[: -len(self._delimiter)]
            return False
        del self._buffer[: at + len(self._delimiter)]
        self._step = self._boundary_end
        return True

    def _boundary_end(self) -> bool:
        if len(self._buffer) < 2:
            return False
        end = bytes(self._buffer[:2])
        if end not in (b"--", b"\r\n"):
            raise FormError("a boundary is followed by a line's end or by two hyphens")
        # The line's end stays: a part without headers has nothing else between it and the empty line.
        del self._buffer[: 2 if end == b"--" else 0]
        self._step = self._epilogue if end == b"--" else self._headers
        return True

    def _headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEADER_BYTES:
                raise FormError("the headers of a part are too long")
            return False
        self._part = _Part(bytes(self._buffer[:end]))
        if len(self._fields) + len(self._files) >= _MOST_PARTS:
            raise FormError("the form has too many parts")
        del self._buffer[: end + 4]
        self._step = self._body
        return True

    def _body(self) -> bool:
        part = self._part
        if part is None:
            raise FormError("a body belongs to a part")
        at = self._buffer.find(self._delimiter)
        if at < 0:
            ready = len(self._buffer) - len(self._delimiter)
            if ready > 0:
                part.read(bytes(self._buffer[:ready]))
                del self._buffer[:ready]
            return False
        part.read(bytes(self._buffer[:at]))
        del self._buffer[: at + len(self._delimiter)]
        part.end(self._fields, self._files)
        self._step = self._boundary_end
        return True

    def _epilogue(self) -> bool:
        self._buffer.clear()
        return False


class _Part:
    """One part: a field, or with a file name a file."""

    def __init__(self, headers: bytes) -> None:
        try:
            lines = headers.decode("utf-8").split("\r\n")
        except UnicodeDecodeError:
            raise FormError("the headers of a part are encoded in UTF-8") from None
        values = {
            name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)
        }
        disposition = values.get("content-disposition", "")
        name = _NAME.search(disposition)
        if not disposition.lower().startswith("form-data") or name is None:
            raise FormError("a part has the disposition form-data, and a name")
        filename = _FILENAME.search(disposition)
        self._name = name.group(1)
        self._filename = filename.group(1) if filename else None
        self._content_type = values.get("content-type", "text/plain")
        self._reader = ContentReader()
        self._text = bytearray()

    def read(self, piece: bytes) -> None:
        if self._filename is not None:
            self._reader.read(piece)
            return
        self._text += piece
        if len(self._text) > MOST_FIELD_BYTES:
            raise FormError(f"the field {self._name} is too long")

    def end(self, fields: dict[str, str], files: dict[str, Content]) -> None:
        if self._filename is not None:
            files[self._name] = self._reader.content(self._content_type, self._filename)
            return
        try:
            fields[self._name] = self._text.decode("utf-8")
        except UnicodeDecodeError:
            raise FormError("strings must be encoded in UTF-8") from None
