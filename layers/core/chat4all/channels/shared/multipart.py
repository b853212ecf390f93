"""A form with a file, in pieces: https://www.rfc-editor.org/rfc/rfc7578"""

import secrets
from collections.abc import Iterable, Iterator, Mapping

from chat4all.channels.shared.file_part import FilePart, SourceFailed


class Form:
    """A form; its `size` in bytes is known before the file is read."""

    def __init__(self, fields: Mapping[str, str], file: FilePart) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        texts = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        disposition = f'form-data; name="{_quoted(file.field)}"; filename="{_quoted(file.filename)}"'
        self._before = (
            f"{texts}--{boundary}\r\nContent-Disposition: {disposition}\r\n"
            f"Content-Type: {file.content_type}\r\n\r\n"
        ).encode()
        self._after = f"\r\n--{boundary}--\r\n".encode()
        self._file_size = file.size
        self.size = len(self._before) + file.size + len(self._after)

    def body(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the form; raise SourceFailed, before its end, if `pieces` do not have the announced size."""
        yield self._before
        left = self._file_size
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise SourceFailed
            yield piece
        if left:
            raise SourceFailed
        yield self._after


def _quoted(text: str) -> str:
    """Quote a name as browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data"""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
