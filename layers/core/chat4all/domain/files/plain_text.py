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


_HTML: Final = re.compile(
    rb"[\s\xef\xbb\xbf]*+<(?:!doctype\s++html|html|head|body|script|iframe)", re.IGNORECASE
)
_SVG: Final = re.compile(rb"[\s\xef\xbb\xbf]*+<svg", re.IGNORECASE)
_XML: Final = re.compile(rb"[\s\xef\xbb\xbf]*+<\?xml", re.IGNORECASE)


def is_program(head: bytes) -> bool:
    """Return whether the text begins as code for a program: a script, a page, SVG, RTF or PostScript.

    A text that contains such code further down stays a text.
    """
    if head.startswith(tuple(encoding.mark for encoding in _MARKED)):
        head = head[2:].replace(b"\0", b"")
    return _PROGRAMS.match(head) is not None


def text_type(head: bytes) -> str:
    """Return the type of a text that its sender calls plain, by its beginning."""
    if _HTML.match(head):
        return "text/html"
    if _SVG.match(head):
        return "image/svg+xml"
    return "application/xml" if _XML.match(head) else "text/plain"


def is_unmarked_utf_16(head: bytes) -> bool:
    """Return whether the bytes are UTF-16 without a byte order mark, mostly of Latin letters."""
    for codec, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros.count(0) * 4 < len(zeros) * 3:
            continue
        try:
            text = head[: len(head) // 2 * 2].decode(codec)
        except UnicodeDecodeError:
            continue
        return _CONTROL.search(text) is None
    return False


class TextCheck:
    """A check for plain text: UTF-8, or UTF-16 with a byte order mark, without control characters."""

    def __init__(self) -> None:
        self._has_controls = False
        self._begin = b""
        self._is_utf_8 = True
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_text = True

    def feed(self, piece: bytes) -> None:
        if not self._has_controls:
            self._has_controls = len(piece.translate(None, _CONTROL_BYTES)) < len(piece)
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

    def is_legacy_text(self, head: bytes) -> bool:
        """Return whether the bytes may be a text in another encoding; `head` are the first of them."""
        return not self._has_controls or is_unmarked_utf_16(head)

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
        # A search in bytes is ten times as fast, and `feed` has made it. In UTF-8 a byte of a control
        # character stands for nothing else.
        if self._is_utf_8:
            self._is_text = not self._has_controls
        else:
            self._is_text = _CONTROL.search(text) is None
