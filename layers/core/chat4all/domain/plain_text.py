"""Whether bytes are plain text, told over any number of them in constant memory."""

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
_CONTROLS: Final = "".join(chr(code) for code in (*range(32), 127) if chr(code) not in "\t\n\v\f\r")
"""NUL ends a text for half the world's programs, and ESC commands a terminal: no plain text has either."""
_CONTROL: Final = re.compile(f"[{re.escape(_CONTROLS)}]")
_CONTROL_BYTES: Final = _CONTROLS.encode()
_PROGRAMS: Final = re.compile(
    rb"[\s\xef\xbb\xbf]*+(?:#!|<!doctype\s+html|<(?:html|head|body|script|iframe|svg|\?php|%)|\{\\rtf|%!ps)",
    re.IGNORECASE,
)


def is_program(head: bytes) -> bool:
    """Whether the text begins as what some program would run or render: a script, a page, SVG, RTF, PostScript.

    A text that merely speaks of them further down stays a text.
    """
    if head.startswith(tuple(one.mark for one in _MARKED)):
        head = head[2:].replace(b"\0", b"")
    return _PROGRAMS.match(head) is not None


class TextCheck:
    """UTF-8, or UTF-16 with a byte order mark, without control characters."""

    def __init__(self) -> None:
        self._begin = b""
        self._codec: str | None = None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._issue: str | None = None

    def feed(self, piece: bytes) -> None:
        if self._issue is not None:
            return
        if self._decoder is None:
            self._begin += piece
            if len(self._begin) < 2:
                return
            piece = self._open()
        self._check(piece, final=False)

    def issue(self) -> str | None:
        """What is wrong, as a sentence; call it once, after the last piece."""
        if self._issue is None:
            self._check(self._open() if self._decoder is None else b"", final=True)
        return self._issue

    def _open(self) -> bytes:
        marked = next((one for one in _MARKED if self._begin.startswith(one.mark)), None)
        self._codec = marked.codec if marked else "utf-8"
        self._decoder = codecs.getincrementaldecoder(self._codec)("strict")
        return self._begin[len(marked.mark) :] if marked else self._begin

    def _check(self, piece: bytes, *, final: bool) -> None:
        assert self._decoder is not None  # noqa: S101 - opened by both callers
        # Telling control bytes is ten times as fast in the bytes, where the encoding lets one look there.
        if self._codec == "utf-8" and len(piece.translate(None, _CONTROL_BYTES)) != len(piece):
            self._issue = "It holds control characters, which no plain text does."
            return
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self._issue = "It is no text in UTF-8, nor in UTF-16 with a byte order mark."
            return
        if self._codec != "utf-8" and _CONTROL.search(text):
            self._issue = "It holds control characters, which no plain text does."
