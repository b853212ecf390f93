"""A check whether bytes are plain text, over any number of bytes in constant memory."""

import codecs
import re
from typing import Final, NamedTuple


class _Encoding(NamedTuple):
    mark: bytes
    codec: str


_MARKED: Final = (
    _Encoding(codecs.BOM_UTF16_LE, "utf-16-le"),
    _Encoding(codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_MARK: Final = 2
_CONTROLS: Final = "".join(chr(code) for code in (*range(32), 127) if chr(code) not in "\t\n\v\f\r")
"""NUL ends a text for many programs, and ESC commands a terminal: plain text contains neither."""
_CONTROL: Final = re.compile(f"[{re.escape(_CONTROLS)}]")
_CONTROL_BYTES: Final = _CONTROLS.encode()
_PROGRAMS: Final = re.compile(
    rb"[\s\xef\xbb\xbf]*+(?:#!|<!doctype\s++html|<(?:html|head|body|script|iframe|svg|\?php|%)|\{\\rtf|%!ps)",
    re.IGNORECASE,
)


def is_program(head: bytes) -> bool:
    """Return whether the text begins as code for a program: a script, a page, SVG, RTF or PostScript.

    A text that contains such code further down stays a text.
    """
    if head.startswith(tuple(encoding.mark for encoding in _MARKED)):
        head = head[2:].replace(b"\0", b"")
    return _PROGRAMS.match(head) is not None


class TextCheck:
    """A check for plain text: UTF-8, or UTF-16 with a byte order mark, without control characters."""

    def __init__(self) -> None:
        self._begin = b""
        self._is_utf_8 = True
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_text = True

    def feed(self, piece: bytes) -> None:
        if not self._is_text:
            return
        if self._decoder is None:
            self._begin += piece
            if len(self._begin) < _LONGEST_MARK:
                return
            piece = self._open()
        self._check(piece, final=False)

    def is_text(self) -> bool:
        """Return the result; call this once, after the last piece."""
        if self._is_text:
            self._check(self._open() if self._decoder is None else b"", final=True)
        return self._is_text

    def _open(self) -> bytes:
        marked = next((encoding for encoding in _MARKED if self._begin.startswith(encoding.mark)), None)
        self._is_utf_8 = marked is None
        self._decoder = codecs.getincrementaldecoder(marked.codec if marked else "utf-8")("strict")
        return self._begin[len(marked.mark) :] if marked else self._begin

    def _check(self, piece: bytes, *, final: bool) -> None:
        assert self._decoder is not None  # noqa: S101 - opened by both callers
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self._is_text = False
            return
        # A search in bytes is ten times as fast. In UTF-8 a byte of a control character stands for nothing
        # else.
        if self._is_utf_8:
            self._is_text = len(piece.translate(None, _CONTROL_BYTES)) == len(piece)
        else:
            self._is_text = _CONTROL.search(text) is None
